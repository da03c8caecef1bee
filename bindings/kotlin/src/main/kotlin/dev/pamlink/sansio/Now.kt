package dev.pamlink.sansio

import dev.pamlink.Clock

/** Both clocks, read together. */
public data class Now(
    /** Nanoseconds of a monotonic clock that counts sleep, from any origin. */
    val monoNanos: Long,
    /** Microseconds since 1970. */
    val wallMicros: Long,
) {
    public companion object {
        /** What [clock] says. */
        public fun of(clock: Clock): Now = Now(clock.monoNanos(), clock.wallMicros())
    }
}

/** When to step again at the latest, and why. */
public data class Deadline(
    /** On the monotonic clock that is passed in. */
    val monoNanos: Long,
    /** Such as `heartbeat` or `backoff`. */
    val reason: String,
)
