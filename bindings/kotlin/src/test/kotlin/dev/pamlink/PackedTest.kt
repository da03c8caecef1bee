package dev.pamlink

import dev.pamlink.sansio.HubEvent
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.PackedWriter
import dev.pamlink.sansio.Schema
import dev.pamlink.sansio.clientOutput
import dev.pamlink.sansio.frameOutput
import dev.pamlink.sansio.hubOutput
import dev.pamlink.sansio.put
import dev.pamlink.vectors.Records
import dev.pamlink.vectors.bytesOf
import dev.pamlink.vectors.hexOf
import kotlin.random.Random
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs

class PackedTest {
    /** `refused` with a user and a code, as the engine writes it. */
    private val refused = bytesOf(
        "35000000" + "9c00" + "04" + "02" +
            "0700000000000000" + "ffffffffffffffff" + "0300000000000000" + "0100000000000000" +
            "03000000" + "02000000" + "616e6e" + "c3a9",
    )

    @Test
    fun `a record is read member by member`() {
        val reader = Records.readerOf(refused).also { it.next() }
        assertEquals(HubEvent.Refused(7, null, 3, true, "ann", "é"), reader.hubOutput())
        assertEquals(false, reader.next())
    }

    @Test
    fun `records that are cut off or too long are refused and never read beyond`() {
        for (length in 1 until refused.size) {
            assertEquals("bad_input", failure(refused.copyOf(length)), "the first $length bytes")
        }
        assertEquals("bad_input", failure(refused + byteArrayOf(1)))
        for ((at, value) in listOf(0 to 0, 0 to 7, 0 to 0x7f, 3 to 0x80, 3 to 0xff, 6 to 3, 6 to 255, 7 to 1, 7 to 255)) {
            assertEquals("bad_input", failure(refused.with(at, value)), "byte $at is $value")
        }
        // The lengths of the texts: one more, one less, negative.
        for ((at, value) in listOf(40 to 4, 40 to 2, 43 to 0x80, 44 to 3, 44 to 1, 47 to 0xff)) {
            assertEquals("bad_input", failure(refused.with(at, value)), "byte $at is $value")
        }
    }

    @Test
    fun `whatever bytes come, the reader ends or refuses`() {
        val random = Random(1)
        repeat(20_000) {
            val bytes = refused.copyOf()
            repeat(random.nextInt(1, 5)) { bytes[random.nextInt(bytes.size)] = random.nextInt().toByte() }
            failure(bytes)
        }
    }

    @Test
    fun `a record that nobody knows is an event with its bytes`() {
        val bytes = bytesOf("0f000000" + "0f27" + "00" + "01" + "03000000" + "616263")
        for (read in listOf<(dev.pamlink.sansio.PackedReader) -> Output>({ it.clientOutput() }, { it.hubOutput() }, { it.frameOutput() })) {
            val reader = Records.readerOf(bytes + refused).also { it.next() }
            val event = assertIs<Event.UnknownEvent>(read(reader))
            assertEquals(9999, event.kind)
            assertContentEquals(bytes, event.raw)
            reader.next()
            assertEquals(Schema.REFUSED, reader.kind)
        }
    }

    @Test
    fun `a writer grows with what it holds and lets go of it`() {
        val writer = PackedWriter()
        val long = "é".repeat(100_000)
        repeat(3) { writer.put(Input.TextIn(it.toLong(), long)) }
        val written = Records.readAll(Records.written(writer))
        assertEquals(listOf(long, long, long), written.map { it["text"] })
        writer.clear()
        assertEquals(0, writer.size)
        writer.put(Input.Wake)
        assertEquals("0800000017000000", hexOf(Records.written(writer)))
    }

    /** The name of the error with which bytes are refused; null if they are read to their end. */
    private fun failure(bytes: ByteArray): String? = try {
        val reader = Records.readerOf(bytes)
        while (reader.next()) {
            reader.hubOutput()
            reader.clientOutput()
            reader.frameOutput()
        }
        null
    } catch (refused: PamlinkException.Usage) {
        refused.name
    }

    private fun ByteArray.with(at: Int, value: Int) = copyOf().also { it[at] = value.toByte() }
}
