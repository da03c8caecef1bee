package dev.pamlink.transport

import java.io.IOException
import java.net.SocketTimeoutException
import java.util.concurrent.FutureTask
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.trySendBlocking
import kotlinx.coroutines.delay
import kotlinx.coroutines.suspendCancellableCoroutine
import okhttp3.OkHttpClient
import okhttp3.Request
import okhttp3.Response
import okhttp3.WebSocket
import okhttp3.WebSocketListener
import okio.ByteString

/**
 * OkHttp's WebSocket: what Android has. Written for OkHttp 3.13 to 5, and for what these have in
 * common.
 *
 * OkHttp closes a connection with 1001 when more than 16 MiB wait to be written. This adapter waits
 * at 64 KiB, as the engine's own bound has it. OkHttp reads a message whole, however long it is.
 *
 * @param client what opens connections. Leave its `pingInterval` at 0: the engine has a heartbeat.
 */
public class OkHttpTransport(client: OkHttpClient = OkHttpClient()) : Transport {
    // A token goes to the address that was chosen, and to no other.
    private val factory: WebSocket.Factory = client.newBuilder().followRedirects(false).followSslRedirects(false).build()

    override suspend fun open(request: DialRequest): Connection {
        val builder = Request.Builder().url(request.url)
        request.origin?.let { builder.header("Origin", it) }
        if (request.subprotocols.isNotEmpty()) {
            builder.header("Sec-WebSocket-Protocol", request.subprotocols.joinToString(", "))
        }
        var socket: WebSocket? = null
        try {
            return suspendCancellableCoroutine { waiting ->
                val connection = OkHttpConnection(waiting)
                socket = factory.newWebSocket(builder.build(), connection)
                connection.socket = socket
            }
        } catch (cancelled: CancellationException) {
            // It may be open by now.
            socket?.cancel()
            throw cancelled
        }
    }
}

private class OkHttpConnection(private val opening: CancellableContinuation<Connection>) :
    WebSocketListener(), Connection {
    var socket: WebSocket? = null

    /** A full one holds the thread that reads: that is the back-pressure. */
    private val arrived = Channel<Incoming>(MESSAGES)

    @Volatile
    private var opened = false

    override var subprotocol: String? = null
        private set

    override suspend fun receive(): Incoming? = arrived.receiveCatching().getOrNull()

    override suspend fun send(text: String) {
        val socket = socket ?: return
        if (!socket.send(text)) throw IOException("the connection has ended")
        // It tells nobody when it has written.
        while (socket.queueSize() > WAITING) delay(PAUSE)
    }

    override suspend fun close(code: Int?, reason: String) {
        try {
            socket?.close(code ?: NORMAL, reason)
        } catch (_: IllegalArgumentException) {
            // A code that it does not let anybody send.
            socket?.cancel()
        }
    }

    override fun abort() {
        socket?.cancel()
        arrived.close()
    }

    override fun onOpen(webSocket: WebSocket, response: Response) {
        opened = true
        socket = webSocket
        subprotocol = response.header("Sec-WebSocket-Protocol")
        opening.resumeWith(Result.success(this))
    }

    override fun onMessage(webSocket: WebSocket, text: String) {
        arrived.trySendBlocking(Incoming.Text(text))
    }

    override fun onMessage(webSocket: WebSocket, bytes: ByteString) {
        arrived.trySendBlocking(Incoming.Binary(bytes.toByteArray()))
    }

    override fun onClosing(webSocket: WebSocket, code: Int, reason: String) {
        arrived.trySendBlocking(Incoming.Close(code.takeIf { it != NO_STATUS }, reason))
    }

    override fun onClosed(webSocket: WebSocket, code: Int, reason: String) {
        arrived.close()
    }

    override fun onFailure(webSocket: WebSocket, t: Throwable, response: Response?) {
        arrived.close()
        if (opened) return
        val status = response?.let(::statusOf)
        val said = response?.let { said(status, it.header("Location"), beginningOf(it)) }
        val after = retryAfter(response?.header("Retry-After"))
        response?.close()
        val endClass = if (t is SocketTimeoutException) "timeout" else "network"
        val what = if (status != null) "the server answered with status $status" else "no connection: ${t.javaClass.simpleName}"
        opening.resumeWith(Result.failure(DialException(what, status, endClass, t, said, after)))
    }

    private companion object {
        const val MESSAGES = 16
        const val WAITING = 64L * 1024
        const val PAUSE = 5L
        const val NORMAL = 1000

        /** What a close frame without a code is for this client (RFC 6455 section 7.1.5). */
        const val NO_STATUS = 1005
    }
}

/** The beginning of a body, if it comes soon. */
private fun beginningOf(response: Response): String? {
    val reading = FutureTask { response.peekBody(BEGINNING).string() }
    Thread(reading, "pamlink-refusal").apply { isDaemon = true }.start()
    return try {
        reading.get(1, TimeUnit.SECONDS)
    } catch (_: Exception) {
        null
    }
}

private const val BEGINNING = 1024L

/** A function up to OkHttp 3, a property from 4 on: the text of a response is the same in all. */
private fun statusOf(response: Response): Int? =
    Regex("\\bcode=(\\d{3})\\b").find(response.toString())?.groupValues?.get(1)?.toInt()
