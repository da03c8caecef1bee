import CPamlink
import Foundation

/// The one hot call, through the plain C entry, with the buffers that it reuses.
///
/// Not to be used from two threads at once: its owner holds a lock or is an actor.
final class Stepper {
    let input = RecordWriter()
    private let handle: UInt64
    private var room: UnsafeMutableRawPointer
    private var capacity: Int

    /// Bytes of output that are kept between two steps.
    private static let keep = 256 * 1024

    private static let small = 16 * 1024

    init(handle: UInt64, capacity: Int = small) {
        self.handle = handle
        self.capacity = capacity
        room = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        room.deallocate()
    }

    /// Gives the engine what was written to `input`, clears that, and has `take` read each record
    /// of the output. Returns when the engine wants the next step.
    ///
    /// - Throws: `no_engine`, `poisoned`, or `bad_input` if the output breaks the layout.
    func step(
        _ now: Now, _ take: (RecordReader) -> Void
    ) throws(PamlinkError) -> Deadline? {
        let records = try output(now)
        var deadline: Deadline?
        var offset = 0
        while offset < records.count {
            var record = try RecordReader(records, at: &offset)
            if record.kind == Kind.next {
                deadline = record.maybe().map { Deadline(monoNanos: $0, reason: record.string()) }
            } else {
                take(record)
            }
        }
        return deadline
    }

    /// Gives the engine what was written to `input`, clears that, and returns the output, which is
    /// there until the next call.
    ///
    /// - Throws: `no_engine`, `poisoned`.
    func output(_ now: Now) throws(PamlinkError) -> UnsafeRawBufferPointer {
        if capacity > Self.keep { resize(Self.small) }
        let given = input.buffer
        var length = pamlink_step(
            handle, now.monoNanos, now.wallMicros,
            given.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(given.count),
            room.assumingMemoryBound(to: UInt8.self), UInt64(capacity))
        input.clear()
        if length > capacity { length = fetch(length) }
        guard length >= 0 else { throw PamlinkError(result: length) }
        return UnsafeRawBufferPointer(start: room, count: Int(length))
    }

    /// Fetches an output for which there was no room.
    private func fetch(_ length: Int64) -> Int64 {
        resize(Int(length))
        return pamlink_output(
            handle, room.assumingMemoryBound(to: UInt8.self), UInt64(capacity))
    }

    private func resize(_ wanted: Int) {
        room.deallocate()
        capacity = wanted
        room = .allocate(byteCount: capacity, alignment: 16)
    }
}
