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
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// The stream's.
    pub(super) name: Arc<str>,
    pub(super) saying: Saying,
    /// Others read the stream as well, and are mostly told the same.
    pub(super) is_shared: bool,
}

/// What was said last, kept while it is lent, and for whoever is told the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Lent {
    pub(super) text: String,
    said: Option<Said>,
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
    /// Lends what is said of a stream.
    pub(super) fn lend(&mut self, said: Said) -> Option<Message<'_>> {
        let said = self.said.insert(said);
        said.lend(&self.text)
    }

    /// Appends what is said of a stream, as an envelope: whether there is one.
    pub(super) fn write(&mut self, said: &Said, channel: Channel, out: &mut String) -> bool {
        if let Saying::Piece { place, restart } = said.saying
            && said.is_shared
        {
            let written = &mut self.written;
            let of = Some((channel, Arc::clone(&said.name), place, restart));
            if written.of != of || written.text != self.text {
                written.envelope.clear();
                let Some(message) = said.lend(&self.text) else { return false };
                message.write(channel, &mut written.envelope);
                written.of = of;
                written.text.clone_from(&self.text);
            }
            out.push_str(&written.envelope);
            return true;
        }
        let message = said.lend(&self.text);
        message.inspect(|message| message.write(channel, out)).is_some()
    }
}

/// What it has written before decides nothing.
impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Written")
    }
}

impl Said {
    /// The message; the text of a piece is this one.
    fn lend<'a>(&'a self, text: &'a str) -> Option<Message<'a>> {
        let stream = Name::new(&*self.name)?;
        Some(match &self.saying {
            Saying::Following(placed) => Message::Following(Following {
                stream,
                answer: placed.answer,
                from: placed.from.at,
                offset: placed.from.offset,
                lost: placed.lost,
                reason: placed.reason.and_then(Code::new),
                how: placed.how.clone(),
            }),
            Saying::Piece { place, restart } => Message::Piece(Piece {
                stream,
                at: place.at,
                offset: place.offset,
                append: text.into(),
                restart: *restart,
            }),
            Saying::CaughtUp(at) => Message::CaughtUp(CaughtUp { stream: Some(stream), at: *at }),
            Saying::End(at, ended) => {
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
