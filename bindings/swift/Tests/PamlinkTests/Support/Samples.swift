@testable import Pamlink

/// A record with members that all differ and that its type can hold.
func sample(_ schema: RecordSchema) -> Record {
    let flags = [
        "stream", "ack", "restart", "denied", "failed", "retryable", "tls", "correlates", "repeats", "clean",
        "wants_pieces", "closing", "v1",
    ]
    let words = schema.words.enumerated().map { at, name -> Record.Member in
        switch plain(name) {
        case let flag where flags.contains(flag): .word(1)
        case "from": .word(1)
        case "to": .word(2)
        default: .word(UInt64(1000 + at))
        }
    }
    let texts = schema.texts.enumerated().map { at, name -> Record.Member in
        .bytes(Array("\(plain(name)) \(at) é".utf8))
    }
    return Record(schema: schema, members: words + texts)
}

/// Such records, one for each way in which its type is used.
func samples(_ schema: RecordSchema) -> [Record] {
    let whole = sample(schema)
    let without = { (names: [String]) in
        Record(
            schema: schema,
            members: zip(schema.words + schema.texts, whole.members).map { name, member in
                names.contains(plain(name)) ? .absent : member
            })
    }
    switch schema.name {
    case "accept_opened":
        return [
            without(["token"]), without(["subject", "expires"]),
            without(["token", "subject", "expires"]),
        ]
    case "authorize_link": return [without(["error"]), without(["subject", "expires"])]
    case "opened_in": return [whole, without(["subprotocol"])]
    case "submit", "push": return prioritised(whole)
    default: return [whole]
    }
}

/// One of each priority; the agent of `submit` has no place in its type.
private func prioritised(_ whole: Record) -> [Record] {
    Priority.allCases.map { priority in
        let members = zip(whole.schema.words + whole.schema.texts, whole.members)
        return Record(
            schema: whole.schema,
            members: members.map { name, member in
                switch plain(name) {
                case "priority": .bytes(Array(priority.rawValue.utf8))
                case "agent": .absent
                default: member
                }
            })
    }
}

extension Record {
    fileprivate func words(_ name: String) -> UInt64 { word(name) ?? 0 }
    fileprivate func texts(_ name: String) -> String { text(name) ?? "" }
    fileprivate func raw(_ name: String) -> [UInt8] {
        if case .bytes(let bytes) = member(name) { bytes } else { [] }
    }
}

/// The input of a client that this record is.
func clientInput(_ it: Record) -> ClientInput? {
    switch it.schema.name {
    case "connect": .connect
    case "disconnect": .disconnect
    case "dialed": .dialed
    case "opened_in": .opened(subprotocol: it.text("subprotocol"))
    case "dial_failed":
        .dialFailed(
            status: UInt16(it.words("status")), kind: it.text("class"), said: it.text("said"),
            retryAfter: it.word("retry_after").map { Duration(word: $0) })
    case "token": .token(Secret(it.texts("token")), expiresMicros: Int64(it.words("expires")))
    case "token_failed": .tokenFailed(denied: true)
    case "wake": .wake
    case "network_changed": .networkChanged
    case "ask":
        .ask(
            ClientRequest(
                it.texts("message"), agent: it.text("agent"), intent: it.text("intent"),
                sessionID: it.text("session_id"), context: it.text("context"), inPieces: true))
    case "send": .send(it.texts("envelope"))
    case "forget": .forget(request: it.words("request"))
    case "abandon": .abandon(request: it.words("request"))
    case "cancel": .cancel(request: it.words("request"))
    case "submit":
        .submit(
            it.texts("envelope"), priority: it.text("priority").flatMap { Priority(rawValue: $0) },
            key: it.text("key"), timeToLive: it.word("time_to_live").map { Duration(word: $0) })
    case "snapshot": .snapshot
    default: nil
    }
}

/// The input of a hub that this record is.
func hubInput(_ it: Record) -> HubInput? {
    let (link, request) = (it.words("link"), it.words("request"))
    switch it.schema.name {
    case "bytes_in": return .read(link: link, .bytes(it.raw("bytes")))
    case "text_in": return .read(link: link, .text(it.texts("text")))
    case "binary_in": return .read(link: link, .binary(it.raw("bytes")))
    case "close_in":
        return .read(
            link: link, .close(code: UInt16(it.words("code")), reason: it.texts("reason")))
    case "closed_in": return .closed(link: link)
    case "written": return .written(link: link)
    case "accept": return .accept
    case "accept_opened":
        let proof: HubInput.Proof =
            if let subject = it.text("subject") {
                .verified(subject: subject, expiresMicros: Int64(it.words("expires")))
            } else if let token = it.text("token") {
                .token(Secret(token))
            } else {
                .none
            }
        return .acceptOpened(
            user: it.texts("user"), proof, maxMessage: it.word("max_message").map { Int($0) },
            v1: true)
    case "authorize_link":
        if let error = it.text("error") { return .refuse(link: link, error: error) }
        return .authorize(
            link: link, subject: it.texts("subject"), expiresMicros: Int64(it.words("expires")))
    case "reply":
        return .reply(
            request: request,
            .init(
                it.texts("text"), uiActions: it.text("ui_actions"), source: it.text("source"),
                model: it.text("model"), agent: it.text("agent"), failed: true))
    case "reply_error":
        return .replyError(
            request: request, errorCode: it.texts("error_code"), message: it.texts("message"),
            retryAfter: .nanoseconds(Int64(it.words("retry_after"))))
    case "reply_raw": return .replyRaw(request: request, envelope: it.texts("envelope"))
    case "reply_piece": return .replyPiece(request: request, text: it.texts("text"))
    case "dismiss": return .dismiss(request: request)
    case "send_to": return .sendTo(link: link, envelope: it.texts("envelope"))
    case "push":
        return .push(
            user: it.texts("user"), envelope: it.texts("envelope"),
            priority: it.text("priority").flatMap { Priority(rawValue: $0) }, key: it.text("key"),
            timeToLive: it.word("time_to_live").map { Duration(word: $0) })
    case "broadcast": return .broadcast(envelope: it.texts("envelope"))
    case "disconnect_link":
        return .disconnectLink(
            link, code: UInt16(it.words("code")), reason: it.texts("reason"))
    case "disconnect_user":
        return .disconnectUser(
            it.texts("user"), code: UInt16(it.words("code")), reason: it.texts("reason"))
    case "drain": return .drain(spread: .nanoseconds(Int64(it.words("spread"))))
    case "respond":
        return .respond(
            link: link, status: UInt16(it.words("status")),
            contentType: it.texts("content_type"), body: it.raw("body"))
    default: return nil
    }
}
