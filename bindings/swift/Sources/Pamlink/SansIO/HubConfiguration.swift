import Foundation
internal import PamlinkFFI

/// Who decides whether tokens are good. Without a secret and keys: the host, token by token.
public struct Auth: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// The secret of HS256 tokens, at least 32 bytes.
    public var hs256Secret: [UInt8]?
    /// A JWKS document (RFC 7517) with keys for HS256, ES256 or RS256, in place of a secret.
    public var jwks: String?
    /// The `aud` that a token must name. Default `authenticated`.
    public var audience: String?
    /// How far the clocks of issuer and server may lie apart, 0 to 10 min. Default 10 s.
    public var leeway: Duration?

    /// A key, or none: then the host decides.
    public init(
        hs256Secret: [UInt8]? = nil, jwks: String? = nil, audience: String? = nil,
        leeway: Duration? = nil
    ) {
        self.hs256Secret = hs256Secret
        self.jwks = jwks
        self.audience = audience
        self.leeway = leeway
    }

    /// Says which kind of key there is, never the key.
    public var description: String {
        hs256Secret != nil ? "Auth(HS256)" : jwks != nil ? "Auth(JWKS)" : "Auth(host)"
    }

    public var customMirror: Mirror { Mirror(self, children: ["kind": description]) }

    var options: AuthOptions {
        AuthOptions(
            hs256Secret: hs256Secret.map { Data($0) }, jwks: jwks, audience: audience,
            leewayMs: leeway?.millis)
    }
}

/// The bounds and choices of a hub. What is `nil` is the engine's default.
public struct HubConfiguration: Hashable, Sendable {
    /// Who decides whether tokens are good.
    public var auth = Auth()
    /// The routing table as JSON. Default: the five agents of the dialect.
    public var routes: String?
    /// The origins from which a browser may connect over bytes. Default: any.
    public var origins: [String]?
    /// The subprotocols beside `pamlink.v1` that a client may offer: of those that it does, the first is
    /// agreed on, and the link speaks the `pam` dialect. None begins with `pamlink.`. Default: none.
    public var subprotocols: [String] = []
    /// Most links at once, 1 to 16,777,216. Default 131,072.
    public var maxLinks: UInt32?
    /// Most links of one user at once, 1 to 65,536. Default 32.
    public var maxLinksPerUser: UInt32?
    /// Whether one link more is refused; otherwise the user's oldest is closed with 1000.
    public var refuseNewest = false
    /// Most running requests at once, 1 to 16,777,216. Default 65,536.
    public var maxRequests: UInt32?
    /// Most running requests of one link, 1 to 65,536. Default 32.
    public var maxRequestsPerLink: UInt32?
    /// How long a request waits for its reply, 100 ms to 24 h. Default 2 min.
    public var requestTimeout: Duration?
    /// What becomes of what a user asks while an answer to the same user runs: `parallel`, `queue`,
    /// `reject` or `replace`. Default `parallel`.
    public var whileAnswering: String?
    /// How long a link waits for the host's verdict on its token, 10 ms to 24 h. Default 10 s.
    public var authTimeout: Duration?
    /// How long a link may go on with an expired token, 0 to 24 h. Default 60 s.
    public var tokenGrace: Duration?
    /// Messages of one user a minute, 1 to 10,000,000. Default 100.
    public var messagesPerMinute: UInt32?
    /// Links that one user may open a minute, 1 to 10,000,000. Default 60.
    public var connectsPerMinute: UInt32?
    /// Repeats of one user a minute, 1 to 10,000,000. Default 500.
    public var repeatsPerMinute: UInt32?
    /// Refusals that a link survives within a minute, 1 to 1,000,000. Default 5.
    public var maxViolations: UInt32?
    /// Requests that are remembered, 1 to 16,777,216. Default 262,144.
    public var windowEntries: UInt64?
    /// How long a request is remembered, 1 s to 168 h. Default 5 min.
    public var windowAge: Duration?
    /// Bytes of results kept for repeats, 0 to 1 GiB. Default 16 MiB.
    public var windowResultBytes: UInt64?
    /// Between two pings of the hub, 10 ms to 25 s. Default 20 s.
    public var heartbeatInterval: Duration?
    /// How long a peer has to show life, 10 ms to 2 min. Default 10 s.
    public var heartbeatDeadline: Duration?
    /// The longest message that is read, in bytes, 1 KiB to 1 GiB. Default 1 MiB.
    public var maxMessageBytes: UInt64?
    /// Bytes that may wait to be written to one link, 0 to 1 GiB. Default 256 KiB.
    public var outboxBytes: UInt64?
    /// Types beyond those of the dialect that the host takes.
    public var accepts: [String] = []
    /// How many characters a text in a message may have, by the name of its member (`message`), in
    /// every type that has no limit of its own for it, or by type and name (`voice.message`). 1 to
    /// 1,048,576; what is not named keeps its default.
    public var characters: [String: UInt32] = [:]
    /// Whether a request that names an unknown agent goes to the table's error handler; otherwise
    /// the hub answers it with an error.
    public var routeUnknownAgents = false
    /// Whether to compress messages (permessage-deflate) with peers over bytes that offer it. A
    /// transport that speaks WebSocket itself negotiates its own. Off, since it costs memory and
    /// time of the processor, which a server runs out of before the bytes.
    public var compression = false
    /// Most links that hold a compressor between messages, about 380 KB each; the others borrow one
    /// for each message, and save less. 0 to 100,000. Default 64.
    public var maxCompressors: UInt32?

    /// The engine's defaults.
    public init() {}

    var options: HubOptions {
        HubOptions(
            auth: auth.options, routes: routes, origins: origins,
            subprotocols: subprotocols, maxLinks: maxLinks,
            maxLinksPerUser: maxLinksPerUser, refuseNewest: refuseNewest,
            maxRequests: maxRequests, maxRequestsPerLink: maxRequestsPerLink,
            requestTimeoutMs: requestTimeout?.millis, whileAnswering: whileAnswering,
            authTimeoutMs: authTimeout?.millis,
            tokenGraceMs: tokenGrace?.millis, messagesPerMinute: messagesPerMinute,
            connectsPerMinute: connectsPerMinute, repeatsPerMinute: repeatsPerMinute,
            maxViolations: maxViolations, windowEntries: windowEntries,
            windowAgeMs: windowAge?.millis, windowResultBytes: windowResultBytes,
            heartbeatIntervalMs: heartbeatInterval?.millis,
            heartbeatDeadlineMs: heartbeatDeadline?.millis, maxMessageBytes: maxMessageBytes,
            outboxBytes: outboxBytes, accepts: accepts, characters: characters,
            routeUnknownAgents: routeUnknownAgents,
            compression: compression, maxCompressors: maxCompressors)
    }
}
