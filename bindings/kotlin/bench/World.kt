import dev.pamlink.sansio.Action
import dev.pamlink.sansio.Border
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.Outside
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.PackedReader
import dev.pamlink.sansio.PackedWriter
import dev.pamlink.sansio.hubOutput
import dev.pamlink.sansio.outside
import dev.pamlink.sansio.put
import java.nio.ByteBuffer
import dev.pamlink.ffi.Hub as FfiHub

/** Messages between two looks at the clock. */
const val TURN = 1_000

/** Bytes of a chat. */
const val CHAT = 300
const val LARGE = 64 * 1024
private const val WALL = 1_800_000_000_000_000

/**
 * A hub with one link that speaks whole messages. The work is that of `bindings/benches/ffi.rs`,
 * through the public layer without sockets.
 *
 * Each method returns the nanoseconds of one message. What a round needs is made, and what it leaves
 * behind is dismissed, outside the part that is timed.
 */
class World {
    private val options = HubOptions(messagesPerMinute = 10_000_000, maxRequestsPerLink = 65_536)
    private val hub = HubEngine(options, ByteArray(32) { 7 })
    private val link: Long
    private val generated = FfiHub(options.ffi(), outside(ByteArray(32) { 7 }))
    private val nothing = ByteBuffer.allocateDirect(0)
    private val room = Outside()
    private var mono = 1L
    private var number = 0L
    private var length = 0L

    init {
        val opened = hub.step(now(), Input.AcceptOpened(null, "ann", null, "ann"))
        link = opened.filterIsInstance<CommandResult.Accepted>().single().link
    }

    /** A step in which nothing happened. */
    fun empty(): Double = turns {
        val now = now()
        repeat(TURN) { hub.step(now) }
    }

    /** The C entry alone, whose output is not read. */
    fun entry(): Double = turns {
        val (library, handle) = Pair(Border.library, generated.handle().toLong())
        repeat(TURN) { length += library.step(handle, mono, WALL, 0, 0, room) }
    }

    /** A step through the generated module. */
    fun stepUniffi(): Double = turns {
        repeat(TURN) { length += generated.step(mono.toULong(), WALL, nothing).size }
    }

    /** The least that a call through the generated module costs: no argument, one number. */
    fun getterUniffi(): Double = turns {
        repeat(TURN) { length += generated.handle().toLong() }
    }

    /** A chat to its event, whose members are read. */
    fun oneByOne(size: Int = CHAT): Double {
        val texts = chats(size)
        val (requests, now) = Pair(ArrayList<Long>(texts.size), now())
        val start = System.nanoTime()
        for (text in texts) read(hub.step(now, Input.TextIn(link, text)), requests)
        return dismissed(requests, System.nanoTime() - start, texts.size)
    }

    /** Ten chats in one call, each. */
    fun tenAtOnce(): Double {
        val batches = chats(CHAT).chunked(10)
        val (requests, now) = Pair(ArrayList<Long>(TURN), now())
        val start = System.nanoTime()
        for (batch in batches) read(hub.step(now, batch.map { Input.TextIn(link, it) }), requests)
        return dismissed(requests, System.nanoTime() - start, TURN)
    }

    /** A text that is sent to the link. */
    fun sends(): Double {
        val head = """{"type":"proactive_alert","id":"a","category":""""
        val envelope = head + "x".repeat(CHAT - head.length - 2) + "\"}"
        val now = now()
        var (nanos, written) = Pair(0L, 0)
        repeat(TURN / 25) {
            val start = System.nanoTime()
            repeat(25) {
                for (output in hub.step(now, Input.SendTo(link, envelope))) {
                    if (output is Action.WriteText) written += output.text.length / CHAT
                }
            }
            nanos += System.nanoTime() - start
            hub.step(now, Input.Written(link))
        }
        check(written == TURN) { "$written of $TURN were handed out" }
        return nanos.toDouble() / TURN
    }

    /** The event object of one chat, from an output that was recorded. */
    fun event(): Double {
        val recorded = recorded ?: record().also { recorded = it }
        val reader = PackedReader()
        return turns {
            repeat(TURN) {
                reader.load(recorded, recorded.capacity())
                reader.next()
                length += (reader.hubOutput() as HubEvent.Request).text.length
            }
        }
    }

    private var recorded: ByteBuffer? = null

    private fun record(): ByteBuffer {
        val writer = PackedWriter()
        writer.put(Input.TextIn(link, chat(CHAT)))
        val input = ByteArray(writer.size)
        writer.outside.buffer.clear().get(input)
        val output = outside(hub.stepPacked(now(), input))
        val reader = PackedReader()
        reader.load(output, output.capacity())
        reader.next()
        hub.step(now(), Input.Dismiss((reader.hubOutput() as HubEvent.Request).request))
        return output
    }

    private fun read(outputs: List<Output>, requests: MutableList<Long>) {
        for (output in outputs) {
            if (output !is HubEvent.Request) continue
            length += output.text.length + output.user.length + output.agent.length
            requests += output.request
        }
    }

    private inline fun turns(work: () -> Unit): Double {
        val start = System.nanoTime()
        work()
        return (System.nanoTime() - start).toDouble() / TURN
    }

    private fun now(): Now {
        mono += 1_000
        return Now(mono, WALL)
    }

    private fun chats(size: Int): List<String> = List(if (size == CHAT) TURN else TURN / 10) { chat(size) }

    private fun dismissed(requests: List<Long>, nanos: Long, chats: Int): Double {
        check(requests.size == chats) { "${requests.size} requests of $chats chats" }
        hub.step(now(), requests.map { Input.Dismiss(it) })
        return nanos.toDouble() / chats
    }

    /** A chat under an id of its own. A large one has many members of its own: values have bounds. */
    private fun chat(size: Int): String {
        number++
        val text = StringBuilder(size)
        text.append("""{"type":"chat","id":"${String.format("%016x", number)}",""")
        text.append(""""message":"what is left of my budget for fuel this week?",""")
        text.append(""""context":{"timezone":"Australia/Brisbane"},""")
        var at = 0
        while (text.length + 2_100 < size) {
            text.append(""""note$at":"${"n".repeat(1_900)}",""")
            at++
        }
        val pad = size - text.length - """"pad":""}""".length
        text.append(""""pad":"${"p".repeat(pad)}"}""")
        check(text.length == size)
        return text.toString()
    }
}
