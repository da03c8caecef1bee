import Foundation

/// An answer that is read as it grows: of
/// ``Client/ask(_:agent:intent:sessionID:context:)``, whose request is made when the first piece is
/// awaited; or of a request that a restored client goes on with (``Client/restored``). It is read
/// once.
///
/// The texts of all pieces are the answer; one with ``Piece/restart`` begins it anew. Servers that
/// answer at once give one piece, and pieces that wait to be read become one.
///
/// Whoever leaves before the end, by `break`, by an error or since the task is cancelled, cancels the
/// request: at the server where that speaks `pamlink.v1`, else the answer goes nowhere. What still
/// comes of it is an ``Event/late(_:)``. ``detach()`` leaves it running.
public struct AnswerStream: AsyncSequence, Sendable {
    public typealias Element = Piece

    private let reader: AnswerReader

    init(_ reader: AnswerReader) {
        self.reader = reader
    }

    /// The envelope of the request, as JSON, if this is one of ``Client/restored``.
    public var request: String? { reader.envelope }

    /// Whether the request has been made, and has not ended, and there is no link: a break came in the
    /// middle of the answer, or none is open yet. For a spinner; ``Client/states`` says when to look again.
    public var resuming: Bool { reader.isResuming }

    /// Cancels the request, and returns what that has come to. Its reader gets the error
    /// `request_cancelled`, unless the answer was quicker. While there is no link, this waits for one.
    ///
    /// Of a request that was not made yet nothing is known.
    ///
    /// - Throws: `needs_v1`: the server does not speak `pamlink.v1`, and the request goes on;
    ///   `requests_full`, `closed`; `CancellationError`.
    public func cancel() async throws -> CancelResult {
        try await reader.cancelRequest()
    }

    /// When its reader leaves before the end, the answer goes on at the server, and what comes of it is an
    /// ``Event/late(_:)``. Nobody waits for it from then on: a later ``Client/snapshot()`` has it no more.
    /// A request that was not sent yet is not sent.
    public func detach() {
        reader.detach()
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(Reading(reader))
    }

    /// Reads the pieces.
    public struct Iterator: AsyncIteratorProtocol {
        private let reading: Reading

        fileprivate init(_ reading: Reading) {
            self.reading = reading
        }

        /// The next piece; `nil` after the last one.
        public mutating func next() async throws -> Piece? {
            try await reading.reader.next()
        }
    }

    /// Whoever lets go of it has left.
    fileprivate final class Reading: Sendable {
        let reader: AnswerReader

        init(_ reader: AnswerReader) {
            self.reader = reader
        }

        deinit {
            reader.leave()
        }
    }
}

/// Makes the request when the first piece is wanted, and lets go of it when its reader leaves.
final class AnswerReader: @unchecked Sendable {
    /// Of a request that was made before; nothing of one that is still to be made.
    let envelope: String?
    private let client: Client
    private let start: @Sendable () throws -> ClientRequest
    private let buffer: PieceBuffer

    private let lock = NSLock()
    private var began: Bool
    private var number: UInt64?
    private var isDetached = false

    init(_ client: Client, _ start: @escaping @Sendable () throws -> ClientRequest) {
        self.client = client
        self.start = start
        (envelope, number, began) = (nil, nil, false)
        buffer = PieceBuffer()
    }

    /// Of a request that goes on.
    init(_ client: Client, _ restored: RestoredRequest) {
        self.client = client
        start = { throw PamlinkError(.requestUnknown, ErrorCode.requestUnknown.about) }
        (envelope, number, began) = (restored.json, restored.number, true)
        buffer = restored.buffer
    }

    func next() async throws -> Piece? {
        let isFirst = lock.withLock {
            defer { began = true }
            return !began
        }
        if isFirst {
            let made = try await client.begin(start(), buffer)
            lock.withLock { number = made }
        }
        do {
            return try await buffer.next()
        } catch let error as CancellationError {
            let (number, isDetached) = running
            if let number { await client.leave(number, goesOn: isDetached) }
            throw error
        }
    }

    var isResuming: Bool {
        running.number != nil && !buffer.hasEnded && client.state != .open
    }

    func cancelRequest() async throws -> CancelResult {
        guard let number = running.number else {
            return CancelResult(.unknown)
        }
        return try await client.cancel(number)
    }

    func detach() {
        lock.withLock { isDetached = true }
    }

    /// Nobody reads any more.
    func leave() {
        let (number, isDetached) = running
        guard let number else { return }
        buffer.cancel()
        Task { [client] in await client.leave(number, goesOn: isDetached) }
    }

    private var running: (number: UInt64?, isDetached: Bool) {
        lock.withLock { (number, isDetached) }
    }
}

/// A request that a restored client goes on with, and what has come of it.
struct RestoredRequest: Sendable {
    let number: UInt64
    let json: String
    let buffer = PieceBuffer()
}
