package dev.pamlink.transport

import java.io.IOException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Makes connections that speak WebSocket: [JavaNetTransport], [OkHttpTransport], or one of your own.
 *
 * A transport decides nothing. It does not ping, reconnect, time out or limit sizes: the engine
 * does.
 */
public fun interface Transport {
    /**
     * Opens a connection.
     *
     * Is cancelled when the engine does not wait any longer; what was opened by then must be
     * dropped.
     *
     * @throws DialException if the server answered with an HTTP status, or the kind of failure is
     * known. Any other exception counts as a failure of the network.
     */
    public suspend fun open(request: DialRequest): Connection
}

/** Where to, and how. */
public class DialRequest(
    /** The whole URL. It holds the user's token: never log it. */
    public val url: String,
    /** Subprotocols to offer, the preferred one first. */
    public val subprotocols: List<String>,
    /** The `Origin` header, if there is to be one. */
    public val origin: String?,
    /** The longest message that the engine reads, in bytes. Of a longer one, hand over only so much and one more. */
    public val maxMessageBytes: Int,
) {
    /** Without the query, which holds the token. */
    override fun toString(): String = "DialRequest(${url.substringBefore('?')})"
}

/** The server did not open a WebSocket. */
public class DialException(
    message: String,
    /** The HTTP status that it answered instead. */
    public val status: Int? = null,
    /** What kind of failure it was where there is no status: `network`, `timeout`, `protocol`, … */
    public val endClass: String? = null,
    cause: Throwable? = null,
    /** The body of the answer or its beginning, as far as it is known. */
    public val body: String? = null,
    /** `Retry-After` of the answer. */
    public val retryAfter: Duration? = null,
) : IOException(message, cause)

/** `Retry-After`, where it is a number of seconds. */
internal fun retryAfter(header: String?): Duration? = header?.trim()?.toIntOrNull()?.takeIf { it >= 0 }?.seconds

/** What a refusal says: where a redirect leads, else its body. */
internal fun said(status: Int?, location: String?, body: String?): String? =
    if (status in 300..399 && location != null) "Location: $location" else body


/**
 * An open connection. [receive] is called by one coroutine and [send] and [close] by another, each
 * one call at a time; [abort] by any.
 */
public interface Connection {
    /** The subprotocol that the server chose, if it chose one. */
    public val subprotocol: String?

    /**
     * The next message; null when the connection has ended, however it did. Nothing more than that
     * message is read before the next call, or no more than a few: that is the back-pressure.
     */
    public suspend fun receive(): Incoming?

    /**
     * Writes a text message and returns once the next one may follow.
     *
     * @throws IOException if the connection has ended.
     */
    public suspend fun send(text: String)

    /** Writes the close frame; without a [code] it has none, where the transport can do that. */
    public suspend fun close(code: Int?, reason: String)

    /** Drops the connection at once. May be called again, and after its end. */
    public fun abort()
}

/** What comes over a connection. */
public sealed interface Incoming {
    /** A text message. */
    public class Text(
        /** The message. */
        public val text: String,
    ) : Incoming

    /** A binary message. */
    public class Binary(
        /** The message. */
        public val bytes: ByteArray,
    ) : Incoming

    /** The peer's close frame. */
    public class Close(
        /** Its code, if it has one. */
        public val code: Int?,
        /** Its reason. */
        public val reason: String,
    ) : Incoming
}
