#if canImport(Network)
    import Foundation
    import Network

    /// A TCP connection through Network.framework, with TLS where the URL says so. The engine speaks
    /// WebSocket over it.
    final class NetworkConnection: Connection, @unchecked Sendable {
        let speaks = Speaks.bytes
        private let connection: NWConnection
        private let queue = DispatchQueue(label: "pamlink.network")
        /// Who waits for the connection to be made; used on `queue` alone.
        private var opening: CheckedContinuation<Void, any Error>?

        /// The most that is read at once.
        private static let most = 64 * 1024

        private init(_ connection: NWConnection) {
            self.connection = connection
        }

        deinit {
            connection.cancel()
        }

        static func connect(to dial: Dial) async throws -> NetworkConnection {
            guard let port = NWEndpoint.Port(rawValue: dial.port) else {
                throw ConnectFailure(kind: "refused", message: "no port is \(dial.port)")
            }
            let tcp = NWProtocolTCP.Options()
            // Small messages go at once.
            tcp.noDelay = true
            let parameters = NWParameters(tls: dial.isTLS ? NWProtocolTLS.Options() : nil, tcp: tcp)
            let host = NWEndpoint.Host(dial.host)
            let made = NetworkConnection(NWConnection(host: host, port: port, using: parameters))
            try await made.open()
            return made
        }

        func read() async throws -> Inbound? {
            try await withCheckedThrowingContinuation { continuation in
                connection.receive(minimumIncompleteLength: 1, maximumLength: Self.most) {
                    data, _, isComplete, error in
                    if let data, !data.isEmpty {
                        continuation.resume(returning: .bytes([UInt8](data)))
                    } else if let error {
                        continuation.resume(throwing: Self.failure(error))
                    } else {
                        // Nothing came and there was no error: that was the end.
                        precondition(isComplete, "a read without a result")
                        continuation.resume(returning: nil)
                    }
                }
            }
        }

        func write(_ outbound: Outbound) async throws {
            guard case .bytes(let bytes) = outbound else {
                throw ConnectFailure(kind: "protocol", message: "this transport takes bytes alone")
            }
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                connection.send(
                    content: Data(bytes),
                    completion: .contentProcessed { error in
                        if let error {
                            continuation.resume(throwing: Self.failure(error))
                        } else {
                            continuation.resume()
                        }
                    })
            }
        }

        func closeTransport() {
            connection.cancel()
        }

        private func open() async throws {
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation {
                    (continuation: CheckedContinuation<Void, any Error>) in
                    queue.async { [self] in
                        opening = continuation
                        connection.stateUpdateHandler = { [weak self] in self?.became($0) }
                        connection.start(queue: queue)
                    }
                }
            } onCancel: {
                connection.cancel()
            }
        }

        private func became(_ state: NWConnection.State) {
            switch state {
            case .ready: opened(.success(()))
            // It would wait for a better network: the engine knows when to try again.
            case .waiting(let error), .failed(let error):
                opened(.failure(Self.failure(error)))
                connection.cancel()
            case .cancelled: opened(.failure(CancellationError()))
            case .setup, .preparing: break
            @unknown default: break
            }
        }

        private func opened(_ result: Result<Void, any Error>) {
            opening?.resume(with: result)
            opening = nil
        }

        private static func failure(_ error: NWError) -> ConnectFailure {
            ConnectFailure(kind: "network", message: error.localizedDescription)
        }
    }
#endif
