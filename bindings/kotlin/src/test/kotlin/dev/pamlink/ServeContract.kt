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
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** A client against a running server, over real sockets. */
abstract class ServeContract(transport: Transport) {
    private val config = ClientConfig(transport = transport, backoffCap = 200.milliseconds)
    private var server = Serve.start()

    @AfterTest
    fun stop(): Unit = server.close()

    private fun client(user: String = "ann", token: String = server.token(user)) =
        Client(server.url(user), { token }, config)

    @Test
    fun `the server welcomes, answers and sees the close frame`() = bounded {
        val client = client()
        val welcomed = client.events.filterIsInstance<Event.Welcomed>().first()
        assertTrue(welcomed.correlates && welcomed.repeats, "$welcomed")
        val answer = assertIs<Outcome.Answered>(client.send("fuel so far?"))
        assertTrue("fuel so far?" in answer.text, answer.text)
        client.closeAndJoin()
        val closed = client.events.filterIsInstance<Event.Closed>().toList().single()
        assertEquals(1000, closed.code)
        assertTrue(closed.clean, "$closed")
    }

    @Test
    fun `pieces and the rest of an answer are the answer`() = bounded {
        client().use { client ->
            val pieces = client.ask("and wind?").toList()
            assertEquals(pieces.last().answer?.text, pieces.joinToString("") { it.text })
            assertTrue("and wind?" in pieces.last().answer!!.text)
        }
    }

    @Test
    fun `texts of every alphabet come back as they went`() = bounded {
        client().use { client ->
            val text = "é漢👩‍🚀 \\ \" \n".repeat(60)
            assertTrue(text in assertIs<Outcome.Answered>(client.send(text)).text)
        }
    }

    @Test
    fun `many requests at once are all answered`() = bounded {
        client().use { client ->
            val answers = List(30) { async { client.send("number $it!") } }.awaitAll()
            answers.forEachIndexed { at, it -> assertTrue("number $at!" in assertIs<Outcome.Answered>(it).text) }
        }
    }

    @Test
    fun `a server that was killed and started again is found again`() = bounded {
        client().use { client ->
            assertIs<Outcome.Answered>(client.send("before"))
            server.kill()
            client.events.filterIsInstance<Event.Retrying>().first()
            val sending = async { client.send("between") }
            server = server.again()
            assertTrue("between" in assertIs<Outcome.Answered>(sending.await()).text)
            assertEquals(LinkState.OPEN, client.state.first { it == LinkState.OPEN })
        }
    }

    @Test
    fun `a token of somebody else is asked for anew, and then the client stops`() = bounded {
        val needs = ArrayList<TokenNeed>()
        val token = server.token("bob")
        Client(server.url("ann"), { needs.add(it); token }, config).use { client ->
            val stopped = client.events.filterIsInstance<Event.Stopped>().first()
            assertEquals("authentication", stopped.endClass)
            assertEquals(listOf(TokenNeed.MISSING, TokenNeed.REJECTED), needs)
            assertEquals("stopped", assertFailsWith<PamlinkException.Link> { client.send("x") }.name)
        }
    }

    @Test
    fun `where nobody listens is a failure of the network`() = bounded {
        val url = server.url("ann")
        server.kill()
        Client(url, null, config).use { client ->
            assertEquals("network", client.events.filterIsInstance<Event.Retrying>().first().endClass)
        }
    }

    private fun bounded(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(40.seconds) { work() } }
}

class JavaNetServeTest : ServeContract(JavaNetTransport())

class OkHttpServeTest : ServeContract(OkHttpTransport())
