/// What cancelling a request has come to.
public struct CancelResult: Hashable, Sendable {
    /// What has become of the request.
    public let outcome: CancelOutcome
    /// How long the answer is, in bytes of UTF-8, where it has ended.
    public let offset: UInt64?
    /// Why the server has refused to cancel.
    public let errorCode: String?

    init(_ outcome: CancelOutcome, offset: UInt64? = nil, errorCode: String? = nil) {
        self.outcome = outcome
        self.offset = offset
        self.errorCode = errorCode
    }
}

/// What has become of a request that was to be cancelled.
public enum CancelOutcome: Hashable, Sendable {
    /// It has ended, and its answer ends where its pieces have.
    case cancelled
    /// It goes on: ``CancelResult/errorCode`` says why.
    case refused
    /// It had ended before.
    case ended
    /// The server knows no such request, or what it said is lost.
    case unknown

    init(_ name: String?) {
        switch name {
        case "cancelled": self = .cancelled
        case "refused": self = .refused
        case "ended": self = .ended
        // A word of a newer server says nothing to this version.
        default: self = .unknown
        }
    }
}

/// What has become of what was submitted.
public enum SubmitResult: Hashable, Sendable {
    /// The server has it.
    case acknowledged
    /// The server has not taken it: why, for programs, and when it may be sent again.
    case rejected(errorCode: String, retryAfter: Duration?)
    /// It was not sent, and has had no effect: `age` (it has waited for as long as it may), `replaced`
    /// (something else has its key), `dropped` (too much waited) or `session_ended`.
    case expired(errorCode: String)
    /// It was sent, and whether the server has it is not known.
    case unknown

    init(_ outcome: String, _ code: String?, _ retryAfter: Duration?) {
        switch outcome {
        case "acknowledged": self = .acknowledged
        case "rejected": self = .rejected(errorCode: code ?? "", retryAfter: retryAfter)
        case "expired": self = .expired(errorCode: code ?? "")
        default: self = .unknown
        }
    }
}
