import Foundation

/// Where a link is in its life.
public enum LinkState: UInt64, Hashable, Sendable, CaseIterable {
    /// There is no link yet, or it is being made.
    case connecting = 0
    /// It is open: the server has welcomed it, or sends no welcome.
    case open = 1
    /// It is being closed.
    case closing = 2
    /// It is over, and no other comes by itself.
    case closed = 3
}

/// What happens at a client beside the ends of its requests.
///
/// Only packages of a later version add cases; what a newer engine adds is ``unknown(kind:raw:)``.
public enum Event: Hashable, Sendable {
    /// The link has another state.
    case stateChanged(StateChange)
    /// The server has welcomed this link.
    case welcomed(Welcome)
    /// A message that answers nothing.
    case message(Message)
    /// A message that had come before, under the same id, came again: nothing to do.
    case repeated(Message)
    /// An answer came to a request that had ended before, or to none that is known; or a piece of
    /// one, to a request that had ended before.
    case late(Late)
    /// A text came that is no envelope: what is wrong with it, and the text.
    case unreadable(message: String, text: String)
    /// A binary message came; the dialect has none.
    case binary([UInt8])
    /// What waited to be written reached its bound, and messages were lost.
    case overflowed(Overflow)
    /// The server broke the WebSocket protocol; the end of the link follows.
    case failed(ProtocolFailure)
    /// The link is over.
    case closed(Closed)
    /// The next attempt to connect comes by itself.
    case retrying(Retrying)
    /// There are no more attempts before ``Client/connect()`` is called.
    case stopped(Stopped)
    /// Over `pamlink.v1`: something that the server has sent is lost, or may be. Requests say what has
    /// become of themselves.
    case gap(Gap)
    /// So many events were dropped here, the oldest first, because nobody took them.
    case lost(UInt64)
    /// A record that this version does not know: its kind and its bytes.
    case unknown(kind: UInt16, raw: [UInt8])

    /// From one state to another.
    public struct StateChange: Hashable, Sendable {
        /// The state before.
        public let from: LinkState
        /// The state now.
        public let to: LinkState
        /// The input that led there, by its name in the state table.
        public let cause: String
    }

    /// What the server can do.
    public struct Welcome: Hashable, Sendable, JSONMessage {
        /// The server names the request in each reply.
        public let correlates: Bool
        /// The server knows repeats: what got no answer is sent again under the same id.
        public let repeats: Bool
        /// The envelope.
        public let json: String
    }

    /// An envelope.
    public struct Message: Hashable, Sendable, JSONMessage {
        /// Its `type`, known or not.
        public let kind: String
        /// Its id as text, if it has one.
        public let id: String?
        /// What it says to a person; empty if nothing.
        public let text: String
        /// The envelope, byte for byte.
        public let json: String
    }

    /// An answer that came too late.
    public struct Late: Hashable, Sendable, JSONMessage {
        /// The number of the request, if it is known.
        public let request: UInt64?
        /// What it says.
        public let text: String
        /// The envelope.
        public let json: String
    }

    /// What the server has sent and nobody will get.
    public struct Gap: Hashable, Sendable {
        /// How many messages; `nil` if that is not known.
        public let lost: UInt64?
        /// Why, such as `session_ended`.
        public let errorCode: String
    }

    /// What was lost since the last such event.
    public struct Overflow: Hashable, Sendable {
        /// How many messages.
        public let messages: UInt64
        /// How many bytes of them.
        public let bytes: UInt64
        /// What was done: `close`, `drop_oldest` or `reject`.
        public let policy: String
    }

    /// How the peer broke RFC 6455.
    public struct ProtocolFailure: Hashable, Sendable {
        /// The name of the fault.
        public let name: String
        /// What is wrong, for people.
        public let message: String
        /// The close code that it is answered with.
        public let closeCode: UInt16
    }

    /// The end of a link.
    public struct Closed: Hashable, Sendable {
        /// The close code: 1006 if there was no Close frame.
        public let code: UInt16
        /// Whether both ends have sent a close frame.
        public let clean: Bool
        /// Messages that were not written.
        public let unsent: UInt64
        /// The HTTP status that the opening request was answered with, if there never was a link.
        public let status: UInt16?
        /// What kind of end it was: `network`, `authentication`, `setup` and others.
        public let kind: String
        /// The reason that came or went with the code.
        public let reason: String
        /// Who or what ended it, for people: one word and, where there is more to say, a colon and
        /// that, such as `peer: close 4001: token expired` or `answered: HTTP 502: no backend`.
        public let cause: String
    }

    /// An attempt that comes.
    public struct Retrying: Hashable, Sendable {
        /// Its number.
        public let attempt: UInt64
        /// How long until then.
        public let after: Duration
        /// The HTTP status that the last one was answered with, if that was it.
        public let status: UInt16?
        /// The code of the peer's close, if that was it.
        public let code: UInt16?
        /// What kind of end the last one had.
        public let kind: String
        /// Who or what ended it, as in ``Closed``.
        public let cause: String
        /// What the other side said: the reason of its close, or the first line of its answer.
        public let reason: String
    }

    /// Why there are no more attempts.
    public struct Stopped: Hashable, Sendable {
        /// The HTTP status that the last attempt was answered with, if that was it.
        public let status: UInt16?
        /// The code of the peer's close, if that was it.
        public let code: UInt16?
        /// What kind of end the last one had.
        public let kind: String
        /// Its cause, as in ``Closed``.
        public let cause: String
        /// What the other side said: the reason of its close, or the first line of its answer.
        public let reason: String
    }
}

/// Something that came as JSON text.
public protocol JSONMessage {
    /// The envelope, byte for byte as it came.
    var json: String { get }
}

extension JSONMessage {
    /// The envelope as a type of yours. The engine owns the protocol; this is for what your server
    /// adds to it.
    public func decode<T: Decodable>(_ type: T.Type = T.self) throws -> T {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }
}

extension Event {
    /// The event of a client's record, or nothing if it is none.
    init?(_ record: RecordReader) {
        var it = record
        switch it.kind {
        case Kind.stateChanged:
            guard let from = LinkState(rawValue: it.number()),
                let to = LinkState(rawValue: it.number())
            else {
                self = .unknown(kind: it.kind, raw: [UInt8](it.raw))
                return
            }
            self = .stateChanged(StateChange(from: from, to: to, cause: it.string()))
        case Kind.welcomed:
            self = .welcomed(
                Welcome(correlates: it.flag(), repeats: it.flag(), json: it.string()))
        case Kind.message: self = .message(Message(&it))
        case Kind.repeated: self = .repeated(Message(&it))
        case Kind.late:
            self = .late(Late(request: it.maybe(), text: it.string(), json: it.string()))
        case Kind.unreadable:
            self = .unreadable(message: it.string(), text: it.string())
        case Kind.binary: self = .binary(it.bytes())
        case Kind.overflowed: self = .overflowed(OverflowedLink(&it).overflow)
        case Kind.gap: self = .gap(Gap(lost: it.maybe(), errorCode: it.string()))
        case Kind.failed: self = .failed(ProtocolFailure(&it))
        case Kind.closed: self = .closed(ClosedLink(&it).closed)
        case Kind.retrying:
            self = .retrying(
                Retrying(
                    attempt: it.number(), after: Duration(word: it.number()), status: it.small(),
                    code: it.small(), kind: it.string(), cause: it.string(), reason: it.string()))
        case Kind.stopped:
            self = .stopped(
                Stopped(
                    status: it.small(), code: it.small(), kind: it.string(), cause: it.string(),
                    reason: it.string()))
        default:
            return nil
        }
    }
}

extension Event.Message {
    init(_ it: inout RecordReader) {
        self.init(kind: it.string(), id: it.maybeString(), text: it.string(), json: it.string())
    }
}

extension Event.ProtocolFailure {
    init(_ it: inout RecordReader) {
        let code = UInt16(clamping: it.number())
        self.init(name: it.string(), message: it.string(), closeCode: code)
    }
}
