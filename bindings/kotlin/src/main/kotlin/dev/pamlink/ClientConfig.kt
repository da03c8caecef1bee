package dev.pamlink

import dev.pamlink.platform.Platform
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.transport.Transport
import kotlin.time.Duration

/** The bounds and choices of a [Client]. What is null has the engine's default. */
public data class ClientConfig(
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
    val maxMessageBytes: Int = 1024 * 1024,
    /** The `Origin` header. Default none. */
    val origin: String? = null,
    /** Subprotocols to offer, the preferred one first. */
    val subprotocols: List<String> = emptyList(),
    /**
     * Whether to speak `pamlink.v1` where the server has it: then an answer goes on in the middle
     * after a break, a request is cancelled at the server, and the client is kept as a
     * [snapshot][Client.snapshot]. A server without it is called again in the `pam` dialect.
     */
    val v1: Boolean = true,
    /** Events that wait to be taken, at most; the oldest go first, and [Event.Lost] says so. At least 1. */
    val eventBuffer: Int = 256,
    /** What opens connections. Default: Java's own WebSocket, on Android OkHttp. */
    val transport: Transport = Platform.transport,
    /** What time it is. */
    val clock: Clock = Platform.clock,
    /** Gets what has no event: why a transport or a token provider failed. Never gets a token. */
    val log: (message: String, cause: Throwable?) -> Unit = { _, _ -> },
) {
    internal fun options(url: String, anonymous: Boolean) = ClientOptions(
        url = url,
        anonymous = anonymous,
        requestTimeout = requestTimeout,
        maxRequests = maxRequests,
        maxRequestBytes = maxRequestBytes,
        heartbeatInterval = heartbeatInterval,
        heartbeatDeadline = heartbeatDeadline,
        backoffCap = backoffCap,
        dialTimeout = dialTimeout,
        welcomeTimeout = welcomeTimeout,
        maxMessageBytes = maxMessageBytes.toLong(),
        origin = origin,
        subprotocols = subprotocols,
        v1 = v1,
    )
}
