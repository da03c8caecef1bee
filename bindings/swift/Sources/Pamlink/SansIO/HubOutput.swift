/// What follows at a hub.
public enum HubOutput: Hashable, Sendable {
    /// An input was refused.
    case fault(Fault)
    /// The transport at this place of the inputs has this link.
    case accepted(of: Int, link: UInt64)
    /// What became of a reply: `queued`, `in_order`, `kept`, `refused`, `whole`, `cancelled`,
    /// `too_large` or `absent`.
    case delivered(of: Int, link: UInt64?, outcome: String)
    /// For how many links an envelope was queued, and how many had no room.
    case pushed(of: Int, queued: UInt64, refused: UInt64, push: UInt64)
    /// How many links are being closed.
    case disconnected(of: Int, links: UInt64)
    /// The transport of this link is to write this.
    case write(link: UInt64, Outbound, ack: Bool)
    /// Drop the transport of this link once everything is written.
    case closeTransport(link: UInt64)
    /// A plain HTTP request: answer it with ``HubInput/respond(link:status:contentType:body:)``.
    /// A header is a line `name: value`.
    case http(link: UInt64, method: String, target: String, headers: String)
    /// A peer presents a token: decide.
    case authorize(link: UInt64, user: String, token: Secret)
    /// A link was authorised and welcomed.
    case opened(link: UInt64, user: String, linksOfUser: UInt64)
    /// A message that wants a reply.
    case request(Request)
    /// A message that wants none.
    case received(Received)
    /// A request came again, with no second effect; what came of the first: `answered`,
    /// `forgotten` or `running`, then with its number.
    case duplicate(link: UInt64, user: String, first: String, request: UInt64?)
    /// A message was refused.
    case refused(Refused)
    /// The host did not reply in time.
    case requestExpired(request: UInt64, user: String)
    /// Whoever asked has cancelled the request, or something else has taken its place: a reply goes
    /// nowhere now.
    case requestCancelled(request: UInt64, user: String)
    /// A session of the user has not got a push, or nobody knows whether it has: `rejected`,
    /// `expired` or `unknown`, and why.
    case undelivered(
        push: UInt64, retryAfter: Duration?, user: String, outcome: String, errorCode: String?)
    /// What waited to be written to a link reached its bound, and messages were lost.
    case overflowed(link: UInt64, user: String, Event.Overflow)
    /// A link has ended; requests of it that still run, and links that the user has left.
    case closed(link: UInt64, user: String, Event.Closed, running: UInt64, linksOfUser: UInt64)
    /// Every link has ended after a drain.
    case drained
    /// A record that this version does not know: its kind and its bytes.
    case unknown(kind: UInt16, raw: [UInt8])

    /// A message that wants a reply, admitted and routed.
    public struct Request: Hashable, Sendable, JSONMessage {
        /// What to reply to.
        public let request: UInt64
        /// The link that it came over.
        public let link: UInt64
        /// Whether the peer takes its answer in pieces.
        public let wantsPieces: Bool
        /// Who sent it.
        public let user: String
        /// The id of the agent that is to answer.
        public let agent: String
        /// Its name for people.
        public let agentName: String
        /// The module that does its work.
        public let module: String
        /// What led there, such as `keyword`.
        public let because: String
        /// Why no agent can answer, if none can; `agent` is the error handler then.
        public let refused: String?
        /// The id of the message, if it has one.
        public let id: String?
        /// What the user wrote.
        public let text: String
        /// The envelope.
        public let json: String
    }

    /// A message that wants no reply.
    public struct Received: Hashable, Sendable, JSONMessage {
        /// The link that it came over.
        public let link: UInt64
        /// Who sent it.
        public let user: String
        /// Its `type`.
        public let kind: String
        /// Its id, if it has one.
        public let id: String?
        /// What it says to a person; empty if nothing.
        public let text: String
        /// The envelope.
        public let json: String
    }

    /// A message that was refused.
    public struct Refused: Hashable, Sendable {
        /// The link that it came over.
        public let link: UInt64
        /// Who sent it; empty before the link was authorised.
        public let user: String
        /// The code of the `error` that the peer was sent.
        public let errorCode: String
        /// When the peer may try again.
        public let retryAfter: Duration?
        /// How many more refusals the user is forgiven right now.
        public let left: UInt64
        /// The user had committed all violations that it may: the link closes.
        public let closing: Bool
    }

    init(_ record: RecordReader) {
        var it = record
        switch it.kind {
        case Kind.request: self = .request(Request(&it))
        case Kind.writeBytes, Kind.writeText, Kind.writeClose:
            let link = it.number()
            let ack = it.kind != Kind.writeClose && it.flag()
            self =
                Outbound(&it).map { .write(link: link, $0, ack: ack) }
                ?? .unknown(kind: it.kind, raw: [UInt8](it.raw))
        case Kind.fault: self = .fault(Fault(&it))
        case Kind.accepted: self = .accepted(of: Int(clamping: it.number()), link: it.number())
        case Kind.delivered:
            self = .delivered(
                of: Int(clamping: it.number()), link: it.maybe(), outcome: it.string())
        case Kind.pushed:
            self = .pushed(
                of: Int(clamping: it.number()), queued: it.number(), refused: it.number(),
                push: it.number())
        case Kind.disconnected:
            self = .disconnected(of: Int(clamping: it.number()), links: it.number())
        case Kind.closeTransport: self = .closeTransport(link: it.number())
        case Kind.http:
            self = .http(
                link: it.number(), method: it.string(), target: it.string(), headers: it.string())
        case Kind.authorize:
            self = .authorize(link: it.number(), user: it.string(), token: Secret(it.string()))
        case Kind.opened:
            let (link, links) = (it.number(), it.number())
            self = .opened(link: link, user: it.string(), linksOfUser: links)
        case Kind.received: self = .received(Received(&it))
        case Kind.duplicate:
            let (link, request) = (it.number(), it.maybe())
            self = .duplicate(link: link, user: it.string(), first: it.string(), request: request)
        case Kind.refused: self = .refused(Refused(&it))
        case Kind.requestExpired:
            self = .requestExpired(request: it.number(), user: it.string())
        case Kind.requestCancelled:
            self = .requestCancelled(request: it.number(), user: it.string())
        case Kind.undelivered:
            self = .undelivered(
                push: it.number(), retryAfter: it.maybe().map(Duration.init(word:)),
                user: it.string(), outcome: it.string(), errorCode: it.maybeString())
        case Kind.overflowed:
            let event = OverflowedLink(&it)
            self = .overflowed(link: event.link, user: event.user, event.overflow)
        case Kind.closed:
            let event = ClosedLink(&it)
            self = .closed(
                link: event.link, user: event.user, event.closed, running: event.running,
                linksOfUser: event.linksOfUser)
        case Kind.drained: self = .drained
        default: self = .unknown(kind: it.kind, raw: [UInt8](it.raw))
        }
    }
}

extension HubOutput.Request {
    @inline(__always)
    init(_ it: inout RecordReader) {
        request = it.number()
        link = it.number()
        wantsPieces = it.flag()
        user = it.string()
        agent = it.string()
        agentName = it.string()
        module = it.string()
        because = it.string()
        refused = it.maybeString()
        id = it.maybeString()
        text = it.string()
        json = it.string()
    }
}

extension HubOutput.Received {
    init(_ it: inout RecordReader) {
        link = it.number()
        user = it.string()
        kind = it.string()
        id = it.maybeString()
        text = it.string()
        json = it.string()
    }
}

extension HubOutput.Refused {
    init(_ it: inout RecordReader) {
        link = it.number()
        retryAfter = it.maybe().map(Duration.init(word:))
        left = it.number()
        closing = it.flag()
        user = it.string()
        errorCode = it.string()
    }
}
