import Foundation

/// An error of the engine or of this package.
///
/// `code` is a number that never changes its meaning; switch over it. Nothing in an error carries
/// a token.
public struct PamlinkError: Error, LocalizedError, Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let code: ErrorCode
    /// Whether the same call may succeed later.
    public let retryable: Bool
    /// How long to wait before that, if something said so.
    public let retryAfter: Duration?
    /// What is wrong and where, for people.
    public let message: String

    /// The name of the number, the same in every language.
    public var name: String { code.name }
    /// What kind of thing went wrong: `usage`, `busy`, `link`, `auth`, `answer` or `internal`.
    public let kind: String

    public var errorDescription: String? { message }
    public var description: String { "\(name) (\(code.rawValue)): \(message)" }

    init(_ code: ErrorCode, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.kind = code.kind
        self.retryable = code.isRetryable
        self.retryAfter = retryAfter
        self.message = message
    }

    init(number: UInt32, kind: String, retryable: Bool, retryAfter: Duration?, message: String) {
        self.code = ErrorCode(rawValue: number)
        self.kind = kind
        self.retryable = retryable
        self.retryAfter = retryAfter
        self.message = message
    }

    /// The error of a negative result of the C entry.
    init(result: Int64) {
        let number = UInt32(exactly: result.magnitude) ?? 0
        let code = ErrorCode(rawValue: number)
        self.init(code, code.about)
    }
}

extension PamlinkError {
    /// Both have the same number.
    public static func ~= (code: ErrorCode, error: PamlinkError) -> Bool {
        error.code == code
    }
}
