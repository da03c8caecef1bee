/// Who writes a record.
enum Writer: String, Sendable {
    case host
    case engine
}

/// What a record is made of: its words and texts in order. A name with `?` may be absent, a text
/// with `*` is bytes.
struct RecordSchema: Sendable, Equatable {
    let kind: UInt16
    let name: String
    let from: Writer
    let words: [String]
    let texts: [String]
}

/// The numbers of records that this package writes or reads.
enum Kind {
    static let bytesIn: UInt16 = 1
    static let textIn: UInt16 = 2
    static let binaryIn: UInt16 = 3
    static let closeIn: UInt16 = 4
    static let closedIn: UInt16 = 5
    static let written: UInt16 = 6
    static let connect: UInt16 = 16
    static let disconnect: UInt16 = 17
    static let dialed: UInt16 = 18
    static let openedIn: UInt16 = 19
    static let dialFailed: UInt16 = 20
    static let token: UInt16 = 21
    static let tokenFailed: UInt16 = 22
    static let wake: UInt16 = 23
    static let networkChanged: UInt16 = 24
    static let ask: UInt16 = 25
    static let send: UInt16 = 26
    static let forget: UInt16 = 27
    static let cancel: UInt16 = 28
    static let submit: UInt16 = 29
    static let snapshot: UInt16 = 30
    static let abandon: UInt16 = 31
    static let accept: UInt16 = 32
    static let acceptOpened: UInt16 = 33
    static let authorizeLink: UInt16 = 34
    static let reply: UInt16 = 35
    static let replyError: UInt16 = 36
    static let replyRaw: UInt16 = 37
    static let replyPiece: UInt16 = 38
    static let dismiss: UInt16 = 39
    static let sendTo: UInt16 = 40
    static let push: UInt16 = 41
    static let broadcast: UInt16 = 42
    static let disconnectLink: UInt16 = 43
    static let disconnectUser: UInt16 = 44
    static let drain: UInt16 = 45
    static let respond: UInt16 = 46

    static let next: UInt16 = 100
    static let fault: UInt16 = 101
    static let asked: UInt16 = 102
    static let accepted: UInt16 = 103
    static let delivered: UInt16 = 104
    static let pushed: UInt16 = 105
    static let disconnected: UInt16 = 106
    static let submitted: UInt16 = 107
    static let snapshotTaken: UInt16 = 108
    static let writeBytes: UInt16 = 110
    static let writeText: UInt16 = 111
    static let writeClose: UInt16 = 112
    static let closeTransport: UInt16 = 113
    static let dial: UInt16 = 120
    static let needToken: UInt16 = 121
    static let stateChanged: UInt16 = 122
    static let welcomed: UInt16 = 123
    static let piece: UInt16 = 124
    static let answer: UInt16 = 125
    static let rejected: UInt16 = 126
    static let expired: UInt16 = 127
    static let unknown: UInt16 = 128
    static let late: UInt16 = 129
    static let message: UInt16 = 130
    static let repeated: UInt16 = 131
    static let unreadable: UInt16 = 132
    static let binary: UInt16 = 133
    static let overflowed: UInt16 = 134
    static let failed: UInt16 = 135
    static let closed: UInt16 = 136
    static let retrying: UInt16 = 137
    static let stopped: UInt16 = 138
    static let unsent: UInt16 = 139
    static let cancelled: UInt16 = 140
    static let cancelResult: UInt16 = 141
    static let outcome: UInt16 = 142
    static let gap: UInt16 = 143
    static let restored: UInt16 = 144
    static let http: UInt16 = 150
    static let authorize: UInt16 = 151
    static let opened: UInt16 = 152
    static let request: UInt16 = 153
    static let received: UInt16 = 154
    static let duplicate: UInt16 = 155
    static let refused: UInt16 = 156
    static let requestExpired: UInt16 = 157
    static let drained: UInt16 = 158
    static let requestCancelled: UInt16 = 159
    static let undelivered: UInt16 = 160
    static let ping: UInt16 = 170
    static let pong: UInt16 = 171
    static let closeRead: UInt16 = 172
    static let textRead: UInt16 = 173
}

/// The table of the packed layout. `tests/vectors/packed/schema.json` is its text; a test holds
/// the two together.
enum Schema {
    /// The version of the border that this package speaks.
    static let abi: UInt32 = 3

    /// Every record, by rising number.
    static let records: [RecordSchema] =
        host.map { record($0, .host) } + engine.map { record($0, .engine) }

    /// The record of a number.
    static func record(_ kind: UInt16) -> RecordSchema? {
        Int(kind) < index.count ? index[Int(kind)] : nil
    }

    /// The record of a name.
    static func record(named name: String) -> RecordSchema? {
        records.first { $0.name == name }
    }

    /// The number of words and texts of a record of the engine, or nothing if it is none: what a
    /// reader needs to know of each, without touching a table of objects.
    @inline(__always)
    static func shape(_ kind: UInt16) -> (words: UInt8, texts: UInt8)? {
        shapes.withUnsafeBufferPointer { shapes in
            guard Int(kind) < shapes.count else { return nil }
            let shape = shapes[Int(kind)]
            return shape == none ? nil : (UInt8(shape >> 8), UInt8(shape & 0xff))
        }
    }

    private static let none: UInt16 = .max

    private static let index: [RecordSchema?] = {
        var index = [RecordSchema?](repeating: nil, count: Int(records.last?.kind ?? 0) + 1)
        for record in records { index[Int(record.kind)] = record }
        return index
    }()

    private static let shapes: [UInt16] = index.map { record in
        guard let record, record.from == .engine else { return none }
        return UInt16(record.words.count) << 8 | UInt16(record.texts.count)
    }

    private static func record(_ row: (UInt16, String, String, String), _ from: Writer)
        -> RecordSchema
    {
        let names = { (text: String) in text.split(separator: " ").map(String.init) }
        return RecordSchema(
            kind: row.0, name: row.1, from: from, words: names(row.2), texts: names(row.3))
    }

    private static let host: [(UInt16, String, String, String)] = [
        (Kind.bytesIn, "bytes_in", "link", "bytes*"),
        (Kind.textIn, "text_in", "link", "text"),
        (Kind.binaryIn, "binary_in", "link", "bytes*"),
        (Kind.closeIn, "close_in", "link code?", "reason"),
        (Kind.closedIn, "closed_in", "link", ""),
        (Kind.written, "written", "link", ""),
        (Kind.connect, "connect", "", ""),
        (Kind.disconnect, "disconnect", "", ""),
        (Kind.dialed, "dialed", "", ""),
        (Kind.openedIn, "opened_in", "", "subprotocol?"),
        (Kind.dialFailed, "dial_failed", "status? retry_after?", "class? said?"),
        (Kind.token, "token", "expires?", "token"),
        (Kind.tokenFailed, "token_failed", "denied", ""),
        (Kind.wake, "wake", "", ""),
        (Kind.networkChanged, "network_changed", "", ""),
        (Kind.ask, "ask", "stream", "message agent? intent? session_id? context?"),
        (Kind.send, "send", "", "envelope"),
        (Kind.forget, "forget", "request", ""),
        (Kind.cancel, "cancel", "request", ""),
        (Kind.submit, "submit", "time_to_live?", "envelope priority? key? agent?"),
        (Kind.snapshot, "snapshot", "", ""),
        (Kind.abandon, "abandon", "request", ""),
        (Kind.accept, "accept", "", ""),
        (Kind.acceptOpened, "accept_opened", "expires? max_message? v1", "user token? subject?"),
        (Kind.authorizeLink, "authorize_link", "link expires?", "subject? error?"),
        (Kind.reply, "reply", "request failed", "text ui_actions? source? model? agent?"),
        (Kind.replyError, "reply_error", "request retry_after?", "error_code message"),
        (Kind.replyRaw, "reply_raw", "request", "envelope"),
        (Kind.replyPiece, "reply_piece", "request", "text"),
        (Kind.dismiss, "dismiss", "request", ""),
        (Kind.sendTo, "send_to", "link", "envelope"),
        (Kind.push, "push", "time_to_live?", "user envelope priority? key?"),
        (Kind.broadcast, "broadcast", "", "envelope"),
        (Kind.disconnectLink, "disconnect_link", "link code", "reason"),
        (Kind.disconnectUser, "disconnect_user", "code", "user reason"),
        (Kind.drain, "drain", "spread", ""),
        (Kind.respond, "respond", "link status", "content_type body*"),
    ]

    private static let engine: [(UInt16, String, String, String)] = [
        (Kind.next, "next", "deadline?", "reason?"),
        (Kind.fault, "fault", "of code retryable retry_after?", "name class message"),
        (Kind.asked, "asked", "of request", ""),
        (Kind.accepted, "accepted", "of link", ""),
        (Kind.delivered, "delivered", "of link?", "outcome"),
        (Kind.pushed, "pushed", "of queued refused push", ""),
        (Kind.disconnected, "disconnected", "of links", ""),
        (Kind.submitted, "submitted", "of command", ""),
        (Kind.snapshotTaken, "snapshot_taken", "of", "bytes*"),
        (Kind.writeBytes, "write_bytes", "link ack", "bytes*"),
        (Kind.writeText, "write_text", "link ack", "text"),
        (Kind.writeClose, "write_close", "link code?", "reason"),
        (Kind.closeTransport, "close_transport", "link", ""),
        (Kind.dial, "dial", "attempt tls port", "url host target subprotocol?"),
        (Kind.needToken, "need_token", "", "need"),
        (Kind.stateChanged, "state_changed", "from to", "cause"),
        (Kind.welcomed, "welcomed", "correlates repeats", "json"),
        (Kind.piece, "piece", "request restart", "text json"),
        (Kind.answer, "answer", "request restart", "text rest? json"),
        (Kind.rejected, "rejected", "request retry_after?", "error_code? message json"),
        (Kind.expired, "expired", "request", ""),
        (Kind.unknown, "unknown", "request", ""),
        (Kind.late, "late", "request?", "text json"),
        (Kind.message, "message", "", "kind id? text json"),
        (Kind.repeated, "repeated", "", "kind id? text json"),
        (Kind.unreadable, "unreadable", "", "message text"),
        (Kind.binary, "binary", "", "bytes*"),
        (Kind.overflowed, "overflowed", "link messages bytes", "policy user"),
        (Kind.failed, "failed", "close_code", "error message"),
        (
            Kind.closed, "closed", "link code clean unsent running links_of_user status?",
            "class reason cause user"
        ),
        (Kind.retrying, "retrying", "attempt after status? code?", "class cause reason"),
        (Kind.stopped, "stopped", "status? code?", "class cause reason"),
        (Kind.unsent, "unsent", "request", ""),
        (Kind.cancelled, "cancelled", "request", ""),
        (Kind.cancelResult, "cancel_result", "request offset?", "outcome? error_code?"),
        (Kind.outcome, "outcome", "command retry_after?", "outcome error_code?"),
        (Kind.gap, "gap", "lost?", "error_code"),
        (Kind.restored, "restored", "request", "json"),
        (Kind.http, "http", "link", "method target headers"),
        (Kind.authorize, "authorize", "link", "user token"),
        (Kind.opened, "opened", "link links_of_user", "user"),
        (
            Kind.request, "request", "request link wants_pieces",
            "user agent agent_name module because refused? id? text json"
        ),
        (Kind.received, "received", "link", "user kind id? text json"),
        (Kind.duplicate, "duplicate", "link request?", "user first"),
        (Kind.refused, "refused", "link retry_after? left closing", "user error_code"),
        (Kind.requestExpired, "request_expired", "request", "user"),
        (Kind.drained, "drained", "", ""),
        (Kind.requestCancelled, "request_cancelled", "request", "user"),
        (Kind.undelivered, "undelivered", "push retry_after?", "user outcome error_code?"),
        (Kind.ping, "ping", "", "bytes*"),
        (Kind.pong, "pong", "", "bytes*"),
        (Kind.closeRead, "close_read", "code?", "reason"),
        (Kind.textRead, "text_read", "", "text"),
    ]
}
