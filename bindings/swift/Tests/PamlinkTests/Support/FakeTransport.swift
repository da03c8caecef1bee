import Foundation

@testable import Pamlink

/// A transport in memory that speaks messages: the test is the server.
final class FakeTransport: Transport, @unchecked Sendable {
    private let lock = NSLock()
    private var asked: [ConnectRequest] = []
    private var all: [FakeConnection] = []
    private let refusal: ConnectFailure?
    private let arrivals: AsyncStream<FakeConnection>.Continuation
    /// Each connection that the client makes.
    let connections: AsyncStream<FakeConnection>

    init(refusing refusal: ConnectFailure? = nil) {
        self.refusal = refusal
        (connections, arrivals) = AsyncStream<FakeConnection>.makeStream()
    }

    var requests: [ConnectRequest] { lock.withLock { asked } }

    func connect(_ request: ConnectRequest) async throws -> any Connection {
        lock.withLock { asked.append(request) }
        if let refusal { throw refusal }
        let connection = FakeConnection()
        arrivals.yield(connection)
        return connection
    }

    /// The next connection that the client makes.
    func next() async throws -> FakeConnection {
        for await connection in connections { return connection }
        throw TooLate(what: "a connection")
    }
}

/// One connection: what the client writes, and what it is told.
final class FakeConnection: Connection, @unchecked Sendable {
    let speaks = Speaks.messages(subprotocol: nil)
    private let toClient: AsyncStream<Inbound>.Continuation
    private let inbound: AsyncStream<Inbound>
    private let fromClient: AsyncStream<Outbound>.Continuation
    /// What the client wrote.
    let written: AsyncStream<Outbound>
    /// How often it was dropped.
    let drops = Counter()

    static let welcome =
        "{\"type\":\"connection\",\"status\":\"connected\",\"features\":[\"reply_to\",\"repeat\"]}"

    init() {
        (inbound, toClient) = AsyncStream<Inbound>.makeStream()
        (written, fromClient) = AsyncStream<Outbound>.makeStream()
    }

    func read() async throws -> Inbound? {
        for await next in inbound { return next }
        return nil
    }

    func write(_ outbound: Outbound) async throws {
        fromClient.yield(outbound)
        // A close frame is answered with one.
        if case .close(let code, let reason) = outbound {
            toClient.yield(.close(code: code, reason: reason))
            toClient.finish()
        }
    }

    func closeTransport() {
        drops.add()
        toClient.finish()
        fromClient.finish()
    }

    /// Tells the client something.
    func say(_ text: String) {
        toClient.yield(.text(text))
    }

    /// The server closes the connection.
    func close(_ code: UInt16) {
        toClient.yield(.close(code: code, reason: ""))
        toClient.finish()
    }

    /// The connection is lost.
    func lose() {
        toClient.finish()
    }

    /// The next text that the client wrote, as JSON.
    func next() async throws -> JSON {
        for await outbound in written {
            if case .text(let text) = outbound { return try JSON(parsing: text) }
        }
        throw TooLate(what: "a text")
    }

    /// The next request, its id as it is to be given back.
    func request() async throws -> (id: String, text: String, json: JSON) {
        while true {
            let json = try await next()
            if json["type"]?.text == "chat" {
                return (json["id"]?.encoded ?? "", json["message"]?.text ?? "", json)
            }
        }
    }
}
