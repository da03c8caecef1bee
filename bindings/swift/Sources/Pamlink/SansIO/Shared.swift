/// What a transport is to write.
public enum Outbound: Hashable, Sendable {
    /// Bytes as they are: the engine speaks WebSocket.
    case bytes([UInt8])
    /// A text message: the transport speaks WebSocket.
    case text(String)
    /// A Close frame, without a code if there is none.
    case close(code: UInt16?, reason: String)

    init?(_ it: inout RecordReader) {
        switch it.kind {
        case Kind.writeBytes: self = .bytes(it.bytes())
        case Kind.writeText: self = .text(it.string())
        case Kind.writeClose:
            self = .close(code: it.maybe().map(UInt16.init(clamping:)), reason: it.string())
        default: return nil
        }
    }
}

/// What a transport has read.
public enum Inbound: Hashable, Sendable {
    /// Bytes as they came: the engine speaks WebSocket.
    case bytes([UInt8])
    /// A text message: the transport speaks WebSocket.
    case text(String)
    /// A binary message.
    case binary([UInt8])
    /// A Close frame.
    case close(code: UInt16?, reason: String)

    func write(to out: RecordWriter, link: UInt64) {
        switch self {
        case .bytes(let bytes):
            out.begin(Kind.bytesIn, words: 1, texts: 1)
            out.number(link)
            out.bytes(bytes)
        case .text(let text):
            out.begin(Kind.textIn, words: 1, texts: 1)
            out.number(link)
            out.text(text)
        case .binary(let bytes):
            out.begin(Kind.binaryIn, words: 1, texts: 1)
            out.number(link)
            out.bytes(bytes)
        case .close(let code, let reason):
            out.begin(Kind.closeIn, words: 2, texts: 1)
            out.number(link)
            out.maybe(code.map(UInt64.init))
            out.text(reason)
        }
        out.end()
    }
}

/// An input that was refused, by its place among the inputs of its step, from 0.
public struct Fault: Hashable, Sendable {
    /// The place.
    public let of: Int
    /// Why.
    public let error: PamlinkError

    init(_ it: inout RecordReader) {
        of = Int(clamping: it.number())
        let number = UInt32(clamping: it.number())
        let retryable = it.flag()
        let retryAfter = it.maybe().map(Duration.init(word:))
        // The name goes with the number.
        _ = it.slice()
        error = PamlinkError(
            number: number, kind: it.string(), retryable: retryable, retryAfter: retryAfter,
            message: it.string())
    }
}

/// When an engine wants its next step at the latest, and why.
public struct Deadline: Hashable, Sendable {
    /// On the clock of ``Now/monoNanos``.
    public let monoNanos: UInt64
    /// The reason, for logs and tests.
    public let reason: String
}

/// The end of a link as the events of both machines have it.
struct ClosedLink {
    let link: UInt64
    let closed: Event.Closed
    let running: UInt64
    let linksOfUser: UInt64
    let user: String

    init(_ it: inout RecordReader) {
        link = it.number()
        let code = UInt16(clamping: it.number())
        let clean = it.flag()
        let unsent = it.number()
        running = it.number()
        linksOfUser = it.number()
        closed = Event.Closed(
            code: code, clean: clean, unsent: unsent, status: it.small(), kind: it.string(),
            reason: it.string(), cause: it.string())
        user = it.string()
    }
}

/// An overflow as the events of both machines have it.
struct OverflowedLink {
    let link: UInt64
    let overflow: Event.Overflow
    let user: String

    init(_ it: inout RecordReader) {
        link = it.number()
        overflow = Event.Overflow(messages: it.number(), bytes: it.number(), policy: it.string())
        user = it.string()
    }
}

extension RecordWriter {
    /// A record without members.
    func bare(_ kind: UInt16) {
        begin(kind, words: 0, texts: 0)
        end()
    }

    /// A record of one word.
    func one(_ kind: UInt16, _ word: UInt64) {
        begin(kind, words: 1, texts: 0)
        number(word)
        end()
    }
}
