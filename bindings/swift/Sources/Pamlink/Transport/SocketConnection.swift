#if !canImport(Network)
    import Dispatch
    import Foundation

    #if canImport(Musl)
        import Musl
    #else
        import Glibc
    #endif

    /// A connection through a socket that never blocks: Dispatch says when it can be read or
    /// written.
    final class SocketConnection: Connection, @unchecked Sendable {
        let speaks = Speaks.bytes
        private let socket: Int32
        /// What waits for the socket, and its end.
        private let queue = DispatchQueue(label: "pamlink.socket")
        private var waits: [UInt64: Wait] = [:]
        private var next: UInt64 = 0
        private var isOver = false

        /// The most that is read at once.
        private static let most = 64 * 1024

        private struct Wait {
            let source: any DispatchSourceProtocol
            let continuation: CheckedContinuation<Bool, Never>
        }

        private enum Direction {
            case read
            case write
        }

        private init(_ socket: Int32) {
            self.socket = socket
        }

        // Nobody uses the number of the socket any more: who waits for it holds this object.
        deinit {
            close(socket)
        }

        static func connect(to dial: Dial) async throws -> SocketConnection {
            guard !dial.isTLS else {
                throw ConnectFailure(kind: "refused", message: "this transport has no TLS here")
            }
            var failure = ConnectFailure(kind: "network", message: "\(dial.host) has no address")
            for address in try await Address.resolve(dial.host, dial.port) {
                try Task.checkCancellation()
                do {
                    return try await connect(to: address)
                } catch let next as ConnectFailure {
                    failure = next
                }
            }
            throw failure
        }

        private static func connect(to address: Address) async throws -> SocketConnection {
            let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let number = Glibc.socket(address.family, type, 0)
            guard number >= 0 else { throw failure("socket", errno) }
            let connection = SocketConnection(number)
            // Small messages go at once.
            var on: Int32 = 1
            setsockopt(
                number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            // What went wrong is known on this thread alone, before anything is awaited.
            let code = address.bytes.withUnsafeBytes { bytes in
                let address = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
                return Glibc.connect(number, address, socklen_t(bytes.count)) == 0 ? 0 : errno
            }
            if code == 0 { return connection }
            guard code == EINPROGRESS else { throw failure("connect", code) }
            guard await connection.ready(to: .write) else { throw failure("connect", ECONNABORTED) }
            var (error, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
            getsockopt(number, SOL_SOCKET, SO_ERROR, &error, &size)
            guard error == 0 else { throw failure("connect", error) }
            return connection
        }

        func read() async throws -> Inbound? {
            while true {
                var (result, code) = (0, Int32(0))
                let bytes = [UInt8](unsafeUninitializedCapacity: Self.most) { buffer, count in
                    result = recv(socket, buffer.baseAddress, buffer.count, 0)
                    code = errno
                    count = max(0, result)
                }
                if result > 0 { return .bytes(bytes) }
                if result == 0 { return nil }
                guard Self.isTransient(code) else { throw Self.failure("read", code) }
                guard await ready(to: .read) else { return nil }
            }
        }

        func write(_ outbound: Outbound) async throws {
            guard case .bytes(let bytes) = outbound else {
                throw ConnectFailure(kind: "protocol", message: "a socket takes bytes alone")
            }
            var written = 0
            while written < bytes.count {
                let (count, code) = bytes.withUnsafeBytes { buffer in
                    let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                    let count = send(
                        socket, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                    return (count, errno)
                }
                if count >= 0 {
                    written += count
                } else if Self.isTransient(code) {
                    guard await ready(to: .write) else { throw Self.failure("write", ECONNABORTED) }
                } else {
                    throw Self.failure("write", code)
                }
            }
        }

        func closeTransport() {
            queue.async { [self] in
                guard !isOver else { return }
                isOver = true
                for wait in Array(waits.keys) { finish(wait, false) }
                // What was written still goes out.
                shutdown(socket, Int32(SHUT_RDWR))
            }
        }

        /// Waits until the socket can be read or written. Not if the connection ends before.
        private func ready(to direction: Direction) async -> Bool {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    queue.async { [self] in wait(to: direction, continuation) }
                }
            } onCancel: {
                closeTransport()
            }
        }

        private func wait(to direction: Direction, _ continuation: CheckedContinuation<Bool, Never>)
        {
            guard !isOver else { return continuation.resume(returning: false) }
            let source: any DispatchSourceProtocol =
                switch direction {
                case .read: DispatchSource.makeReadSource(fileDescriptor: socket, queue: queue)
                case .write: DispatchSource.makeWriteSource(fileDescriptor: socket, queue: queue)
                }
            next += 1
            let number = next
            waits[number] = Wait(source: source, continuation: continuation)
            source.setEventHandler { [weak self] in self?.finish(number, true) }
            // The socket is not closed before Dispatch has let go of it.
            source.setCancelHandler { [self] in withExtendedLifetime(self) {} }
            source.resume()
        }

        private func finish(_ number: UInt64, _ isReady: Bool) {
            guard let wait = waits.removeValue(forKey: number) else { return }
            wait.source.cancel()
            wait.continuation.resume(returning: isReady)
        }

        private static func isTransient(_ code: Int32) -> Bool {
            code == EAGAIN || code == EWOULDBLOCK || code == EINTR
        }

        private static func failure(_ what: String, _ code: Int32) -> ConnectFailure {
            ConnectFailure(kind: "network", message: "\(what): \(String(cString: strerror(code)))")
        }
    }

    /// An address as the system has it.
    private struct Address: Sendable {
        let family: Int32
        let bytes: [UInt8]

        static func resolve(_ host: String, _ port: UInt16) async throws -> [Address] {
            try await withCheckedThrowingContinuation { continuation in
                // This call blocks, and nothing can end it early.
                DispatchQueue.global().async {
                    continuation.resume(with: Result { try find(host, port) })
                }
            }
        }

        private static func find(_ host: String, _ port: UInt16) throws -> [Address] {
            var hints = addrinfo()
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
            var first: UnsafeMutablePointer<addrinfo>?
            let code = getaddrinfo(host, String(port), &hints, &first)
            guard code == 0 else {
                let message = "\(host): \(String(cString: gai_strerror(code)))"
                throw ConnectFailure(kind: "network", message: message)
            }
            defer { freeaddrinfo(first) }
            var (found, next) = ([Address](), first)
            while let info = next?.pointee {
                if let address = info.ai_addr {
                    let bytes = UnsafeRawBufferPointer(start: address, count: Int(info.ai_addrlen))
                    found.append(Address(family: info.ai_family, bytes: [UInt8](bytes)))
                }
                next = info.ai_next
            }
            return found
        }
    }
#endif
