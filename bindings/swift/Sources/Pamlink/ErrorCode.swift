/// The number of an error. Append-only: a number never changes its meaning, and one that a newer
/// library adds is kept as it is.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The package and its library are of different versions.
    public static let abiMismatch = Self(rawValue: 1)
    /// A packed buffer breaks the layout.
    public static let badInput = Self(rawValue: 2)
    /// This machine takes no such command.
    public static let wrongMachine = Self(rawValue: 3)
    /// The handle names no engine, or not any more.
    public static let noEngine = Self(rawValue: 4)
    /// The output of the step before was not fetched.
    public static let outputPending = Self(rawValue: 5)
    /// The engine panicked: this one is of no more use, all others are.
    public static let poisoned = Self(rawValue: 6)
    /// The engine was made before a fork, in another process.
    public static let forked = Self(rawValue: 7)
    /// The call came from another event loop than the object belongs to.
    public static let wrongLoop = Self(rawValue: 8)
    /// An option is out of its bounds.
    public static let badOption = Self(rawValue: 10)
    /// The URL cannot be used.
    public static let badUrl = Self(rawValue: 11)
    /// The seed does not have 32 bytes.
    public static let badSeed = Self(rawValue: 12)
    /// The key material cannot be used.
    public static let badKey = Self(rawValue: 13)
    /// The routing table is refused.
    public static let badRoutes = Self(rawValue: 14)
    /// The bytes are no snapshot of a client, or one that a later version has made.
    public static let badSnapshot = Self(rawValue: 15)
    /// As many requests, or bytes of them, are under way as may be.
    public static let requestsFull = Self(rawValue: 20)
    /// The link is not open.
    public static let notOpen = Self(rawValue: 21)
    /// Too much waits to be written.
    public static let outboxFull = Self(rawValue: 22)
    /// The text is no envelope.
    public static let notAnEnvelope = Self(rawValue: 23)
    /// The context of a request is no JSON object.
    public static let badContext = Self(rawValue: 24)
    /// It is larger than any message may be, or than the peer takes.
    public static let tooLarge = Self(rawValue: 25)
    /// The server, or this client, does not speak `pamlink.v1`.
    public static let needsV1 = Self(rawValue: 26)
    /// The client has given no request this number.
    public static let noRequest = Self(rawValue: 27)
    /// The token had expired when it was handed over.
    public static let tokenExpired = Self(rawValue: 30)
    /// The token has characters that no token has.
    public static let tokenMalformed = Self(rawValue: 31)
    /// The token was refused by its issuer.
    public static let tokenDenied = Self(rawValue: 32)
    /// No token can be had for now.
    public static let tokenUnavailable = Self(rawValue: 33)
    /// The hub holds as many links as it may.
    public static let hubFull = Self(rawValue: 40)
    /// The hub is being drained.
    public static let hubDraining = Self(rawValue: 41)
    /// The link has ended.
    public static let noLink = Self(rawValue: 42)
    /// The request was answered before, has expired, or never was.
    public static let notRunning = Self(rawValue: 43)
    /// The HTTP response breaks HTTP, or no request waits for one.
    public static let badResponse = Self(rawValue: 44)
    /// More input than may wait to be read.
    public static let notDrained = Self(rawValue: 45)
    /// A Close frame was already written.
    public static let framesClosed = Self(rawValue: 50)
    /// This role may not send this close code.
    public static let closeCode = Self(rawValue: 51)
    /// A control frame of more than 125 bytes.
    public static let controlTooLong = Self(rawValue: 52)
    /// A fragmented message is open.
    public static let messageOpen = Self(rawValue: 53)
    /// The signature of a token is wrong.
    public static let badSignature = Self(rawValue: 60)
    /// `exp` of a token has passed.
    public static let expired = Self(rawValue: 61)
    /// The token is malformed.
    public static let malformed = Self(rawValue: 62)
    /// A claim that must be there is not.
    public static let missingClaim = Self(rawValue: 63)
    /// There is no token.
    public static let missingToken = Self(rawValue: 64)
    /// `nbf` of a token lies ahead.
    public static let notYetValid = Self(rawValue: 65)
    /// The verifier could not be asked.
    public static let verifierUnavailable = Self(rawValue: 66)
    /// No key fits the token.
    public static let unknownKey = Self(rawValue: 67)
    /// The algorithm of the token is not the key's.
    public static let unsupportedAlgorithm = Self(rawValue: 68)
    /// The token is for another audience.
    public static let wrongAudience = Self(rawValue: 69)
    /// The token is another user's.
    public static let wrongSubject = Self(rawValue: 70)
    /// The server answered with an `error`.
    public static let rejected = Self(rawValue: 80)
    /// No answer came in time; whether the request had an effect is not known.
    public static let requestExpired = Self(rawValue: 81)
    /// The link broke after the request was sent, and the server cannot tell repeats.
    public static let requestUnknown = Self(rawValue: 82)
    /// The client has stopped: another attempt would end the same way.
    public static let stopped = Self(rawValue: 83)
    /// The client is closed.
    public static let closed = Self(rawValue: 84)
    /// The client stopped before the request was sent: it had no effect.
    public static let requestUnsent = Self(rawValue: 85)
    /// The request was cancelled: its answer ends where its pieces have.
    public static let requestCancelled = Self(rawValue: 86)

    /// Every number that this version knows, rising.
    public static let all: [ErrorCode] = table.map(\.code)

    /// The name, the same in every language; `error_N` for a number of a newer library.
    public var name: String { row?.name ?? "error_\(rawValue)" }

    /// What kind of thing goes wrong: `usage`, `busy`, `link`, `auth`, `answer` or `internal`.
    public var kind: String { row?.kind ?? "internal" }

    /// Whether the same call may succeed later.
    public var isRetryable: Bool { row?.retryable ?? false }

    /// What the number means, for people.
    var about: String { row?.about ?? "an error of a newer library: \(rawValue)" }

    private var row: Row? { Self.table.first { $0.code == self } }

    private struct Row: Sendable {
        let code: ErrorCode
        let name: String
        let kind: String
        let retryable: Bool
        let about: String

        init(_ code: ErrorCode, _ name: String, _ kind: String, _ retryable: Bool, _ about: String)
        {
            self.code = code
            self.name = name
            self.kind = kind
            self.retryable = retryable
            self.about = about
        }
    }

    private static let table: [Row] = [
        Row(
            .abiMismatch, "abi_mismatch", "usage", false,
            "the package and its library are of different versions"),
        Row(.badInput, "bad_input", "usage", false, "a packed buffer breaks the layout"),
        Row(.wrongMachine, "wrong_machine", "usage", false, "this machine takes no such command"),
        Row(.noEngine, "no_engine", "usage", false, "the handle names no engine, or not any more"),
        Row(
            .outputPending, "output_pending", "usage", true,
            "the output of the step before was not fetched"),
        Row(
            .poisoned, "poisoned", "internal", false,
            "the engine panicked: this one is of no more use, all others are"),
        Row(
            .forked, "forked", "usage", false,
            "the engine was made before a fork, in another process"),
        Row(
            .wrongLoop, "wrong_loop", "usage", false,
            "the call came from another event loop than the object belongs to"),
        Row(.badOption, "bad_option", "usage", false, "an option is out of its bounds"),
        Row(.badUrl, "bad_url", "usage", false, "the URL cannot be used"),
        Row(.badSeed, "bad_seed", "usage", false, "the seed does not have 32 bytes"),
        Row(.badKey, "bad_key", "usage", false, "the key material cannot be used"),
        Row(.badRoutes, "bad_routes", "usage", false, "the routing table is refused"),
        Row(
            .badSnapshot, "bad_snapshot", "usage", false,
            "the bytes are no snapshot of a client, or one that a later version has made"),
        Row(
            .requestsFull, "requests_full", "busy", true,
            "as many requests, or bytes of them, are under way as may be"),
        Row(.notOpen, "not_open", "link", true, "the link is not open"),
        Row(.outboxFull, "outbox_full", "busy", true, "too much waits to be written"),
        Row(.notAnEnvelope, "not_an_envelope", "usage", false, "the text is no envelope"),
        Row(
            .badContext, "bad_context", "usage", false,
            "the context of a request is no JSON object"),
        Row(
            .tooLarge, "too_large", "usage", false,
            "it is larger than any message may be, or than the peer takes"),
        Row(
            .needsV1, "needs_v1", "link", false,
            "the server, or this client, does not speak `pamlink.v1`"),
        Row(
            .noRequest, "no_request", "usage", false,
            "the client has given no request this number"),
        Row(
            .tokenExpired, "token_expired", "auth", false,
            "the token had expired when it was handed over"),
        Row(
            .tokenMalformed, "token_malformed", "auth", false,
            "the token has characters that no token has"),
        Row(.tokenDenied, "token_denied", "auth", false, "the token was refused by its issuer"),
        Row(.tokenUnavailable, "token_unavailable", "auth", true, "no token can be had for now"),
        Row(.hubFull, "hub_full", "busy", true, "the hub holds as many links as it may"),
        Row(.hubDraining, "hub_draining", "busy", true, "the hub is being drained"),
        Row(.noLink, "no_link", "link", false, "the link has ended"),
        Row(
            .notRunning, "not_running", "usage", false,
            "the request was answered before, has expired, or never was"),
        Row(
            .badResponse, "bad_response", "usage", false,
            "the HTTP response breaks HTTP, or no request waits for one"),
        Row(.notDrained, "not_drained", "busy", true, "more input than may wait to be looked at"),
        Row(.framesClosed, "frames_closed", "usage", false, "a Close frame was already written"),
        Row(.closeCode, "close_code", "usage", false, "this role may not send this close code"),
        Row(
            .controlTooLong, "control_too_long", "usage", false,
            "a control frame of more than 125 bytes"),
        Row(.messageOpen, "message_open", "usage", false, "a fragmented message is open"),
        Row(.badSignature, "bad_signature", "auth", false, "the signature of a token is wrong"),
        Row(.expired, "expired", "auth", false, "exp of the token has passed"),
        Row(.malformed, "malformed", "auth", false, "the token is none"),
        Row(.missingClaim, "missing_claim", "auth", false, "a claim that must be there is not"),
        Row(.missingToken, "missing_token", "auth", false, "there is no token"),
        Row(.notYetValid, "not_yet_valid", "auth", false, "nbf of the token lies ahead"),
        Row(
            .verifierUnavailable, "verifier_unavailable", "auth", true,
            "the verifier could not be asked"),
        Row(.unknownKey, "unknown_key", "auth", false, "no key fits the token"),
        Row(
            .unsupportedAlgorithm, "unsupported_algorithm", "auth", false,
            "the algorithm of the token is not the key's"),
        Row(.wrongAudience, "wrong_audience", "auth", false, "the token is for another audience"),
        Row(.wrongSubject, "wrong_subject", "auth", false, "the token is another user's"),
        Row(.rejected, "rejected", "answer", false, "the server answered with an error"),
        Row(
            .requestExpired, "request_expired", "answer", false,
            "no answer came in time; whether the request had an effect is not known"),
        Row(
            .requestUnknown, "request_unknown", "answer", false,
            "the link broke after the request was sent, and the server cannot tell repeats"),
        Row(
            .stopped, "stopped", "link", false,
            "the client has stopped: another attempt would end the same way"),
        Row(.closed, "closed", "link", false, "the client is closed"),
        Row(
            .requestUnsent, "request_unsent", "answer", false,
            "the client stopped before the request was sent: it had no effect"),
        Row(
            .requestCancelled, "request_cancelled", "answer", false,
            "the request was cancelled: its answer ends where its pieces have"),
    ]
}
