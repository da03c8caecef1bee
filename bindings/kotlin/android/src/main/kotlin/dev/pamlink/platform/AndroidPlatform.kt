package dev.pamlink.platform

import android.os.SystemClock
import dev.pamlink.Clock
import dev.pamlink.transport.OkHttpTransport
import dev.pamlink.transport.Transport

/** What is another on Android than on a JVM, where a file of the same name stands for this one. */
internal object Platform {
    val clock: Clock = SleepingClock

    /** One for all clients: it owns threads. */
    val transport: Transport by lazy { OkHttpTransport() }
}

private object SleepingClock : Clock {
    /** Counts the time that the device sleeps. */
    override fun monoNanos(): Long = SystemClock.elapsedRealtimeNanos()

    override fun wallMicros(): Long = System.currentTimeMillis() * 1000
}
