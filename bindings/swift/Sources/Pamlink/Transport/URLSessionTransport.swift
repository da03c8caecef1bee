#if canImport(Darwin) || canImport(FoundationNetworking)
    import Foundation
    #if canImport(FoundationNetworking)
        import FoundationNetworking
    #endif

    /// A connection through `URLSessionWebSocketTask`: the system speaks WebSocket, and its proxies,
    /// certificates and power rules hold.
    ///
    /// On Linux it works as well, but Foundation says less there: a refused upgrade has no status,
    /// and a close frame with code 1000 looks like a lost link. The client tries again where it would
    /// have stopped.
    public final class URLSessionTransport: Transport {
        private let configuration: @Sendable () -> URLSessionConfiguration

        /// - Parameter configuration: the session's, asked for once for each connection. Its timeouts
        ///   are taken out: the engine owns them.
        public init(
            configuration: @escaping @Sendable () -> URLSessionConfiguration = { .default }
        ) {
            self.configuration = configuration
        }

        public func connect(_ request: ConnectRequest) async throws -> any Connection {
            guard let url = URL(string: request.dial.url.expose()) else {
                throw ConnectFailure(kind: "refused", message: "the URL is none of Foundation's")
            }
            var open = URLRequest(url: url)
            if let origin = request.origin { open.setValue(origin, forHTTPHeaderField: "Origin") }
            if !request.subprotocols.isEmpty {
                let offered = request.subprotocols.joined(separator: ", ")
                open.setValue(offered, forHTTPHeaderField: "Sec-WebSocket-Protocol")
            }
            #if canImport(FoundationNetworking)
                // Without this it sends `keep-alive`, and no server upgrades that.
                open.setValue("Upgrade", forHTTPHeaderField: "Connection")
            #endif
            let configuration = configuration()
            // As good as never: the engine says when a link is dead.
            configuration.timeoutIntervalForRequest = 365 * 86_400
            configuration.timeoutIntervalForResource = 365 * 86_400
            let watcher = Watcher()
            let session = URLSession(
                configuration: configuration, delegate: watcher, delegateQueue: nil)
            let task = session.webSocketTask(with: open)
            // The default is 1 MiB, whatever the engine takes.
            task.maximumMessageSize = Int(clamping: request.maxMessageBytes)
            let connection = URLSessionConnection(session, task)
            let subprotocol = try await withTaskCancellationHandler {
                try await watcher.opened(task)
            } onCancel: {
                session.invalidateAndCancel()
            }
            connection.speaks = .messages(subprotocol: subprotocol)
            return connection
        }
    }

    /// Tells when the link is really open. Without a delegate nobody does: a task takes messages
    /// before there is a connection.
    private final class Watcher: NSObject, URLSessionWebSocketDelegate, @unchecked Sendable {
        private let lock = NSLock()
        private var result: Result<String?, any Error>?
        private var waiting: CheckedContinuation<String?, any Error>?

        func opened(_ task: URLSessionWebSocketTask) async throws -> String? {
            try await withCheckedThrowingContinuation { continuation in
                let ready = lock.withLock {
                    if result == nil { waiting = continuation }
                    return result
                }
                if let ready { continuation.resume(with: ready) } else { task.resume() }
            }
        }

        func urlSession(
            _ session: URLSession, webSocketTask: URLSessionWebSocketTask,
            didOpenWithProtocol subprotocol: String?
        ) {
            settle(.success(subprotocol))
        }

        // The read that waits reports the end.
        func urlSession(
            _ session: URLSession, webSocketTask: URLSessionWebSocketTask,
            didCloseWith closeCode: URLSessionWebSocketTask.CloseCode, reason: Data?
        ) {}

        func urlSession(
            _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
        ) {
            let response = task.response as? HTTPURLResponse
            let status = response?.statusCode
            // The text of an error may hold the URL, and that the token.
            let code = (error as NSError?).map { "\($0.domain) \($0.code)" } ?? "no connection"
            // A response that is no upgrade is the server's answer.
            let refusal = status.flatMap { $0 == 101 ? nil : UInt16(exactly: $0) }
            settle(
                .failure(
                    ConnectFailure(
                        status: refusal, kind: refusal == nil ? "network" : nil, message: code,
                        body: response?.value(forHTTPHeaderField: "Location").map {
                            "Location: \($0)"
                        },
                        retryAfter: response?.value(forHTTPHeaderField: "Retry-After")
                            .flatMap { UInt32($0) }.map { .seconds(Int64($0)) })))
        }

        // A token goes to the address that was chosen, and to no other.
        func urlSession(
            _ session: URLSession, task: URLSessionTask,
            willPerformHTTPRedirection response: HTTPURLResponse, newRequest request: URLRequest,
            completionHandler: @escaping @Sendable (URLRequest?) -> Void
        ) {
            completionHandler(nil)
        }

        private func settle(_ new: Result<String?, any Error>) {
            let waiter = lock.withLock {
                guard result == nil else { return nil as CheckedContinuation<String?, any Error>? }
                result = new
                defer { waiting = nil }
                return waiting
            }
            waiter?.resume(with: new)
        }
    }

    private final class URLSessionConnection: Connection, @unchecked Sendable {
        /// Set before anybody else has the connection.
        fileprivate(set) var speaks = Speaks.messages(subprotocol: nil)
        private let session: URLSession
        private let task: URLSessionWebSocketTask
        private let lock = NSLock()
        private var isOver = false

        init(_ session: URLSession, _ task: URLSessionWebSocketTask) {
            self.session = session
            self.task = task
        }

        deinit {
            // A session holds its delegate until it is told not to.
            session.invalidateAndCancel()
        }

        func read() async throws -> Inbound? {
            if lock.withLock({ isOver }) { return nil }
            do {
                switch try await task.receive() {
                case .string(let text): return .text(text)
                case .data(let data): return .binary([UInt8](data))
                @unknown default: return nil
                }
            } catch {
                lock.withLock { isOver = true }
                // `.invalid` is a link that was lost, which is no close frame.
                guard task.closeCode != .invalid else { return nil }
                #if canImport(FoundationNetworking)
                    // It says the same of a lost link as of a close frame, and trying again is safe.
                    guard task.closeCode != .normalClosure else { return nil }
                #endif
                let reason = task.closeReason.map { String(decoding: $0, as: UTF8.self) } ?? ""
                let code = task.closeCode == .noStatusReceived ? nil : task.closeCode.rawValue
                return .close(code: code.flatMap { UInt16(exactly: $0) }, reason: reason)
            }
        }

        func write(_ outbound: Outbound) async throws {
            switch outbound {
            case .text(let text): try await task.send(.string(text))
            case .close(let code, let reason):
                let code = code.flatMap { URLSessionWebSocketTask.CloseCode(rawValue: Int($0)) }
                task.cancel(with: code ?? .normalClosure, reason: Data(reason.utf8))
            case .bytes:
                throw ConnectFailure(kind: "protocol", message: "this transport takes messages")
            }
        }

        func closeTransport() {
            session.invalidateAndCancel()
        }
    }
#endif
