#if canImport(Network)
    import Foundation
    import Network

    /// Tells a client when the device has another network.
    ///
    /// Watches for as long as somebody holds it; it does not keep the client alive.
    public final class NetworkWatch: @unchecked Sendable {
        private let monitor = NWPathMonitor()

        /// Begins to watch.
        public init(_ client: Client) {
            let last = Last()
            monitor.pathUpdateHandler = { [weak client] path in
                guard last.isAnother(path), let client else { return }
                Task { await client.networkChanged() }
            }
            monitor.start(queue: DispatchQueue(label: "pamlink.paths"))
        }

        deinit {
            monitor.cancel()
        }

        /// The interfaces that were there last, so that the first path, and one that only has
        /// another price, is no change.
        private final class Last: @unchecked Sendable {
            private let lock = NSLock()
            private var names: [String]?

            func isAnother(_ path: NWPath) -> Bool {
                // Without a network there is nothing to move to.
                guard path.status == .satisfied else { return false }
                let now = path.availableInterfaces.map(\.name)
                return lock.withLock {
                    defer { names = now }
                    return names != nil && names != now
                }
            }
        }
    }
#endif
