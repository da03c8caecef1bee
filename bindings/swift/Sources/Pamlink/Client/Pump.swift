import Foundation

/// Writes what a client has for one connection, in order, and reads what comes.
///
/// What waits here is bounded by the engine, which hands out 64 KiB until it hears `written`.
final class Pump: @unchecked Sendable {
    /// What a connection tells its client.
    enum Told: Sendable {
        case read(Inbound)
        case written
        case closed
    }

    private let connection: any Connection
    private let outgoing: AsyncStream<Outbound>.Continuation
    private let lock = NSLock()
    /// What waits to be written, as the engine counts it.
    private var waiting = 0
    /// What was written since the engine heard of it.
    private var unsaid = 0
    private var tasks: [Task<Void, Never>] = []

    /// After so much the engine hears that all is written.
    private static let often = 32 * 1024
    /// How long a connection that is to be dropped may take to write what it has.
    private static let grace = Duration.seconds(2)

    init(_ connection: any Connection, tell: @escaping @Sendable (Told) async -> Bool) {
        self.connection = connection
        let (queue, outgoing) = AsyncStream<Outbound>.makeStream()
        self.outgoing = outgoing
        let reader = Task { [connection] in
            while let inbound = try? await connection.read() {
                if await !tell(.read(inbound)) { return }
            }
            _ = await tell(.closed)
        }
        let writer = Task { [connection, weak self] in
            for await outbound in queue {
                do {
                    try await connection.write(outbound)
                } catch {
                    // The reader sees the end as well; whoever is first tells it.
                    connection.hangUp()
                    _ = await tell(.closed)
                    return
                }
                if self?.wrote(outbound.weight) == true, await !tell(.written) { return }
            }
            connection.hangUp()
        }
        lock.withLock { tasks = [reader, writer] }
    }

    deinit {
        drop()
    }

    /// Queues something.
    func write(_ outbound: Outbound) {
        lock.withLock { waiting += outbound.weight }
        outgoing.yield(outbound)
    }

    /// Drops the connection once everything is written, or after a while.
    func hangUp() {
        outgoing.finish()
        Task { [self] in
            try? await Task.sleep(for: Self.grace)
            drop()
        }
    }

    /// Drops the connection now.
    func drop() {
        outgoing.finish()
        connection.hangUp()
        for task in lock.withLock({ tasks }) { task.cancel() }
    }

    /// Whether the engine should hear that everything is written.
    private func wrote(_ weight: Int) -> Bool {
        lock.withLock {
            waiting -= weight
            unsaid += weight
            guard waiting == 0, unsaid >= Self.often else { return false }
            unsaid = 0
            return true
        }
    }
}
