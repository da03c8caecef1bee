import Foundation

@testable import Pamlink

/// A transport whose connections a test breaks.
final class CuttableTransport: Transport, @unchecked Sendable {
    private let inner: any Transport
    private let lock = NSLock()
    private var made: [any Connection] = []
    private var isDead = false

    init(_ inner: any Transport) {
        self.inner = inner
    }

    /// What each connection speaks.
    var speaks: [Speaks] { lock.withLock { made.map(\.speaks) } }

    func connect(_ request: ConnectRequest) async throws -> any Connection {
        if lock.withLock({ isDead }) {
            throw ConnectFailure(kind: "network", message: "the process has ended")
        }
        let connection = try await inner.connect(request)
        lock.withLock { made.append(connection) }
        return connection
    }

    /// All connections break.
    func cut() {
        for connection in lock.withLock({ made }) { connection.closeTransport() }
    }

    /// The process of the client ends: nothing goes out any more.
    func kill() {
        lock.withLock { isDead = true }
        cut()
    }
}
