package dev.pamlink.transport

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpTimeoutException
import java.net.http.WebSocket
import java.net.http.WebSocketHandshakeException
import java.nio.ByteBuffer
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.future.await

/**
 * Java's own WebSocket (Java 11 and later; not on Android).
 *
 * The client refuses to send some close codes (1002, 1003, 1007, 1009 to 1014 of RFC 6455): with
 * these the connection is dropped, and the peer sees 1006.
 *
 * @param client what says how to connect: set proxies, TLS and timeouts there. Connections are opened
 * by a client of the transport's own with the same settings, but not with its executor.
 */
public class JavaNetTransport(client: HttpClient = HttpClient.newHttpClient()) : Transport {
    private val client = inPlace(client)

    override suspend fun open(request: DialRequest): Connection {
        val connection = JavaNetConnection(request.maxMessageBytes)
        val builder = client.newWebSocketBuilder()
        request.origin?.let { builder.header("Origin", it) }
        if (request.subprotocols.isNotEmpty()) {
            val rest = request.subprotocols.drop(1).toTypedArray()
            builder.subprotocols(request.subprotocols.first(), *rest)
        }
        val opening = builder.buildAsync(URI.create(request.url), connection)
        try {
            connection.socket = opening.await()
        } catch (cancelled: CancellationException) {
            // It may open all the same.
            opening.thenAccept { it.abort() }
            throw cancelled
        } catch (failed: Exception) {
            throw dialException(failed)
        }
        return connection
    }
}

/**
 * A client like [given] whose callbacks run on the thread that reads.
 *
 * Java's WebSocket loses the end of a stream, for good, when it reads that while no message is asked
 * for; and it reads on before another thread has taken a message and asked for the next one. What is
 * left is an end while the connection is being opened by another thread: the heartbeat finds that.
 */
private fun inPlace(given: HttpClient): HttpClient {
    val builder = HttpClient.newBuilder().executor(Runnable::run)
    builder.sslContext(given.sslContext()).sslParameters(given.sslParameters())
    // A token goes to the address that was chosen, and to no other.
    builder.followRedirects(HttpClient.Redirect.NEVER)
    given.proxy().ifPresent(builder::proxy)
    given.authenticator().ifPresent(builder::authenticator)
    given.cookieHandler().ifPresent(builder::cookieHandler)
    given.connectTimeout().ifPresent(builder::connectTimeout)
    return builder.build()
}

private fun dialException(failed: Exception): Exception {
    val cause = (failed as? CompletionException)?.cause ?: failed
    return when (cause) {
        is WebSocketHandshakeException -> {
            val response = cause.response
            val (status, headers) = response?.statusCode() to response?.headers()
            val header = { name: String -> headers?.firstValue(name)?.orElse(null) }
            val what = "the server answered with status $status"
            // It does not always have the body.
            val said = said(status, header("Location"), response?.body() as? String)
            DialException(what, status, cause = cause, body = said, retryAfter = retryAfter(header("Retry-After")))
        }
        is HttpTimeoutException -> DialException("no connection in time", endClass = "timeout", cause = cause)
        is IOException -> DialException("no connection: ${cause.javaClass.simpleName}", endClass = "network", cause = cause)
        else -> failed
    }
}

private class JavaNetConnection(private val most: Int) : Connection, WebSocket.Listener {
    lateinit var socket: WebSocket

    /** Not more than [MESSAGES], a close frame and the end. */
    private val arrived = Channel<Incoming>(Channel.UNLIMITED)

    /** Messages in [arrived]. One is asked for, always, while there is room for it: see [inPlace]. */
    private val waiting = AtomicInteger()
    private val text = StringBuilder()
    private val bytes = ByteArrayOutputStream()

    /** Until then the client does not answer a close frame by itself: the engine does. */
    private val answered = CompletableFuture<Void>()

    override val subprotocol: String? get() = socket.subprotocol.ifEmpty { null }

    override suspend fun receive(): Incoming? {
        val next = arrived.receiveCatching().getOrNull()
        val isMessage = next is Incoming.Text || next is Incoming.Binary
        if (isMessage && waiting.getAndDecrement() == MESSAGES) socket.request(1)
        return next
    }

    override suspend fun send(text: String) {
        socket.sendText(text, true).await()
    }

    override suspend fun close(code: Int?, reason: String) {
        try {
            socket.sendClose(code ?: WebSocket.NORMAL_CLOSURE, reason).await()
        } catch (_: IllegalArgumentException) {
            // A code that this client does not let anybody send.
            abort()
        } finally {
            answered.complete(null)
        }
    }

    override fun abort() {
        socket.abort()
        arrived.close()
        answered.complete(null)
    }

    override fun onText(webSocket: WebSocket, data: CharSequence, last: Boolean): CompletionStage<*>? {
        if (last && text.isEmpty()) return take(webSocket, Incoming.Text(data.toString()))
        text.append(data)
        // Of what is too long the engine has to see no more than that.
        if (!last && text.length <= most) return more(webSocket)
        val message = Incoming.Text(text.toString())
        text.setLength(0)
        text.trimToSize()
        return take(webSocket, message)
    }

    override fun onBinary(webSocket: WebSocket, data: ByteBuffer, last: Boolean): CompletionStage<*>? {
        val part = ByteArray(data.remaining())
        data.get(part)
        bytes.write(part)
        if (!last && bytes.size() <= most) return more(webSocket)
        val message = Incoming.Binary(bytes.toByteArray())
        bytes.reset()
        return take(webSocket, message)
    }

    private fun take(webSocket: WebSocket, message: Incoming): CompletionStage<*>? {
        // Counted first: it may be taken at once.
        val hasRoom = waiting.incrementAndGet() < MESSAGES
        arrived.trySend(message)
        return if (hasRoom) more(webSocket) else null
    }

    /** Asks for more, and is done with what there was. */
    private fun more(webSocket: WebSocket): CompletionStage<*>? {
        webSocket.request(1)
        return null
    }

    override fun onClose(webSocket: WebSocket, statusCode: Int, reason: String): CompletionStage<*>? {
        // The end of the stream, without a close frame.
        if (statusCode != ABNORMAL) {
            val code = statusCode.takeIf { it != NO_STATUS }
            arrived.trySend(Incoming.Close(code, reason))
        }
        arrived.close()
        return answered
    }

    override fun onError(webSocket: WebSocket, error: Throwable) {
        arrived.close()
    }
}

/** The most that wait to be taken. */
private const val MESSAGES = 16

/** What a close frame without a code is for this client (RFC 6455 section 7.1.5). */
private const val NO_STATUS = 1005

/** What an end without a close frame is (the same section). */
private const val ABNORMAL = 1006
