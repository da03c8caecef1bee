import dev.pamlink.sansio.Action
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.RequestEvent
import dev.pamlink.sansio.Restored

/** Tokens of an answer that come in one step, where they do not come alone. */
const val TOGETHER = 16
private const val TOKENS = 1_000
private const val TOKEN = "twenty bytes of it. "
private const val CANCELS = 50
private const val RUNNING = 16
private const val EPOCH = "5e7f00000000000a"
private const val LOG = "109e000000000001"
private const val WALL = 1_800_000_000_000_000
private val OPTIONS = ClientOptions("wss://example.org/api/v1/pam/ws/ann")

/**
 * A client over `pamlink.v1` whose server is a few frames that are written here. The work is that of
 * `bindings/python/bench/talk.py`, where it is said what is done and why. Each method returns the
 * nanoseconds of one.
 */
class Talk {
    private val engine = ClientEngine(OPTIONS, ByteArray(32) { 7 }, Now(1, WALL))
    private var mono = 1L
    private val epoch: String

    /** What each end has sent and its peer has received. */
    private var sent = 0
    private var said = 0

    init {
        step(Input.Connect)
        step(Input.Token(token = "a.b.c"))
        epoch = found("\"sent\":\\[\"(.{16})\"", step(Input.OpenedIn("pamlink.v1")))
        val limits = """"limits":{"message":1048576},"heartbeat":3600000"""
        step(heard("""{"type":"welcome","version":1,"features":1,$limits}"""))
        val session = """"session":"${"9f".repeat(16)}","answer":"begun","received":["$epoch",0]"""
        val window = """"window":{"envelopes":512,"bytes":262144},"keep":120000"""
        val from = """"from":["$EPOCH",0],"sent":["$EPOCH",0],"log":"$LOG""""
        step(heard("""{"type":"opened",$session,$from,$window}"""))
    }

    /** A token to its event, so many in one step. */
    fun tokens(together: Int): Double {
        val stream = asked().second
        val steps = List(TOKENS) { heard(piece(stream, it)) }.chunked(together)
        val now = now()
        var grown = 0
        val start = System.nanoTime()
        for (inputs in steps) {
            for (event in engine.step(now, inputs)) {
                if (event is RequestEvent.Piece) grown += event.text.length
            }
        }
        val nanos = System.nanoTime() - start
        check(grown == TOKENS * TOKEN.length) { "$grown bytes of pieces" }
        val body = """"body":{"type":"chat_response","message":"whole","reply_to":"$stream"}"""
        val at = """"stream":"$stream","at":["$LOG",${TOKENS + 1}],"offset":$grown"""
        check(step(heard("""{"type":"end",$at,"how":"done",$body}""")).any { it is RequestEvent.Answer })
        return nanos.toDouble() / TOKENS
    }

    /** A cancel, to its result. */
    fun cancels(): Double {
        var nanos = 0L
        repeat(CANCELS) {
            val (request, stream) = asked()
            step(heard(piece(stream, 0)))
            val of = """"of":["$epoch",${++sent}],"received":["$epoch",$sent]"""
            val length = TOKEN.length
            val results = """"results":[{"stream":"$stream","outcome":"cancelled","offset":$length}]"""
            val result = """{"type":"cancel_result","at":["$EPOCH",${++said}],$of,$results}"""
            val end = """{"type":"end","stream":"$stream","at":["$LOG",2],"offset":$length,"how":"cancelled"}"""
            val (frame, now) = Pair(heard("$result\u001e$end"), now())
            val start = System.nanoTime()
            engine.step(now, listOf(Input.Cancel(request)))
            val events = engine.step(now, listOf(frame))
            nanos += System.nanoTime() - start
            check(events.any { it is RequestEvent.CancelResult } && events.any { it is RequestEvent.Cancelled })
        }
        return nanos.toDouble() / CANCELS
    }

    /** What a client goes on from that has answers running. It asks no more. */
    fun snapshot(): ByteArray {
        repeat(RUNNING) { step(heard(piece(asked().second, 0))) }
        return step(Input.Snapshot).filterIsInstance<CommandResult.SnapshotTaken>().single().bytes
    }

    /** A request that the server has taken, and the name of its answer's stream. */
    private fun asked(): Pair<Long, String> {
        val outputs = step(Input.Ask(true, "what is left of my budget for fuel this week?"))
        sent += 1
        step(heard("""{"type":"ack","received":["$epoch",$sent],"sent":["$EPOCH",$said]}"""))
        val request = outputs.filterIsInstance<CommandResult.Asked>().single().request
        return Pair(request, found("\"stream\":\"([^\"]*)\"", outputs))
    }

    /** A step, before which all is written that the client has said. */
    private fun step(input: Input): List<Output> = engine.step(now(), listOf(Input.Written(0), input))

    private fun now(): Now {
        mono += 1_000
        return Now(mono, WALL)
    }
}

/** A client that goes on from a snapshot, to the requests that it has. */
fun restores(snapshot: ByteArray): Double {
    val times = 20
    val seed = ByteArray(32) { 8 }
    var restored = 0
    val start = System.nanoTime()
    repeat(times) {
        ClientEngine.restore(OPTIONS, snapshot, seed, Now(1, WALL)).use { engine ->
            restored += engine.step(Now(1, WALL), emptyList()).count { it is Restored }
        }
    }
    val nanos = System.nanoTime() - start
    check(restored == times * RUNNING) { "$restored requests" }
    return nanos.toDouble() / times
}

/** The token of this number of an answer, from 0. */
private fun piece(stream: String, number: Int): String {
    val at = """"at":["$LOG",${number + 1}],"offset":${number * TOKEN.length}"""
    return """{"type":"piece","stream":"$stream",$at,"append":"$TOKEN"}"""
}

/** What the server says, in one message. */
private fun heard(text: String) = Input.TextIn(0, text)

/** What a pattern finds in what the client says. */
private fun found(pattern: String, outputs: List<Output>): String {
    val said = outputs.filterIsInstance<Action.WriteText>().joinToString("\n") { it.text }
    return checkNotNull(Regex(pattern).find(said)) { "no $pattern in $said" }.groupValues[1]
}
