package dev.pamlink.vectors

import java.math.BigDecimal

/**
 * Reads JSON: objects as maps in the order of their members, lists, texts, booleans, null, and
 * numbers as [BigDecimal], because a word has 64 bits without a sign.
 */
internal class Json private constructor(private val text: String) {
    private var at = 0

    private fun value(): Any? {
        skip()
        return when (val next = peek()) {
            '{' -> members()
            '[' -> items()
            '"' -> text()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> if (next == '-' || next.isDigit()) number() else fail("a value")
        }
    }

    private fun members(): Map<String, Any?> {
        val members = LinkedHashMap<String, Any?>()
        at += 1
        skip()
        if (peek() == '}') return members.also { at += 1 }
        while (true) {
            skip()
            val name = text()
            skip()
            expect(':')
            members[name] = value()
            skip()
            if (peek() == '}') return members.also { at += 1 }
            expect(',')
        }
    }

    private fun items(): List<Any?> {
        val items = ArrayList<Any?>()
        at += 1
        skip()
        if (peek() == ']') return items.also { at += 1 }
        while (true) {
            items.add(value())
            skip()
            if (peek() == ']') return items.also { at += 1 }
            expect(',')
        }
    }

    private fun text(): String {
        expect('"')
        val out = StringBuilder()
        while (true) {
            when (val next = take()) {
                '"' -> return out.toString()
                '\\' -> out.append(escaped())
                else -> out.append(next)
            }
        }
    }

    private fun escaped(): Char = when (val next = take()) {
        'n' -> '\n'
        't' -> '\t'
        'r' -> '\r'
        'b' -> '\b'
        'f' -> '\u000c'
        'u' -> text.substring(at, at + 4).toInt(16).toChar().also { at += 4 }
        '"', '\\', '/' -> next
        else -> fail("an escape")
    }

    private fun number(): BigDecimal {
        val start = at
        while (at < text.length && text[at] in "+-.eE0123456789") at += 1
        return BigDecimal(text.substring(start, at))
    }

    private fun <T> word(word: String, value: T): T {
        if (!text.startsWith(word, at)) fail(word)
        at += word.length
        return value
    }

    private fun skip() {
        while (at < text.length && text[at].isWhitespace()) at += 1
    }

    private fun peek(): Char = if (at < text.length) text[at] else fail("more")

    private fun take(): Char = peek().also { at += 1 }

    private fun expect(wanted: Char) {
        if (take() != wanted) fail("`$wanted`")
    }

    private fun fail(wanted: String): Nothing = error("JSON: $wanted expected at $at of ${text.take(80)}")

    companion object {
        fun parse(text: String): Any? {
            val json = Json(text)
            val value = json.value()
            json.skip()
            check(json.at == text.length) { "JSON: something behind the value" }
            return value
        }

        /** [value] as text. */
        fun write(value: Any?): String = when (value) {
            null -> "null"
            is Map<*, *> -> value.entries.joinToString(",", "{", "}") { "${quote(it.key as String)}:${write(it.value)}" }
            is List<*> -> value.joinToString(",", "[", "]") { write(it) }
            is String -> quote(value)
            else -> value.toString()
        }

        private fun quote(text: String) = buildString {
            append('"')
            for (char in text) {
                when {
                    char == '"' || char == '\\' -> append('\\').append(char)
                    char < ' ' || char.isSurrogate() -> append("\\u%04x".format(char.code))
                    else -> append(char)
                }
            }
            append('"')
        }
    }
}

/** A member of an object; null if it is not there or null. */
@Suppress("UNCHECKED_CAST")
internal operator fun Any?.get(name: String): Any? = (this as? Map<String, Any?>)?.getOrDefault(name, null)

internal val Any?.list: List<Any?> get() = this as? List<Any?> ?: error("no list: $this")

internal val Any?.members: Map<String, Any?>
    @Suppress("UNCHECKED_CAST")
    get() = this as? Map<String, Any?> ?: error("no object: $this")

internal val Any?.text: String get() = this as? String ?: error("no text: $this")

/** A number of 64 bits; one of 2^63 and more is negative. */
internal val Any?.long: Long get() = (this as? BigDecimal ?: error("no number: $this")).toBigIntegerExact().toLong()

internal val Any?.int: Int get() = long.toInt()

/** Whether two values are the same JSON: 1 and 1.0 are. */
internal fun same(one: Any?, other: Any?): Boolean = when {
    one is BigDecimal && other is BigDecimal -> one.compareTo(other) == 0
    one is Map<*, *> && other is Map<*, *> ->
        one.keys == other.keys && one.keys.all { same(one[it], other[it]) }
    one is List<*> && other is List<*> -> one.size == other.size && one.indices.all { same(one[it], other[it]) }
    else -> one == other
}

internal fun bytesOf(hex: String): ByteArray {
    require(hex.length % 2 == 0) { "no bytes: $hex" }
    return ByteArray(hex.length / 2) { hex.substring(2 * it, 2 * it + 2).toInt(16).toByte() }
}

internal fun hexOf(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }

/** 32 bytes: the number in the first eight, and zeros. */
internal fun seedOf(number: Long): ByteArray =
    ByteArray(32) { if (it < 8) (number ushr (8 * it)).toByte() else 0 }
