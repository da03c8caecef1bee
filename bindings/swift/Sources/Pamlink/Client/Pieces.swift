import Foundation

/// A part of an answer as it grows.
public struct Piece: Hashable, Sendable {
    /// What to append to what came before, or the whole answer if `restart`.
    public let text: String
    /// What came before is void: the answer does not begin with it. Some pieces were missing, or
    /// the server thought better of it.
    public let restart: Bool
    /// The envelope that brought it.
    public let json: String

    var weight: Int { text.utf8.count + json.utf8.count }
}

/// The pieces of one answer on their way to whoever reads them.
final class PieceBuffer: Waiter, @unchecked Sendable {
    private let lock = NSLock()
    /// The bytes of the longest answer.
    private let most: Int
    /// The most bytes of pieces that may wait to be read.
    private var bound: Int { 4 * most }
    private var ready = Fifo<Piece>()
    private var unread = 0
    /// Everything that was handed on, as far as an answer could be as long.
    private var soFar = ""
    private var soFarIsWhole = true
    private var end: Result<Void, any Error>?
    private var waiting: CheckedContinuation<Piece?, any Error>?

    init(most: Int) {
        self.most = most
    }

    func piece(_ text: String, json: String) {
        guard !text.isEmpty else { return }
        let resume = lock.withLock { () -> (@Sendable () -> Void)? in
            remember(text)
            return add(Piece(text: text, restart: false, json: json))
        }
        resume?()
    }

    func end(_ result: Result<Outcome, PamlinkError>) -> Bool {
        let resume: [@Sendable () -> Void]? = lock.withLock {
            guard end == nil else { return nil }
            var last: (@Sendable () -> Void)?
            switch result {
            case .success(.answered(let answer)):
                if let rest = rest(of: answer) { last = add(rest, isLast: true) }
                return [last, finish(.success(()))].compactMap { $0 }
            case .success(let outcome):
                return [finish(.failure(PamlinkError(outcome)))].compactMap { $0 }
            case .failure(let error):
                return [finish(.failure(error))].compactMap { $0 }
            }
        }
        for resume in resume ?? [] { resume() }
        return resume != nil
    }

    /// Nobody reads any more.
    func cancel() {
        let resume = lock.withLock { () -> (@Sendable () -> Void)? in
            ready.removeAll()
            return finish(.failure(CancellationError()))
        }
        resume?()
    }

    /// The next piece; `nil` after the last one.
    func next() async throws -> Piece? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now: Result<Piece?, any Error>? = lock.withLock {
                    if let piece = ready.popFirst() {
                        unread -= piece.weight
                        return .success(piece)
                    }
                    if let end { return end.map { nil } }
                    waiting = continuation
                    return nil
                }
                if let now { continuation.resume(with: now) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// What of the whole answer did not come in pieces.
    private func rest(of answer: Answer) -> Piece? {
        guard !answer.text.isEmpty else { return nil }
        guard soFarIsWhole, answer.text.utf8.starts(with: soFar.utf8) else {
            return Piece(text: answer.text, restart: true, json: answer.json)
        }
        let rest = answer.text.utf8.dropFirst(soFar.utf8.count)
        // Both are whole texts, so the rest is one, too.
        return rest.isEmpty
            ? nil
            : Piece(text: String(decoding: rest, as: UTF8.self), restart: false, json: answer.json)
    }

    private func remember(_ text: String) {
        guard soFarIsWhole else { return }
        soFarIsWhole = soFar.utf8.count + text.utf8.count <= most
        if soFarIsWhole { soFar += text } else { soFar = "" }
    }

    private func add(_ piece: Piece, isLast: Bool = false) -> (@Sendable () -> Void)? {
        guard end == nil else { return nil }
        if let waiting {
            self.waiting = nil
            return { waiting.resume(returning: piece) }
        }
        unread += piece.weight
        if unread > bound, !isLast {
            ready.removeAll()
            let message = "more than \(bound) bytes of an answer wait to be read"
            return finish(.failure(PamlinkError(.notDrained, message)))
        }
        ready.append(piece)
        return nil
    }

    private func finish(_ result: Result<Void, any Error>) -> (@Sendable () -> Void)? {
        guard end == nil else { return nil }
        end = result
        guard let waiting else { return nil }
        self.waiting = nil
        return { waiting.resume(with: result.map { nil }) }
    }
}

extension PamlinkError {
    /// The error of a question that was not answered.
    init(_ outcome: Outcome) {
        switch outcome {
        case .rejected(let rejection):
            let code = rejection.code.map { "\($0): " } ?? ""
            self.init(
                .rejected, code + rejection.message, retryAfter: rejection.retryAfter)
        case .expired: self.init(.askExpired, ErrorCode.askExpired.about)
        case .unknown: self.init(.askUnknown, ErrorCode.askUnknown.about)
        case .answered: self.init(.poisoned, "an answer is no error")
        }
    }
}

/// Asks when the first piece is wanted, and lets go of the question when nobody holds the stream.
final class PieceReader: Sendable {
    private let client: Client
    private let question: Question
    private let buffer: PieceBuffer
    private let asked = Asked()

    init(_ client: Client, _ question: Question, most: Int) {
        self.client = client
        self.question = question
        buffer = PieceBuffer(most: most)
    }

    deinit {
        buffer.cancel()
        if let ask = asked.number { Task { [client] in await client.forget(ask) } }
    }

    func next() async throws -> Piece? {
        if asked.isFirst {
            asked.number = try await client.begin(question, buffer)
        }
        do {
            return try await buffer.next()
        } catch let error as CancellationError {
            if let ask = asked.number { await client.forget(ask) }
            throw error
        }
    }

    /// Whether the question was asked, and its number.
    private final class Asked: @unchecked Sendable {
        private let lock = NSLock()
        private var began = false
        private var ask: UInt64?

        var isFirst: Bool {
            lock.withLock {
                defer { began = true }
                return !began
            }
        }

        var number: UInt64? {
            get { lock.withLock { ask } }
            set { lock.withLock { ask = newValue } }
        }
    }
}
