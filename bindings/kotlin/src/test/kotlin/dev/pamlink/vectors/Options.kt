package dev.pamlink.vectors

import dev.pamlink.ClientConfig
import dev.pamlink.PamlinkException
import dev.pamlink.sansio.AuthOptions
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.HubOptions
import java.lang.reflect.Modifier
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

/** What decides itself what it may be: a URL, keys, a routing table, an audience. */
private val notInTheTable =
    setOf("url", "auth", "routes", "hs256Secret", "jwks", "audience")

/** Every option of the table is one of this package, and no other is. */
internal fun options(file: Any?): Int {
    val cases = file["cases"].list
    val types = listOf("client" to ClientOptions::class.java, "hub" to HubOptions::class.java, "auth" to AuthOptions::class.java)
    for ((of, type) in types) {
        val table = cases.filter { it["of"] == of }.map { camel(it["name"].text) }.toSet()
        assertEquals(table, membersOf(type) - notInTheTable, "$type")
    }
    // A client without a token provider is anonymous, and its transports negotiate compression.
    val facade = membersOf(ClientConfig::class.java) - setOf("eventBuffer", "transport", "clock", "log") - notInTheTable
    val clients = cases.filter { it["of"] == "client" }
    assertEquals(clients.map { camel(it["name"].text) }.toSet() - setOf("anonymous", "compression"), facade)
    val longest = clients.single { it["name"] == "max_message_bytes" }
    assertEquals(longest["default"].int, ClientConfig().maxMessageBytes)
    for (case in cases.filter { it["lowest"] != null }) {
        for (bound in listOf("lowest", "highest", "default")) madeWith(case, case[bound])
        for (refused in case["refused"].list) {
            val error = assertFailsWith<PamlinkException.Usage>("$refused") { madeWith(case, refused["value"]) }
            assertEquals("bad_option", error.name)
            assertEquals(refused["says"].text, error.message)
        }
    }
    return cases.size
}

private fun membersOf(type: Class<*>): Set<String> =
    type.declaredFields.filterNot { Modifier.isStatic(it.modifiers) || it.isSynthetic }.map { it.name }.toSet()

private fun camel(name: String): String =
    name.removeSuffix("_ms").split('_').reduce { all, word -> all + word.replaceFirstChar(Char::uppercase) }

/** Makes a machine with this option. */
private fun madeWith(case: Any?, value: Any?) {
    val name = case["name"].text
    val (kind, options) = when (val of = case["of"].text) {
        "client" -> of to mapOf("url" to "ws://h/", name to value)
        "hub" -> of to mapOf(name to value)
        else -> "hub" to mapOf(of to mapOf("hs256_secret" to "07".repeat(32), name to value))
    }
    machineOf(mapOf("kind" to kind, "seed" to case["lowest"], "options" to options), nowOf(0, 0)).close()
}
