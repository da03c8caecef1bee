/// What follows at a client.
public enum ClientOutput: Hashable, Sendable {
    /// An input was refused.
    case fault(Fault)
    /// The request at this place of the inputs has this number.
    case asked(of: Int, request: UInt64)
    /// What was submitted at this place of the inputs has this number.
    case submitted(of: Int, command: UInt64)
    /// The client as bytes, of which ``ClientEngine/init(restoring:url:configuration:seed:now:)`` makes
    /// it again. As confidential as what was sent; without the token. Store it before you write.
    case snapshotTaken(of: Int, bytes: [UInt8])
    /// A request of the client of which the snapshot was taken, in the first step: it goes on under
    /// this number.
    case restored(request: UInt64, json: String)
    /// Make a transport.
    case dial(Dial)
    /// A token is wanted.
    case needToken(TokenNeed)
    /// The transport is to write this, and to say ``ClientInput/written`` then if `ack`.
    case write(Outbound, ack: Bool)
    /// Drop the transport once everything is written.
    case closeTransport
    /// A piece of an answer that grows; `restart`: what came before is void. It ends nothing.
    case piece(request: UInt64, restart: Bool, text: String, json: String)
    /// A request ended with its answer. `rest` is what of its text did not come in pieces, `nil`
    /// where that is all of it; `restart`: what came in pieces is void.
    case answered(request: UInt64, restart: Bool, Answer, rest: String?)
    /// A request ended otherwise. Each ends exactly once.
    case ended(request: UInt64, Outcome)
    /// What cancelling a request has come to: `cancelled`, `refused`, `ended` or `unknown`, and nothing
    /// where that is lost. It ends nothing: the end of the request follows.
    case cancelResult(request: UInt64, offset: UInt64?, outcome: String?, errorCode: String?)
    /// What has become of what was submitted: `acknowledged`, `rejected`, `expired` or `unknown`.
    case outcome(command: UInt64, retryAfter: Duration?, outcome: String, errorCode: String?)
    /// What else happened.
    case event(Event)

    init(_ record: RecordReader) {
        var it = record
        switch it.kind {
        case Kind.fault: self = .fault(Fault(&it))
        case Kind.asked: self = .asked(of: Int(clamping: it.number()), request: it.number())
        case Kind.submitted: self = .submitted(of: Int(clamping: it.number()), command: it.number())
        case Kind.snapshotTaken:
            self = .snapshotTaken(of: Int(clamping: it.number()), bytes: it.bytes())
        case Kind.restored: self = .restored(request: it.number(), json: it.string())
        case Kind.cancelResult:
            self = .cancelResult(
                request: it.number(), offset: it.maybe(), outcome: it.maybeString(),
                errorCode: it.maybeString())
        case Kind.outcome:
            self = .outcome(
                command: it.number(), retryAfter: it.maybe().map(Duration.init(word:)),
                outcome: it.string(), errorCode: it.maybeString())
        case Kind.cancelled: self = .ended(request: it.number(), .cancelled)
        case Kind.dial: self = .dial(Dial(&it))
        case Kind.needToken: self = .needToken(TokenNeed(it.string()))
        case Kind.writeBytes, Kind.writeText, Kind.writeClose:
            _ = it.number()
            let ack = it.kind != Kind.writeClose && it.flag()
            self = Outbound(&it).map { .write($0, ack: ack) } ?? .event(.unrecognised(record))
        case Kind.closeTransport: self = .closeTransport
        case Kind.piece:
            self = .piece(
                request: it.number(), restart: it.flag(), text: it.string(), json: it.string())
        case Kind.answer:
            let (request, restart) = (it.number(), it.flag())
            let (text, rest) = (it.string(), it.maybeString())
            let answer = Answer(text: text, json: it.string())
            self = .answered(request: request, restart: restart, answer, rest: rest)
        case Kind.rejected:
            let request = it.number()
            let retryAfter = it.maybe().map(Duration.init(word:))
            let rejection = Rejection(
                errorCode: it.maybeString(), message: it.string(), retryAfter: retryAfter,
                json: it.string())
            self = .ended(request: request, .rejected(rejection))
        case Kind.expired: self = .ended(request: it.number(), .expired)
        case Kind.unknown: self = .ended(request: it.number(), .unknown)
        case Kind.unsent: self = .ended(request: it.number(), .unsent)
        default: self = .event(Event(record) ?? .unrecognised(record))
        }
    }
}

/// How a request ended.
public enum Outcome: Hashable, Sendable {
    /// The server answered.
    case answered(Answer)
    /// The server refused it, or failed at it.
    case rejected(Rejection)
    /// No answer came in time, nor a piece of one lately. Whether it had an effect is not known.
    case expired
    /// The link broke after the request was sent, and the server keeps no window, or the client
    /// stopped: sending it again might do it twice.
    case unknown
    /// The client stopped before the request was sent: it had no effect, and may be sent again
    /// after ``Client/connect()``.
    case unsent
    /// The request was cancelled: its answer ends where its pieces have.
    case cancelled
}

/// An answer.
public struct Answer: Hashable, Sendable, JSONMessage {
    /// What it says, whole.
    public let text: String
    /// The envelope.
    public let json: String
}

/// A refusal.
public struct Rejection: Hashable, Sendable, JSONMessage {
    /// Why, for programs: an open set, such as `RATE_LIMIT_EXCEEDED`.
    public let errorCode: String?
    /// Why, for people.
    public let message: String
    /// When the request may be sent again, if the server said so.
    public let retryAfter: Duration?
    /// The `error` frame.
    public let json: String
}

/// Where a transport is to lead. Neither printing nor `dump` shows the token that the URL holds.
public struct Dial: Hashable, Sendable {
    /// The number of the attempt, from 0.
    public let attempt: UInt64
    /// Whether the transport is TLS.
    public let isTLS: Bool
    /// The port.
    public let port: UInt16
    /// The whole URL, token and all.
    public let url: Secret
    /// The host.
    public let host: String
    /// Path and query, token and all.
    public let target: Secret
    /// What to offer before all other subprotocols.
    public let subprotocol: String?

    init(_ it: inout RecordReader) {
        attempt = it.number()
        isTLS = it.flag()
        port = UInt16(clamping: it.number())
        url = Secret(it.string())
        host = it.string()
        target = Secret(it.string())
        subprotocol = it.maybeString()
    }
}

/// Why a token is wanted.
public enum TokenNeed: Hashable, Sendable {
    /// There is none yet.
    case missing
    /// The server refused the last one: it is of no use to give the same again.
    case rejected
    /// The last one expires soon.
    case renewal
    /// A reason of a newer engine.
    case other(String)

    init(_ name: String) {
        switch name {
        case "missing": self = .missing
        case "rejected": self = .rejected
        case "renewal": self = .renewal
        default: self = .other(name)
        }
    }
}

extension Event {
    static func unrecognised(_ record: RecordReader) -> Event {
        .unknown(kind: record.kind, raw: [UInt8](record.raw))
    }
}
