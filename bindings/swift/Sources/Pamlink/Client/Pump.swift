import Foundation

/// Writes what a client has for one connection, in order, and reads what comes.
///
/// What waits here is bounded by the engine, which asks to hear `written` and hands out no more
/// before.
final class Pump: @unchecked Sendable {
    /// What a connection reports to its client.
    enum TransportEvent: Sendable {
        case read(Inbound)
        case written
        case closed
    }

    private struct Write {
        let outbound: Outbound
        /// The engine wants to hear when it is written.
        let ack: Bool
    }

    private let connection: any Connection
    private let outgoing: AsyncStream<Write>.Continuation
    private let lock = NSLock()
    private var tasks: [Task<Void, Never>] = []

    /// How long a connection that is to be dropped may take to write what it has.
    private static let grace = Duration.seconds(2)

    init(_ connection: any Connection, tell: @escaping @Sendable (TransportEvent) async -> Bool) {
        self.connection = connection
        let (queue, outgoing) = AsyncStream<Write>.makeStream()
        self.outgoing = outgoing
        let reader = Task { [connection] in
            while let inbound = try? await connection.read() {
                if await !tell(.read(inbound)) { return }
            }
            _ = await tell(.closed)
        }
        let writer = Task { [connection] in
            for await write in queue {
                do {
                    try await connection.write(write.outbound)
                } catch {
                    // The reader sees the end as well; whoever is first reports it.
                    connection.closeTransport()
                    _ = await tell(.closed)
                    return
                }
                if write.ack, await !tell(.written) { return }
            }
            connection.closeTransport()
        }
        lock.withLock { tasks = [reader, writer] }
    }

    deinit {
        drop()
    }

    /// Queues something.
    func write(_ outbound: Outbound, ack: Bool) {
        outgoing.yield(Write(outbound: outbound, ack: ack))
    }

    /// Drops the connection once everything is written, or after a while.
    func closeTransport() {
        outgoing.finish()
        Task { [self] in
            try? await Task.sleep(for: Self.grace)
            drop()
        }
    }

    /// Drops the connection now.
    func drop() {
        outgoing.finish()
        connection.closeTransport()
        for task in lock.withLock({ tasks }) { task.cancel() }
    }
}
