/// What happened at a client, or what it is to do.
public enum ClientInput: Hashable, Sendable {
    /// Begin, or begin again.
    case connect
    /// Close the link and stay closed.
    case disconnect
    /// A transport is there, and the engine is to speak WebSocket over it.
    case dialed
    /// A transport is there that speaks WebSocket itself.
    case opened(subprotocol: String?)
    /// There is no transport: an HTTP status if something answered, or a class of ends such as
    /// `network`. What was said is the body of the answer or its beginning, or what happened.
    case dialFailed(
        status: UInt16?, kind: String?, said: String? = nil, retryAfter: Duration? = nil)
    /// The transport has read something.
    case read(Inbound)
    /// Everything so far has gone to the transport.
    case written
    /// The transport has ended.
    case closed
    /// A token; when it expires, in microseconds since 1970, if it does not say so itself.
    case token(Secret, expiresMicros: Int64?)
    /// There is no token: denied for good, or not to be had for now.
    case tokenFailed(denied: Bool)
    /// The device woke up, or the app came to the foreground.
    case wake
    /// The device has another network.
    case networkChanged
    /// A request.
    case ask(ClientRequest)
    /// Nobody waits for this request any more.
    case forget(request: UInt64)
    /// Nobody wants the answer to this request; it ends at the server too, where that can be.
    case abandon(request: UInt64)
    /// An envelope that wants no answer.
    case send(String)
    /// End a request at the server, over `pamlink.v1`; what it comes to is one
    /// ``ClientOutput/cancelResult(request:_:)``. A fault, `needs_v1` or `requests_full`: nothing was
    /// cancelled.
    case cancel(request: UInt64)
    /// An envelope whose outcome is told, over `pamlink.v1`.
    case submit(String, priority: Priority? = nil, key: String? = nil, timeToLive: Duration? = nil)
    /// The client as bytes, after this step.
    case snapshot

    func write(to out: RecordWriter) {
        switch self {
        case .connect: out.bare(Kind.connect)
        case .disconnect: out.bare(Kind.disconnect)
        case .dialed: out.bare(Kind.dialed)
        case .opened(let subprotocol):
            out.begin(Kind.openedIn, words: 0, texts: 1)
            out.maybe(subprotocol)
            out.end()
        case .dialFailed(let status, let kind, let said, let retryAfter):
            out.begin(Kind.dialFailed, words: 2, texts: 2)
            out.maybe(status.map(UInt64.init))
            out.maybe(retryAfter.map { UInt64(max(0, $0.nanos)) })
            out.maybe(kind)
            out.maybe(said)
            out.end()
        case .read(let inbound): inbound.write(to: out, link: 0)
        case .written: out.one(Kind.written, 0)
        case .closed: out.one(Kind.closedIn, 0)
        case .token(let token, let expires):
            out.begin(Kind.token, words: 1, texts: 1)
            out.maybe(expires.map { UInt64(max(0, $0)) })
            out.text(token.expose())
            out.end()
        case .tokenFailed(let denied):
            out.begin(Kind.tokenFailed, words: 1, texts: 0)
            out.flag(denied)
            out.end()
        case .wake: out.bare(Kind.wake)
        case .networkChanged: out.bare(Kind.networkChanged)
        case .ask(let request): request.write(to: out)
        case .forget(let request): out.one(Kind.forget, request)
        case .abandon(let request): out.one(Kind.abandon, request)
        case .send(let envelope):
            out.begin(Kind.send, words: 0, texts: 1)
            out.text(envelope)
            out.end()
        case .cancel(let request): out.one(Kind.cancel, request)
        case .submit(let envelope, let priority, let key, let timeToLive):
            out.begin(Kind.submit, words: 1, texts: 4)
            out.maybe(timeToLive?.word)
            out.text(envelope)
            out.maybe(priority?.rawValue)
            out.maybe(key)
            out.maybe(nil as String?)
            out.end()
        case .snapshot: out.bare(Kind.snapshot)
        }
    }
}

/// In which order waiting envelopes go.
public enum Priority: String, Hashable, Sendable, CaseIterable {
    /// Before all others.
    case urgent
    /// In its turn.
    case normal
    /// After all others.
    case bulk
}

/// What a request says, and to whom.
public struct ClientRequest: Hashable, Sendable {
    /// What the user wrote.
    public var text: String
    /// The agent that is to answer, by id or name.
    public var agent: String?
    /// The intent, where something upstream found one.
    public var intent: String?
    /// The conversation that it belongs to.
    public var sessionID: String?
    /// A JSON object with what is known beside the text.
    public var context: String?
    /// Whether the answer is wanted in pieces as it grows.
    public var inPieces: Bool

    /// A request with this text.
    public init(
        _ text: String, agent: String? = nil, intent: String? = nil, sessionID: String? = nil,
        context: String? = nil, inPieces: Bool = false
    ) {
        self.text = text
        self.agent = agent
        self.intent = intent
        self.sessionID = sessionID
        self.context = context
        self.inPieces = inPieces
    }

    func write(to out: RecordWriter) {
        out.begin(Kind.ask, words: 1, texts: 5)
        out.flag(inPieces)
        out.text(text)
        out.maybe(agent)
        out.maybe(intent)
        out.maybe(sessionID)
        out.maybe(context)
        out.end()
    }
}
