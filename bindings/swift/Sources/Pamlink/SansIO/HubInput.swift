/// What happened at a hub, or what it is to do. A `link` and a `request` are the numbers that the
/// hub gave.
public enum HubInput: Hashable, Sendable {
    /// A transport came, and the engine is to speak WebSocket over it.
    case accept
    /// A transport came that speaks WebSocket itself, for this user and with this proof;
    /// `maxMessage` is the largest message that its peer says it takes, in bytes; `v1`: it has agreed
    /// on `pamlink.v1`.
    case acceptOpened(user: String, Proof, maxMessage: Int? = nil, v1: Bool = false)
    /// A transport has read something.
    case read(link: UInt64, Inbound)
    /// Everything so far has gone to the transport of this link.
    case written(link: UInt64)
    /// A transport has ended.
    case closed(link: UInt64)
    /// The verdict on a token: the user it belongs to and when it expires.
    case authorize(link: UInt64, subject: String, expiresMicros: Int64?)
    /// The verdict on a token: refused, by the name of an error such as `expired`.
    case refuse(link: UInt64, error: String)
    /// The answer to a request.
    case reply(request: UInt64, Reply)
    /// An error in place of an answer.
    case replyError(request: UInt64, errorCode: String, message: String, retryAfter: Duration?)
    /// A whole envelope in place of an answer.
    case replyRaw(request: UInt64, envelope: String)
    /// A piece of an answer that grows; the answer follows.
    case replyPiece(request: UInt64, text: String)
    /// No answer follows, and none is wanted.
    case dismiss(request: UInt64)
    /// An envelope for one link.
    case sendTo(link: UInt64, envelope: String)
    /// An envelope for all links of a user.
    case push(
        user: String, envelope: String, priority: Priority? = nil, key: String? = nil,
        timeToLive: Duration? = nil)
    /// An envelope for every link.
    case broadcast(envelope: String)
    /// Close a link.
    case disconnectLink(UInt64, code: UInt16, reason: String)
    /// Close all links of a user.
    case disconnectUser(String, code: UInt16, reason: String)
    /// Close everything within this time, and take no more links.
    case drain(spread: Duration)
    /// The answer to a plain HTTP request.
    case respond(link: UInt64, status: UInt16, contentType: String, body: [UInt8])

    /// What a transport that speaks WebSocket itself knows of its user.
    public enum Proof: Hashable, Sendable {
        /// Nothing: the link must present a token.
        case none
        /// A token to be verified.
        case token(Secret)
        /// The host has verified it: whose it is and when it expires.
        case verified(subject: String, expiresMicros: Int64?)
    }

    /// An answer.
    public struct Reply: Hashable, Sendable {
        /// What it says.
        public var text: String
        /// A JSON array of things for the app to do.
        public var uiActions: String?
        /// What the answer comes from, such as `ai`.
        public var source: String?
        /// The model that made it.
        public var model: String?
        /// The agent that gives it.
        public var agent: String?
        /// Whether it says that something went wrong.
        public var failed: Bool

        /// An answer with this text.
        public init(
            _ text: String, uiActions: String? = nil, source: String? = nil, model: String? = nil,
            agent: String? = nil, failed: Bool = false
        ) {
            self.text = text
            self.uiActions = uiActions
            self.source = source
            self.model = model
            self.agent = agent
            self.failed = failed
        }
    }

    func write(to out: RecordWriter) {
        switch self {
        case .accept: out.bare(Kind.accept)
        case .acceptOpened(let user, let proof, let most, let v1):
            proof.write(to: out, user: user, maxMessage: most, v1: v1)
        case .read(let link, let inbound): inbound.write(to: out, link: link)
        case .written(let link): out.one(Kind.written, link)
        case .closed(let link): out.one(Kind.closedIn, link)
        case .authorize(let link, let subject, let expires):
            verdict(out, link, expires: expires, subject: subject, error: nil)
        case .refuse(let link, let error):
            verdict(out, link, expires: nil, subject: nil, error: error)
        case .reply(let request, let reply): reply.write(to: out, request: request)
        case .replyError(let request, let code, let message, let retryAfter):
            out.begin(Kind.replyError, words: 2, texts: 2)
            out.number(request)
            out.maybe(retryAfter?.word)
            out.text(code)
            out.text(message)
            out.end()
        case .replyRaw(let request, let envelope): said(out, Kind.replyRaw, request, envelope)
        case .replyPiece(let request, let text): said(out, Kind.replyPiece, request, text)
        case .dismiss(let request): out.one(Kind.dismiss, request)
        case .sendTo(let link, let envelope): said(out, Kind.sendTo, link, envelope)
        case .push(let user, let envelope, let priority, let key, let timeToLive):
            out.begin(Kind.push, words: 1, texts: 4)
            out.maybe(timeToLive?.word)
            out.text(user)
            out.text(envelope)
            out.maybe(priority?.rawValue)
            out.maybe(key)
            out.end()
        case .broadcast(let envelope):
            out.begin(Kind.broadcast, words: 0, texts: 1)
            out.text(envelope)
            out.end()
        case .disconnectLink(let link, let code, let reason):
            out.begin(Kind.disconnectLink, words: 2, texts: 1)
            out.number(link)
            out.number(UInt64(code))
            out.text(reason)
            out.end()
        case .disconnectUser(let user, let code, let reason):
            out.begin(Kind.disconnectUser, words: 1, texts: 2)
            out.number(UInt64(code))
            out.text(user)
            out.text(reason)
            out.end()
        case .drain(let spread): out.one(Kind.drain, spread.word)
        case .respond(let link, let status, let contentType, let body):
            out.begin(Kind.respond, words: 2, texts: 2)
            out.number(link)
            out.number(UInt64(status))
            out.text(contentType)
            out.bytes(body)
            out.end()
        }
    }

    private func said(_ out: RecordWriter, _ kind: UInt16, _ number: UInt64, _ text: String) {
        out.begin(kind, words: 1, texts: 1)
        out.number(number)
        out.text(text)
        out.end()
    }

    private func verdict(
        _ out: RecordWriter, _ link: UInt64, expires: Int64?, subject: String?, error: String?
    ) {
        out.begin(Kind.authorizeLink, words: 2, texts: 2)
        out.number(link)
        out.maybe(expires.map { UInt64(max(0, $0)) })
        out.maybe(subject)
        out.maybe(error)
        out.end()
    }
}

extension HubInput.Proof {
    func write(to out: RecordWriter, user: String, maxMessage: Int?, v1: Bool) {
        var (token, subject, expires) = (String?.none, String?.none, Int64?.none)
        switch self {
        case .none: break
        case .token(let secret): token = secret.expose()
        case .verified(let verified, let until): (subject, expires) = (verified, until)
        }
        out.begin(Kind.acceptOpened, words: 3, texts: 3)
        out.maybe(expires.map { UInt64(max(0, $0)) })
        out.maybe(maxMessage.map { UInt64(max(0, $0)) })
        out.flag(v1)
        out.text(user)
        out.maybe(token)
        out.maybe(subject)
        out.end()
    }
}

extension HubInput.Reply {
    func write(to out: RecordWriter, request: UInt64) {
        out.begin(Kind.reply, words: 2, texts: 5)
        out.number(request)
        out.flag(failed)
        out.text(text)
        out.maybe(uiActions)
        out.maybe(source)
        out.maybe(model)
        out.maybe(agent)
        out.end()
    }
}
