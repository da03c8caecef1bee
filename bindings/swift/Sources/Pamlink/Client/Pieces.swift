import Foundation

/// A part of an answer as it grows.
public struct Piece: Hashable, Sendable {
    /// What to append to what came before.
    public let text: String
    /// What came before is void: the answer begins anew with this piece.
    public let restart: Bool
    /// The envelope that brought it, or the last one of several.
    public let json: String

    /// This one and the next in one.
    func joined(_ next: Piece) -> Piece {
        next.restart
            ? next : Piece(text: text + next.text, restart: restart, json: next.json)
    }
}

/// The pieces of one answer on their way to whoever reads them. Those that wait become one; the
/// engine bounds what they hold.
final class PieceBuffer: Waiter, @unchecked Sendable {
    private let lock = NSLock()
    private var ready: Piece?
    private var end: Result<Void, any Error>?
    private var waiting: CheckedContinuation<Piece?, any Error>?

    /// Whether nothing comes any more.
    var hasEnded: Bool { lock.withLock { end != nil } }

    func piece(_ piece: Piece) {
        guard !piece.text.isEmpty || piece.restart else { return }
        let resume = lock.withLock { add(piece) }
        resume?()
    }

    func end(_ result: Result<Outcome, PamlinkError>) -> Bool {
        let (isFirst, resume) = lock.withLock { () -> (Bool, (@Sendable () -> Void)?) in
            guard end == nil else { return (false, nil) }
            switch result {
            case .success(.answered): return (true, finish(.success(())))
            case .success(let outcome): return (true, finish(.failure(PamlinkError(outcome))))
            case .failure(let error): return (true, finish(.failure(error)))
            }
        }
        resume?()
        return isFirst
    }

    /// Nobody reads any more.
    func cancel() {
        let resume = lock.withLock { () -> (@Sendable () -> Void)? in
            ready = nil
            return finish(.failure(CancellationError()))
        }
        resume?()
    }

    /// The next piece; `nil` after the last one.
    func next() async throws -> Piece? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now: Result<Piece?, any Error>? = lock.withLock {
                    if let piece = ready {
                        ready = nil
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

    private func add(_ piece: Piece) -> (@Sendable () -> Void)? {
        guard end == nil else { return nil }
        if let waiting {
            self.waiting = nil
            return { waiting.resume(returning: piece) }
        }
        ready = ready?.joined(piece) ?? piece
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
    /// The error of a request that was not answered.
    init(_ outcome: Outcome) {
        switch outcome {
        case .rejected(let rejection):
            let code = rejection.errorCode.map { "\($0): " } ?? ""
            self.init(
                .rejected, code + rejection.message, retryAfter: rejection.retryAfter)
        case .expired: self.init(.requestExpired, ErrorCode.requestExpired.about)
        case .unknown: self.init(.requestUnknown, ErrorCode.requestUnknown.about)
        case .unsent: self.init(.requestUnsent, ErrorCode.requestUnsent.about)
        case .cancelled: self.init(.requestCancelled, ErrorCode.requestCancelled.about)
        case .answered: self.init(.poisoned, "an answer is no error")
        }
    }
}
