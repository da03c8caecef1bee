import Foundation

/// The state of the link for everybody who watches it: each sees the present one and every one that
/// it has time for, never an old one after a new one.
final class States: @unchecked Sendable {
    private let lock = NSLock()
    private var state = LinkState.closed
    private var finished = false
    private var watchers: [UInt64: AsyncStream<LinkState>.Continuation] = [:]
    private var next: UInt64 = 0

    var current: LinkState {
        lock.withLock { state }
    }

    func set(_ new: LinkState) {
        lock.withLock {
            state = new
            for watcher in watchers.values { watcher.yield(new) }
        }
    }

    func finish() {
        let last = lock.withLock {
            finished = true
            defer { watchers = [:] }
            return Array(watchers.values)
        }
        for watcher in last { watcher.finish() }
    }

    func stream() -> AsyncStream<LinkState> {
        let (stream, watcher) = AsyncStream<LinkState>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let number = lock.withLock {
            watcher.yield(state)
            next += 1
            if !finished { watchers[next] = watcher }
            return finished ? nil : next
        }
        guard let number else {
            watcher.finish()
            return stream
        }
        watcher.onTermination = { [weak self] _ in
            guard let self else { return }
            self.lock.withLock { _ = self.watchers.removeValue(forKey: number) }
        }
        return stream
    }
}
