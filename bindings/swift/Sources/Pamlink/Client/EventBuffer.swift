import Foundation

/// Events that wait to be taken: bounded, the oldest are dropped and counted, and the count comes
/// where they were.
final class EventBuffer: @unchecked Sendable {
    private let lock = NSLock()
    private let capacity: Int
    private var events = Fifo<Event>()
    private var lost: UInt64 = 0
    private var finished = false
    private var waiting: [UInt64: CheckedContinuation<Event?, Never>] = [:]
    private var tickets: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Adds an event, and drops the oldest if there are too many.
    func add(_ event: Event) {
        let waiter: CheckedContinuation<Event?, Never>? = lock.withLock {
            guard !finished else { return nil }
            // Whoever waits does so because nothing was there.
            if let first = waiting.keys.min() { return waiting.removeValue(forKey: first) }
            events.append(event)
            if events.count > capacity {
                _ = events.popFirst()
                lost += 1
            }
            return nil
        }
        waiter?.resume(returning: event)
    }

    /// No more events come. Those that wait can still be taken.
    func finish() {
        let waiters = lock.withLock {
            finished = true
            defer { waiting = [:] }
            return Array(waiting.values)
        }
        for waiter in waiters { waiter.resume(returning: nil) }
    }

    /// The next event; `nil` after the last one, or if the task is cancelled.
    func next() async -> Event? {
        let ticket = lock.withLock {
            tickets += 1
            return tickets
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: Event?? = lock.withLock {
                    if let event = take() { return event }
                    if finished || Task.isCancelled { return .some(nil) }
                    waiting[ticket] = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            lock.withLock { waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
        }
    }

    private func take() -> Event? {
        if lost > 0 {
            defer { lost = 0 }
            return .lost(lost)
        }
        return events.popFirst()
    }
}
