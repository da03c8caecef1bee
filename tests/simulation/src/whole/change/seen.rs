//! How far each end of a session has come.

use std::collections::BTreeMap;

use pamlink::envelope::v1::{Answer, Message, Name, Position};

/// The id of a session.
pub(super) type Id = [u8; 16];

/// What has come to the ends of a session.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The last number that has come to the server.
    up: Option<Position>,
    /// The last that has come to the client.
    down: Option<Position>,
    /// How many bytes of the text of each stream have come to the client.
    streams: BTreeMap<String, u64>,
    /// Until when its server may wait for the log before it says anything.
    pub(super) busy_until: u64,
}

impl Seen {
    /// Something has come, and has its effect.
    pub(super) fn hear(&mut self, is_up: bool, message: &Message<'_>) {
        if let Some(at) = number(message) {
            let last = if is_up { &mut self.up } else { &mut self.down };
            let is_later = last.is_none_or(|it| at.cmp_in_epoch(it).is_none_or(|it| it.is_gt()));
            if is_later {
                *last = Some(at);
            }
        }
        match message {
            Message::Piece(it) => {
                let end = it.offset + it.append.len() as u64;
                self.streams.insert(it.stream.as_str().to_owned(), end);
            }
            Message::End(it) => {
                self.streams.remove(it.stream.as_str());
            }
            Message::Following(it) => {
                self.streams.insert(it.stream.as_str().to_owned(), it.offset);
            }
            _ => {}
        }
    }

    /// Whether something that comes has come before.
    pub(super) fn has(&self, is_up: bool, message: &Message<'_>) -> bool {
        let last = if is_up { self.up } else { self.down };
        if let (Some(at), Some(last)) = (number(message), last) {
            return at.cmp_in_epoch(last).is_some_and(|it| it.is_le());
        }
        match message {
            Message::Piece(it) => !it.restart && it.offset < self.had(&it.stream),
            Message::Following(it) => {
                it.answer == Answer::Resumed && it.offset < self.had(&it.stream)
            }
            _ => false,
        }
    }

    fn had(&self, stream: &Name<'_>) -> u64 {
        self.streams.get(stream.as_str()).copied().unwrap_or(0)
    }
}

/// The number of an envelope that has one.
const fn number(message: &Message<'_>) -> Option<Position> {
    match message {
        Message::Item(it) => Some(it.at),
        Message::Reject(it) => Some(it.at),
        Message::Cancel(it) => Some(it.at),
        Message::CancelResult(it) => Some(it.at),
        _ => None,
    }
}
