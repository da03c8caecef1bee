import Foundation
internal import PamlinkFFI

/// Decides who answers each message, by a table and by how its agents are doing.
public final class Router: Sendable {
    private let router: PamlinkFFI.Router

    /// What a message is, as far as routing goes.
    public struct Query: Hashable, Sendable {
        /// The agent that it names.
        public var agent: String?
        /// Its `type`.
        public var kind: String
        /// Its intent, where something upstream found one.
        public var intent: String?
        /// What the user wrote.
        public var text: String

        /// A message with this text.
        public init(
            _ text: String = "", agent: String? = nil, kind: String = "chat", intent: String? = nil
        ) {
            self.agent = agent
            self.kind = kind
            self.intent = intent
            self.text = text
        }
    }

    /// Who answers a message, and why.
    public struct Decision: Hashable, Sendable {
        /// The id of the agent that answers; the table's error handler if `refused`.
        public let agent: String
        /// Its name for people.
        public let agentName: String
        /// The module that does its work.
        public let module: String
        /// What led there: `agent_id`, `unknown_agent`, `message_type`, `intent`, `keyword`,
        /// `default` or `no_match`.
        public let because: String
        /// The keyword that led there.
        public let word: String?
        /// Whom the message was for, if that agent could not take it.
        public let fallbackFrom: String?
        /// Why it could not: `busy`, `open` or `probing`.
        public let fallbackWhy: String?
        /// Why no agent answers: `unknown_agent`, `no_match`, `busy` or `unavailable`.
        public let refused: String?
        /// How long until an agent may be tried again.
        public let retryAfter: Duration?
        /// The message named an intent that no agent lists.
        public let unknownIntent: Bool
        /// The version of the table that decided.
        public let version: String
        /// To hand to ``Router/finished(_:_:monoNanos:)`` when the message is done; none if refused.
        public let ticket: UInt64?
    }

    /// How a message went.
    public enum Finish: String, Hashable, Sendable {
        /// It was answered.
        case success
        /// It was not, and that counts against the agent.
        case failure
        /// Nobody waits for it any more; that counts for nothing.
        case abandoned
    }

    /// What a new table changed.
    public struct Replaced: Hashable, Sendable {
        /// Agents of both tables.
        public let kept: UInt64
        /// Agents of the new one alone.
        public let added: UInt64
        /// Agents of the old one alone.
        public let removed: UInt64
    }

    /// A router by the table `json`, or by the default table of five agents.
    ///
    /// - Parameters:
    ///   - json: the table.
    ///   - seed: 32 bytes that fix every choice among agents of equal priority.
    /// - Throws: `bad_routes` names every fault with its line; `bad_seed`, `abi_mismatch`.
    public init(_ json: String? = nil, seed: [UInt8]? = nil) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        router = try Library.call { try PamlinkFFI.Router(json: json, seed: seed) }
    }

    /// Decides who answers, and takes a place at that agent until it is finished.
    public func route(_ query: Query, monoNanos: UInt64 = Now.current.monoNanos) -> Decision {
        let query = PamlinkFFI.Query(
            agent: query.agent, kind: query.kind, intent: query.intent, text: query.text)
        let it = router.route(monoNanos: monoNanos, query: query)
        return Decision(
            agent: it.agent, agentName: it.agentName, module: it.module, because: it.because,
            word: it.word, fallbackFrom: it.fallbackFrom, fallbackWhy: it.fallbackWhy,
            refused: it.refused,
            retryAfter: it.retryAfterMs.map { .milliseconds(Int64(clamping: $0)) },
            unknownIntent: it.unknownIntent, version: it.version, ticket: it.ticket)
    }

    /// Ends the message of a ticket, and returns what that did: `counted`, `opened` or `closed`
    /// (the agent's breaker), or `stale`: nothing.
    @discardableResult
    public func finished(
        _ ticket: UInt64, _ finish: Finish, monoNanos: UInt64 = Now.current.monoNanos
    ) throws(PamlinkError) -> String {
        try Library.call {
            try router.finished(monoNanos: monoNanos, ticket: ticket, outcome: finish.rawValue)
        }
    }

    /// Replaces the table between two decisions.
    ///
    /// - Throws: `bad_routes`; nothing has changed.
    @discardableResult
    public func replace(_ json: String) throws(PamlinkError) -> Replaced {
        let counts = try Library.call { try router.replace(json: json) }
        guard counts.count == 3 else {
            throw PamlinkError(.abiMismatch, "a replacement is \(counts.count) numbers, not 3")
        }
        return Replaced(kept: counts[0], added: counts[1], removed: counts[2])
    }
}
