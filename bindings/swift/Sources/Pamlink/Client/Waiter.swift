import Foundation

/// Somebody who wants to know what comes of a request.
protocol Waiter: AnyObject, Sendable {
    /// A piece of the answer came, or what of the whole did not come in pieces.
    func piece(_ piece: Piece)
    /// The request has ended, or never will. Whether somebody still wanted to know.
    @discardableResult
    func end(_ result: Result<Outcome, PamlinkError>) -> Bool
}

/// One value that comes later, for one task that waits for it.
final class Pending<Value: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var result: Result<Value, any Error>?
    private var continuation: CheckedContinuation<Value, any Error>?

    func settle(_ new: Result<Value, any Error>) {
        let waiting = lock.withLock { () -> CheckedContinuation<Value, any Error>? in
            guard result == nil else { return nil }
            result = new
            defer { continuation = nil }
            return continuation
        }
        waiting?.resume(with: new)
    }

    func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let ready = lock.withLock {
                    if result == nil { self.continuation = continuation }
                    return result
                }
                if let ready { continuation.resume(with: ready) }
            }
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }
}

/// Waits for how a request ends.
final class OutcomeWaiter: Waiter, @unchecked Sendable {
    private let lock = NSLock()
    private var result: Result<Outcome, any Error>?
    private var continuation: CheckedContinuation<Outcome, any Error>?

    /// This request was made without pieces; a server that sends some nevertheless sends the
    /// answer as well.
    func piece(_ piece: Piece) {}

    func end(_ result: Result<Outcome, PamlinkError>) -> Bool {
        settle(result.mapError { $0 })
    }

    /// Nobody waits any more.
    func cancel() {
        settle(.failure(CancellationError()))
    }

    func value() async throws -> Outcome {
        try await withCheckedThrowingContinuation { continuation in
            let ready = lock.withLock {
                if result == nil { self.continuation = continuation }
                return result
            }
            if let ready { continuation.resume(with: ready) }
        }
    }

    @discardableResult
    private func settle(_ new: Result<Outcome, any Error>) -> Bool {
        let (isFirst, waiting) = lock.withLock {
            guard result == nil else {
                return (false, nil as CheckedContinuation<Outcome, any Error>?)
            }
            result = new
            defer { continuation = nil }
            return (true, continuation)
        }
        waiting?.resume(with: new)
        return isFirst
    }
}
