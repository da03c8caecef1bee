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
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.future.await

/**
 * Java's own WebSocket (Java 11 and later; not on Android).
 *
 * Messages are asked for one by one. The client refuses to send some close codes (1002, 1003, 1007,
 * 1009 to 1014 of RFC 6455): with these the connection is dropped, and the peer sees 1006.
 *
 * @param client what opens connections: set proxies, TLS and executors there.
 */
public class JavaNetTransport(private val client: HttpClient = HttpClient.newHttpClient()) : Transport {
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

private fun dialException(failed: Exception): Exception {
    val cause = (failed as? CompletionException)?.cause ?: failed
    return when (cause) {
        is WebSocketHandshakeException -> {
            val status = cause.response?.statusCode()
            DialException("the server answered with status $status", status, cause = cause)
        }
        is HttpTimeoutException -> DialException("no connection in time", endClass = "timeout", cause = cause)
        is IOException -> DialException("no connection: ${cause.javaClass.simpleName}", endClass = "network", cause = cause)
        else -> failed
    }
}

private class JavaNetConnection(private val most: Int) : Connection, WebSocket.Listener {
    lateinit var socket: WebSocket

    /** Not more than one message and the end: the next one is asked for when this one is taken. */
    private val arrived = Channel<Incoming>(Channel.UNLIMITED)
    private val text = StringBuilder()
    private val bytes = ByteArrayOutputStream()

    /** Until then the client does not answer a close frame by itself: the engine does. */
    private val answered = CompletableFuture<Void>()

    override val subprotocol: String? get() = socket.subprotocol.ifEmpty { null }

    override suspend fun receive(): Incoming? {
        val next = arrived.tryReceive()
        if (next.isSuccess) return next.getOrThrow()
        socket.request(1)
        return arrived.receiveCatching().getOrNull()
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

    // The default asks for the first message, which nobody may want yet.
    override fun onOpen(webSocket: WebSocket) {}

    override fun onText(webSocket: WebSocket, data: CharSequence, last: Boolean): CompletionStage<*>? {
        if (last && text.isEmpty()) {
            arrived.trySend(Incoming.Text(data.toString()))
            return null
        }
        text.append(data)
        // Of what is too long the engine has to see no more than that.
        if (last || text.length > most) {
            arrived.trySend(Incoming.Text(text.toString()))
            text.setLength(0)
            text.trimToSize()
        } else {
            webSocket.request(1)
        }
        return null
    }

    override fun onBinary(webSocket: WebSocket, data: ByteBuffer, last: Boolean): CompletionStage<*>? {
        val part = ByteArray(data.remaining())
        data.get(part)
        bytes.write(part)
        if (last || bytes.size() > most) {
            arrived.trySend(Incoming.Binary(bytes.toByteArray()))
            bytes.reset()
        } else {
            webSocket.request(1)
        }
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

/** What a close frame without a code is for this client (RFC 6455 section 7.1.5). */
private const val NO_STATUS = 1005

/** What an end without a close frame is (the same section). */
private const val ABNORMAL = 1006
