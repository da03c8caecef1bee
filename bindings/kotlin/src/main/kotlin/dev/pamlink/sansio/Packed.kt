package dev.pamlink.sansio

import com.sun.jna.Native
import com.sun.jna.Pointer
import dev.pamlink.ErrorCode
import dev.pamlink.PamlinkException
import java.nio.ByteBuffer
import java.nio.ByteOrder

// The packed layout, described in `bindings/border/src/packed/mod.rs`: a record is its size (4 bytes), its
// kind (2), the number of its words (1) and of its texts (1), the words (8 each), the lengths of the
// texts (4 each), the texts. Little-endian, nothing padded.

/** The word that says that there is none. */
internal const val NONE: Long = -1L

private const val ABSENT = -1
private const val HEAD = 8

/** Room that a buffer begins with, and that it goes back to after one that was much larger. */
private const val ROOM = 2 * 1024

/** Room that a buffer may keep. */
private const val KEEP = 64 * 1024

/** Memory outside the heap, which the library reads and writes, and which grows as needed. */
internal class Outside {
    var buffer: ByteBuffer = allocate(ROOM)
        private set

    /** Where it is. Good for as long as [buffer] is the same. */
    var address: Long = addressOf(buffer)
        private set

    val capacity: Int get() = buffer.capacity()

    /** Makes room for [size] bytes; [kept] bytes at the beginning stay. */
    fun grow(size: Int, kept: Int) {
        if (size <= capacity) return
        val larger = allocate(maxOf(size, 2 * capacity))
        buffer.position(0).limit(kept)
        larger.put(buffer)
        replace(larger)
    }

    /** Lets go of what one large message took. */
    fun shrink() {
        if (capacity > KEEP) replace(allocate(ROOM))
    }

    private fun replace(other: ByteBuffer) {
        buffer = other
        address = addressOf(other)
    }

    private fun allocate(size: Int): ByteBuffer =
        ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN)

    private fun addressOf(buffer: ByteBuffer): Long =
        Pointer.nativeValue(Native.getDirectBufferPointer(buffer))
}

/** Writes records one behind the other. */
internal class PackedWriter {
    val outside = Outside()

    /** Bytes written. */
    var size: Int = 0
        private set
    private var start = 0
    private var word = 0
    private var length = 0

    fun clear() {
        size = 0
        outside.shrink()
    }

    /** Begins a record: its [words] words and [texts] texts must follow, in their order, and [end]. */
    fun begin(kind: Int, words: Int, texts: Int) {
        start = size
        word = start + HEAD
        length = word + 8 * words
        size = length + 4 * texts
        outside.grow(size, start)
        outside.buffer.clear()
        outside.buffer.putShort(start + 4, kind.toShort())
        outside.buffer.put(start + 6, words.toByte())
        outside.buffer.put(start + 7, texts.toByte())
    }

    fun word(value: Long) {
        outside.buffer.putLong(word, value)
        word += 8
    }

    fun word(flag: Boolean) = word(if (flag) 1L else 0L)

    fun text(value: String?) = bytes(value?.toByteArray(Charsets.UTF_8))

    fun bytes(value: ByteArray?) {
        outside.buffer.putInt(length, value?.size ?: ABSENT)
        length += 4
        if (value == null) return
        outside.grow(size + value.size, size)
        val buffer = outside.buffer
        buffer.clear()
        buffer.position(size)
        buffer.put(value)
        size += value.size
    }

    fun end() {
        outside.buffer.putInt(start, size - start)
    }

    /** Records that are written already. */
    fun raw(records: ByteArray) {
        outside.grow(size + records.size, size)
        outside.buffer.clear()
        outside.buffer.position(size)
        outside.buffer.put(records)
        size += records.size
    }
}

/** Reads records one behind the other. Its accessors speak of the record that [next] has found. */
internal class PackedReader {
    private var array = ByteArray(ROOM)
    private var view = viewOf(array)
    private var limit = 0
    private var start = 0
    private var end = 0
    private var words = 0
    private val offsets = IntArray(255)
    private val lengths = IntArray(255)

    /** The number of the record. */
    var kind: Int = 0
        private set

    /** Takes over [size] bytes of [from]. */
    fun load(from: ByteBuffer, size: Int) {
        if (array.size < size || (array.size > KEEP && size <= KEEP)) {
            array = ByteArray(maxOf(size, ROOM))
            view = viewOf(array)
        }
        from.clear()
        from.get(array, 0, size)
        limit = size
        end = 0
    }

    /** Steps to the next record. False if there is none. */
    fun next(): Boolean {
        start = end
        if (start == limit) return false
        if (limit - start < HEAD) bad("a record is cut off in its head")
        val size = view.getInt(start)
        if (size < HEAD || size > limit - start) bad("a record has no size of $size bytes")
        end = start + size
        kind = view.getShort(start + 4).toInt() and 0xffff
        words = view.get(start + 6).toInt() and 0xff
        val texts = view.get(start + 7).toInt() and 0xff
        val type = Schema.of(kind)
        if (type != null && (type.words.size != words || type.texts.size != texts)) {
            bad("`${type.name}` has other members")
        }
        var text = start + HEAD + 8 * words + 4 * texts
        if (text > end) bad("a record of kind $kind is too small for its members")
        for (at in 0 until texts) {
            val length = view.getInt(start + HEAD + 8 * words + 4 * at)
            lengths[at] = length
            offsets[at] = text
            if (length == ABSENT) continue
            if (length < 0 || length > end - text) bad("a text of a record of kind $kind is too long")
            text += length
        }
        if (text != end) bad("a record of kind $kind has ${end - text} bytes too many")
        return true
    }

    fun word(at: Int): Long = view.getLong(start + HEAD + 8 * at)

    fun some(at: Int): Long? = word(at).takeIf { it != NONE }

    fun int(at: Int): Int = word(at).toInt()

    fun flag(at: Int): Boolean = word(at) != 0L

    fun text(at: Int): String = optional(at) ?: ""

    fun optional(at: Int): String? =
        if (lengths[at] == ABSENT) null else String(array, offsets[at], lengths[at], Charsets.UTF_8)

    fun bytes(at: Int): ByteArray =
        if (lengths[at] == ABSENT) ByteArray(0) else array.copyOfRange(offsets[at], offsets[at] + lengths[at])

    /** The record itself. */
    fun raw(): ByteArray = array.copyOfRange(start, end)

    /** All records. */
    fun all(): ByteArray = array.copyOf(limit)

    private fun viewOf(array: ByteArray) = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN)

    private fun bad(what: String): Nothing = throw PamlinkException.of(ErrorCode.BAD_INPUT, what)
}
