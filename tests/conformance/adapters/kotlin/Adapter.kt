// The client of the Kotlin package behind the adapter protocol of `tests/conformance`.

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
    "commands": ["connect", "disconnect", "token", "send", "ask"],
    "events": ["need_token", "retrying", "stopped", "welcomed", "message", "repeated", "gap",
    "unreadable", "outcome", "answered", "rejected", "expired", "unknown", "unsent", "piece", "late"],
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
                machine = Machine(line["url"] as String, line["options"] as Map<*, *>)
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

private class Machine(private val url: String, private val options: Map<*, *>) {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default.limitedParallelism(1))
    private val tokens = Channel<String>(Channel.UNLIMITED)
    @Volatile private var wanted = 0
    @Volatile private var isOver = false
    private var client: Client? = null

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
            "ask" -> scope.launch {
                val message = its["message"] as String
                val how = when (if (its["stream"] == true) read(message, name) else client!!.send(message)) {
                    is Outcome.Answered -> "answered"
                    is Outcome.Rejected -> "rejected"
                    Outcome.Expired -> "expired"
                    Outcome.Unknown -> "unknown"
                    Outcome.Unsent -> "unsent"
                    Outcome.Cancelled, null -> return@launch
                }
                event(how, mapOf("command" to name))
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
        val made = Client(url, token.takeIf { options["anonymous"] != true }, config)
        client = made
        scope.launch { made.events.collect(::show) }
    }

    /** Asks, and reads the answer as it grows. */
    private suspend fun read(message: String, name: String?): Outcome? {
        var answer: Outcome? = null
        try {
            client!!.ask(message).collect { piece ->
                answer = piece.answer
                if (piece.restart || piece.text.isNotEmpty()) {
                    event("piece", mapOf("command" to name, "text" to piece.text, "restart" to piece.restart))
                }
            }
        } catch (refused: PamlinkException.Answer) {
            return refused.outcome
        }
        return answer
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
