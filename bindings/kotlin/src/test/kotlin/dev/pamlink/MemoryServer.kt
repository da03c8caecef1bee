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
import java.util.Timer
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.schedule
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.receiveAsFlow
import kotlinx.coroutines.withTimeout

/** A server within the test: a transport whose other end is a hub. */
internal class MemoryServer(private val options: HubOptions = HubOptions(), private val v1: Boolean = false) :
    Transport, AutoCloseable {
    private var hub = HubEngine(options)
    private val links = HashMap<Long, MemoryConnection>()

    /** A session has deadlines, which a hub of `pam` alone has no need of in a test. */
    private val ticks = Timer(true).also { timer -> if (v1) timer.schedule(0, TICK_MS) { carryOut(null, null) } }

    /** Requests that wait for a reply. */
    private val requests = Channel<HubEvent.Request>(Channel.UNLIMITED)
    val others = Channel<HubEvent>(Channel.UNLIMITED)

    /** What the next dials end with, in this order, before they succeed. */
    val refusals = ArrayDeque<Exception>()

    /** Every dial, with its token. */
    val dials = ArrayList<String>()

    /** Nothing that a client sends comes in: it waits in [held]. */
    @Volatile
    var deaf = false
    val held = CopyOnWriteArrayList<String>()

    /** Connections that nobody has dropped. */
    val open: Int get() = synchronized(this) { links.size }

    override suspend fun open(request: DialRequest): Connection {
        val connection = synchronized(this) {
            dials.add(request.url.substringAfter("?token=", ""))
            refusals.removeFirstOrNull()?.let { throw it }
            MemoryConnection(request.subprotocols.firstOrNull { v1 && it == "pamlink.v1" })
        }
        val accepted = Input.AcceptOpened(user = "ann", subject = "ann", v1 = connection.subprotocol != null)
        carryOut(accepted, connection)
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

    /** Another server takes the place of this one, and knows nothing. */
    fun forget(): Unit = synchronized(this) {
        val all = links.values.toList()
        links.clear()
        hub.close()
        hub = HubEngine(options)
        all.forEach { it.incoming.close() }
    }

    override fun close() {
        ticks.cancel()
        synchronized(this) { hub.close() }
    }

    private fun carryOut(input: Input?, accepted: MemoryConnection?) {
        synchronized(this) {
            for (output in hub.step(Now.of(Platform.clock), listOfNotNull(input))) {
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

    private inner class MemoryConnection(override val subprotocol: String?) : Connection {
        var link = -1L
        val incoming = Channel<Incoming>(Channel.UNLIMITED)

        override suspend fun receive(): Incoming? = incoming.receiveCatching().getOrNull()

        override suspend fun send(text: String) {
            if (deaf) held.add(text)
            while (deaf) delay(1)
            if (!there()) throw IOException("the connection has ended")
            carryOut(Input.TextIn(link, text))
        }

        override suspend fun close(code: Int?, reason: String) {
            if (there()) carryOut(Input.CloseIn(link, code, reason))
        }

        override fun abort() {
            val was = synchronized(this@MemoryServer) { there() && links.remove(link) != null }
            incoming.close()
            if (was) carryOut(Input.ClosedIn(link))
        }

        private fun there() = synchronized(this@MemoryServer) { links[link] === this }
    }

    private companion object {
        const val TICK_MS = 10L
    }
}
