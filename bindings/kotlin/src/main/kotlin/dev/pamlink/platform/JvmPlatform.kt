package dev.pamlink.platform

import dev.pamlink.Clock
import dev.pamlink.transport.JavaNetTransport
import dev.pamlink.transport.Transport

/** What is another on a JVM than on Android, where a file of the same name stands for this one. */
internal object Platform {
    val clock: Clock = JvmClock

    /** One for all clients: it owns threads. */
    val transport: Transport by lazy { JavaNetTransport() }
}

private object JvmClock : Clock {
    // `nanoTime` may be negative; the engine's clock is not.
    private val origin = System.nanoTime()

    override fun monoNanos(): Long = System.nanoTime() - origin + 1

    override fun wallMicros(): Long = System.currentTimeMillis() * 1000
}
