package dev.pamlink

import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import java.io.IOException
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield

/** What a client can over `pamlink.v1`, against a hub in memory that speaks it. */
class SessionsTest {
    private val server = MemoryServer(HubOptions(accepts = listOf("note")), v1 = true)
    private val older = MemoryServer()
    private val config = ClientConfig(transport = server, backoffCap = 200.milliseconds)
    private val clients = ArrayList<Client>()

    private fun client(config: ClientConfig = this.config) =
        Client("ws://host/api/v1/pam/ws/ann", null, config).also { clients.add(it) }

    @AfterTest
    fun closeAll(): Unit = bounded {
        clients.forEach { it.closeAndJoin() }
        server.close()
        older.close()
    }

    @Test
    fun `a request is answered, in pieces and whole`() = bounded {
        val collecting = async { client().ask("a story").toList() }
        val request = server.request()
        server.piece(request, "once ")
        server.reply(request, "once upon")
        val pieces = collecting.await()
        assertEquals("once upon", pieces.joinToString("") { it.text })
        assertEquals("once upon", pieces.last().answer?.text)
    }

    @Test
    fun `who leaves an answer cancels it at the server`() = bounded {
        val client = client()
        val asking = launch { client.ask("a story").collect {} }
        val left = server.request()
        asking.cancelAndJoin()
        assertEquals(left.request, server.event<HubEvent.RequestCancelled>().request)
        val taking = async { client.ask("another").first() }
        val broken = server.request()
        server.piece(broken, "once ")
        assertEquals("once ", taking.await().text)
        assertEquals(broken.request, server.event<HubEvent.RequestCancelled>().request)
    }

    @Test
    fun `an answer that was detached goes on, and no snapshot has it`() = bounded {
        val client = client()
        val answer = client.ask("a story")
        answer.detach()
        val asking = launch { answer.collect {} }
        val request = server.request()
        val before = client.snapshot()
        asking.cancelAndJoin()
        val after = client.snapshot()
        server.reply(request, "once upon")
        assertEquals("once upon", client.events.filterIsInstance<Event.Late>().first().text)
        // Each goes on with the session, which the client before has no more.
        val restored = { snapshot: ByteArray ->
            Client.restore(snapshot, "ws://host/api/v1/pam/ws/ann", null, config).also { clients.add(it) }.restored
        }
        assertEquals(listOf(1, 0), listOf(before, after).map { restored(it).size })
    }

    @Test
    fun `a cancel that comes too late says so`() = bounded {
        val client = client()
        val answer = client.ask("a story")
        assertEquals(CancelOutcome.UNKNOWN, answer.cancel().outcome)
        val collecting = async { answer.toList() }
        val request = server.request()
        // The server has answered, and the client has not heard of it.
        server.deaf = true
        val cancelling = async(start = CoroutineStart.UNDISPATCHED) { answer.cancel() }
        while (server.held.none { "\"cancel\"" in it }) yield()
        server.reply(request, "once upon")
        server.deaf = false
        val result = cancelling.await()
        assertEquals(CancelOutcome.ENDED, result.outcome)
        assertEquals("once upon", collecting.await().last().answer?.text)
    }

    @Test
    fun `a request that was never sent is cancelled at once`() = bounded {
        repeat(1000) { server.refusals.add(IOException("no network")) }
        val client = client()
        val answer = client.ask("a story")
        val collecting = async { runCatching { answer.toList() } }
        // Of a request that was not made yet nothing is known.
        var result = CancelResult(CancelOutcome.UNKNOWN, null, null)
        while (result.outcome == CancelOutcome.UNKNOWN) {
            yield()
            result = answer.cancel()
        }
        assertEquals(CancelResult(CancelOutcome.CANCELLED, 0, null), result)
        assertEquals("request_cancelled", assertIs<PamlinkException.Answer>(collecting.await().exceptionOrNull()).name)
    }

    @Test
    fun `what is submitted has an outcome`() = bounded {
        val client = client()
        assertEquals(SubmitResult.Acknowledged, client.submit("{\"type\":\"note\",\"score\":5}", Priority.URGENT))
        assertTrue("\"score\":5" in server.event<HubEvent.Received>().json)
        val rejected = assertIs<SubmitResult.Rejected>(client.submit("{\"type\":\"nonsense\"}"))
        assertTrue(rejected.errorCode.isNotEmpty(), "$rejected")
        assertEquals("not_an_envelope", assertFailsWith<PamlinkException.Usage> { client.submit("{") }.name)
    }

    @Test
    fun `what waits too long or is replaced has expired`() = bounded {
        repeat(1000) { server.refusals.add(IOException("no network")) }
        val client = client()
        assertEquals(SubmitResult.Expired("age"), client.submit("{\"type\":\"note\"}", timeToLive = 50.milliseconds))
        val first = async(start = CoroutineStart.UNDISPATCHED) { client.submit("{\"type\":\"note\"}", key = "k") }
        val second = async(start = CoroutineStart.UNDISPATCHED) { runCatching { client.submit("{\"type\":\"note\"}", key = "k") } }
        assertEquals(SubmitResult.Expired("replaced"), first.await())
        client.closeAndJoin()
        assertEquals("closed", assertIs<PamlinkException.Link>(second.await().exceptionOrNull()).name)
    }

    @Test
    fun `a server of another memory is a gap, and what ran is unknown`() = bounded {
        val client = client()
        val sending = async { client.send("x") }
        server.request()
        server.forget()
        assertEquals("session_ended", client.events.filterIsInstance<Event.Gap>().first().errorCode)
        assertEquals(Outcome.Unknown, sending.await())
    }

    @Test
    fun `a server that speaks pam alone is spoken to so`() = bounded {
        val client = client(config.copy(transport = older))
        val answer = client.ask("a story")
        val collecting = async { answer.toList() }
        val request = older.request()
        assertEquals(2, older.dials.size)
        assertEquals("needs_v1", assertFailsWith<PamlinkException.Link> { answer.cancel() }.name)
        older.reply(request, "once upon")
        assertEquals("once upon", collecting.await().last().answer?.text)
        val asking = launch { client.ask("another").collect {} }
        val left = older.request()
        asking.cancelAndJoin()
        older.reply(left, "late")
        assertEquals("late", client.events.filterIsInstance<Event.Late>().first().text)
    }

    @Test
    fun `without v1 nothing is submitted, and a restored client begins anew`() = bounded {
        val client = client(config.copy(v1 = false))
        client.state.first { it == LinkState.OPEN }
        assertEquals("needs_v1", assertFailsWith<PamlinkException.Link> { client.submit("{\"type\":\"note\"}") }.name)
        val after = Client.restore(client.snapshot(), "ws://host/x", null, config).also { clients.add(it) }
        assertTrue(after.restored.isEmpty())
        for (damaged in listOf(byteArrayOf(), byteArrayOf(2))) {
            val error = assertFailsWith<PamlinkException.Usage> { Client.restore(damaged, "ws://host/x", null, config) }
            assertEquals("bad_snapshot", error.name)
        }
    }

    @Test
    fun `a client goes on with the requests of its snapshot, sent or not`() = bounded {
        val client = client()
        val sending = async { runCatching { client.send("sent") } }
        val request = server.request()
        val snapshot = client.snapshot()
        server.cut()
        client.closeAndJoin()
        sending.await()
        val after = Client.restore(snapshot, "ws://host/api/v1/pam/ws/ann", null, config).also { clients.add(it) }
        assertEquals(1, after.restored.size)
        server.reply(request, "yes")
        assertEquals("yes", after.restored.single().toList().last().answer?.text)
    }

    private fun bounded(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(30.seconds) { work() } }
}
