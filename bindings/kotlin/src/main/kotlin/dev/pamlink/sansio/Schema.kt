package dev.pamlink.sansio

/**
 * A record of the packed layout.
 *
 * A word with a `?` may be none; a text with a `?` may be absent, one with a `*` is bytes.
 */
internal class RecordType(
    val kind: Int,
    val name: String,
    /** The host writes it, the engine reads it; otherwise the other way round. */
    val fromHost: Boolean,
    val words: List<String>,
    val texts: List<String>,
)

/** The records of the packed layout: `tests/vectors/packed/schema.json`, which a test compares. */
internal object Schema {
    /** The version of the border that this package was made for. */
    const val ABI: Int = 3

    const val BYTES_IN: Int = 1
    const val TEXT_IN: Int = 2
    const val BINARY_IN: Int = 3
    const val CLOSE_IN: Int = 4
    const val CLOSED_IN: Int = 5
    const val WRITTEN: Int = 6
    const val CONNECT: Int = 16
    const val DISCONNECT: Int = 17
    const val DIALED: Int = 18
    const val OPENED_IN: Int = 19
    const val DIAL_FAILED: Int = 20
    const val TOKEN: Int = 21
    const val TOKEN_FAILED: Int = 22
    const val WAKE: Int = 23
    const val NETWORK_CHANGED: Int = 24
    const val ASK: Int = 25
    const val SEND: Int = 26
    const val FORGET: Int = 27
    const val CANCEL: Int = 28
    const val SUBMIT: Int = 29
    const val SNAPSHOT: Int = 30
    const val ABANDON: Int = 31
    const val ACCEPT: Int = 32
    const val ACCEPT_OPENED: Int = 33
    const val AUTHORIZE_LINK: Int = 34
    const val REPLY: Int = 35
    const val REPLY_ERROR: Int = 36
    const val REPLY_RAW: Int = 37
    const val REPLY_PIECE: Int = 38
    const val DISMISS: Int = 39
    const val SEND_TO: Int = 40
    const val PUSH: Int = 41
    const val BROADCAST: Int = 42
    const val DISCONNECT_LINK: Int = 43
    const val DISCONNECT_USER: Int = 44
    const val DRAIN: Int = 45
    const val RESPOND: Int = 46
    const val NEXT: Int = 100
    const val FAULT: Int = 101
    const val ASKED: Int = 102
    const val ACCEPTED: Int = 103
    const val DELIVERED: Int = 104
    const val PUSHED: Int = 105
    const val DISCONNECTED: Int = 106
    const val SUBMITTED: Int = 107
    const val SNAPSHOT_TAKEN: Int = 108
    const val WRITE_BYTES: Int = 110
    const val WRITE_TEXT: Int = 111
    const val WRITE_CLOSE: Int = 112
    const val CLOSE_TRANSPORT: Int = 113
    const val DIAL: Int = 120
    const val NEED_TOKEN: Int = 121
    const val STATE_CHANGED: Int = 122
    const val WELCOMED: Int = 123
    const val PIECE: Int = 124
    const val ANSWER: Int = 125
    const val REJECTED: Int = 126
    const val EXPIRED: Int = 127
    const val UNKNOWN: Int = 128
    const val LATE: Int = 129
    const val MESSAGE: Int = 130
    const val REPEATED: Int = 131
    const val UNREADABLE: Int = 132
    const val BINARY: Int = 133
    const val OVERFLOWED: Int = 134
    const val FAILED: Int = 135
    const val CLOSED: Int = 136
    const val RETRYING: Int = 137
    const val STOPPED: Int = 138
    const val UNSENT: Int = 139
    const val CANCELLED: Int = 140
    const val CANCEL_RESULT: Int = 141
    const val OUTCOME: Int = 142
    const val GAP: Int = 143
    const val RESTORED: Int = 144
    const val HTTP: Int = 150
    const val AUTHORIZE: Int = 151
    const val OPENED: Int = 152
    const val REQUEST: Int = 153
    const val RECEIVED: Int = 154
    const val DUPLICATE: Int = 155
    const val REFUSED: Int = 156
    const val REQUEST_EXPIRED: Int = 157
    const val DRAINED: Int = 158
    const val REQUEST_CANCELLED: Int = 159
    const val UNDELIVERED: Int = 160
    const val PING: Int = 170
    const val PONG: Int = 171
    const val CLOSE_READ: Int = 172
    const val TEXT_READ: Int = 173

    val records: List<RecordType> = listOf(
        RecordType(BYTES_IN, "bytes_in", true, listOf("link"), listOf("bytes*")),
        RecordType(TEXT_IN, "text_in", true, listOf("link"), listOf("text")),
        RecordType(BINARY_IN, "binary_in", true, listOf("link"), listOf("bytes*")),
        RecordType(CLOSE_IN, "close_in", true, listOf("link", "code?"), listOf("reason")),
        RecordType(CLOSED_IN, "closed_in", true, listOf("link"), emptyList()),
        RecordType(WRITTEN, "written", true, listOf("link"), emptyList()),
        RecordType(CONNECT, "connect", true, emptyList(), emptyList()),
        RecordType(DISCONNECT, "disconnect", true, emptyList(), emptyList()),
        RecordType(DIALED, "dialed", true, emptyList(), emptyList()),
        RecordType(OPENED_IN, "opened_in", true, emptyList(), listOf("subprotocol?")),
        RecordType(DIAL_FAILED, "dial_failed", true, listOf("status?", "retry_after?"), listOf("class?", "said?")),
        RecordType(TOKEN, "token", true, listOf("expires?"), listOf("token")),
        RecordType(TOKEN_FAILED, "token_failed", true, listOf("denied"), emptyList()),
        RecordType(WAKE, "wake", true, emptyList(), emptyList()),
        RecordType(NETWORK_CHANGED, "network_changed", true, emptyList(), emptyList()),
        RecordType(
            ASK,
            "ask",
            true,
            listOf("stream"),
            listOf("message", "agent?", "intent?", "session_id?", "context?"),
        ),
        RecordType(SEND, "send", true, emptyList(), listOf("envelope")),
        RecordType(FORGET, "forget", true, listOf("request"), emptyList()),
        RecordType(CANCEL, "cancel", true, listOf("request"), emptyList()),
        RecordType(SUBMIT, "submit", true, listOf("time_to_live?"), listOf("envelope", "priority?", "key?", "agent?")),
        RecordType(SNAPSHOT, "snapshot", true, emptyList(), emptyList()),
        RecordType(ABANDON, "abandon", true, listOf("request"), emptyList()),
        RecordType(ACCEPT, "accept", true, emptyList(), emptyList()),
        RecordType(
            ACCEPT_OPENED,
            "accept_opened",
            true,
            listOf("expires?", "max_message?", "v1"),
            listOf("user", "token?", "subject?"),
        ),
        RecordType(AUTHORIZE_LINK, "authorize_link", true, listOf("link", "expires?"), listOf("subject?", "error?")),
        RecordType(
            REPLY,
            "reply",
            true,
            listOf("request", "failed"),
            listOf("text", "ui_actions?", "source?", "model?", "agent?"),
        ),
        RecordType(
            REPLY_ERROR,
            "reply_error",
            true,
            listOf("request", "retry_after?"),
            listOf("error_code", "message"),
        ),
        RecordType(REPLY_RAW, "reply_raw", true, listOf("request"), listOf("envelope")),
        RecordType(REPLY_PIECE, "reply_piece", true, listOf("request"), listOf("text")),
        RecordType(DISMISS, "dismiss", true, listOf("request"), emptyList()),
        RecordType(SEND_TO, "send_to", true, listOf("link"), listOf("envelope")),
        RecordType(PUSH, "push", true, listOf("time_to_live?"), listOf("user", "envelope", "priority?", "key?")),
        RecordType(BROADCAST, "broadcast", true, emptyList(), listOf("envelope")),
        RecordType(DISCONNECT_LINK, "disconnect_link", true, listOf("link", "code"), listOf("reason")),
        RecordType(DISCONNECT_USER, "disconnect_user", true, listOf("code"), listOf("user", "reason")),
        RecordType(DRAIN, "drain", true, listOf("spread"), emptyList()),
        RecordType(RESPOND, "respond", true, listOf("link", "status"), listOf("content_type", "body*")),
        RecordType(NEXT, "next", false, listOf("deadline?"), listOf("reason?")),
        RecordType(
            FAULT,
            "fault",
            false,
            listOf("of", "code", "retryable", "retry_after?"),
            listOf("name", "class", "message"),
        ),
        RecordType(ASKED, "asked", false, listOf("of", "request"), emptyList()),
        RecordType(ACCEPTED, "accepted", false, listOf("of", "link"), emptyList()),
        RecordType(DELIVERED, "delivered", false, listOf("of", "link?"), listOf("outcome")),
        RecordType(PUSHED, "pushed", false, listOf("of", "queued", "refused", "push"), emptyList()),
        RecordType(DISCONNECTED, "disconnected", false, listOf("of", "links"), emptyList()),
        RecordType(SUBMITTED, "submitted", false, listOf("of", "command"), emptyList()),
        RecordType(SNAPSHOT_TAKEN, "snapshot_taken", false, listOf("of"), listOf("bytes*")),
        RecordType(WRITE_BYTES, "write_bytes", false, listOf("link", "ack"), listOf("bytes*")),
        RecordType(WRITE_TEXT, "write_text", false, listOf("link", "ack"), listOf("text")),
        RecordType(WRITE_CLOSE, "write_close", false, listOf("link", "code?"), listOf("reason")),
        RecordType(CLOSE_TRANSPORT, "close_transport", false, listOf("link"), emptyList()),
        RecordType(DIAL, "dial", false, listOf("attempt", "tls", "port"), listOf("url", "host", "target", "subprotocol?")),
        RecordType(NEED_TOKEN, "need_token", false, emptyList(), listOf("need")),
        RecordType(STATE_CHANGED, "state_changed", false, listOf("from", "to"), listOf("cause")),
        RecordType(WELCOMED, "welcomed", false, listOf("correlates", "repeats"), listOf("json")),
        RecordType(PIECE, "piece", false, listOf("request", "restart"), listOf("text", "json")),
        RecordType(ANSWER, "answer", false, listOf("request", "restart"), listOf("text", "rest?", "json")),
        RecordType(
            REJECTED,
            "rejected",
            false,
            listOf("request", "retry_after?"),
            listOf("error_code?", "message", "json"),
        ),
        RecordType(EXPIRED, "expired", false, listOf("request"), emptyList()),
        RecordType(UNKNOWN, "unknown", false, listOf("request"), emptyList()),
        RecordType(LATE, "late", false, listOf("request?"), listOf("text", "json")),
        RecordType(MESSAGE, "message", false, emptyList(), listOf("kind", "id?", "text", "json")),
        RecordType(REPEATED, "repeated", false, emptyList(), listOf("kind", "id?", "text", "json")),
        RecordType(UNREADABLE, "unreadable", false, emptyList(), listOf("message", "text")),
        RecordType(BINARY, "binary", false, emptyList(), listOf("bytes*")),
        RecordType(OVERFLOWED, "overflowed", false, listOf("link", "messages", "bytes"), listOf("policy", "user")),
        RecordType(FAILED, "failed", false, listOf("close_code"), listOf("error", "message")),
        RecordType(
            CLOSED,
            "closed",
            false,
            listOf("link", "code", "clean", "unsent", "running", "links_of_user", "status?"),
            listOf("class", "reason", "cause", "user"),
        ),
        RecordType(
            RETRYING,
            "retrying",
            false,
            listOf("attempt", "after", "status?", "code?"),
            listOf("class", "cause", "reason"),
        ),
        RecordType(STOPPED, "stopped", false, listOf("status?", "code?"), listOf("class", "cause", "reason")),
        RecordType(UNSENT, "unsent", false, listOf("request"), emptyList()),
        RecordType(CANCELLED, "cancelled", false, listOf("request"), emptyList()),
        RecordType(
            CANCEL_RESULT,
            "cancel_result",
            false,
            listOf("request", "offset?"),
            listOf("outcome?", "error_code?"),
        ),
        RecordType(OUTCOME, "outcome", false, listOf("command", "retry_after?"), listOf("outcome", "error_code?")),
        RecordType(GAP, "gap", false, listOf("lost?"), listOf("error_code")),
        RecordType(RESTORED, "restored", false, listOf("request"), listOf("json")),
        RecordType(HTTP, "http", false, listOf("link"), listOf("method", "target", "headers")),
        RecordType(AUTHORIZE, "authorize", false, listOf("link"), listOf("user", "token")),
        RecordType(OPENED, "opened", false, listOf("link", "links_of_user"), listOf("user")),
        RecordType(
            REQUEST,
            "request",
            false,
            listOf("request", "link", "wants_pieces"),
            listOf("user", "agent", "agent_name", "module", "because", "refused?", "id?", "text", "json"),
        ),
        RecordType(RECEIVED, "received", false, listOf("link"), listOf("user", "kind", "id?", "text", "json")),
        RecordType(DUPLICATE, "duplicate", false, listOf("link", "request?"), listOf("user", "first")),
        RecordType(
            REFUSED,
            "refused",
            false,
            listOf("link", "retry_after?", "left", "closing"),
            listOf("user", "error_code"),
        ),
        RecordType(REQUEST_EXPIRED, "request_expired", false, listOf("request"), listOf("user")),
        RecordType(DRAINED, "drained", false, emptyList(), emptyList()),
        RecordType(REQUEST_CANCELLED, "request_cancelled", false, listOf("request"), listOf("user")),
        RecordType(UNDELIVERED, "undelivered", false, listOf("push", "retry_after?"), listOf("user", "outcome", "error_code?")),
        RecordType(PING, "ping", false, emptyList(), listOf("bytes*")),
        RecordType(PONG, "pong", false, emptyList(), listOf("bytes*")),
        RecordType(CLOSE_READ, "close_read", false, listOf("code?"), listOf("reason")),
        RecordType(TEXT_READ, "text_read", false, emptyList(), listOf("text")),
    )

    private val byKind = arrayOfNulls<RecordType>(records.maxOf { it.kind } + 1)

    init {
        records.forEach { byKind[it.kind] = it }
    }

    /** The record of this number, if this version knows it. */
    fun of(kind: Int): RecordType? = byKind.getOrNull(kind)
}
