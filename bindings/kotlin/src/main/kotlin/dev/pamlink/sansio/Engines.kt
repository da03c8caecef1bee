package dev.pamlink.sansio

import dev.pamlink.ErrorCode
import dev.pamlink.ErrorParts
import dev.pamlink.LinkState
import dev.pamlink.PamlinkException
import java.nio.ByteBuffer
import java.security.SecureRandom
import kotlin.time.Duration.Companion.milliseconds
import dev.pamlink.ffi.Client as FfiClient
import dev.pamlink.ffi.Failure as FfiFailure
import dev.pamlink.ffi.Hub as FfiHub
import dev.pamlink.ffi.InternalException as FfiPanic

/**
 * One outgoing link and its requests, without sockets, clocks and threads: same inputs, same
 * outputs. [dev.pamlink.Client] is this with a transport.
 *
 * May be called from any thread, one step at a time: others wait. A step takes microseconds.
 */
public class ClientEngine private constructor(private val client: FfiClient) : Engine() {
    public constructor(options: ClientOptions, seed: ByteArray = newSeed(), now: Now) : this(
        call { FfiClient(options.ffi(), outside(seed), now.monoNanos.toULong(), now.wallMicros) },
    )

    override val border: Border = Border(client.handle().toLong())

    /** The state of the link. */
    public val state: LinkState get() = alive { call { LinkState.of(client.state().toLong()) } }

    override fun read(reader: PackedReader): Output = reader.clientOutput()

    override fun prometheus(): String = client.metrics()

    override fun free(): Unit = client.close()

    public companion object {
        /**
         * The client of which [Input.Snapshot] has given these bytes, not connected: its requests go
         * on, and its first step begins with a [Restored] for each. [options] are those of the client before.
         *
         * @throws PamlinkException.Usage `bad_snapshot`, and as the constructor.
         */
        public fun restore(
            options: ClientOptions,
            snapshot: ByteArray,
            seed: ByteArray = newSeed(),
            now: Now,
        ): ClientEngine = ClientEngine(
            call {
                val (bytes, random) = outside(snapshot) to outside(seed)
                FfiClient.restore(options.ffi(), bytes, random, now.monoNanos.toULong(), now.wallMicros)
            },
        )
    }
}

/**
 * Many incoming links of many users, without sockets, clocks and threads.
 *
 * May be called from any thread, one step at a time: others wait.
 */
public class HubEngine(options: HubOptions = HubOptions(), seed: ByteArray = newSeed()) : Engine() {
    private val hub: FfiHub = call { FfiHub(options.ffi(), outside(seed)) }
    override val border: Border = Border(hub.handle().toLong())

    /** Links that have not ended. */
    public val links: Long get() = alive { call { hub.links().toLong() } }

    /** Bytes held by the hub and its links, outside the heap of the JVM. */
    public val memory: Long get() = alive { call { hub.memory().toLong() } }

    /** The welcomed links of a user, newest first. */
    public fun linksOf(user: String): List<Long> = alive { call { hub.linksOf(user).map { it.toLong() } } }

    /**
     * Replaces the routing table between two messages.
     *
     * @throws PamlinkException.Usage `bad_routes` names every fault with its line.
     */
    public fun replaceRoutes(json: String): Unit = alive { call { hub.replaceRoutes(json) } }

    /** Replaces who decides whether tokens are good, for tokens that come from now on. */
    public fun setAuth(auth: AuthOptions): Unit = alive { call { hub.setAuth(auth.ffi()) } }

    override fun read(reader: PackedReader): Output = reader.hubOutput()

    override fun prometheus(): String = hub.metrics()

    override fun free(): Unit = hub.close()
}

/** What both engines have in common. */
public sealed class Engine : AutoCloseable {
    internal abstract val border: Border
    private var closed = false

    /** When to step again at the latest; null: never before something happens. */
    public var deadline: Deadline? = null
        private set

    /**
     * Hands over what happened and returns all that follows. Without inputs: time has passed.
     *
     * Inputs are taken in their order. One that is refused is a [CommandResult.Faulted].
     *
     * @throws PamlinkException.Internal the engine has panicked and is of no more use.
     * @throws PamlinkException.Usage the engine is closed.
     */
    public fun step(now: Now, inputs: List<Input>): List<Output> = alive {
        for (at in inputs.indices) border.input.put(inputs[at])
        run(now)
    }

    /** The same with one input. */
    public fun step(now: Now, input: Input): List<Output> = alive {
        border.input.put(input)
        run(now)
    }

    /** The same without inputs: time has passed. */
    public fun step(now: Now): List<Output> = alive { run(now) }

    /**
     * The same in the packed layout (`bindings/border/src/packed`), both ways: what a device has recorded
     * is replayed so.
     */
    public fun stepPacked(now: Now, input: ByteArray): ByteArray = alive {
        border.input.raw(input)
        border.step(now.monoNanos, now.wallMicros)
        val reader = border.reader
        while (reader.next()) if (reader.kind == Schema.NEXT) next(reader)
        reader.all()
    }

    /** All that was counted, as text for Prometheus. */
    public fun metrics(): String = alive { call { prometheus() } }

    /** Frees the engine. Any later call throws `no_engine`. */
    override fun close() {
        synchronized(this) {
            if (closed) return
            closed = true
            free()
        }
    }

    internal abstract fun read(reader: PackedReader): Output

    internal abstract fun prometheus(): String

    internal abstract fun free()

    /** Runs [work] alone, on an engine that is not closed. */
    internal inline fun <T> alive(work: () -> T): T = synchronized(this) {
        if (isClosed()) throw PamlinkException.of(ErrorCode.NO_ENGINE, "the engine is closed")
        work()
    }

    internal fun isClosed(): Boolean = closed

    private fun run(now: Now): List<Output> {
        border.step(now.monoNanos, now.wallMicros)
        val reader = border.reader
        val outputs = ArrayList<Output>(4)
        while (reader.next()) {
            if (reader.kind == Schema.NEXT) next(reader) else outputs.add(read(reader))
        }
        return outputs
    }

    private fun next(reader: PackedReader) {
        deadline = reader.some(0)?.let { Deadline(it, reader.text(0)) }
    }
}

/** 32 bytes from the operating system's source of entropy: what an engine draws its choices from. */
public fun newSeed(): ByteArray = ByteArray(32).also(random::nextBytes)

private val random = SecureRandom()

/** Calls the generated module: after the version is compared, with errors as ours. */
internal inline fun <T> call(work: () -> T): T {
    Border.ready()
    try {
        return work()
    } catch (failure: FfiFailure) {
        throw translated(failure)
    } catch (panic: FfiPanic) {
        throw PamlinkException.of(ErrorCode.POISONED, "the library panicked: ${panic.message}", cause = panic)
    }
}

internal fun translated(failure: FfiFailure): PamlinkException = when (failure) {
    is FfiFailure.Refused -> PamlinkException.of(
        ErrorParts(
            failure.code.toInt(),
            failure.name,
            failure.`class`,
            failure.retryable,
            failure.retryAfterMs?.toLong()?.milliseconds,
            failure.what,
            failure,
        ),
    )
}

/** Bytes where the library can read them. */
internal fun outside(bytes: ByteArray): ByteBuffer {
    val buffer = ByteBuffer.allocateDirect(bytes.size)
    buffer.put(bytes).flip()
    return buffer
}

internal fun outside(text: String): ByteBuffer = outside(text.toByteArray(Charsets.UTF_8))
