package dev.pamlink

import com.sun.jna.Memory
import com.sun.jna.Pointer
import dev.pamlink.sansio.Action
import dev.pamlink.sansio.AuthOptions
import dev.pamlink.sansio.Border
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.FrameCodec
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.WideCalls
import dev.pamlink.sansio.backoffDelays
import dev.pamlink.sansio.signToken
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertTrue
import kotlin.time.Duration.Companion.milliseconds

class BorderTest {
    private val now = Now(1_000_000, 1_800_000_000_000_000)

    @Test
    fun `a library of another version is refused with both numbers`() {
        Border.checkAbi(3)
        val error = assertFailsWith<PamlinkException.Usage> { Border.checkAbi(1) }
        assertEquals("abi_mismatch", error.name)
        assertTrue("version 1" in error.message!! && "version 3" in error.message!!, error.message)
    }

    @Test
    fun `a handle that names no engine is an error`() {
        for (handle in listOf(0L, -1L, Long.MAX_VALUE)) {
            val error = assertFailsWith<PamlinkException.Usage> { Border(handle).step(1, 1) }
            assertEquals("no_engine", error.name)
        }
    }

    @Test
    fun `a handle is used up with its engine, and closing twice is closing once`() {
        val hub = HubEngine()
        val border = hub.border
        hub.step(now)
        hub.close()
        hub.close()
        assertEquals("no_engine", assertFailsWith<PamlinkException> { border.step(1, 1) }.name)
        assertEquals("no_engine", assertFailsWith<PamlinkException> { hub.step(now) }.name)
        assertEquals("no_engine", assertFailsWith<PamlinkException> { hub.metrics() }.name)
        assertEquals("no_engine", assertFailsWith<PamlinkException> { hub.links }.name)
    }

    @Test
    fun `null, wrong lengths and small buffers do no harm to the entry`() {
        Border.ready()
        HubEngine().use { hub ->
            val handle = hubHandle(hub)
            val out = Memory(4096)
            val address = Pointer.nativeValue(out)
            fun step(input: Long, size: Long, to: Long, room: Long) =
                WideCalls.pamlink_step(handle, 1, 1, input, size, to, room)
            // Null with a length, and lengths that no buffer has.
            assertEquals(-2, step(0, 1, address, 4096))
            assertEquals(-2, step(address, 8, 0, 4096))
            assertEquals(-2, step(address, -1, address, 4096))
            assertEquals(-2, step(address, 8, address, -1))
            assertEquals(-2, WideCalls.pamlink_output(handle, 0, 1))
            // Null without one: an empty input, and room for nothing. The output waits.
            val size = step(0, 0, 0, 0)
            assertTrue(size > 0)
            assertEquals(-5, step(0, 0, address, 4096))
            assertEquals(size, WideCalls.pamlink_output(handle, address, size - 1))
            assertEquals(size, WideCalls.pamlink_output(handle, address, 4096))
            assertEquals(0, WideCalls.pamlink_output(handle, address, 4096))
            assertEquals(-4, WideCalls.pamlink_step(Long.MAX_VALUE, 1, 1, 0, 0, address, 4096))
        }
    }

    @Test
    fun `an output that is larger than its buffer comes whole`() {
        HubEngine().use { hub ->
            val link = accepted(hub)
            val long = "{\"type\":\"alert\",\"message\":\"${"x".repeat(200_000)}\"}"
            val events = hub.step(now, Input.SendTo(link, long))
            assertEquals(long, assertIs<Action.WriteText>(events.last()).text)
            val small = hub.step(now, Input.TextIn(link, "{\"type\":\"pong\"}"))
            assertEquals(emptyList(), small)
        }
    }

    @Test
    fun `records that are none are a fault of their place`() {
        HubEngine().use { hub ->
            val events = hub.step(now, listOf(Input.Broadcast("{\"type\":\"alert\"}"), Input.Connect))
            assertIs<CommandResult.Pushed>(events[0])
            val fault = assertIs<CommandResult.Faulted>(events[1])
            assertEquals(1, fault.of)
            assertEquals("wrong_machine", fault.error.name)
            assertIs<PamlinkException.Usage>(fault.error)
        }
    }

    @Test
    fun `what a constructor refuses is named`() {
        val options = ClientOptions("ws://localhost:1/x")
        assertEquals("bad_url", refused { ClientEngine(ClientOptions("http://localhost"), now = now) })
        assertEquals("bad_seed", refused { ClientEngine(options, ByteArray(31), now) })
        assertEquals("bad_option", refused { ClientEngine(options.copy(maxRequests = 0), now = now) })
        assertEquals("bad_option", refused { ClientEngine(options.copy(maxRequests = -1), now = now) })
        assertEquals("bad_option", refused { ClientEngine(options.copy(requestTimeout = (-1).milliseconds), now = now) })
        assertEquals("bad_key", refused { HubEngine(HubOptions(auth = AuthOptions(hs256Secret = ByteArray(31)))) })
        assertEquals("bad_routes", refused { HubEngine(HubOptions(routes = "{}")) })
        assertEquals("bad_key", refused { signToken(ByteArray(5), "ann", 1) })
        assertEquals("bad_seed", refused { backoffDelays(ByteArray(1), emptyList()) })
        assertEquals("control_too_long", refused { FrameCodec(false, 1024).use { it.ping(ByteArray(126)) } })
    }

    private fun refused(work: () -> Any?): String = assertFailsWith<PamlinkException> { work() }.name

    private fun accepted(hub: HubEngine): Long =
        hub.step(now, Input.AcceptOpened(user = "ann", subject = "ann"))
            .filterIsInstance<CommandResult.Accepted>().single().link

    private fun hubHandle(hub: HubEngine): Long {
        val field = Border::class.java.getDeclaredField("handle").also { it.isAccessible = true }
        return field.getLong(hub.border)
    }
}
