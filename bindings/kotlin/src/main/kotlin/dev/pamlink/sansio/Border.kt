package dev.pamlink.sansio

import com.sun.jna.Native
import dev.pamlink.ErrorCode
import dev.pamlink.PamlinkException

/**
 * The one hot call, past UniFFI: numbers and addresses through JNA's direct mapping.
 *
 * Everything else of this package goes through the generated module, after [ready].
 */
internal class Border(private val handle: Long) {
    /** What happened, for the next [step]. */
    val input = PackedWriter()
    private val output = Outside()

    /** What followed. */
    val reader = PackedReader()

    /** Hands over [input] with both clocks. What follows is in [reader]. */
    fun step(monoNanos: Long, wallMicros: Long) {
        val done = library.step(handle, monoNanos, wallMicros, input.outside.address, input.size.toLong(), output)
        input.clear()
        var size = sizeOf(done)
        if (size > output.capacity) {
            output.grow(size, 0)
            size = sizeOf(library.output(handle, output))
        }
        reader.load(output.buffer, size)
        output.shrink()
    }

    private fun sizeOf(result: Long): Int {
        if (result < 0) throw PamlinkException.of((-result).toInt())
        return result.toInt()
    }

    internal companion object {
        /** Where the library is taken from, by the same property as the generated module. */
        private val name: String =
            System.getProperty("uniffi.component.pamlink.libraryOverride") ?: "pamlink_ffi"

        internal val library: Entry by lazy {
            val entry = try {
                if (Native.POINTER_SIZE == 8) Wide(name) else Narrow(name)
            } catch (missing: UnsatisfiedLinkError) {
                val what = "the library $name cannot be loaded, or is none of pamlink: ${missing.message}"
                throw PamlinkException.of(ErrorCode.ABI_MISMATCH, what, cause = missing)
            }
            checkAbi(entry.abi())
            entry
        }

        /** Has loaded the library and compared its version. */
        fun ready() {
            library
        }

        /** Refuses a library of another version. */
        fun checkAbi(found: Int) {
            if (found == Schema.ABI) return
            throw PamlinkException.of(
                ErrorCode.ABI_MISMATCH,
                "this package speaks version ${Schema.ABI} of the border, and the library $name version $found: " +
                    "take both from one release",
            )
        }
    }
}

/** The C entry of the library. */
internal interface Entry {
    fun abi(): Int

    fun step(handle: Long, mono: Long, wall: Long, input: Long, size: Long, out: Outside): Long

    fun output(handle: Long, out: Outside): Long
}

/** With addresses of 64 bits. */
private class Wide(name: String) : Entry {
    init {
        Native.register(WideCalls::class.java, name)
    }

    override fun abi(): Int = WideCalls.pamlink_abi()

    override fun step(handle: Long, mono: Long, wall: Long, input: Long, size: Long, out: Outside): Long =
        WideCalls.pamlink_step(handle, mono, wall, input, size, out.address, out.capacity.toLong())

    override fun output(handle: Long, out: Outside): Long =
        WideCalls.pamlink_output(handle, out.address, out.capacity.toLong())
}

/** With addresses of 32 bits: old Android devices. */
private class Narrow(name: String) : Entry {
    init {
        Native.register(NarrowCalls::class.java, name)
    }

    override fun abi(): Int = NarrowCalls.pamlink_abi()

    override fun step(handle: Long, mono: Long, wall: Long, input: Long, size: Long, out: Outside): Long =
        NarrowCalls.pamlink_step(handle, mono, wall, input.toInt(), size, out.address.toInt(), out.capacity.toLong())

    override fun output(handle: Long, out: Outside): Long =
        NarrowCalls.pamlink_output(handle, out.address.toInt(), out.capacity.toLong())
}

@Suppress("FunctionName")
internal object WideCalls {
    @JvmStatic
    external fun pamlink_abi(): Int

    @JvmStatic
    external fun pamlink_step(handle: Long, mono: Long, wall: Long, input: Long, size: Long, out: Long, cap: Long): Long

    @JvmStatic
    external fun pamlink_output(handle: Long, out: Long, cap: Long): Long
}

@Suppress("FunctionName")
private object NarrowCalls {
    @JvmStatic
    external fun pamlink_abi(): Int

    @JvmStatic
    external fun pamlink_step(handle: Long, mono: Long, wall: Long, input: Int, size: Long, out: Int, cap: Long): Long

    @JvmStatic
    external fun pamlink_output(handle: Long, out: Int, cap: Long): Long
}
