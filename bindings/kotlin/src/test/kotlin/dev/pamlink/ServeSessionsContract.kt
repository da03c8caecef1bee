package dev.pamlink

import dev.pamlink.transport.JavaNetTransport
import dev.pamlink.transport.OkHttpTransport
import dev.pamlink.transport.Transport
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** Conversations of `pamlink.v1` with a running server whose answers take their time. */
abstract class ServeSessionsContract(private val inner: Transport) {
    private val server = Serve.start(pace = "40ms")
    private val transport = Cuttable(inner)
    private val token = server.token("ann")

    /** Its answer takes two seconds. */
    private val story = List(50) { "é$it" }.joinToString(" ")

    @AfterTest
    fun stop(): Unit = server.close()

    private fun config(transport: Transport) = ClientConfig(transport = transport, backoffCap = 200.milliseconds)

    private fun client() = Client(server.url("ann"), { token }, config(transport))

    @Test
    fun `an answer is cancelled in its middle, and it is known how far it came`() = bounded {
        client().use { client ->
            val answer = client.ask(story)
            val read = StringBuilder()
            var result: CancelResult? = null
            val error = assertFailsWith<PamlinkException.Answer> {
                answer.collect { piece ->
                    read.append(piece.text)
                    if (result == null) result = answer.cancel()
                }
            }
            assertEquals(listOf<String?>("pamlink.v1"), transport.chosen)
            assertEquals(Outcome.Cancelled, error.outcome)
            assertEquals("request_cancelled", error.name)
            assertEquals(CancelResult(CancelOutcome.CANCELLED, read.toString().toByteArray().size.toLong(), null), result)
            assertTrue(story !in read, "$read")
            assertEquals(CancelOutcome.ENDED, answer.cancel().outcome)
            assertTrue("and now?" in assertIs<Outcome.Answered>(client.send("and now?")).text)
        }
    }

    @Test
    fun `a break in mid-answer shows only as a pause`() = bounded {
        client().use { client ->
            val pieces = ArrayList<Piece>()
            val answer = client.ask(story)
            val resuming = ArrayList<Boolean>()
            answer.collect { piece ->
                pieces.add(piece)
                if (pieces.size == 3) {
                    resuming.add(answer.resuming)
                    transport.cut()
                    client.state.first { it != LinkState.OPEN }
                    resuming.add(answer.resuming)
                }
            }
            assertEquals(listOf(false, true, false), resuming + answer.resuming)
            assertEquals(2, transport.chosen.size)
            assertTrue(pieces.none { it.restart }, "$pieces")
            assertTrue(pieces.size > 3, "$pieces")
            assertTrue(story in pieces.last().answer!!.text)
            assertEquals(pieces.last().answer?.text, pieces.joinToString("") { it.text })
        }
    }

    @Test
    fun `an answer goes on in another process`() = bounded {
        val begun = CompletableDeferred<Unit>()
        val before = client()
        val asking = async { runCatching { before.ask(story).collect { begun.complete(Unit) } } }
        begun.await()
        val snapshot = before.snapshot()
        transport.kill()
        before.closeAndJoin()
        assertEquals("closed", assertIs<PamlinkException>(asking.await().exceptionOrNull()).name)

        Client.restore(snapshot, server.url("ann"), { token }, config(inner)).use { after ->
            val answer = after.restored.single()
            assertTrue(story in answer.request!!, answer.request)
            val pieces = answer.toList()
            assertTrue(pieces.none { it.restart }, "$pieces")
            assertTrue(story in pieces.last().answer!!.text)
            assertEquals(pieces.last().answer?.text, pieces.joinToString("") { it.text })
            assertFailsWith<IllegalStateException> { answer.collect {} }
            assertTrue("more?" in assertIs<Outcome.Answered>(after.send("more?")).text)
        }
    }

    private fun bounded(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(40.seconds) { work() } }
}

class JavaNetServeSessionsTest : ServeSessionsContract(JavaNetTransport())

class OkHttpServeSessionsTest : ServeSessionsContract(OkHttpTransport())
