package dev.pamlink

import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import dev.pamlink.transport.DialException
import java.io.IOException
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** The client against a hub in memory. */
class ClientTest {
    private val server = MemoryServer(
        HubOptions(
            messagesPerMinute = 100_000,
            connectsPerMinute = 100_000,
            maxRequestsPerLink = 64,
            accepts = listOf("note"),
        ),
    )
    private val config = ClientConfig(transport = server, backoffCap = 200.milliseconds, v1 = false)
    private val clients = ArrayList<Client>()

    private fun client(
        config: ClientConfig = this.config,
        scope: CoroutineScope? = null,
        tokens: (suspend (TokenNeed) -> String)? = null,
    ) = Client("ws://host/api/v1/pam/ws/ann", tokens, config, scope).also { clients.add(it) }

    @AfterTest
    fun closeAll(): Unit = bounded {
        clients.forEach { it.closeAndJoin() }
        server.close()
    }

    @Test
    fun `a request is answered`() = bounded {
        val client = client()
        val sending = async { client.send("fuel so far?", sessionId = "s-1", context = "{\"lat\":-27.4}") }
        val request = server.request()
        assertEquals("fuel so far?", request.text)
        assertTrue("\"session_id\":\"s-1\"" in request.json && "\"context\":{\"lat\":-27.4}" in request.json, request.json)
        server.reply(request, "40 so far")
        val answered = assertIs<Outcome.Answered>(sending.await())
        assertEquals("40 so far", answered.text)
        assertTrue("\"chat_response\"" in answered.json)
        assertEquals(LinkState.OPEN, client.state.value)
    }

    @Test
    fun `a request that is refused has the server's code and the time to wait`() = bounded {
        val sending = async { client().send("now?") }
        val request = server.request()
        server.carryOut(Input.ReplyError(request.request, 2.seconds, "OVERLOADED", "too much at once"))
        val rejected = assertIs<Outcome.Rejected>(sending.await())
        assertEquals("OVERLOADED", rejected.code)
        assertEquals("too much at once", rejected.message)
        assertEquals(2.seconds, rejected.retryAfter)
    }

    @Test
    fun `an answer is read as it grows`() = bounded {
        val client = client()
        val pieces = Channel<Piece>(Channel.UNLIMITED)
        val asking = launch { client.ask("a story").collect { pieces.send(it) } }
        val request = server.request()
        assertTrue(request.wantsPieces)
        server.piece(request, "once ")
        assertEquals(Piece("once "), pieces.receive())
        server.piece(request, "upon")
        assertEquals(Piece("upon"), pieces.receive())
        server.reply(request, "once upon a time")
        val last = pieces.receive()
        assertEquals(" a time", last.text)
        assertEquals("once upon a time", last.answer?.text)
        asking.join()
    }

    @Test
    fun `a flow that nobody collects sends nothing, and each collector sends`() = bounded {
        val client = client()
        val flow = client.ask("again")
        client.state.first { it == LinkState.OPEN }
        repeat(2) {
            val collecting = async { flow.toList() }
            server.reply(server.request(), "yes")
            assertEquals("yes", collecting.await().joinToString("") { piece -> piece.text })
        }
    }

    @Test
    fun `what comes for a caller who has left is late`() = bounded {
        val client = client()
        val asking = launch { client.ask("never mind").collect {} }
        val request = server.request()
        asking.cancelAndJoin()
        server.piece(request, "a piece")
        server.carryOut(Input.ReplyError(request.request, null, "X", "a refusal"))
        val late = client.events.filterIsInstance<Event.Late>()
        assertEquals("a piece", late.first().text)
        assertEquals("a refusal", late.first().text)
    }

    @Test
    fun `a client that has stopped ends its requests and starts again`() = bounded {
        val client = client()
        val sending = async { client.send("sent") }
        server.request()
        server.carryOut(Input.DisconnectUser(4003, "ann", "enough"))
        assertEquals(Outcome.Unknown, sending.await())
        assertEquals("stopped", assertFailsWith<PamlinkException.Link> { client.send("while stopped") }.name)
        client.connect()
        client.state.first { it == LinkState.OPEN }
        val again = async { client.send("again") }
        val request = server.request()
        assertEquals("again", request.text)
        server.reply(request, "yes")
        assertEquals("yes", assertIs<Outcome.Answered>(again.await()).text)
    }

    @Test
    fun `who is cancelled leaves nothing behind, and the answer that comes is an event`() = bounded {
        val client = client()
        val asking = launch { client.ask("a story").collect {} }
        val request = server.request()
        asking.cancelAndJoin()
        assertEquals(0, waiting(client))
        server.piece(request, "once ")
        server.reply(request, "once upon")
        val late = client.events.filterIsInstance<Event.Late>()
        assertEquals("once ", late.first().text)
        assertEquals("once upon", late.first().text)
        // Everybody else goes on.
        val sending = async { client.send("next") }
        server.reply(server.request(), "here")
        assertEquals("here", assertIs<Outcome.Answered>(sending.await()).text)
        assertEquals(0, waiting(client))
    }

    @Test
    fun `a request before there is a link waits for it`() = bounded {
        server.refusals.addAll(listOf(IOException("no network"), DialException("busy", status = 503)))
        val sending = async { client().send("anybody?") }
        server.reply(server.request(), "yes")
        assertIs<Outcome.Answered>(sending.await())
        assertEquals(3, server.dials.size)
    }

    @Test
    fun `what got no answer before a cut is asked again, and answered once`() = bounded {
        val client = client()
        val sending = async { client.send("book it") }
        val request = server.request()
        server.cut()
        client.events.filterIsInstance<Event.Retrying>().first()
        server.reply(request, "booked")
        assertEquals("booked", assertIs<Outcome.Answered>(sending.await()).text)
        assertEquals("answered", server.event<HubEvent.Duplicate>().first)
    }

    @Test
    fun `many requests at once are all answered, each with its own`() = bounded {
        val client = client()
        val answering = launch { repeat(50) { val it = server.request(); server.reply(it, it.text + "!") } }
        val all = List(50) { async { it to client.send("q$it") } }
        for (one in all) {
            val (number, outcome) = one.await()
            assertEquals("q$number!", assertIs<Outcome.Answered>(outcome).text)
        }
        answering.join()
    }

    @Test
    fun `more requests than may wait are refused, and not kept`() = bounded {
        val client = client(config.copy(maxRequests = 1))
        val first = async { client.send("one") }
        val request = server.request()
        val error = assertFailsWith<PamlinkException.Busy> { client.send("two") }
        assertEquals("requests_full", error.name)
        assertTrue(error.retryable)
        server.reply(request, "1")
        assertIs<Outcome.Answered>(first.await())
    }

    @Test
    fun `a context that is no object is refused`() = bounded {
        assertEquals("bad_context", assertFailsWith<PamlinkException.Usage> { client().send("x", context = "[]") }.name)
    }

    @Test
    fun `an envelope is sent, or it is said why not`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        client.post("{\"type\":\"note\",\"score\":5}")
        assertTrue("\"score\":5" in server.event<HubEvent.Received>().json)
        assertEquals("not_an_envelope", assertFailsWith<PamlinkException.Usage> { client.post("[]") }.name)
        client.disconnect()
        client.state.first { it == LinkState.CLOSED }
        assertEquals("not_open", assertFailsWith<PamlinkException.Link> { client.post("{\"type\":\"x\"}") }.name)
    }

    @Test
    fun `what the server pushes is an event`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        server.carryOut(Input.Push("ann", "{\"type\":\"timer_expired\",\"id\":\"t\",\"message\":\"tea\"}"))
        val message = client.events.filterIsInstance<Event.Message>().first()
        assertEquals("timer_expired", message.kind)
        assertEquals("tea", message.text)
    }

    @Test
    fun `events that nobody takes are bounded, and the loss is reported`() = bounded {
        val client = client(config.copy(eventBuffer = 4))
        client.state.first { it == LinkState.OPEN }
        repeat(20) { server.carryOut(Input.Push("ann", "{\"type\":\"alert\",\"message\":\"$it\"}")) }
        client.post("{\"type\":\"note\"}")
        server.event<HubEvent.Received>()
        client.closeAndJoin()
        val events = client.events.toList()
        assertEquals(5, events.size)
        assertTrue(assertIs<Event.Lost>(events.first()).count >= 18)
    }

    @Test
    fun `a token is got for each need, and a refused one is got anew`() = bounded {
        val needs = ArrayList<TokenNeed>()
        server.refusals.add(DialException("who?", status = 401))
        val client = client(tokens = { need -> needs.add(need); "token-${needs.size}" })
        client.state.first { it == LinkState.OPEN }
        assertEquals(listOf(TokenNeed.MISSING, TokenNeed.REJECTED), needs)
        assertEquals(listOf("token-1", "token-2"), server.dials)
    }

    @Test
    fun `a provider that fails is asked again`() = bounded {
        var calls = 0
        val logged = ArrayList<String>()
        val client = client(config.copy(log = { message, _ -> logged.add(message) })) {
            calls += 1
            if (calls == 1) throw IOException("issuer unreachable")
            if (calls == 2) throw CancellationException("a timeout of the provider's own")
            "good"
        }
        client.state.first { it == LinkState.OPEN }
        assertEquals(3, calls)
        assertTrue(logged.any { "token provider" in it }, "$logged")
    }

    @Test
    fun `a provider that is denied stops the client, and connect begins again`() = bounded {
        var denied = true
        val asked = CompletableDeferred<Unit>()
        val client = client {
            asked.await()
            if (denied) throw TokenDenied("signed out") else "good"
        }
        val sending = async { runCatching { client.send("x") } }
        while (waiting(client) == 0) yield()
        asked.complete(Unit)
        val stopped = client.events.filterIsInstance<Event.Stopped>().first()
        assertEquals("authentication", stopped.endClass)
        assertEquals(Outcome.Unsent, sending.await().getOrThrow())
        assertEquals("stopped", assertFailsWith<PamlinkException.Link> { client.send("y") }.name)
        assertEquals("stopped", assertFailsWith<PamlinkException.Link> { client.ask("y").collect {} }.name)
        denied = false
        client.connect()
        client.state.first { it == LinkState.OPEN }
    }

    @Test
    fun `a token with characters that no token has stops the client`() = bounded {
        val client = client { "a b" }
        assertEquals("authentication", client.events.filterIsInstance<Event.Stopped>().first().endClass)
        assertTrue(server.dials.isEmpty())
    }

    @Test
    fun `waking up makes a waiting link at once`() = bounded {
        // The second delay of the default backoff is a second and more: without the wake this waits.
        repeat(3) { server.refusals.add(IOException("no network")) }
        val client = client(config.copy(backoffCap = 3600.seconds))
        val retries = client.events.filterIsInstance<Event.Retrying>()
        repeat(3) {
            retries.first()
            if (it % 2 == 0) client.wake() else client.networkChanged()
        }
        client.state.first { it == LinkState.OPEN }
        assertEquals(4, server.dials.size)
    }

    @Test
    fun `disconnecting keeps requests for the next link`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        client.disconnect()
        client.events.filterIsInstance<Event.Stopped>().first()
        val sending = async { client.send("later") }
        client.connect()
        server.reply(server.request(), "now")
        assertEquals("now", assertIs<Outcome.Answered>(sending.await()).text)
    }

    @Test
    fun `closing sends its close frame, frees the engine and ends everything`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        val sending = async { runCatching { client.send("never") } }
        server.request()
        client.closeAndJoin()
        assertEquals("closed", assertIs<PamlinkException.Link>(sending.await().exceptionOrNull()).name)
        val closed = server.event<HubEvent.Closed>()
        assertEquals(1000, closed.code)
        assertTrue(closed.clean)
        assertEquals(0, server.open)
        assertEquals(LinkState.CLOSED, client.state.value)
        client.events.toList()
        assertEquals("closed", assertFailsWith<PamlinkException.Link> { client.send("x") }.name)
        assertEquals("closed", assertFailsWith<PamlinkException.Link> { client.post("{}") }.name)
        assertEquals("closed", assertFailsWith<PamlinkException.Link> { client.metrics() }.name)
        assertFreed(client)
        client.close()
    }

    @Test
    fun `a client ends with the scope that it belongs to`() = bounded {
        val job = Job()
        val client = client(scope = CoroutineScope(job))
        client.state.first { it == LinkState.OPEN }
        job.cancelAndJoin()
        assertFreed(client)
        server.event<HubEvent.Closed>()
        assertEquals("closed", assertFailsWith<PamlinkException.Link> { client.send("x") }.name)
        client.closeAndJoin()
    }

    @Test
    fun `a scope waits for the client that belongs to it, and a failed child of it does no harm`() = bounded {
        val closed = CompletableDeferred<Unit>()
        coroutineScope {
            val client = client(scope = this) { if (closed.isActive) throw IllegalStateException("a bug") else "t" }
            client.events.filterIsInstance<Event.Retrying>().first()
            closed.complete(Unit)
            client.state.first { it == LinkState.OPEN }
            launch { client.close() }
        }
        assertFreed(clients.last())
    }

    @Test
    fun `a client that cannot be made leaves nothing in its scope`() = bounded {
        coroutineScope {
            assertEquals("bad_url", assertFailsWith<PamlinkException.Usage> { Client("nowhere", null, config, this) }.name)
            assertEquals("bad_option", assertFailsWith<PamlinkException.Usage> { client(config.copy(maxRequests = 0), this) }.name)
        }
    }

    @Test
    fun `a dial that nobody waits for any longer is cancelled`() = bounded {
        val dialled = CompletableDeferred<Unit>()
        val cancelled = CompletableDeferred<Unit>()
        val client = client(config.copy(dialTimeout = 100.milliseconds, transport = {
            dialled.complete(Unit)
            try {
                awaitCancellation()
            } finally {
                cancelled.complete(Unit)
            }
        }))
        dialled.await()
        cancelled.await()
        assertEquals("timeout", client.events.filterIsInstance<Event.Retrying>().first().endClass)
    }

    @Test
    fun `much is written in its order, and nobody waits for ever`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        // Small ones and large ones, of characters of three bytes: far beyond what the engine hands out at once.
        val texts = List(600) { "$it" } + List(60) { "漢".repeat(1_000) + it }
        val sending = launch {
            for (text in texts) {
                while (true) {
                    try {
                        client.post("{\"type\":\"note\",\"message\":\"$text\"}")
                        break
                    } catch (full: PamlinkException.Busy) {
                        kotlinx.coroutines.yield()
                    }
                }
            }
        }
        for (text in texts) assertEquals(text, server.event<HubEvent.Received>().text)
        sending.join()
    }

    @Test
    fun `what is counted can be read`() = bounded {
        val client = client()
        client.state.first { it == LinkState.OPEN }
        assertTrue("pamlink" in client.metrics(), client.metrics())
    }

    @Test
    fun `many clients come and go without a trace`() = bounded {
        val handles = List(50) {
            val client = client()
            client.state.first { it == LinkState.OPEN }
            client.closeAndJoin()
            client
        }
        for (handle in handles) assertFreed(handle)
        assertEquals(0, server.open)
        assertNull(server.refusals.firstOrNull())
    }

    private fun driver(client: Client): Driver =
        Client::class.java.getDeclaredField("driver").also { it.isAccessible = true }.get(client) as Driver

    private fun waiting(client: Client): Int =
        (Driver::class.java.getDeclaredField("waiting").also { it.isAccessible = true }.get(driver(client)) as Map<*, *>).size

    /** The library does not know the engine any more, or soon: it is let go of once the client's job has ended. */
    private suspend fun assertFreed(client: Client) {
        val engine = Driver::class.java.getDeclaredField("engine").also { it.isAccessible = true }.get(driver(client))
        val border = (engine as dev.pamlink.sansio.Engine).border
        while (runCatching { border.step(1, 1) }.isSuccess) delay(5)
        assertEquals("no_engine", assertFailsWith<PamlinkException> { border.step(1, 1) }.name)
    }

    private fun bounded(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(30.seconds) { work() } }
}
