package dev.pamlink

import dev.pamlink.sansio.FrameEvent
import dev.pamlink.transport.Connection
import dev.pamlink.transport.DialException
import dev.pamlink.transport.DialRequest
import dev.pamlink.transport.Incoming
import dev.pamlink.transport.JavaNetTransport
import dev.pamlink.transport.OkHttpTransport
import dev.pamlink.transport.Transport
import java.util.concurrent.CompletableFuture
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.future.await
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** What every transport has to do, against a server that goes frame by frame. */
abstract class TransportContract(private val transport: Transport) {
    private val server = RawServer()

    @AfterTest
    fun close(): Unit = server.close()

    private fun request(subprotocols: List<String> = emptyList(), origin: String? = null) =
        DialRequest(server.url, subprotocols, origin, 1000)

    private suspend fun opened(work: suspend (Connection, RawPeer) -> Unit) {
        val accepting = CompletableFuture.supplyAsync { server.upgraded() }
        val connection = transport.open(request())
        try {
            accepting.await().use { work(connection, it) }
        } finally {
            connection.abort()
        }
    }

    @Test
    fun `the request says what it is to say, and the choice of the server is known`() = bounded {
        val accepting = CompletableFuture.supplyAsync { server.upgraded(subprotocol = "b") }
        val connection = transport.open(request(listOf("a", "b"), "https://app.example"))
        assertEquals("b", connection.subprotocol)
        val head = accepting.await().use { it.head }
        assertEquals("GET /x?token=t HTTP/1.1", head.first())
        assertTrue(head.any { it.equals("Origin: https://app.example", ignoreCase = true) }, "$head")
        assertTrue(head.any { it.replace(" ", "").equals("Sec-WebSocket-Protocol:a,b", ignoreCase = true) }, "$head")
        connection.abort()
    }

    @Test
    fun `texts and bytes in pieces come whole, one after the other`() = bounded {
        opened { connection, peer ->
            assertNull(connection.subprotocol)
            with(peer.codec) {
                peer.write(fragment(true, false, "é".toByteArray().copyOf(1)))
                peer.write(ping("p".toByteArray()))
                peer.write(fragment(true, true, "é".toByteArray().copyOfRange(1, 2) + "t".toByteArray()))
                peer.write(text("") + text("two") + fragment(false, false, byteArrayOf(1)) + fragment(false, true, byteArrayOf(2)))
            }
            assertEquals("ét", assertIs<Incoming.Text>(connection.receive()).text)
            assertEquals("", assertIs<Incoming.Text>(connection.receive()).text)
            assertEquals("two", assertIs<Incoming.Text>(connection.receive()).text)
            assertContentEquals(byteArrayOf(1, 2), assertIs<Incoming.Binary>(connection.receive()).bytes)
        }
    }

    @Test
    fun `a long text comes whole`() = bounded {
        opened { connection, peer ->
            val text = "漢".repeat(300)
            peer.write(peer.codec.text(text))
            assertEquals(text, assertIs<Incoming.Text>(connection.receive()).text)
        }
    }

    @Test
    fun `a text beyond the bound is not kept whole, but seen to be too long`() = bounded {
        opened { connection, peer ->
            for (part in 0 until 8) peer.write(peer.codec.fragment(true, part == 7, "x".repeat(500).toByteArray()))
            assertTrue(assertIs<Incoming.Text>(connection.receive()).text.length > 1000)
        }
    }

    @Test
    fun `what is sent arrives in its order`() = bounded {
        opened { connection, peer ->
            val sent = List(200) { "$it " + "x".repeat(it * 20) }
            val arrived = CompletableFuture.supplyAsync {
                buildList { while (size < sent.size) peer.read().mapTo(this) { (it as FrameEvent.Text).text } }
            }
            for (text in sent) connection.send(text)
            assertEquals(sent, arrived.await())
        }
    }

    @Test
    fun `the close of the peer is reported with its code, and then the end`() = bounded {
        opened { connection, peer ->
            peer.write(peer.codec.closeFrame(4001, "who are you"))
            val close = assertIs<Incoming.Close>(connection.receive())
            assertEquals(4001, close.code)
            assertEquals("who are you", close.reason)
            connection.close(4001, "")
            assertIs<FrameEvent.Close>(peer.read().single())
            peer.close()
            assertNull(connection.receive())
            assertNull(connection.receive())
        }
    }

    @Test
    fun `a close frame goes out with its code`() = bounded {
        opened { connection, peer ->
            connection.close(1000, "bye")
            val close = assertIs<FrameEvent.Close>(peer.read().single())
            assertEquals(1000, close.code)
            assertEquals("bye", close.reason)
        }
    }

    @Test
    fun `a close code that may not be sent drops the connection`() = bounded {
        opened { connection, peer ->
            connection.close(1005, "")
            assertTrue(peer.read().isEmpty())
            assertNull(connection.receive())
        }
    }

    @Test
    fun `a connection that breaks ends, and sending fails`() = bounded {
        opened { connection, peer ->
            peer.close()
            assertNull(connection.receive())
            assertFailsWith<Exception> { repeat(1000) { connection.send("x".repeat(1000)) } }
        }
    }

    @Test
    fun `an end right behind a message is seen, also amid the next one`() = bounded {
        repeat(100) {
            opened { connection, peer ->
                connection.send("hello")
                peer.read()
                val cut = peer.codec.text("x".repeat(100))
                peer.write(peer.codec.text("whole") + cut.copyOf(if (it % 2 == 0) 0 else 50))
                peer.close()
                assertEquals("whole", assertIs<Incoming.Text>(connection.receive()).text)
                assertNull(connection.receive())
            }
        }
    }

    @Test
    fun `what nobody takes is not read, and all of it comes in the end`() = bounded {
        opened { connection, peer ->
            // 1 MB, which is more than the buffers of both ends hold.
            val frames = List(100) { peer.codec.text("$it".padEnd(1000)) }.reduce(ByteArray::plus)
            val written = CompletableFuture.runAsync { repeat(10) { peer.write(frames) } }
            delay(1.seconds)
            assertFalse(written.isDone)
            for (number in 0 until 1000) {
                assertEquals("${number % 100}", assertIs<Incoming.Text>(connection.receive()).text.trimEnd())
            }
            written.await()
        }
    }

    @Test
    fun `who waits for a message is woken when the connection is dropped`() = bounded {
        opened { connection, _ ->
            val receiving = async { connection.receive() }
            kotlinx.coroutines.yield()
            connection.abort()
            assertNull(receiving.await())
        }
    }

    @Test
    fun `a status in place of an upgrade is reported`() = bounded {
        for (status in listOf(401, 429, 503)) {
            val refusing = CompletableFuture.supplyAsync { server.refused(status) }
            assertEquals(status, assertFailsWith<DialException> { transport.open(request()) }.status)
            refusing.await()
        }
    }

    @Test
    fun `what a refusal says is reported as far as it is known`() = bounded {
        var refusing = CompletableFuture.supplyAsync { server.refused(404, "Retry-After: 40\r\n", "no backend") }
        val gone = assertFailsWith<DialException> { transport.open(request()) }
        refusing.await()
        assertEquals(404, gone.status)
        assertEquals(40.seconds, gone.retryAfter)
        // The one of java.net does not always have the body.
        if (gone.body != null || transport is OkHttpTransport) assertEquals("no backend", gone.body)

        refusing = CompletableFuture.supplyAsync { server.refused(301, "Location: ${server.url}\r\n") }
        val moved = assertFailsWith<DialException> { transport.open(request()) }
        refusing.await()
        assertEquals(301, moved.status, "the token goes nowhere else")
        assertEquals("Location: ${server.url}", moved.body)
    }

    @Test
    fun `a client that learns of a fault of the setup stops and says what was answered`() = bounded {
        for (status in listOf(200, 400, 414, 426, 431, 501, 505)) {
            val refusing = CompletableFuture.supplyAsync { server.refused(status) }
            val client = Client(server.url, tokens = null, config = ClientConfig(transport = transport, v1 = false))
            val stopped = client.events.filterIsInstance<Event.Stopped>().first()
            refusing.await()
            assertEquals("setup", stopped.endClass)
            assertEquals(status, stopped.status)
            assertEquals("answered: HTTP $status", stopped.cause)
            client.closeAndJoin()
        }
    }

    @Test
    fun `where nobody listens there is no status`() = bounded {
        server.close()
        val failed = assertFailsWith<DialException> { transport.open(request()) }
        assertNull(failed.status)
        assertEquals("network", failed.endClass)
        assertTrue("token" !in failed.message!!, failed.message)
    }

    @Test
    fun `who gives up dialling leaves no connection behind`() = bounded {
        val dialling = async { transport.open(request()) }
        kotlinx.coroutines.yield()
        dialling.cancelAndJoin()
        // It was dropped before the upgrade, or right after it.
        val peer = CompletableFuture.supplyAsync { runCatching { server.upgraded().use { it.read() } }.getOrDefault(emptyList()) }
        assertTrue(peer.await().isEmpty())
    }

    private fun bounded(work: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(30.seconds) { work() } }
}

class JavaNetTransportTest : TransportContract(JavaNetTransport())

class OkHttpTransportTest : TransportContract(OkHttpTransport())
