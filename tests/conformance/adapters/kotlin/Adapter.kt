// The client of the Kotlin package behind the adapter protocol of `tests/conformance`.

import dev.pamlink.AnswerStream
import dev.pamlink.CancelResult
import dev.pamlink.Client
import dev.pamlink.ClientConfig
import dev.pamlink.Event
import dev.pamlink.Outcome
import dev.pamlink.PamlinkException
import dev.pamlink.Priority
import dev.pamlink.SubmitResult
import dev.pamlink.vectors.Json
import java.math.BigDecimal
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

private const val READY = """{"ends": ["whole_client"], "options": ["anonymous", "max_message_bytes", "v1"],
    "commands": ["connect", "disconnect", "token", "send", "ask", "cancel", "snapshot"],
    "events": ["need_token", "retrying", "stopped", "welcomed", "message", "repeated", "gap",
    "unreadable", "outcome", "answered", "rejected", "expired", "unknown", "unsent", "cancelled", "cancel_result",
    "piece", "late"],
    "closes_as": "java"}"""

private class Cannot(why: String) : Exception(why)

fun main() = runBlocking {
    var machine: Machine? = null
    println(READY.replace("\n", ""))
    for (text in generateSequence(::readLine)) {
        val line = Json.parse(text) as Map<*, *>
        val answer = try {
            if ("make" in line) {
                machine?.close()
                machine = Machine(line["url"] as String, line["options"] as Map<*, *>, line["snapshot"] as Map<*, *>?)
                mapOf("done" to null)
            } else {
                val (word, its) = (line["do"] as Map<*, *>).entries.single()
                mapOf("done" to machine!!.command(word as String, its as Map<*, *>, line["as"] as String?))
            }
        } catch (cannot: Cannot) {
            mapOf("cannot" to cannot.message)
        } catch (fault: Exception) {
            mapOf("fault" to fault.toString())
        }
        say(answer)
    }
}

private class Machine(private val url: String, private val options: Map<*, *>, private val before: Map<*, *>?) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1))
    private val tokens = Channel<String>(Channel.UNLIMITED)
    @Volatile private var wanted = 0
    @Volatile private var isOver = false
    private var client: Client? = null

    /** What was asked and has not ended, in its order: whether its answer is read as it grows. */
    private val asked = LinkedHashMap<String, Boolean>()
    private val answers = HashMap<String, AnswerStream>()

    suspend fun command(word: String, its: Map<*, *>, name: String?): Any? {
        when (word) {
            "connect" -> client?.connect() ?: connect()
            "disconnect" -> client!!.disconnect()
            "token" -> {
                if (wanted == 0) throw Cannot("a token is given when it is wanted")
                if ("expires" in its) throw Cannot("a token says itself when it ends")
                wanted -= 1
                tokens.send(its["token"] as String)
            }
            "ask" -> ask(its["message"] as String, name!!, its["stream"] == true)
            "cancel" -> {
                val command = its["command"] as String
                val answer = answers.getValue(command)
                scope.launch { cancelled(command, answer.cancel()) }
                settle()
            }
            "snapshot" -> {
                val bytes = client!!.snapshot().map { it.toInt() and 0xff }
                return mapOf("bytes" to bytes, "asked" to asked.map { (name, isRead) -> listOf(name, isRead) })
            }
            "send" -> return send(its, name)
        }
        return null
    }

    private fun connect() {
        val config = ClientConfig(
            maxMessageBytes = (options["max_message_bytes"] as BigDecimal?)?.toInt() ?: ClientConfig().maxMessageBytes,
            v1 = options["v1"] != false,
        )
        val token: suspend (dev.pamlink.TokenNeed) -> String = { need ->
            wanted += 1
            event("need_token", mapOf("why" to need.name.lowercase()))
            tokens.receive()
        }
        val tokens = token.takeIf { options["anonymous"] != true }
        val snapshot = (before?.get("bytes") as List<*>?)?.map { (it as BigDecimal).toInt().toByte() }?.toByteArray()
        val made = snapshot?.let { Client.restore(it, url, tokens, config) } ?: Client(url, tokens, config)
        client = made
        scope.launch { made.events.collect(::show) }
        val goOn = (before?.get("asked") as List<*>?).orEmpty().map { it as List<*> }
        for ((its, answer) in goOn.zip(made.restored)) {
            val name = its[0] as String
            asked[name] = its[1] as Boolean
            answers[name] = answer
            scope.launch { end(name, read(answer, name)) }
        }
    }

    private suspend fun ask(message: String, name: String, isRead: Boolean) {
        val client = client!!
        asked[name] = isRead
        if (isRead) answers[name] = client.ask(message)
        scope.launch { end(name, if (isRead) read(answers.getValue(name), name) else client.send(message)) }
        settle()
    }

    /** Waits until what was launched has begun, and the client has taken what came of that. */
    private suspend fun settle() {
        scope.launch {}.join()
        // One that is closed takes nothing any more.
        runCatching { client?.snapshot() }
    }

    /** Reads an answer as it grows. */
    private suspend fun read(answer: AnswerStream, name: String): Outcome? {
        var whole: Outcome? = null
        try {
            answer.collect { piece ->
                whole = piece.answer
                if (asked[name] == true && (piece.restart || piece.text.isNotEmpty())) {
                    event("piece", mapOf("command" to name, "text" to piece.text, "restart" to piece.restart))
                }
            }
        } catch (refused: PamlinkException.Answer) {
            return refused.outcome
        }
        return whole
    }

    private fun end(name: String, outcome: Outcome?) {
        val how = when (outcome) {
            is Outcome.Answered -> "answered"
            is Outcome.Rejected -> "rejected"
            Outcome.Expired -> "expired"
            Outcome.Unknown -> "unknown"
            Outcome.Unsent -> "unsent"
            Outcome.Cancelled -> "cancelled"
            null -> return
        }
        asked.remove(name)
        event(how, mapOf("command" to name))
    }

    private fun cancelled(name: String, it: CancelResult) {
        val what = mapOf("outcome" to it.outcome.name.lowercase(), "offset" to it.offset, "code" to it.errorCode)
        event("cancel_result", mapOf("command" to name) + what)
    }

    private suspend fun send(its: Map<*, *>, name: String?): Any? {
        val known = setOf("body", "ttl", "priority", "key")
        its.keys.firstOrNull { it !in known }?.let { throw Cannot("`send` has no `$it`") }
        val client = client ?: throw Cannot("nothing is sent before it connects")
        val priority = Priority.valueOf((its["priority"] as String? ?: "normal").uppercase())
        val lives = (its["ttl"] as BigDecimal?)?.toLong()?.milliseconds
        val body = Json.write(its["body"])
        val refusal = CompletableDeferred<String>()
        scope.launch {
            try {
                outcome(name, client.submit(body, priority, its["key"] as String?, lives))
            } catch (refused: PamlinkException) {
                refusal.complete(if (refused is PamlinkException.Busy) "full" else refused.name)
            }
        }
        // What is refused is so at once, or once it was read.
        return withTimeoutOrNull(30L + body.length / 100) { mapOf("error" to refusal.await()) }
    }

    private fun outcome(name: String?, it: SubmitResult) {
        val what = when (it) {
            is SubmitResult.Acknowledged -> mapOf("outcome" to "acknowledged")
            is SubmitResult.Rejected ->
                mapOf("outcome" to "rejected", "code" to it.errorCode, "retry_after" to it.retryAfter?.inWholeMilliseconds)
            is SubmitResult.Expired -> mapOf("outcome" to "expired", "reason" to it.errorCode)
            is SubmitResult.Unknown -> mapOf("outcome" to "unknown")
        }
        event("outcome", mapOf("command" to name) + what)
    }

    private fun show(it: Event) = when (it) {
        is Event.Welcomed -> event("welcomed")
        is Event.Retrying -> event("retrying")
        is Event.Stopped -> event("stopped")
        is Event.Message -> event("message", mapOf("body" to Json.parse(it.json)))
        is Event.Repeated -> event("repeated", mapOf("body" to Json.parse(it.json)))
        is Event.Late -> event("late")
        is Event.Unreadable -> event("unreadable", mapOf("text" to it.text))
        is Event.Gap -> event("gap", mapOf("lost" to it.lost, "reason" to it.errorCode))
        else -> {}
    }

    private fun event(name: String, members: Map<String, Any?> = emptyMap()) {
        if (!isOver) say(mapOf("event" to mapOf(name to members)))
    }

    /** What it says from here on is said to nobody. */
    fun close() {
        isOver = true
        scope.cancel()
        client?.close()
    }
}

@Synchronized
private fun say(line: Any?) {
    println(Json.write(line))
    System.out.flush()
}
