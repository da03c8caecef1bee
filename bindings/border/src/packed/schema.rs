//! The records that cross the border, each with its number, its words and its texts.
//!
//! This table is the one schema of the packed layout: `tests/vectors/packed/schema.json` is its
//! text, and every language holds its own tables against that file. Numbers are append-only. A
//! change of a record's members is a new [`ABI`](crate::ABI).

/// A record that the packed layout knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number.
    pub kind: u16,
    /// Its name, the same in every language.
    pub name: &'static str,
    /// Who writes it.
    pub from: From,
    /// Its words, in order. One with a `?` may be [`NONE`](super::NONE).
    pub words: &'static [&'static str],
    /// Its texts, in order. One with a `?` may be absent; one with a `*` is bytes.
    pub texts: &'static [&'static str],
}

/// Who writes a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The host: what happened, or a command.
    Host,
    /// The engine: what follows.
    Engine,
}

impl From {
    /// The name in the schema file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Engine => "engine",
        }
    }
}

macro_rules! records {
    ($($from:ident {
        $($kind:literal $constant:ident $name:literal [$($word:literal)*] [$($text:literal)*])*
    })*) => {
        $($(
            #[doc = concat!("`", $name, "`: words ", stringify!($($word),*), "; texts ", stringify!($($text),*), ".")]
            pub const $constant: u16 = $kind;
        )*)*

        /// Every record, by rising number.
        pub const RECORDS: &[Record] = &[$($(
            Record {
                kind: $kind,
                name: $name,
                from: From::$from,
                words: &[$($word),*],
                texts: &[$($text),*],
            },
        )*)*];
    };
}

// `link` is 0 for a client, which has one. `of` is the place of the command in its input, from 0.
// Spans and deadlines are nanoseconds, points of the wall clock microseconds since 1970.
records! {
    Host {
        // Inputs of either machine.
        1 BYTES "bytes_in" ["link"] ["bytes*"]
        2 TEXT "text_in" ["link"] ["text"]
        3 BINARY "binary_in" ["link"] ["bytes*"]
        4 CLOSE "close_in" ["link" "code?"] ["reason"]
        5 CLOSED "closed_in" ["link"] []
        6 WRITTEN "written" ["link"] []
        // A client's.
        16 CONNECT "connect" [] []
        17 DISCONNECT "disconnect" [] []
        18 DIALED "dialed" [] []
        19 OPENED "opened_in" [] ["subprotocol?"]
        20 DIAL_FAILED "dial_failed" ["status?" "retry_after?"] ["class?" "said?"]
        21 TOKEN "token" ["expires?"] ["token"]
        22 TOKEN_FAILED "token_failed" ["denied"] []
        23 WAKE "wake" [] []
        24 NETWORK_CHANGED "network_changed" [] []
        25 ASK "ask" ["stream"] ["message" "agent?" "intent?" "session_id?" "context?"]
        26 SEND "send" [] ["envelope"]
        27 FORGET "forget" ["request"] []
        28 CANCEL "cancel" ["request"] []
        29 SUBMIT "submit" ["time_to_live?"] ["envelope" "priority?" "key?" "agent?"]
        30 SNAPSHOT "snapshot" [] []
        31 ABANDON "abandon" ["request"] []
        // A hub's.
        32 ACCEPT "accept" [] []
        33 ACCEPT_OPENED "accept_opened" ["expires?" "max_message?" "v1"] ["user" "token?" "subject?"]
        34 AUTHORIZE "authorize_link" ["link" "expires?"] ["subject?" "error?"]
        35 REPLY "reply" ["request" "failed"] ["text" "ui_actions?" "source?" "model?" "agent?"]
        36 REPLY_ERROR "reply_error" ["request" "retry_after?"] ["error_code" "message"]
        37 REPLY_RAW "reply_raw" ["request"] ["envelope"]
        38 REPLY_PIECE "reply_piece" ["request"] ["text"]
        39 DISMISS "dismiss" ["request"] []
        40 SEND_TO "send_to" ["link"] ["envelope"]
        41 PUSH "push" ["time_to_live?"] ["user" "envelope" "priority?" "key?"]
        42 BROADCAST "broadcast" [] ["envelope"]
        43 DISCONNECT_LINK "disconnect_link" ["link" "code"] ["reason"]
        44 DISCONNECT_USER "disconnect_user" ["code"] ["user" "reason"]
        45 DRAIN "drain" ["spread"] []
        46 RESPOND "respond" ["link" "status"] ["content_type" "body*"]
    }
    Engine {
        // What a step begins with, and what became of commands.
        100 NEXT "next" ["deadline?"] ["reason?"]
        101 FAULT "fault" ["of" "code" "retryable" "retry_after?"] ["name" "class" "message"]
        102 ASKED "asked" ["of" "request"] []
        103 ACCEPTED "accepted" ["of" "link"] []
        104 DELIVERED "delivered" ["of" "link?"] ["outcome"]
        105 PUSHED "pushed" ["of" "queued" "refused" "push"] []
        106 DISCONNECTED "disconnected" ["of" "links"] []
        107 SUBMITTED "submitted" ["of" "command"] []
        108 SNAPSHOT_TAKEN "snapshot_taken" ["of"] ["bytes*"]
        // What the transport is to do.
        110 WRITE_BYTES "write_bytes" ["link" "ack"] ["bytes*"]
        111 WRITE_TEXT "write_text" ["link" "ack"] ["text"]
        112 WRITE_CLOSE "write_close" ["link" "code?"] ["reason"]
        113 CLOSE_TRANSPORT "close_transport" ["link"] []
        // Events of a client.
        120 DIAL "dial" ["attempt" "tls" "port"] ["url" "host" "target" "subprotocol?"]
        121 NEED_TOKEN "need_token" [] ["need"]
        122 STATE_CHANGED "state_changed" ["from" "to"] ["cause"]
        123 WELCOMED "welcomed" ["correlates" "repeats"] ["json"]
        124 PIECE "piece" ["request" "restart"] ["text" "json"]
        125 ANSWER "answer" ["request" "restart"] ["text" "rest?" "json"]
        126 REJECTED "rejected" ["request" "retry_after?"] ["error_code?" "message" "json"]
        127 EXPIRED "expired" ["request"] []
        128 UNKNOWN "unknown" ["request"] []
        129 LATE "late" ["request?"] ["text" "json"]
        130 MESSAGE "message" [] ["kind" "id?" "text" "json"]
        131 REPEATED "repeated" [] ["kind" "id?" "text" "json"]
        132 UNREADABLE "unreadable" [] ["message" "text"]
        133 BINARY_RECEIVED "binary" [] ["bytes*"]
        134 OVERFLOWED "overflowed" ["link" "messages" "bytes"] ["policy" "user"]
        135 FAILED "failed" ["close_code"] ["error" "message"]
        136 ENDED "closed" ["link" "code" "clean" "unsent" "running" "links_of_user" "status?"]
            ["class" "reason" "cause" "user"]
        137 RETRYING "retrying" ["attempt" "after" "status?" "code?"] ["class" "cause" "reason"]
        138 STOPPED "stopped" ["status?" "code?"] ["class" "cause" "reason"]
        139 UNSENT "unsent" ["request"] []
        140 CANCELLED "cancelled" ["request"] []
        141 CANCEL_RESULT "cancel_result" ["request" "offset?"] ["outcome?" "error_code?"]
        142 OUTCOME "outcome" ["command" "retry_after?"] ["outcome" "error_code?"]
        143 GAP "gap" ["lost?"] ["error_code"]
        144 RESTORED "restored" ["request"] ["json"]
        // Events of a hub.
        150 HTTP "http" ["link"] ["method" "target" "headers"]
        151 AUTHORIZE_WANTED "authorize" ["link"] ["user" "token"]
        152 OPENED_LINK "opened" ["link" "links_of_user"] ["user"]
        153 REQUEST "request" ["request" "link" "wants_pieces"]
            ["user" "agent" "agent_name" "module" "because" "refused?" "id?" "text" "json"]
        154 RECEIVED "received" ["link"] ["user" "kind" "id?" "text" "json"]
        155 DUPLICATE "duplicate" ["link" "request?"] ["user" "first"]
        156 REFUSED "refused" ["link" "retry_after?" "left" "closing"] ["user" "error_code"]
        157 REQUEST_EXPIRED "request_expired" ["request"] ["user"]
        158 DRAINED "drained" [] []
        159 REQUEST_CANCELLED "request_cancelled" ["request"] ["user"]
        160 UNDELIVERED "undelivered" ["push" "retry_after?"] ["user" "outcome" "error_code?"]
        // What a frame codec reads beside texts, binaries, closes and failures.
        170 PING "ping" [] ["bytes*"]
        171 PONG "pong" [] ["bytes*"]
        172 CLOSE_READ "close_read" ["code?"] ["reason"]
        173 TEXT_READ "text_read" [] ["text"]
    }
}

/// The record of this number.
pub fn record(kind: u16) -> Option<&'static Record> {
    let at = RECORDS.binary_search_by_key(&kind, |record| record.kind).ok()?;
    RECORDS.get(at)
}

/// The schema as the text of `tests/vectors/packed/schema.json`, one record a line.
pub fn to_json() -> String {
    use core::fmt::Write as _;
    let list = |names: &[&str]| {
        names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    };
    let mut out = format!("{{\n  \"abi\": {},\n  \"records\": [\n", crate::ABI);
    for (at, record) in RECORDS.iter().enumerate() {
        let comma = if at + 1 < RECORDS.len() { "," } else { "" };
        let written = writeln!(
            out,
            "    {{\"kind\": {}, \"name\": \"{}\", \"from\": \"{}\", \"words\": [{}], \"texts\": [{}]}}{comma}",
            record.kind,
            record.name,
            record.from.as_str(),
            list(record.words),
            list(record.texts),
        );
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    out.push_str("  ]\n}\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_and_names_are_unique() {
        for pair in RECORDS.windows(2) {
            assert!(pair[0].kind < pair[1].kind, "{} before {}", pair[0].name, pair[1].name);
        }
        let mut names: Vec<_> = RECORDS.iter().map(|record| record.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RECORDS.len());
    }

    #[test]
    fn the_schema_file_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/packed/schema.json");
        if std::env::var_os("PAMLINK_WRITE_VECTORS").is_some() {
            std::fs::write(path, to_json()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), to_json());
    }
}
