internal import PamlinkFFI

/// The bounds and choices of a client. What is `nil` is the engine's default.
public struct Configuration: Hashable, Sendable {
    /// How long a request waits for its answer, 1 s to 24 h. Default 60 s. One that waits longer
    /// than the server remembers (5 min by default) may take effect twice.
    public var requestTimeout: Duration?
    /// Most requests at once, 1 to 65,536. Default 64.
    public var maxRequests: UInt32?
    /// Most bytes of requests at once, 1 KiB to 1 GiB. Default 256 KiB.
    public var maxRequestBytes: UInt64?
    /// The interval of the keepalive: a server that is silent for it is sent a ping, 10 ms to 25 s. Default 20 s.
    public var heartbeatInterval: Duration?
    /// How long the server has to show it, 10 ms to 2 min. Default 10 s.
    public var heartbeatDeadline: Duration?
    /// The longest delay between two attempts to connect, 100 ms to 1 h. Default 30 s.
    public var backoffCap: Duration?
    /// How long a transport may take to connect, 10 ms to 10 min. Default 15 s.
    public var dialTimeout: Duration?
    /// How long the server's welcome may take; zero for servers that send none. 0 to 10 min.
    /// Default 10 s.
    public var welcomeTimeout: Duration?
    /// The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB. Transports that
    /// speak WebSocket themselves are given the same bound.
    public var maxMessageBytes: UInt64?
    /// The `Origin` header; only browsers have one. Default none.
    public var origin: String?
    /// Subprotocols to offer, the preferred one first. Default none.
    public var subprotocols: [String]
    /// Whether to speak `pamlink.v1` where the server has it: then an answer goes on in the middle
    /// after a break, a request is cancelled at the server, and the client is kept as a snapshot. A
    /// server without it is called again in the `pam` dialect. Default yes.
    public var v1: Bool
    /// Whether to offer compression (permessage-deflate) over a transport of bytes, as
    /// ``TCPTransport`` is. One that speaks WebSocket itself, as ``URLSessionTransport`` does,
    /// negotiates its own. Off, since it costs a battery more than the bytes are worth, and half a
    /// megabyte while the link is in use.
    public var compression: Bool
    /// Whether to connect without a token and never ask for one. Default no; ``Client`` sets it if
    /// it has no token provider.
    public var anonymous: Bool

    /// The engine's defaults but for what is given.
    public init(
        requestTimeout: Duration? = nil, maxRequests: UInt32? = nil, maxRequestBytes: UInt64? = nil,
        heartbeatInterval: Duration? = nil, heartbeatDeadline: Duration? = nil,
        backoffCap: Duration? = nil, dialTimeout: Duration? = nil,
        welcomeTimeout: Duration? = nil, maxMessageBytes: UInt64? = nil, origin: String? = nil,
        subprotocols: [String] = [], v1: Bool = true, compression: Bool = false,
        anonymous: Bool = false
    ) {
        self.requestTimeout = requestTimeout
        self.maxRequests = maxRequests
        self.maxRequestBytes = maxRequestBytes
        self.heartbeatInterval = heartbeatInterval
        self.heartbeatDeadline = heartbeatDeadline
        self.backoffCap = backoffCap
        self.dialTimeout = dialTimeout
        self.welcomeTimeout = welcomeTimeout
        self.maxMessageBytes = maxMessageBytes
        self.origin = origin
        self.subprotocols = subprotocols
        self.v1 = v1
        self.compression = compression
        self.anonymous = anonymous
    }

    /// The bound of a message where none is set.
    static let defaultMaxMessageBytes: UInt64 = 1 << 20

    func options(url: String) -> ClientOptions {
        ClientOptions(
            url: url, anonymous: anonymous, requestTimeoutMs: requestTimeout?.millis, maxRequests: maxRequests,
            maxRequestBytes: maxRequestBytes, heartbeatIntervalMs: heartbeatInterval?.millis,
            heartbeatDeadlineMs: heartbeatDeadline?.millis, backoffCapMs: backoffCap?.millis,
            dialTimeoutMs: dialTimeout?.millis, welcomeTimeoutMs: welcomeTimeout?.millis,
            maxMessageBytes: maxMessageBytes, origin: origin, subprotocols: subprotocols,
            v1: v1, compression: compression)
    }
}
