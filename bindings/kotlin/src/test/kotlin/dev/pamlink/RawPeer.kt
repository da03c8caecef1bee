package dev.pamlink

import dev.pamlink.sansio.FrameCodec
import dev.pamlink.sansio.Output
import java.io.InputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.security.MessageDigest
import java.util.Base64

/** A server that does with its one connection what the test says, frame by frame. */
internal class RawServer : AutoCloseable {
    private val listening = ServerSocket(0, 1, InetAddress.getLoopbackAddress())
    val url: String = "ws://127.0.0.1:${listening.localPort}/x?token=t"

    init {
        listening.soTimeout = 10_000
    }

    /** Takes a connection and answers its upgrade. */
    fun upgraded(subprotocol: String? = null): RawPeer {
        val peer = RawPeer(listening.accept())
        val key = peer.head.first { it.startsWith("Sec-WebSocket-Key: ", ignoreCase = true) }.substringAfter(": ")
        val accept = MessageDigest.getInstance("SHA-1").digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").toByteArray())
        val chosen = subprotocol?.let { "Sec-WebSocket-Protocol: $it\r\n" } ?: ""
        peer.write(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n$chosen" +
                "Sec-WebSocket-Accept: ${Base64.getEncoder().encodeToString(accept)}\r\n\r\n",
        )
        return peer
    }

    /** Takes a connection and answers it with a status. */
    fun refused(status: Int, more: String = "", body: String = "") {
        val head = "HTTP/1.1 $status No\r\n${more}Content-Length: ${body.length}\r\n\r\n"
        RawPeer(listening.accept()).use { it.write(head + body) }
    }

    override fun close(): Unit = listening.close()
}

/** One connection of a [RawServer]. */
internal class RawPeer(private val socket: Socket) : AutoCloseable {
    val codec = FrameCodec(client = false, maxMessageBytes = 1 shl 24)
    private val input: InputStream = socket.getInputStream()

    /** The lines of the request. */
    val head: List<String>

    init {
        socket.soTimeout = 10_000
        // Small: a test wants to see it full.
        socket.sendBufferSize = 32 * 1024
        val read = StringBuilder()
        while (!read.endsWith("\r\n\r\n")) read.append(input.read().also { check(it >= 0) }.toChar())
        head = read.lines()
    }

    fun write(text: String): Unit = write(text.toByteArray())

    fun write(bytes: ByteArray) {
        socket.getOutputStream().write(bytes)
        socket.getOutputStream().flush()
    }

    /** The next things that were said; nothing at the end. */
    fun read(): List<Output> {
        val buffer = ByteArray(65_536)
        while (true) {
            val size = input.read(buffer)
            if (size < 0) return emptyList()
            val events = codec.read(buffer.copyOf(size))
            if (events.isNotEmpty()) return events
        }
    }

    override fun close() {
        socket.close()
        codec.close()
    }
}
