package dev.pamlink

/**
 * The two clocks of a device. The engine reads none itself.
 *
 * [monoNanos] should count the time that the device sleeps, or a link that died meanwhile is taken
 * for alive until its next sign of life is due. On Android the default does. A JVM has no such
 * clock: on Linux `System.nanoTime` is `CLOCK_MONOTONIC`, which stands still during sleep, so a
 * program for machines that sleep should call [Client.wake] after it.
 */
public interface Clock {
    /** Nanoseconds from any origin, never negative and never going back. */
    public fun monoNanos(): Long

    /** Microseconds since 1970. */
    public fun wallMicros(): Long
}
