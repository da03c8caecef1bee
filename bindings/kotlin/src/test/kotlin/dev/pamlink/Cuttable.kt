package dev.pamlink

import dev.pamlink.transport.Connection
import dev.pamlink.transport.DialRequest
import dev.pamlink.transport.Transport
import java.io.IOException
import java.util.concurrent.ConcurrentLinkedQueue

/** A transport whose connections a test breaks. */
internal class Cuttable(private val inner: Transport) : Transport {
    private val connections = ConcurrentLinkedQueue<Connection>()

    /** The subprotocols that were chosen, one for each connection. */
    val chosen: List<String?> get() = connections.map { it.subprotocol }

    @Volatile
    private var dead = false

    override suspend fun open(request: DialRequest): Connection {
        if (dead) throw IOException("the process has ended")
        return inner.open(request).also { connections.add(it) }
    }

    /** All connections break. */
    fun cut(): Unit = connections.forEach { it.abort() }

    /** The process of the client ends: nothing goes out any more. */
    fun kill() {
        dead = true
        cut()
    }
}
