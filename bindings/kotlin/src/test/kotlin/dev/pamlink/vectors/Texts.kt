package dev.pamlink.vectors

import dev.pamlink.PamlinkException
import dev.pamlink.sansio.Router
import dev.pamlink.sansio.describeEnvelope
import dev.pamlink.sansio.encodeValue
import dev.pamlink.sansio.writeFrame
import java.io.ByteArrayOutputStream
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue

private const val DEPTH = 10

internal fun envelopes(file: Any?): Int {
    for (case in file.list) {
        val said = Json.parse(describeEnvelope(case["text"].text, DEPTH))
        val error = case["error"]
        if (error != null) {
            for (member in listOf("error", "at", "expected")) {
                assertTrue(same(error[member], said[member]), "$member of $case: $said")
            }
            continue
        }
        val absent = mapOf("known" to true, "mismatches" to emptyList<Any?>())
        for (member in listOf("kind", "known", "id", "reply_to", "message_text", "mismatches")) {
            assertTrue(same(case[member] ?: absent[member], said[member]), "$member of $case: $said")
        }
        for (member in listOf("unix_micros", "time_form", "extra", "encoded")) {
            if (member in case.members) assertTrue(same(case[member], said[member]), "$member of $case: $said")
        }
        for ((name, spelled) in case["fields"]?.members ?: emptyMap()) {
            assertEquals(spelled, said["fields"][name], "$name of $case")
        }
    }
    return file.list.size
}

internal fun values(file: Any?): Int {
    for (case in file.list) {
        val packed = ByteArrayOutputStream().also { pack(case["value"].members, it) }.toByteArray()
        val encoded = encodeValue(packed, case["depth"]?.int ?: DEPTH)
        assertEquals(case["json"], encoded.json, case["name"].text)
        val adjusted = case["adjusted"]?.members?.mapValues { it.value.int } ?: emptyMap()
        assertEquals(adjusted, encoded.adjusted, case["name"].text)
    }
    return file.list.size
}

/** A value as it crosses the border. */
private fun pack(value: Map<String, Any?>, out: ByteArrayOutputStream) {
    val (kind, it) = value.entries.single()
    when (kind) {
        "null" -> out.write(0)
        "bool" -> out.write(if (it == true) 2 else 1)
        "int" -> out.plain(3, it.text.toLong())
        "uint" -> out.plain(4, BigInteger(it.text).toLong())
        "float" -> out.plain(5, doubleOf(it.text).toRawBits())
        "text" -> out.counted(6, it.text.toByteArray())
        "utf16" -> {
            val units = ByteBuffer.allocate(2 * it.list.size).order(ByteOrder.LITTLE_ENDIAN)
            it.list.forEach { unit -> units.putShort(unit.int.toShort()) }
            out.counted(7, units.array(), it.list.size)
        }
        "wtf8" -> out.counted(8, bytesOf(it.text))
        "bytes" -> out.counted(9, bytesOf(it.text))
        "time_micros" -> out.plain(10, it.text.toLong())
        "duration_nanos" -> out.plain(11, BigInteger(it.text).toLong())
        "list" -> {
            out.counted(12, ByteArray(0), it.list.size)
            it.list.forEach { item -> pack(item.members, out) }
        }
        "map" -> {
            out.counted(13, ByteArray(0), it.list.size)
            it.list.forEach { pair -> pair.list.forEach { part -> pack(part.members, out) } }
        }
        "raw" -> out.counted(14, it.text.toByteArray())
        "nested" -> {
            repeat(it["levels"].int) { out.counted(12, ByteArray(0), 1) }
            pack(it["inside"].members, out)
        }
        else -> error("no value is `$kind`")
    }
}

private fun doubleOf(text: String): Double = when (text) {
    "inf" -> Double.POSITIVE_INFINITY
    "-inf" -> Double.NEGATIVE_INFINITY
    else -> text.toDouble()
}

private fun ByteArrayOutputStream.plain(tag: Int, bits: Long) {
    write(tag)
    write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(bits).array())
}

private fun ByteArrayOutputStream.counted(tag: Int, bytes: ByteArray, count: Int = bytes.size) {
    write(tag)
    write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(count).array())
    write(bytes)
}

internal fun writers(file: Any?): Int {
    for (case in file.list) {
        val frame = writeFrame(case["frame"].text, case["now_micros"].text.toLong(), Json.write(case["args"]))
        assertEquals(case["json"], frame, case["name"].text)
    }
    return file.list.size
}

internal fun routing(file: Any?): Int {
    val refused = file["refused"]
    if (refused != null) {
        for (case in refused.list) {
            val table = (case["text"] as? String) ?: case["text"].list.joinToString("") { it.text }
            val error = assertFailsWith<PamlinkException.Usage>("$case") { Router(table, seedOf(1)) }
            assertEquals("bad_routes", error.name)
            for (fault in case["faults"].list) assertTrue(fault.text in error.message!!, "$fault is not told in ${error.message}")
        }
        return refused.list.size
    }
    Router(table(file["table"]), seedOf(1)).use { router ->
        val tickets = HashMap<String, Long>()
        file["steps"].list.forEach { step(router, tickets, it) }
    }
    return file["steps"].list.size
}

private fun step(router: Router, tickets: HashMap<String, Long>, step: Any?) {
    val now = (step["at_ms"]?.long ?: 0) * 1_000_000
    val expected = step["expect"]
    if (step["finish"] != null) {
        val result = router.finished(now, tickets.getValue(step["finish"].text), step["outcome"].text)
        assertEquals(expected, result, "$step")
        return
    }
    if (step["replace"] != null) {
        val replaced = router.replace(table(step["replace"]) ?: "")
        val counts = listOf(expected["kept"].long, expected["added"].long, expected["removed"].long)
        assertEquals(counts, listOf(replaced.kept, replaced.added, replaced.removed), "$step")
        return
    }
    val query = step["query"]
    val decision = router.route(
        now,
        text = query["text"]?.text ?: "",
        agent = query["agent"]?.text,
        intent = query["intent"]?.text,
        kind = query["type"]?.text ?: "chat",
    )
    assertTrue(same(expected, plain(decision, expected.members)), "$step: $decision")
    assertEquals(decision.refused != null, decision.ticket == null, "$step")
    step["ticket"]?.let { name -> decision.ticket?.let { tickets[name.text] = it } }
}

/** Null is the default table. */
private fun table(value: Any?): String? = if (value == "default") null else Json.write(value)

/** A decision in the words of the file. */
private fun plain(decision: Router.Decision, expected: Map<String, Any?>): Map<String, Any?> {
    val all = mapOf(
        "agent" to decision.agent,
        "because" to decision.because,
        "word" to decision.word,
        "fallback" to decision.fallbackFrom?.let { mapOf("from" to it, "why" to decision.fallbackWhy) },
        "refused" to decision.refused,
        "retry_after_ms" to decision.retryAfter?.let { BigDecimal(it.inWholeMilliseconds) },
        "unknown_intent" to (true.takeIf { decision.unknownIntent }),
        "module" to decision.module.takeIf { "module" in expected },
        "version" to decision.version.takeIf { "version" in expected },
    )
    return all.filterValues { it != null }
}
