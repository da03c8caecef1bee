package dev.pamlink.vectors

import dev.pamlink.Event
import dev.pamlink.sansio.Action
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.Engine
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.RequestEvent
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue

private val NOW = nowOf(1, 1_800_000_000_000)

/** Conversations of the dialect, with the engine as either end. */
internal fun transcripts(file: Any?): Int {
    val steps = file["steps"].list
    server(steps)
    client(steps)
    return steps.size
}

/** One end, and the texts that it has to say. */
private class End(private val engine: Engine) : AutoCloseable by engine {
    val said = ArrayDeque<String>()

    fun give(input: Input): List<Output> {
        val events = engine.step(NOW, input)
        for (output in events) {
            check(output !is CommandResult.Faulted && output !is Event.Closed && output !is HubEvent.Closed) { "$output" }
            if (output is Action.WriteText) said.addLast(output.text)
        }
        return events
    }
}

/** The engine is the server, and answers every request. */
private fun server(steps: List<Any?>) = End(HubEngine(seed = seedOf(1))).use { end ->
    val link = end.give(Input.AcceptOpened(user = "ada", subject = "ada"))
        .firstNotNullOf { (it as? CommandResult.Accepted)?.link }
    for (step in steps) {
        if (step["from"] == "client") {
            val events = end.give(Input.TextIn(link, step["text"].text))
            for (request in events.filterIsInstance<HubEvent.Request>()) {
                end.give(Input.Reply(request = request.request, failed = false, text = "well"))
            }
        } else if (step["expect"] != null) {
            val frame = end.said.removeFirstOrNull() ?: error("no frame for $step")
            assertNull(difference(frame, step["expect"].members), "$step")
        }
    }
    // A chat that another server's words answer in the transcript was answered by this one, too.
    val foreign = steps.any { it["from"] == "server" && it["expect"] == null }
    for (frame in end.said) assertTrue(foreign && "\"type\":\"chat_response\"" in frame, "unexpected $frame")
}

/** The engine is the client, whose host sends the requests. */
private fun client(steps: List<Any?>) {
    val options = ClientOptions("ws://localhost:1/api/v1/pam/ws/ada", anonymous = true, v1 = false)
    End(ClientEngine(options, seedOf(1), NOW)).use { end ->
        end.give(Input.Connect)
        end.give(Input.OpenedIn())
        val open = ArrayDeque<Long>()
        for (step in steps) {
            val request = request(step)
            if (step["from"] == "server") {
                val words = end.give(Input.TextIn(0, step["text"].text)).mapNotNull { word(it, open) }
                assertEquals(listOf(step["reads"].text), words.ifEmpty { listOf("life") }, "$step")
            } else if (request != null) {
                val events = end.give(Input.Ask(stream = false, message = request))
                open.addLast(events.firstNotNullOf { (it as? CommandResult.Asked)?.request })
                val frame = end.said.removeFirstOrNull() ?: error("a request is not sent: $step")
                val asked = mapOf("type" to "chat", "message" to request, "id" to "\$string")
                assertNull(difference(frame, asked), "$step")
            } else if (step["expect"] != null) {
                // A pong to a ping that the transcript leaves unanswered may come before.
                while (true) {
                    val frame = end.said.removeFirstOrNull() ?: error("no frame for $step")
                    if (difference(frame, step["expect"].members) == null) break
                }
            }
        }
        // Only pongs to pings of transcripts that show none are left.
        assertTrue(end.said.all { it.startsWith("{\"type\":\"pong\"") }, "${end.said}")
    }
}

/** What the client makes of a message, in the words of the file. */
private fun word(output: Output, open: ArrayDeque<Long>): String? = when (output) {
    is Event.Welcomed -> "welcome"
    is RequestEvent.Piece -> "piece".also { assertEquals(open.first(), output.request) }
    is RequestEvent.Answer -> "answer".also { assertEquals(open.removeFirst(), output.request) }
    is RequestEvent.Rejected -> "refusal".also { assertEquals(open.removeFirst(), output.request) }
    is Event.Late -> "late"
    is Event.Message -> "message"
    is Action.WriteText -> null
    else -> error("unexpected $output")
}

/** The request, if the step is a chat of a client. */
private fun request(step: Any?): String? {
    if (step["from"] != "client") return null
    val frame = runCatching { Json.parse(step["text"].text) }.getOrNull() ?: return null
    if (frame["type"] != "chat") return null
    return listOf(frame["message"], frame["content"]).firstNotNullOfOrNull { (it as? String)?.ifEmpty { null } }
}

/** In what a frame differs from what is expected of it. */
private fun difference(frame: String, expect: Map<String, Any?>): String? {
    val found = Json.parse(frame).members
    val unlike = expect.entries.firstOrNull { (name, wanted) -> !holds(found, name, wanted) } ?: return null
    return "${unlike.key} is not ${unlike.value} in $frame"
}

private fun holds(frame: Map<String, Any?>, name: String, wanted: Any?): Boolean {
    if (name !in frame) return wanted == "\$absent"
    val found = frame[name]
    return when (wanted) {
        "\$absent" -> false
        "\$array" -> found is List<*>
        "\$boolean" -> found is Boolean
        "\$number" -> found is java.math.BigDecimal
        "\$object" -> found is Map<*, *>
        "\$string" -> found is String
        is String -> {
            val other = wanted.removePrefix("\$same:")
            if (other == wanted) found == wanted else other in frame && same(frame[other], found)
        }
        else -> same(found, wanted)
    }
}
