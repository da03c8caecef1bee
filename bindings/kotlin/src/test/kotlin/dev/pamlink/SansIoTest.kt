package dev.pamlink

import dev.pamlink.sansio.Action
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.RequestEvent
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.seconds

/** A client and a hub in one test, over whole messages, in a time that the test makes. */
class SansIoTest {
    private var now = Now(0, 1_800_000_000_000_000)
    private val seed = ByteArray(32) { 7 }
    private val hub = HubEngine(seed = seed)
    private val client =
        ClientEngine(ClientOptions("ws://host/api/v1/pam/ws/ann", anonymous = true, v1 = false), seed, now)
    private var link: Long? = null
    private val events = ArrayList<Output>()

    @Test
    fun `a request finds its agent and its answer comes back`() {
        connect()
        val number = ask("fuel so far?")
        val request = atHub<HubEvent.Request>()
        assertEquals("fuel so far?", request.text)
        assertEquals("ann", request.user)
        hub(Input.Reply(request = request.request, failed = false, text = "40 so far"))
        val answer = events.filterIsInstance<RequestEvent.Answer>().single()
        assertEquals(number, answer.request)
        assertEquals("40 so far", answer.text)
    }

    @Test
    fun `an answer comes in pieces to who wants them`() {
        connect()
        val number = ask("a story", stream = true)
        val request = atHub<HubEvent.Request>()
        assertTrue(request.wantsPieces)
        hub(Input.ReplyPiece(request.request, "once "), Input.ReplyPiece(request.request, "upon"))
        hub(Input.Reply(request = request.request, failed = false, text = "once upon a time"))
        assertEquals(listOf("once ", "upon"), events.filterIsInstance<RequestEvent.Piece>().map { it.text })
        assertEquals(RequestEvent.Answer(number, false, "once upon a time", " a time", ""), events.filterIsInstance<RequestEvent.Answer>().single().copy(json = ""))
    }

    @Test
    fun `half a character at the end of a piece waits for the other half`() {
        connect()
        ask("a smile", stream = true)
        val request = atHub<HubEvent.Request>().request
        hub(Input.ReplyPiece(request, "so \ud83d"), Input.ReplyPiece(request, "\ude00!"))
        assertEquals(listOf("so ", "\ud83d\ude00!"), events.filterIsInstance<RequestEvent.Piece>().map { it.text })
    }

    @Test
    fun `what got no answer before a cut is asked again and takes effect once`() {
        connect()
        val number = ask("book it")
        val request = atHub<HubEvent.Request>()
        cut()
        hub(Input.Reply(request = request.request, failed = false, text = "booked"))
        passTime { client.deadline?.monoNanos.takeIf { events.none { it is RequestEvent.Answer } } }
        val repeated = atHub<HubEvent.Duplicate>()
        assertEquals("answered", repeated.first)
        assertEquals(listOf(number to "booked"), events.filterIsInstance<RequestEvent.Answer>().map { it.request to it.text })
        assertEquals(1, events.count { it is HubEvent.Request })
    }

    @Test
    fun `a deadline says when to come again, and why`() {
        assertNull(client.deadline)
        connect()
        val deadline = assertNotNull(client.deadline)
        assertTrue(deadline.monoNanos > now.monoNanos)
        // The link dies in silence: the client asks for life, and then gives it up.
        val dead = link
        link = null
        passTime { client.deadline?.monoNanos.takeIf { events.none { it is Event.Closed } } }
        val closed = events.filterIsInstance<Event.Closed>().single()
        assertEquals("timeout", closed.endClass)
        assertTrue(now.monoNanos <= 40.seconds.inWholeNanoseconds)
        assertNotNull(dead)
    }

    @Test
    fun `a request that nobody answers expires in its time`() {
        val number = ask("anybody?")
        client(Input.Connect)
        passTime { client.deadline?.monoNanos.takeIf { events.none { it is RequestEvent.Expired } } }
        assertEquals(RequestEvent.Expired(number), events.filterIsInstance<RequestEvent.Expired>().single())
        assertEquals(60.seconds.inWholeNanoseconds, now.monoNanos)
    }

    @Test
    fun `the same inputs give the same outputs`() {
        fun run(): List<String> {
            val engine = ClientEngine(ClientOptions("ws://host/x", anonymous = true), seed, Now(0, 0))
            return engine.use {
                val inputs = listOf(Input.Connect, Input.OpenedIn(), Input.Ask(stream = false, message = "x"), Input.ClosedIn(0))
                inputs.map { input -> "${engine.step(Now(5, 5), input)} ${engine.deadline}" }
            }
        }
        assertEquals(run(), run())
    }

    @Test
    fun `a step in the packed layout is the same step`() {
        val packed = client.stepPacked(now, byteArrayOf(8, 0, 0, 0, 16, 0, 0, 0))
        val kinds = dev.pamlink.vectors.Records.readAll(packed).map { it["record"] }
        assertEquals(listOf("state_changed", "dial", "next"), kinds)
        assertNotNull(client.deadline)
    }

    private fun connect() {
        client(Input.Connect)
        assertIs<Event.Welcomed>(events.last { it is Event })
    }

    private fun ask(text: String, stream: Boolean = false): Long {
        client(Input.Ask(stream = stream, message = text))
        return events.filterIsInstance<CommandResult.Asked>().last().request
    }

    private inline fun <reified T : HubEvent> atHub(): T = events.filterIsInstance<T>().single()

    private fun client(vararg inputs: Input) {
        for (output in client.step(now, inputs.toList())) {
            events.add(output)
            val link = link
            when (output) {
                is Action.Dial -> {
                    hub(Input.AcceptOpened(user = "ann", subject = "ann"))
                }
                is Action.WriteText -> if (link != null) hub(Input.TextIn(link, output.text))
                is Action.WriteClose -> if (link != null) hub(Input.CloseIn(link, output.code, output.reason))
                else -> {}
            }
        }
    }

    private fun hub(vararg inputs: Input) {
        for (output in hub.step(now, inputs.toList())) {
            events.add(output)
            when (output) {
                is CommandResult.Accepted -> {
                    link = output.link
                    client(Input.OpenedIn())
                }
                is Action.WriteText -> if (output.link == link) client(Input.TextIn(0, output.text))
                else -> {}
            }
        }
    }

    private fun cut() {
        val gone = link!!
        link = null
        hub(Input.ClosedIn(gone))
        client(Input.ClosedIn(0))
    }

    /** Lets time pass to each deadline, as long as [next] names one. */
    private fun passTime(next: () -> Long?) {
        val limit = 400.seconds
        repeat(100) {
            val at = next() ?: return
            check(at <= limit.inWholeNanoseconds) { "nothing happens" }
            pass((at - now.monoNanos).coerceAtLeast(0))
            client()
        }
    }

    private fun pass(nanos: Long) {
        now = Now(now.monoNanos + nanos, now.wallMicros + nanos / 1000)
    }
}
