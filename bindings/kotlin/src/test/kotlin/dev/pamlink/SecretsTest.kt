package dev.pamlink

import dev.pamlink.sansio.Action
import dev.pamlink.sansio.AuthOptions
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import dev.pamlink.transport.DialRequest
import kotlin.test.Test
import kotlin.test.assertFalse

class SecretsTest {
    @Test
    fun `nothing that holds a token or a key shows it`() {
        val secret = "s3cr3t"
        val url = "wss://host/api/v1/pam/ws/ann?token=$secret"
        val all = listOf(
            Input.Token(token = secret),
            Input.AcceptOpened(user = "ann", token = secret),
            Action.Dial(0, true, 443, url, "host", "/api/v1/pam/ws/ann?token=$secret", null),
            HubEvent.Authorize(1, "ann", secret),
            HubEvent.Http(1, "GET", "/x?token=$secret", "Authorization: $secret"),
            DialRequest(url, emptyList(), null, 1),
            ClientOptions(url),
            AuthOptions(hs256Secret = secret.toByteArray(), jwks = secret),
            HubOptions(auth = AuthOptions(jwks = secret)),
            Client(url, { secret }).also { it.close() },
        )
        for (any in all) {
            assertFalse(secret in any.toString(), any.javaClass.name)
            assertFalse(secret.toByteArray().contentToString() in any.toString(), any.javaClass.name)
        }
    }
}
