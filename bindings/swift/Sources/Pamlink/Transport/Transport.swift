/// Makes connections for a ``Client``: URLSession, a plain socket, or one of your own.
///
/// It decides nothing: when to connect, what to write, and when to give up is the engine's.
public protocol Transport: Sendable {
    /// Makes a connection. The task is cancelled when it is not wanted any more, also because it
    /// takes too long.
    ///
    /// - Throws: ``ConnectFailure`` if the reason is known; any other error counts as `network`.
    func connect(_ request: ConnectRequest) async throws -> any Connection
}

/// One connection of a ``Transport``.
public protocol Connection: Sendable {
    /// What it reads and writes.
    var speaks: Speaks { get }

    /// What comes next; `nil` when the connection has ended. Called again only after it returned.
    func read() async throws -> Inbound?

    /// Writes, and returns when the connection takes more. Called again only after it returned.
    func write(_ outbound: Outbound) async throws

    /// Drops the connection: `read` and `write` that wait return soon. May be called more than once
    /// and at any time.
    func closeTransport()
}

/// What a connection reads and writes.
public enum Speaks: Hashable, Sendable {
    /// Bytes: the engine does the opening handshake and the frames.
    case bytes
    /// Whole messages: the connection did the opening handshake, with this subprotocol if the
    /// server chose one.
    case messages(subprotocol: String?)
}

/// Where to connect, and what the connection must know.
public struct ConnectRequest: Hashable, Sendable {
    /// Where to.
    public let dial: Dial
    /// Subprotocols to offer, if the transport does the opening handshake.
    public let subprotocols: [String]
    /// The `Origin` header, if it does.
    public let origin: String?
    /// The longest message that may come, in bytes.
    public let maxMessageBytes: UInt64
}

/// Why there is no connection.
public struct ConnectFailure: Error, Hashable, Sendable {
    /// The HTTP status of the server's refusal, if that was it.
    public let status: UInt16?
    /// The class of the end, such as `network`, if there was no status.
    public let kind: String?
    /// What happened, for people. Must not hold the URL.
    public let message: String
    /// The body of the answer or its beginning, as far as it is known.
    public let body: String?
    /// `Retry-After` of the answer.
    public let retryAfter: Duration?

    /// A reason: the status if the server answered, else the class; without both it is `network`.
    public init(
        status: UInt16? = nil, kind: String? = nil, message: String, body: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.status = status
        self.kind = kind
        self.message = message
        self.body = body
        self.retryAfter = retryAfter
    }
}
