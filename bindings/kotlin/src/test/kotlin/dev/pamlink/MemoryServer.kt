package dev.pamlink

import dev.pamlink.platform.Platform
import dev.pamlink.sansio.Action
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.transport.Connection
import dev.pamlink.transport.DialRequest
import dev.pamlink.transport.Incoming
import dev.pamlink.transport.Transport
import java.io.IOException
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.receiveAsFlow
import kotlinx.coroutines.withTimeout

/** A server within the test: a transport whose other end is a hub. */
internal class MemoryServer(options: HubOptions = HubOptions()) : Transport, AutoCloseable {
    private val hub = HubEngine(options)
    private val links = HashMap<Long, MemoryConnection>()

    /** Requests that wait for a reply. */
    private val requests = Channel<HubEvent.Request>(Channel.UNLIMITED)
    val others = Channel<HubEvent>(Channel.UNLIMITED)

    /** What the next dials end with, in this order, before they succeed. */
    val refusals = ArrayDeque<Exception>()

    /** Every dial, with its token. */
    val dials = ArrayList<String>()

    /** Connections that nobody has dropped. */
    val open: Int get() = synchronized(this) { links.size }

    override suspend fun open(request: DialRequest): Connection {
        val connection = synchronized(this) {
            dials.add(request.url.substringAfter("?token=", ""))
            refusals.removeFirstOrNull()?.let { throw it }
            MemoryConnection()
        }
        carryOut(Input.AcceptOpened(user = "ann", subject = "ann"), connection)
        return connection
    }

    suspend fun request(): HubEvent.Request = withTimeout(10.seconds) { requests.receive() }

    /** The next event of this kind that is no request. */
    suspend inline fun <reified T : HubEvent> event(): T =
        withTimeout(10.seconds) { others.receiveAsFlow().filterIsInstance<T>().first() }

    fun reply(request: HubEvent.Request, text: String): Unit =
        carryOut(Input.Reply(request = request.request, failed = false, text = text))

    fun piece(request: HubEvent.Request, text: String): Unit = carryOut(Input.ReplyPiece(request.request, text))

    fun carryOut(input: Input): Unit = carryOut(input, null)

    /** All connections break. */
    fun cut() {
        val all = synchronized(this) { links.values.toList() }
        all.forEach { it.incoming.close() }
    }

    override fun close(): Unit = hub.close()

    private fun carryOut(input: Input, accepted: MemoryConnection?) {
        synchronized(this) {
            for (output in hub.step(Now.of(Platform.clock), input)) {
                when (output) {
                    is CommandResult.Accepted -> links[output.link] = accepted!!.also { it.link = output.link }
                    is CommandResult.Faulted -> throw output.error
                    is Action.WriteText -> links[output.link]?.incoming?.trySend(Incoming.Text(output.text))
                    is Action.WriteClose -> links[output.link]?.incoming?.trySend(Incoming.Close(output.code, output.reason))
                    is Action.CloseTransport -> links.remove(output.link)?.incoming?.close()
                    is HubEvent.Request -> requests.trySend(output)
                    is HubEvent -> others.trySend(output)
                    else -> {}
                }
            }
        }
    }

    private inner class MemoryConnection : Connection {
        var link = -1L
        val incoming = Channel<Incoming>(Channel.UNLIMITED)
        override val subprotocol: String? = null

        override suspend fun receive(): Incoming? = incoming.receiveCatching().getOrNull()

        override suspend fun send(text: String) {
            if (!there()) throw IOException("the connection has ended")
            carryOut(Input.TextIn(link, text))
        }

        override suspend fun close(code: Int?, reason: String) {
            if (there()) carryOut(Input.CloseIn(link, code, reason))
        }

        override fun abort() {
            val was = synchronized(this@MemoryServer) { links.remove(link) } ?: return
            was.incoming.close()
            carryOut(Input.ClosedIn(link))
        }

        private fun there() = synchronized(this@MemoryServer) { link in links }
    }
}
