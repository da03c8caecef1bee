"""The two clocks that are read for each step of the engine."""

import time

if hasattr(time, "CLOCK_BOOTTIME"):
    # It counts the time asleep: a link that slept through its heartbeat is known to be stale.
    def mono_nanos() -> int:
        """Nanoseconds of a clock that never goes back and counts sleep, from any origin."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

elif hasattr(time, "CLOCK_MONOTONIC"):
    # On macOS this one counts sleep, which `time.monotonic` there does not.
    def mono_nanos() -> int:
        """Nanoseconds of a clock that never goes back and counts sleep, from any origin."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

else:

    def mono_nanos() -> int:
        """Nanoseconds of a clock that never goes back, from any origin."""
        return time.monotonic_ns()


def wall_micros() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1_000
