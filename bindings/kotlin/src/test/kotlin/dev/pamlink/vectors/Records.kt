package dev.pamlink.vectors

import dev.pamlink.Event
import dev.pamlink.LinkState
import dev.pamlink.PamlinkException
import dev.pamlink.TokenNeed
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.NONE
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.PackedReader
import dev.pamlink.sansio.PackedWriter
import dev.pamlink.sansio.RecordType
import dev.pamlink.sansio.Schema
import java.lang.reflect.Modifier
import java.math.BigDecimal
import java.math.BigInteger
import java.nio.ByteBuffer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** Records as the files write them: `record` and all members by name. */
internal object Records {
    fun named(name: String): RecordType =
        Schema.records.firstOrNull { it.name == name } ?: error("no record is `$name`")

    /** Writes [record] by the tables of the package. */
    fun write(writer: PackedWriter, record: Map<String, Any?>) {
        val type = named(record["record"].text)
        val known = (type.words + type.texts).map(::plain) + listOf("record", "hex")
        check(record.keys.all { it in known }) { "unknown members in $record" }
        writer.begin(type.kind, type.words.size, type.texts.size)
        for (word in type.words) writer.word(record.member(word)?.long ?: NONE)
        for (text in type.texts) {
            val value = record.member(text)
            if (text.endsWith('*')) writer.bytes(bytesOf(value.text)) else writer.text(value?.text)
        }
        writer.end()
    }

    private fun Map<String, Any?>.member(name: String): Any? {
        check(plain(name) in this) { "no $name in $this" }
        return this[plain(name)].also { check(it != null || name.endsWith('?')) { "$name is null in $this" } }
    }

    /** The record that [reader] has found, by the tables of the package. */
    fun read(reader: PackedReader): Map<String, Any?> {
        val type = Schema.of(reader.kind)
            ?: return mapOf("record" to null, "kind" to BigDecimal(reader.kind), "hex" to hexOf(reader.raw()))
        val read = LinkedHashMap<String, Any?>()
        read["record"] = type.name
        type.words.forEachIndexed { at, name ->
            val word = reader.word(at)
            check(word != NONE || name.endsWith('?')) { "${type.name} has no $name" }
            read[plain(name)] = if (word == NONE) null else BigDecimal(unsigned(word))
        }
        type.texts.forEachIndexed { at, name ->
            val text = reader.optional(at)
            check(text != null || name.endsWith('?')) { "${type.name} has no $name" }
            read[plain(name)] = if (name.endsWith('*')) hexOf(reader.bytes(at)) else text
        }
        return read
    }

    fun readAll(bytes: ByteArray): List<Map<String, Any?>> {
        val reader = readerOf(bytes)
        return buildList { while (reader.next()) add(read(reader)) }
    }

    /** The bytes that [writer] has written. */
    fun written(writer: PackedWriter): ByteArray {
        val bytes = ByteArray(writer.size)
        writer.outside.buffer.clear()
        writer.outside.buffer.get(bytes)
        return bytes
    }

    fun readerOf(bytes: ByteArray): PackedReader = PackedReader().also { it.load(ByteBuffer.wrap(bytes), bytes.size) }

    fun plain(name: String): String = name.trimEnd('?', '*')
}

/** The typed [Input] of a record; null if a member is beyond what its type can hold. */
internal fun inputOf(record: Map<String, Any?>): Input? {
    val type = Records.named(record["record"].text)
    val name = "Input$" + type.name.split('_').joinToString("") { it.replaceFirstChar(Char::uppercase) }
    val found = Class.forName("dev.pamlink.sansio.$name")
    val members = (type.words + type.texts).map(Records::plain)
    if (members.isEmpty()) return found.getField("INSTANCE").get(null) as Input
    val fields = fieldsOf(found)
    check(fields.keys == members.toSet()) { "$name has ${fields.keys}, and the schema $members" }
    // A class is made by the order in which its fields are declared.
    val values = fields.map { (member, field) -> valueOf(record[member], field.type, "$name.$member") ?: Missing }
    if (values.any { it == TooLarge }) return null
    val spans = fields.values.any { it.type == Duration::class.java } || name == "Input\$Drain"
    val constructor = found.declaredConstructors.first { made ->
        made.parameterCount == fields.size + if (spans) 1 else 0
    }
    constructor.isAccessible = true
    val arguments = values.map { if (it == Missing) null else it } + if (spans) listOf(null) else emptyList()
    return constructor.newInstance(*arguments.toTypedArray()) as Input
}

/** Whether [output] says what [record] does, member by member, as far as its class has them. */
internal fun says(output: Output, record: Map<String, Any?>): Boolean {
    if (output is Event.UnknownEvent) return record["record"] == null && hexOf(output.raw) == record["hex"]
    if (output is CommandResult.Faulted) {
        return same(BigDecimal(output.of), record["of"]) && says(output.error, record)
    }
    val fields = fieldsOf(output.javaClass)
    return fields.all { (member, field) ->
        check(member in record) { "${output.javaClass.name} has $member, and the record does not: $record" }
        val mine = field.get(output)
        val theirs = record[member]
        when (mine) {
            null -> theirs == null
            is Boolean -> mine == (theirs.long != 0L)
            is Int -> theirs.long.toInt() == mine
            is Long -> mine == if (member == "after") rawOf(theirs.long.nanoseconds) else theirs.long
            is LinkState -> mine.number.toLong() == theirs.long
            is TokenNeed -> mine == TokenNeed.of(theirs.text)
            is Duration -> mine == theirs.long.nanoseconds
            is ByteArray -> hexOf(mine) == theirs
            else -> mine == theirs
        }
    }
}

private fun says(error: PamlinkException, record: Map<String, Any?>): Boolean =
    error.code.toLong() == record["code"].long && error.name == record["name"] &&
        error.kind == record["class"] && error.retryable == (record["retryable"].long != 0L) &&
        error.retryAfter?.inWholeNanoseconds == record["retry_after"]?.long && error.message == record["message"]

private object TooLarge

private object Missing

private fun valueOf(value: Any?, type: Class<*>, where: String): Any? = when {
    value == null -> null
    type == ByteArray::class.java -> bytesOf(value.text)
    type == String::class.java -> value.text
    type == Boolean::class.java -> if (value.long in 0L..1L) value.long == 1L else TooLarge
    type == Int::class.java || type == Int::class.javaObjectType ->
        if (value.long in Int.MIN_VALUE..Int.MAX_VALUE && value.long >= 0) value.int else TooLarge
    type == Duration::class.java -> if (value.long >= 0) value.long.nanoseconds else TooLarge
    // A span that must be there is a number to the JVM, in a form of its own.
    where == "Input\$Drain.spread" -> rawOf(value.long.nanoseconds)
    type == Long::class.java || type == Long::class.javaObjectType -> value.long
    else -> error("$where is a $type")
}

/** The number that the JVM sees of a span that cannot be null. */
private fun rawOf(span: Any): Long = rawValue.getLong(span)

private val rawValue = Duration::class.java.getDeclaredField("rawValue").also { it.isAccessible = true }

/** The fields of a data class by the names of the schema, in their order. */
private fun fieldsOf(type: Class<*>): Map<String, java.lang.reflect.Field> =
    type.declaredFields.filter { !Modifier.isStatic(it.modifiers) }.associateBy {
        it.isAccessible = true
        if (it.name == "endClass") "class" else it.name.replace(Regex("[A-Z]")) { letter -> "_" + letter.value.lowercase() }
    }

private fun unsigned(word: Long): BigInteger = BigInteger(java.lang.Long.toUnsignedString(word))
