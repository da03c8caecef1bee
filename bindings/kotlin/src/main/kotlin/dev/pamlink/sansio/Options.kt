package dev.pamlink.sansio

import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import dev.pamlink.ffi.AuthOptions as FfiAuthOptions
import dev.pamlink.ffi.ClientOptions as FfiClientOptions
import dev.pamlink.ffi.HubOptions as FfiHubOptions

/** The bounds and choices of a client. What is null has the engine's default. */
public data class ClientOptions(
    /** `ws://` or `wss://`, with the whole path. A token in its query is taken out and ignored. */
    val url: String,
    /** Whether to connect without a token and never ask for one. */
    val anonymous: Boolean = false,
    /**
     * How long a request waits for its answer, 1 s to 24 h. Default 60 s. One that waits longer
     * than the server remembers (5 min by default) may take effect twice.
     */
    val requestTimeout: Duration? = null,
    /** Most requests at once, 1 to 65,536. Default 64. */
    val maxRequests: Int? = null,
    /** Most bytes of requests at once, 1 KiB to 1 GiB. Default 256 KiB. */
    val maxRequestBytes: Long? = null,
    /** The interval of the keepalive: a server that is silent for it is sent a ping, 10 ms to 25 s. Default 20 s. */
    val heartbeatInterval: Duration? = null,
    /** How long the server has to show it, 10 ms to 2 min. Default 10 s. */
    val heartbeatDeadline: Duration? = null,
    /** The longest delay between two attempts to connect, 100 ms to 1 h. Default 30 s. */
    val backoffCap: Duration? = null,
    /** How long a transport may take to connect, 10 ms to 10 min. Default 15 s. */
    val dialTimeout: Duration? = null,
    /**
     * How long the server's welcome may take; zero for servers that send none. 0 to 10 min. Default
     * 10 s.
     */
    val welcomeTimeout: Duration? = null,
    /** The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB. */
    val maxMessageBytes: Long? = null,
    /** The `Origin` header. Default none. */
    val origin: String? = null,
    /** Subprotocols to offer, the preferred one first. */
    val subprotocols: List<String> = emptyList(),
    /**
     * Whether to speak `pamlink.v1` where the server has it: then answers go on in the middle after a
     * break, requests are cancelled, and the client is kept as a snapshot. A server without it is
     * called again in the `pam` dialect. Default yes.
     */
    val v1: Boolean = true,
    /**
     * Whether to offer compression (permessage-deflate) over bytes ([Input.Dialed]). Transports that
     * speak WebSocket themselves ([Input.OpenedIn]), as all of [dev.pamlink.Client] do, negotiate
     * their own. Off, since it costs a battery more than the bytes are worth, and half a megabyte
     * while the link is in use.
     */
    val compression: Boolean = false,
) {
    /** Without the query of the URL, which may hold a token. */
    override fun toString(): String = "ClientOptions(url=${url.substringBefore('?')}, anonymous=$anonymous)"

    internal fun ffi() = FfiClientOptions(
        url = url,
        anonymous = anonymous,
        requestTimeoutMs = millis(requestTimeout),
        maxRequests = count(maxRequests),
        maxRequestBytes = count(maxRequestBytes),
        heartbeatIntervalMs = millis(heartbeatInterval),
        heartbeatDeadlineMs = millis(heartbeatDeadline),
        backoffCapMs = millis(backoffCap),
        dialTimeoutMs = millis(dialTimeout),
        welcomeTimeoutMs = millis(welcomeTimeout),
        maxMessageBytes = count(maxMessageBytes),
        origin = origin,
        subprotocols = subprotocols,
        v1 = v1,
        compression = compression,
    )
}

/** Who decides whether tokens are good. Without a secret and keys: the host, token by token. */
public class AuthOptions(
    /** The secret of HS256 tokens, at least 32 bytes. */
    public val hs256Secret: ByteArray? = null,
    /** A JWKS document (RFC 7517), in place of a secret. */
    public val jwks: String? = null,
    /** The `aud` that a token must name. Default `authenticated`. */
    public val audience: String? = null,
    /** How far the clocks of issuer and server may lie apart, 0 to 10 min. Default 10 s. */
    public val leeway: Duration? = null,
) {
    /** Without the keys. */
    override fun toString(): String = "AuthOptions(audience=$audience, leeway=$leeway)"

    internal fun ffi() = FfiAuthOptions(hs256Secret, jwks, audience, millis(leeway))
}

/** The bounds and choices of a hub. What is null has the engine's default. */
public data class HubOptions(
    /** Who decides whether tokens are good. */
    val auth: AuthOptions = AuthOptions(),
    /** The routing table as JSON. Default: the five agents of the dialect. */
    val routes: String? = null,
    /** The origins from which a browser may connect over bytes. Default: any. */
    val origins: List<String>? = null,
    /**
     * The subprotocols beside `pamlink.v1` that a client may offer: of those that it does, the first is
     * agreed on, and the link speaks the `pam` dialect. None begins with `pamlink.`. Default: none.
     */
    val subprotocols: List<String> = emptyList(),
    /** Most links at once, 1 to 16,777,216. Default 131,072. */
    val maxLinks: Int? = null,
    /** Most links of one user at once, 1 to 65,536. Default 32. */
    val maxLinksPerUser: Int? = null,
    /** Whether one link more is refused; otherwise the user's oldest is closed with 1000. */
    val refuseNewest: Boolean = false,
    /** Most running requests at once, 1 to 16,777,216. Default 65,536. */
    val maxRequests: Int? = null,
    /** Most running requests of one link, 1 to 65,536. Default 32. */
    val maxRequestsPerLink: Int? = null,
    /** How long a request waits for its reply, 100 ms to 24 h. Default 2 min. */
    val requestTimeout: Duration? = null,
    /**
     * What becomes of what a user asks while an answer to the same user runs: `parallel`, `queue`,
     * `reject` or `replace`. Default `parallel`.
     */
    val whileAnswering: String? = null,
    /** How long a link waits for the host's verdict on its token, 10 ms to 24 h. Default 10 s. */
    val authTimeout: Duration? = null,
    /** How long a link may go on with an expired token, 0 to 24 h. Default 60 s. */
    val tokenGrace: Duration? = null,
    /** Messages of one user a minute, 1 to 10,000,000. Default 100. */
    val messagesPerMinute: Int? = null,
    /** Links that one user may open a minute, 1 to 10,000,000. Default 60. */
    val connectsPerMinute: Int? = null,
    /** Repeats of one user a minute, 1 to 10,000,000. Default 500. */
    val repeatsPerMinute: Int? = null,
    /** Refusals that a link survives within a minute, 1 to 1,000,000. Default 5. */
    val maxViolations: Int? = null,
    /** Requests that are remembered, 1 to 16,777,216. Default 262,144. */
    val windowEntries: Long? = null,
    /** How long a request is remembered, 1 s to 168 h. Default 5 min. */
    val windowAge: Duration? = null,
    /** Bytes of results kept for repeats, 0 to 1 GiB. Default 16 MiB. */
    val windowResultBytes: Long? = null,
    /** Between two pings of the hub, 10 ms to 25 s. Default 20 s. */
    val heartbeatInterval: Duration? = null,
    /** How long a peer has to show life, 10 ms to 2 min. Default 10 s. */
    val heartbeatDeadline: Duration? = null,
    /** The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB. */
    val maxMessageBytes: Long? = null,
    /** Bytes that may wait to be written to one link, 0 to 1 GiB. Default 256 KiB. */
    val outboxBytes: Long? = null,
    /** Types beyond those of the dialect that the host takes. */
    val accepts: List<String> = emptyList(),
    /**
     * How many characters a text in a message may have, by the name of its member (`message`), in
     * every type that has no limit of its own for it, or by type and name (`voice.message`). 1 to
     * 1,048,576; what is not named keeps its default.
     */
    val characters: Map<String, Int> = emptyMap(),
    /** Whether a request that names an unknown agent goes to the table's error handler. */
    val routeUnknownAgents: Boolean = false,
    /**
     * Whether to compress messages (permessage-deflate) with peers over bytes that offer it. A
     * transport that speaks WebSocket itself negotiates its own. Off, since it costs memory and time
     * of the processor, which a server runs out of before the bytes.
     */
    val compression: Boolean = false,
    /**
     * Most links that hold a compressor between messages, about 380 KB each; the others borrow one
     * for each message, and save less. 0 to 100,000. Default 64.
     */
    val maxCompressors: Int? = null,
) {
    internal fun ffi() = FfiHubOptions(
        auth = auth.ffi(),
        routes = routes,
        origins = origins,
        subprotocols = subprotocols,
        maxLinks = count(maxLinks),
        maxLinksPerUser = count(maxLinksPerUser),
        refuseNewest = refuseNewest,
        maxRequests = count(maxRequests),
        maxRequestsPerLink = count(maxRequestsPerLink),
        requestTimeoutMs = millis(requestTimeout),
        whileAnswering = whileAnswering,
        authTimeoutMs = millis(authTimeout),
        tokenGraceMs = millis(tokenGrace),
        messagesPerMinute = count(messagesPerMinute),
        connectsPerMinute = count(connectsPerMinute),
        repeatsPerMinute = count(repeatsPerMinute),
        maxViolations = count(maxViolations),
        windowEntries = count(windowEntries),
        windowAgeMs = millis(windowAge),
        windowResultBytes = count(windowResultBytes),
        heartbeatIntervalMs = millis(heartbeatInterval),
        heartbeatDeadlineMs = millis(heartbeatDeadline),
        maxMessageBytes = count(maxMessageBytes),
        outboxBytes = count(outboxBytes),
        accepts = accepts,
        characters = characters.mapValues { (_, most) -> most.coerceAtLeast(0).toUInt() },
        routeUnknownAgents = routeUnknownAgents,
        compression = compression,
        maxCompressors = count(maxCompressors),
    )
}

/** Rounded up: half a millisecond is not none. A negative span is out of every bound. */
internal fun millis(span: Duration?): ULong? = when {
    span == null -> null
    span.isNegative() -> ULong.MAX_VALUE
    else -> {
        val whole = span.inWholeMilliseconds
        if (whole.milliseconds < span) (whole + 1).toULong() else whole.toULong()
    }
}

// A negative number wraps to one that is out of every bound, which the engine names.
internal fun count(number: Int?): UInt? = number?.toUInt()

internal fun count(number: Long?): ULong? = number?.toULong()
