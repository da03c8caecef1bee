//! What a server may say, made of what the client has said: whatever an input chooses is said where
//! it does not belong as well.

use std::collections::BTreeMap;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, Message};

/// The epoch of its log.
const LOG: &str = "109e000000000001";

/// What is known of a client's sessions.
#[derive(Default)]
pub(crate) struct Server {
    channels: BTreeMap<u16, Session>,
    /// The id of the latest request.
    asked: String,
}

/// One session.
#[derive(Clone, Default)]
struct Session {
    /// Of the client's numbers.
    epoch: String,
    /// The last number that the client gave.
    heard: u64,
    /// The last number that the server gave, and in which of its epochs.
    said: u64,
    life: u8,
    /// The stream that was asked for last, how many records it has and how long it is.
    stream: String,
    records: u64,
    offset: usize,
}

impl Server {
    /// The client has said this.
    pub(crate) fn hear(&mut self, text: &str) {
        // A message of several has this between them (V-10.7).
        for part in text.split('\u{1e}') {
            let Ok(envelope) = Envelope::parse(part, DEPTH) else { continue };
            if let Some(id) = envelope.field("id") {
                self.asked = id.as_json().to_owned();
            }
            let Ok(Some((channel, message))) = Message::read(&envelope) else { continue };
            let session = self.channels.entry(channel.0).or_default();
            match message {
                Message::Open(open) => {
                    if let Some(it) = open.follow.last() {
                        session.stream = it.stream.to_string();
                        session.records = it.received.sequence;
                        session.offset = it.offset as usize;
                    }
                    session.epoch = open.sent.epoch.to_string();
                    session.heard = session.heard.min(open.sent.sequence);
                }
                Message::Continue(it) => {
                    session.epoch = it.from.epoch.to_string();
                    session.heard = 0;
                }
                Message::Item(item) => {
                    session.heard = item.at.sequence;
                    if let Some(stream) = item.stream {
                        session.stream = stream.to_string();
                        (session.records, session.offset) = (0, 0);
                    }
                }
                Message::Cancel(cancel) => session.heard = cancel.at.sequence,
                Message::Reject(reject) => session.heard = reject.at.sequence,
                _ => {}
            }
        }
    }

    /// Something that a server says.
    pub(crate) fn say(&mut self, what: usize, data: &[u8]) -> String {
        let number = data.first().copied().unwrap_or_default();
        let channel = u16::from(number / 64);
        // A body that is text in JSON, whatever it is.
        let text = serde_json::Value::from(String::from_utf8_lossy(data).repeat(1 + what / 24));
        let text = text.to_string();
        let asked = self.asked.clone();
        let session = self.channels.entry(channel).or_default();
        let (epoch, heard) = (session.epoch.clone(), session.heard);
        let received = format!(r#"["{epoch}",{}]"#, heard.saturating_sub(u64::from(number % 4)));
        let stream = serde_json::Value::from(&*session.stream).to_string();
        let mut next = || {
            session.said += 1;
            position(session.life, session.said)
        };
        let before = format!(r#""channel":{channel}"#);
        match what % 24 {
            0 => format!(
                r#"{{"type":"welcome","version":1,"features":{},"limits":{{"message":1048576}},"heartbeat":{}}}"#,
                number % 2,
                1_000 + 100 * u32::from(number),
            ),
            1 => format!(
                r#"{{"type":"connection","status":"connected","features":["reply_to","repeat"],"epoch":"{}"}}"#,
                number % 3,
            ),
            what @ 2..=5 => {
                let answer = ["begun", "resumed", "gap", "unknown"][what - 2];
                if answer != "resumed" {
                    session.said = 0;
                    session.life = session.life.wrapping_add(1);
                }
                let at = position(session.life, session.said);
                let received = match answer {
                    "begun" => format!(r#"["{epoch}",0]"#),
                    _ => received,
                };
                let reason = match answer {
                    "gap" => r#","reason":"foreign_epoch""#,
                    _ => "",
                };
                format!(
                    r#"{{"type":"opened",{before},"session":"{}","answer":"{answer}","received":{received},"from":{at},"sent":{at},"log":"{LOG}","window":{{"envelopes":8,"bytes":4096}},"keep":120000{reason}}}"#,
                    "5e".repeat(16),
                )
            }
            6 => format!(
                r#"{{"type":"ack",{before},"received":{received},"sent":{}}}"#,
                position(session.life, session.said)
            ),
            7 => {
                format!(
                    r#"{{"type":"item",{before},"at":{},"body":{{"type":"alert","id":"{}","note":{text}}}}}"#,
                    next(),
                    number % 8
                )
            }
            8 => format!(
                r#"{{"type":"caught_up",{before},"at":{}}}"#,
                position(session.life, session.said)
            ),
            9 => {
                let answers = [
                    r#""resumed""#,
                    r#""pending""#,
                    r#""ended","how":"done""#,
                    r#""gap","lost":1,"reason":"evicted""#,
                    r#""unknown""#,
                ];
                format!(
                    r#"{{"type":"following",{before},"stream":{stream},"from":["{LOG}",{}],"offset":{},"answer":{}}}"#,
                    session.records,
                    session.offset,
                    answers[usize::from(number % 5)],
                )
            }
            10 => {
                let offset = session.offset;
                session.records += 1;
                session.offset += String::from_utf8_lossy(data).repeat(1 + what / 24).len();
                format!(
                    r#"{{"type":"piece",{before},"stream":{stream},"at":["{LOG}",{}],"offset":{offset},"append":{text}}}"#,
                    session.records,
                )
            }
            11 => {
                session.records += 1;
                let how = ["done", "cancelled", "failed", "orphaned"][usize::from(number % 4)];
                format!(
                    r#"{{"type":"end",{before},"stream":{stream},"at":["{LOG}",{}],"offset":{},"how":"{how}","body":{{"type":"chat_response","message":{text},"reply_to":{}}}}}"#,
                    session.records,
                    session.offset,
                    or_null(&asked),
                )
            }
            12 => format!(
                r#"{{"type":"cancel_result",{before},"at":{},"of":["{epoch}",{heard}],"results":[{{"stream":{stream},"outcome":{}}}]}}"#,
                next(),
                [
                    r#""cancelled","offset":0"#,
                    r#""refused","code":"too_late""#,
                    r#""ended","how":"done""#,
                    r#""unknown""#,
                ][usize::from(number % 4)],
            ),
            13 => format!(
                r#"{{"type":"reject",{before},"at":{},"of":["{epoch}",{heard}],"code":"busy"}}"#,
                next()
            ),
            14 => format!(
                r#"{{"type":"closed",{before},"code":"{}"}}"#,
                ["left", "superseded", "expired", "ahead"][usize::from(number % 4)],
            ),
            15 => format!(
                r#"{{"type":"goodbye","code":"{}","spread":{},"within":{}}}"#,
                ["going_away", "rotate", "unauthorized", "too_large"][usize::from(number % 4)],
                u32::from(number) * 10,
                u32::from(number) * 100,
            ),
            16 => format!(
                r#"{{"type":"heartbeat","channels":[{{"channel":{channel},"received":{received},"sent":{}}}],"reply":{}}}"#,
                position(session.life, session.said),
                number % 2 == 0,
            ),
            17 => r#"{"type":"token_wanted","within":1000}"#.to_owned(),
            18 => r#"{"type":"renewed","expires":3600000}"#.to_owned(),
            19 => format!(
                r#"{{"type":"chat_response","message":{text},"reply_to":{}}}"#,
                or_null(&asked)
            ),
            20 => format!(
                r#"{{"type":"chat_response_delta","content":{text},"reply_to":{}}}"#,
                or_null(&asked)
            ),
            21 => format!(
                r#"{{"type":"error","error_code":"RATE_LIMIT_EXCEEDED","message":{text},"reply_to":{}}}"#,
                or_null(&asked)
            ),
            22 => format!(r#"{{"type":"chat_response","message":{text}}}"#),
            _ => format!(
                r#"{{"type":"caught_up",{before},"stream":{stream},"at":["{LOG}",{}]}}"#,
                session.records
            ),
        }
    }
}

/// A position in what the server sends.
fn position(life: u8, sequence: u64) -> String {
    format!(r#"["5e000000000000{life:02x}",{sequence}]"#)
}

fn or_null(id: &str) -> &str {
    if id.is_empty() { "null" } else { id }
}
