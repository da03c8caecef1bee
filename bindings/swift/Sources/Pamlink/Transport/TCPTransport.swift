/// A plain connection, over which the engine speaks WebSocket: its own opening handshake, frames
/// and close codes, the same on every system.
///
/// On Apple's systems through Network.framework, with TLS for `wss://`. Elsewhere through a socket,
/// without TLS: a `wss://` URL is refused there, and needs a transport of yours.
public struct TCPTransport: Transport {
    /// A transport without choices.
    public init() {}

    public func connect(_ request: ConnectRequest) async throws -> any Connection {
        #if canImport(Network)
            try await NetworkConnection.connect(to: request.dial)
        #else
            try await SocketConnection.connect(to: request.dial)
        #endif
    }
}
