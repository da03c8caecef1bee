package dev.pamlink.vectors

import dev.pamlink.ErrorCode
import dev.pamlink.PamlinkException
import dev.pamlink.sansio.AuthOptions
import dev.pamlink.sansio.DuplicateWindow
import dev.pamlink.sansio.FrameCodec
import dev.pamlink.sansio.Schema
import dev.pamlink.sansio.TokenVerifier
import dev.pamlink.sansio.abiVersion
import dev.pamlink.sansio.backoffDelays
import dev.pamlink.sansio.clientOutput
import dev.pamlink.sansio.errorCodes
import dev.pamlink.sansio.frameOutput
import dev.pamlink.sansio.hubOutput
import dev.pamlink.sansio.readTarget
import dev.pamlink.sansio.stateTables
import java.math.BigDecimal
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds

/** Runs one file and tells how many cases it has run. A case that fails throws. */
internal typealias Runner = (Any?) -> Int

/** Who runs the file of this path; null if nobody does. */
internal fun runnerOf(path: String): Runner? {
    if (!path.endsWith(".json")) return null
    val folder = path.substringBeforeLast('/', "")
    return when (folder) {
        "envelopes" -> ::envelopes
        "routing" -> ::routing
        "transcripts" -> ::transcripts
        "window" -> ::window
        "frames" -> ::frames
        "engine" -> ::engine
        else -> when (path) {
            "backoff.json" -> ::backoff
            "errors.json" -> ::errors
            "jwt.json" -> ::jwt
            "options.json" -> ::options
            "states.json" -> ::states
            "targets.json" -> ::targets
            "packed/records.json" -> ::records
            "packed/schema.json" -> ::schema
            "values/values.json" -> ::values
            "values/writers.json" -> ::writers
            else -> null
        }
    }
}

private fun backoff(file: Any?): Int {
    for (case in file["cases"].list) {
        val hints = case["hints_ms"].list.map { it?.long?.milliseconds }
        val delays = backoffDelays(seedOf(case["seed"].long), hints)
        assertEquals(case["delays_ns"].list.map { it.long }, delays.map { it.inWholeNanoseconds }, "$case")
    }
    return file["cases"].list.size
}

private fun errors(file: Any?): Int {
    val codes = file["codes"].list
    val library = errorCodes()
    assertEquals(codes.size, library.size)
    assertEquals(codes.size, ErrorCode.entries.size)
    codes.forEachIndexed { at, item ->
        val said = with(library[at]) { listOf(code, name, kind, retryable) }
        assertEquals(listOf(item["code"].int, item["name"], item["class"], item["retryable"]), said)
        val ours = PamlinkException.of(item["code"].int)
        assertEquals(said, listOf(ours.code, ours.name, ours.kind, ours.retryable))
        assertEquals(ours.kind, ours.javaClass.simpleName.lowercase())
    }
    return codes.size
}

private fun targets(file: Any?): Int {
    for (case in file["cases"].list) {
        val read = readTarget(case["target"] as String)
        assertEquals(listOf(case["user"], case["token"]), listOf(read?.user, read?.token), "$case")
        assertEquals(case["max_message"]?.long, read?.maxMessage, "$case")
    }
    return file["cases"].list.size
}

private fun states(file: Any?): Int {
    val tables = Json.parse(stateTables())
    assertTrue(same(tables, file))
    return listOf("client", "server").sumOf { file[it]["inputs"].members.size }
}

private fun jwt(file: Any?): Int {
    val now = file["now"].long * 1_000_000
    TokenVerifier(AuthOptions(hs256Secret = file["secret"].text.toByteArray())).use { secret ->
        TokenVerifier(AuthOptions(jwks = Json.write(file["jwks"]))).use { jwks ->
            for (case in file["cases"].list) {
                val verifier = if (case["keys"] == "jwks") jwks else secret
                val said = try {
                    assertEquals("u-1", verifier.verify(case["token"].text, now).subject)
                    "ok"
                } catch (refused: PamlinkException.Auth) {
                    refused.name.split('_').joinToString("") { it.replaceFirstChar(Char::uppercase) }
                }
                assertEquals(case["expect"].text.substringBefore(' '), said, case["name"].text)
            }
        }
    }
    return file["cases"].list.size
}

private fun window(file: Any?): Int {
    val window = DuplicateWindow(
        file["max_entries"].long,
        file["max_age_ms"].long.milliseconds,
        file["max_result_bytes"].long,
        file["content_age_ms"]?.long?.milliseconds,
        seedOf(file["seed"].long),
    )
    window.use {
        for (step in file["steps"].list) {
            val at = step["at_ms"].long * 1_000_000
            val it = step["check"] ?: step["complete"] ?: step["forget"]
            val (user, id, content) = Triple(it["user"].text, it["id"]?.text, it["content"].text)
            val said: Any = when {
                step["check"] != null -> {
                    val verdict = window.check(at, user, id, content)
                    verdict.verdict + (verdict.result?.let { bytes -> ":" + String(bytes) } ?: "")
                }
                step["complete"] != null -> window.complete(user, id, content, it["result"].text.toByteArray())
                else -> window.forget(user, id, content)
            }
            assertEquals(step["expect"], said, "$step")
            assertEquals(step["size"].long, window.size, "$step")
        }
    }
    return file["steps"].list.size
}

private fun frames(file: Any?): Int {
    for (case in file["cases"].list) {
        val codec = FrameCodec(file["client"] == true, file["max_message_bytes"].long, seedOf(file["seed"].long))
        codec.use {
            if (case["parts"] != null) {
                val events = case["parts"].list.flatMap { codec.read(bytesOf(it.text)) }
                val expected = case["events"].list
                assertEquals(expected.size, events.size, case["name"].text)
                for ((event, record) in events.zip(expected)) assertTrue(says(event, record.members), "$event, not $record")
            } else {
                assertEquals(case["write"].list.size, case["bytes"].list.size)
                for ((write, expected) in case["write"].list.zip(case["bytes"].list)) {
                    val written: Any = try {
                        hexOf(written(codec, write.members))
                    } catch (refused: PamlinkException) {
                        BigDecimal(refused.code)
                    }
                    assertEquals(expected, written, "${case["name"]}: $write")
                }
            }
        }
    }
    return file["cases"].list.size
}

private fun written(codec: FrameCodec, write: Map<String, Any?>): ByteArray {
    val (kind, it) = write.entries.single()
    return when (kind) {
        "text" -> codec.text(it.text)
        "binary" -> codec.binary(bytesOf(it.text))
        "ping" -> codec.ping(bytesOf(it.text))
        "pong" -> codec.pong(bytesOf(it.text))
        "fragment" -> codec.fragment(it["text"] == true, it["fin"] == true, bytesOf(it["bytes"].text))
        "close" -> codec.closeFrame(it["code"]?.int, it["reason"].text)
        else -> error("no frame is `$kind`")
    }
}

private fun engine(file: Any?): Int {
    val steps = file["steps"].list
    val start = nowOf(steps.first()["at_ms"].long, steps.first()["wall_ms"].long)
    val machines = file["machines"].members.mapValues { machineOf(it.value, start) }
    steps.forEachIndexed { at, step ->
        val machine = machines.getValue(step["machine"].text)
        val now = nowOf(step["at_ms"].long, step["wall_ms"].long)
        val output = stepped(machine, now, step["input"].list)
        assertTrue(same(step["output"], output), "step $at: $step\ngave $output")
    }
    machines.values.forEach { it.close() }
    return steps.size
}

private fun schema(file: Any?): Int {
    assertEquals(Schema.ABI, file["abi"].int)
    assertEquals(Schema.ABI, abiVersion())
    val records = file["records"].list
    assertEquals(records.size, Schema.records.size)
    for ((item, type) in records.zip(Schema.records)) {
        assertEquals(item["kind"].int, type.kind)
        assertEquals(item["name"], type.name)
        assertEquals(item["from"], if (type.fromHost) "host" else "engine")
        assertEquals(item["words"], type.words)
        assertEquals(item["texts"], type.texts)
    }
    return records.size
}

private fun records(file: Any?): Int {
    for (case in file.list) {
        val bytes = bytesOf(case["hex"].text)
        if (case["record"] == null) {
            assertNull(Schema.of(case["kind"].int))
            assertTrue(same(case, Records.readAll(bytes).single()), "$case")
            val reader = Records.readerOf(bytes).also { it.next() }
            assertTrue(says(reader.clientOutput(), case.members))
        } else if (Records.named(case["record"].text).fromHost) {
            assertContentEquals(bytes, packedOf(case), "$case")
        } else {
            read(case.members, bytes)
        }
    }
    return file.list.size
}

private fun read(case: Map<String, Any?>, bytes: ByteArray) {
    assertTrue(same(case - "hex", Records.readAll(bytes).single()), "$case")
    if (case["record"] == "next") return
    val kind = Records.named(case["record"].text).kind
    val reader = Records.readerOf(bytes).also { it.next() }
    // The numbers of the states end with 3: what is beyond is refused, and not read as another.
    if (kind == Schema.STATE_CHANGED && listOf("from", "to").any { case[it].long !in 0L..3L }) {
        assertEquals("bad_input", kotlin.test.assertFailsWith<PamlinkException> { reader.clientOutput() }.name)
        return
    }
    // Who reads it depends on who tells it: nobody may read it otherwise.
    val outputs = listOf(reader.clientOutput(), reader.hubOutput(), reader.frameOutput())
    val known = outputs.filter { it !is dev.pamlink.Event.UnknownEvent }
    assertTrue(known.isNotEmpty(), "nobody reads $case")
    for (output in known) assertTrue(says(output, case), "$output is not $case")
}
