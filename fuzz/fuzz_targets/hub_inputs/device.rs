//! A client of `pamlink.v1` that says what belongs, and whatever else an input chooses, and reads
//! what it is told strictly.

use std::collections::BTreeMap;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Answer, DEPTH, Message, Position, SessionId};

/// The epoch of what it sends.
const EPOCH: &str = "c1a5e00000000001";

/// What it knows of the sessions of its link, by their channels.
#[derive(Default)]
pub(crate) struct Device {
    channels: BTreeMap<u16, Session>,
}

/// A session that was begun, over whichever link it goes on.
pub(crate) struct Begun {
    id: SessionId,
    /// What has come of it.
    received: Position,
}

#[derive(Default)]
struct Session {
    id: Option<SessionId>,
    /// The last number that it gave.
    sent: u64,
    /// What has come, once it is open.
    received: Option<Position>,
    /// The place of the last record of each stream.
    streams: BTreeMap<String, Position>,
}

impl Device {
    /// What is said first, with the name of a user for a token.
    pub(crate) fn hello(which: usize) -> String {
        let (features, user) = (which / 4 % 2, which % 4);
        let (lowest, highest) = if which < 240 { (1, 1) } else { (which % 16, which % 5) };
        format!(
            r#"{{"type":"hello","versions":[{lowest},{highest}],"features":{features},"limits":{{"message":1048576}},"token":"u{user}"}}"#
        )
    }

    /// Opens a session, asks in one, or says something about one.
    pub(crate) fn say(&mut self, what: u8, which: usize, data: &[u8], begun: &[Begun]) -> String {
        let first = data.first().copied().unwrap_or_default();
        let channel = u16::from(first / 64);
        let session = self.channels.entry(channel).or_default();
        let before = format!(r#""channel":{channel}"#);
        let position = |at: Position| format!(r#"["{}",{}]"#, at.epoch, at.sequence);
        let received = session.received.map_or_else(|| format!(r#"["{EPOCH}",0]"#), position);
        let stream = format!("q-{}", first % 4);
        match what {
            // A new one, or one that was begun, perhaps by another user.
            16 => {
                let Some(it) = begun.get(which.wrapping_sub(1)) else {
                    session.sent = 0;
                    return format!(r#"{{"type":"open",{before},"sent":["{EPOCH}",0]}}"#);
                };
                let id = format!("{:032x}", u128::from_be_bytes(it.id.to_bytes()));
                // It may have kept less than it was told.
                let less = u64::from(data.get(1).copied().unwrap_or_default() % 8);
                let kept = it.received.sequence.saturating_sub(less);
                let received = position(Position::new(it.received.epoch, kept));
                let sent = u64::from(first % 8);
                session.sent = sent;
                format!(
                    r#"{{"type":"open",{before},"session":"{id}","received":{received},"sent":["{EPOCH}",{sent}],"follow":[{{"stream":"{stream}","received":{received},"offset":0}}]}}"#
                )
            }
            17 => {
                session.sent += 1;
                let text = serde_json::Value::from(String::from_utf8_lossy(data));
                let wants =
                    if which % 4 == 3 { String::new() } else { format!(r#""stream":"{stream}","#) };
                format!(
                    r#"{{"type":"item",{before},"at":["{EPOCH}",{}],{wants}"body":{{"type":"chat","id":"{}","message":{text}}}}}"#,
                    session.sent,
                    which / 16,
                )
            }
            _ => {
                let read = session.streams.get(&stream).copied();
                let read = read.map_or_else(|| received.clone(), position);
                match which % 8 {
                    0 => format!(
                        r#"{{"type":"ack",{before},"received":{received},"sent":["{EPOCH}",{}]}}"#,
                        session.sent
                    ),
                    1 | 2 => {
                        session.sent += 1;
                        let target = match which % 8 {
                            1 => format!(r#""scope":"stream","stream":"{stream}""#),
                            _ => r#""scope":"all""#.to_owned(),
                        };
                        let at = format!(r#"["{EPOCH}",{}]"#, session.sent);
                        format!(r#"{{"type":"cancel",{before},"at":{at},{target}}}"#)
                    }
                    3 => format!(
                        r#"{{"type":"read",{before},"stream":"{stream}","received":{read}}}"#
                    ),
                    4 => format!(r#"{{"type":"unfollow",{before},"stream":"{stream}"}}"#),
                    5 => format!(
                        r#"{{"type":"heartbeat","channels":[{{"channel":{channel},"received":{received},"sent":["{EPOCH}",{}]}}]}}"#,
                        session.sent
                    ),
                    6 => format!(r#"{{"type":"closed",{before},"code":"left"}}"#),
                    _ => {
                        session.sent += 1;
                        let at = format!(r#"["{EPOCH}",{}]"#, session.sent);
                        format!(
                            r#"{{"type":"reject",{before},"at":{at},"of":{received},"code":"busy"}}"#
                        )
                    }
                }
            }
        }
    }

    /// The hub has said this, which is of the dialect and in its order.
    pub(crate) fn hear(&mut self, text: &str, begun: &mut Vec<Begun>) {
        // A message of several has this between them (V-10.7).
        for part in text.split('\u{1e}') {
            let envelope = Envelope::parse(part, DEPTH).expect("the hub wrote no envelope");
            let read = Message::read(&envelope);
            let Ok(Some((channel, message))) = read else { panic!("{part} is {read:?}") };
            let session = self.channels.entry(channel.0).or_default();
            let at = match message {
                Message::Opened(opened) => {
                    let it = Begun { id: opened.session, received: opened.from };
                    session.id = Some(it.id);
                    session.received = (opened.answer != Answer::Unknown).then_some(it.received);
                    match begun.iter_mut().find(|known| known.id == it.id) {
                        Some(known) => known.received = it.received,
                        None if opened.answer == Answer::Begun => begun.push(it),
                        None => {}
                    }
                    continue;
                }
                Message::Closed(_) => {
                    session.received = None;
                    continue;
                }
                Message::Piece(piece) => {
                    session.streams.insert(piece.stream.to_string(), piece.at);
                    continue;
                }
                Message::Item(item) => item.at,
                Message::Reject(reject) => reject.at,
                Message::CancelResult(result) => result.at,
                _ => continue,
            };
            let last = session.received.unwrap_or_else(|| panic!("before it is open: {part}"));
            let is_next = (at.epoch, at.sequence) == (last.epoch, last.sequence + 1);
            assert!(is_next, "behind {last:?}: {part}");
            session.received = Some(at);
            if let Some(known) = begun.iter_mut().find(|known| Some(known.id) == session.id) {
                known.received = at;
            }
        }
    }
}
