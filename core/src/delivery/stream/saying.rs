//! What a reader is told of a stream, until it is lent as a message.

use core::fmt;
use std::sync::Arc;

use super::interface::Ended;
use super::placing::{Place, Placed};
use crate::envelope::Raw;
use crate::envelope::v1::{
    BODY_DEPTH, CaughtUp, Channel, Code, End, Following, Message, Name, Piece, Position,
};

/// Something for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Saying {
    /// In a box: pieces are many, and small.
    Following(Box<Placed>),
    /// The text of a piece lies in a buffer.
    Piece {
        place: Place,
        restart: bool,
    },
    CaughtUp(Position),
    End(Position, Ended),
}

/// What a reader is told of a stream.
#[derive(Debug)]
pub(super) struct Said<'s> {
    /// The stream's.
    pub(super) name: &'s Arc<str>,
    pub(super) saying: Saying,
    /// Others read the stream as well, and are mostly told the same.
    pub(super) is_shared: bool,
}

/// What was said last, kept while it is lent, and for whoever is told the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Lent {
    pub(super) text: String,
    /// Of the stream of this name.
    said: Option<(Arc<str>, Saying)>,
    written: Written,
}

/// The last piece of a stream that has several readers, as an envelope.
#[derive(Clone, Default)]
struct Written {
    of: Option<(Channel, Arc<str>, Place, bool)>,
    text: String,
    envelope: String,
}

impl Lent {
    /// Keeps what is said of a stream, to lend it.
    pub(super) fn keep(&mut self, said: Said<'_>) {
        self.said = Some((Arc::clone(said.name), said.saying));
    }

    /// Lends what is kept.
    pub(super) fn lend(&self) -> Option<Message<'_>> {
        let (name, saying) = self.said.as_ref()?;
        saying.lend(name, &self.text)
    }

    /// Appends what is said of a stream, as an envelope: whether there is one.
    pub(super) fn write(&mut self, said: &Said<'_>, channel: Channel, out: &mut String) -> bool {
        let Said { name, saying, is_shared } = said;
        if let Saying::Piece { place, restart } = *saying
            && *is_shared
        {
            let written = &mut self.written;
            let is_same = written.of.as_ref().is_some_and(|(to, of, at, is_restart)| {
                (*to, *at, *is_restart) == (channel, place, restart) && of == *name
            });
            if !is_same || written.text != self.text {
                let Some(message) = saying.lend(name, &self.text) else { return false };
                written.envelope.clear();
                message.write(channel, &mut written.envelope);
                written.of = Some((channel, Arc::clone(name), place, restart));
                written.text.clone_from(&self.text);
            }
            out.push_str(&written.envelope);
            return true;
        }
        let message = saying.lend(name, &self.text);
        message.inspect(|message| message.write(channel, out)).is_some()
    }
}

/// What it has written before decides nothing.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl Saying {
    /// The message of the stream of this name; the text of a piece is this one.
    fn lend<'a>(&'a self, name: &'a str, text: &'a str) -> Option<Message<'a>> {
        let stream = Name::new(name)?;
        Some(match self {
            Self::Following(placed) => Message::Following(Following {
                stream,
                answer: placed.answer,
                from: placed.from.at,
                offset: placed.from.offset,
                lost: placed.lost,
                reason: placed.reason.and_then(Code::new),
                how: placed.how.clone(),
            }),
            Self::Piece { place, restart } => Message::Piece(Piece {
                stream,
                at: place.at,
                offset: place.offset,
                append: text.into(),
                restart: *restart,
            }),
            Self::CaughtUp(at) => Message::CaughtUp(CaughtUp { stream: Some(stream), at: *at }),
            Self::End(at, ended) => {
                let end = Arc::as_ref(&ended.end);
                Message::End(End {
                    stream,
                    at: *at,
                    offset: ended.offset,
                    how: end.how.clone(),
                    code: end.code.as_ref().map(Code::as_borrowed),
                    body: end.body.as_deref().and_then(|body| Raw::parse(body, BODY_DEPTH).ok()),
                })
            }
        })
    }
}
