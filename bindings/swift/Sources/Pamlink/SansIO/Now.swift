#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Both clocks, read together: an engine gets them with everything that happens.
public struct Now: Hashable, Sendable {
    /// Nanoseconds on a monotonic clock that counts sleep, from any origin.
    public var monoNanos: UInt64
    /// Microseconds since 1970.
    public var wallMicros: Int64

    /// A moment of a test, or of a clock of one's own.
    public init(monoNanos: UInt64, wallMicros: Int64) {
        self.monoNanos = monoNanos
        self.wallMicros = wallMicros
    }

    /// This moment.
    public static var current: Now {
        Now(monoNanos: continuousNanos(), wallMicros: wallMicros())
    }

    /// A moment so much later, on both clocks.
    public func advanced(by span: Duration) -> Now {
        Now(
            monoNanos: monoNanos &+ UInt64(max(0, span.nanos)),
            wallMicros: wallMicros + span.nanos / 1_000)
    }

    // Both name the clock that goes on while the device sleeps; `CLOCK_MONOTONIC` does so on
    // Apple's systems alone.
    private static func continuousNanos() -> UInt64 {
        #if canImport(Darwin)
            return nanos(of: CLOCK_MONOTONIC)
        #else
            return nanos(of: CLOCK_BOOTTIME)
        #endif
    }

    private static func wallMicros() -> Int64 {
        Int64(nanos(of: CLOCK_REALTIME) / 1_000)
    }

    private static func nanos(of clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds, as many as there can be.
    var nanos: Int64 {
        let (seconds, atto) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, more) = whole.addingReportingOverflow(atto / 1_000_000_000)
        return more ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds for an option, none below 0.
    var millis: UInt64 {
        UInt64(max(0, nanos)) / 1_000_000
    }

    init(word: UInt64) {
        self = .nanoseconds(Int64(clamping: word))
    }

    /// The word for a span: none below 0.
    var word: UInt64 {
        UInt64(max(0, nanos))
    }
}
