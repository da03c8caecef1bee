@testable import Pamlink

/// The members of `ClientOptions` and `HubOptions` as configurations. A member that nobody knows
/// is an error.
struct Options {
    private let members: [String: JSON]

    init(_ json: JSON) throws {
        members = try must(json.members, "options")
    }

    func client() throws -> (url: String, Configuration) {
        var it = Configuration(v1: false)
        var url = ""
        for (name, value) in members where value != .null {
            switch name {
            case "url": url = try text(value)
            case "anonymous": it.anonymous = try flag(value)
            case "request_timeout_ms": it.requestTimeout = try span(value)
            case "max_requests": it.maxRequests = UInt32(try word(value))
            case "max_request_bytes": it.maxRequestBytes = try word(value)
            case "heartbeat_interval_ms": it.heartbeatInterval = try span(value)
            case "heartbeat_deadline_ms": it.heartbeatDeadline = try span(value)
            case "backoff_cap_ms": it.backoffCap = try span(value)
            case "dial_timeout_ms": it.dialTimeout = try span(value)
            case "welcome_timeout_ms": it.welcomeTimeout = try span(value)
            case "max_message_bytes": it.maxMessageBytes = try word(value)
            case "origin": it.origin = try text(value)
            case "v1": it.v1 = try flag(value)
            case "subprotocols": it.subprotocols = try texts(value)
            case "compression": it.compression = try flag(value)
            default: throw Malformed(description: "no option of a client is `\(name)`")
            }
        }
        return (url, it)
    }

    func hub() throws -> HubConfiguration {
        var it = HubConfiguration()
        for (name, value) in members where value != .null {
            switch name {
            case "auth": it.auth = try Options(value).auth()
            case "routes": it.routes = try text(value)
            case "origins": it.origins = try texts(value)
            case "subprotocols": it.subprotocols = try texts(value)
            case "max_links": it.maxLinks = UInt32(try word(value))
            case "max_links_per_user": it.maxLinksPerUser = UInt32(try word(value))
            case "refuse_newest": it.refuseNewest = try flag(value)
            case "max_requests": it.maxRequests = UInt32(try word(value))
            case "max_requests_per_link": it.maxRequestsPerLink = UInt32(try word(value))
            case "request_timeout_ms": it.requestTimeout = try span(value)
            case "while_answering": it.whileAnswering = try text(value)
            case "auth_timeout_ms": it.authTimeout = try span(value)
            case "token_grace_ms": it.tokenGrace = try span(value)
            case "messages_per_minute": it.messagesPerMinute = UInt32(try word(value))
            case "connects_per_minute": it.connectsPerMinute = UInt32(try word(value))
            case "repeats_per_minute": it.repeatsPerMinute = UInt32(try word(value))
            case "max_violations": it.maxViolations = UInt32(try word(value))
            case "window_entries": it.windowEntries = try word(value)
            case "window_age_ms": it.windowAge = try span(value)
            case "window_result_bytes": it.windowResultBytes = try word(value)
            case "heartbeat_interval_ms": it.heartbeatInterval = try span(value)
            case "heartbeat_deadline_ms": it.heartbeatDeadline = try span(value)
            case "max_message_bytes": it.maxMessageBytes = try word(value)
            case "outbox_bytes": it.outboxBytes = try word(value)
            case "accepts": it.accepts = try texts(value)
            case "characters":
                let limits = try must(value.members, "members in \(value)")
                for (name, most) in limits { it.characters[name] = UInt32(try word(most)) }
            case "route_unknown_agents": it.routeUnknownAgents = try flag(value)
            case "compression": it.compression = try flag(value)
            case "max_compressors": it.maxCompressors = UInt32(try word(value))
            default: throw Malformed(description: "no option of a hub is `\(name)`")
            }
        }
        return it
    }

    private func auth() throws -> Auth {
        var it = Auth()
        for (name, value) in members where value != .null {
            switch name {
            case "hs256_secret": it.hs256Secret = try unhex(text(value))
            case "jwks": it.jwks = try text(value)
            case "audience": it.audience = try text(value)
            case "leeway_ms": it.leeway = try span(value)
            default: throw Malformed(description: "no option of auth is `\(name)`")
            }
        }
        return it
    }

    private func text(_ value: JSON) throws -> String { try must(value.text, "text in \(value)") }
    private func word(_ value: JSON) throws -> UInt64 { try must(value.uint, "word in \(value)") }
    private func flag(_ value: JSON) throws -> Bool { try must(value.bool, "flag in \(value)") }
    private func span(_ value: JSON) throws -> Duration { .milliseconds(Int64(try word(value))) }
    private func texts(_ value: JSON) throws -> [String] {
        try must(value.list, "list in \(value)").map { try text($0) }
    }
}
