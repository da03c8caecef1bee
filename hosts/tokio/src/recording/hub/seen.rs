//! What is seen of a link while a hub is replayed: whose it is, its sessions, and what goes over it.

use std::collections::BTreeMap;
use std::fmt;

use pamlink::frame::{FrameEvent, Reader, Role};
use serde_json::Value;

use crate::recording::wire;

/// A link, as far as what has come and gone over it says.
pub(super) struct Seen {
    /// Once it was opened.
    pub(super) user: Option<String>,
    /// The sessions of `pamlink.v1` that it carries, by their channel.
    sessions: BTreeMap<u64, String>,
    inbound: Way,
    outbound: Way,
}

/// One way of a link: the head of HTTP, and frames behind it.
struct Way {
    head: Option<Vec<u8>>,
    /// None behind an answer that opens no link.
    frames: Option<Reader>,
}

/// A head is looked at up to this length.
const LONGEST_HEAD: usize = 64 << 10;
/// So much of the id of a session tells it from others.
const SHORT: usize = 8;

impl Default for Seen {
    fn default() -> Self {
        Self {
            user: None,
            sessions: BTreeMap::new(),
            inbound: Way::new(Role::Server),
            outbound: Way::new(Role::Client),
        }
    }
}

impl Seen {
    /// What came: messages by their type, control frames, the opening request.
    pub(super) fn came(&mut self, bytes: &[u8]) -> Vec<String> {
        self.inbound.read(bytes, |_, _| {})
    }

    /// What was written.
    pub(super) fn wrote(&mut self, bytes: &[u8]) -> Vec<String> {
        let sessions = &mut self.sessions;
        self.outbound.read(bytes, |kind, envelope| {
            let channel = envelope["channel"].as_u64().unwrap_or(0);
            match (kind, envelope["session"].as_str()) {
                ("opened", Some(session)) => {
                    let short =
                        session.char_indices().nth(SHORT).map_or(session, |it| &session[..it.0]);
                    sessions.insert(channel, short.to_owned());
                }
                ("closed", _) => drop(sessions.remove(&channel)),
                _ => {}
            }
        })
    }
}

impl fmt::Display for Seen {
    /// The user and the sessions, in brackets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(user) = &self.user else { return Ok(()) };
        write!(f, " ({user}")?;
        for session in self.sessions.values() {
            write!(f, ", session {session}")?;
        }
        f.write_str(")")
    }
}

impl Way {
    fn new(role: Role) -> Self {
        Self { head: Some(Vec::new()), frames: Some(wire::reader(role)) }
    }

    /// What the bytes are, each envelope shown to `look` with its type.
    fn read(&mut self, bytes: &[u8], mut look: impl FnMut(&str, &Value)) -> Vec<String> {
        let mut said = Vec::new();
        let mut rest = bytes;
        let behind;
        if let Some(head) = &mut self.head {
            head.extend_from_slice(bytes);
            let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else {
                if head.len() > LONGEST_HEAD {
                    head.clear();
                }
                return said;
            };
            let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
            let first = first_line(&String::from_utf8_lossy(line));
            if first.starts_with("HTTP ") && first != "HTTP 101" {
                self.frames = None;
            }
            said.push(first);
            behind = head.split_off(end + 4);
            self.head = None;
            rest = &behind;
        }
        let Some(frames) = &mut self.frames else { return said };
        if frames.handle_bytes(rest).is_ok() {
            while let Some(event) = frames.poll_event() {
                said.push(shown(&event, &mut look));
            }
        }
        said
    }
}

/// A message by the types of its envelopes, or a control frame.
fn shown(event: &FrameEvent<'_>, look: &mut impl FnMut(&str, &Value)) -> String {
    let FrameEvent::Text(text) = event else { return wire::kind(event) };
    let mut kinds = Vec::new();
    // The separator of a batch is in no JSON.
    for text in text.split('\u{1e}') {
        let envelope = serde_json::from_str::<Value>(text).unwrap_or_default();
        let kind = envelope["type"].as_str().unwrap_or("text");
        look(kind, &envelope);
        kinds.push(match envelope["channel"].as_u64() {
            Some(channel) => format!("{kind} in channel {channel}"),
            None => kind.to_owned(),
        });
    }
    kinds.join(" and ")
}

/// A request without its query, or a response.
fn first_line(line: &str) -> String {
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some(version), Some(status)) if version.starts_with("HTTP/") => format!("HTTP {status}"),
        (Some(method), Some(target)) => {
            format!("{method} {}", target.split('?').next().unwrap_or_default())
        }
        _ => line.to_owned(),
    }
}
