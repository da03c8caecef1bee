//! What a reader is told of a stream, until it is lent as a message.

use std::sync::Arc;

use super::interface::{Ended, StreamKey};
use super::placing::{Place, Placed};
use crate::envelope::Raw;
use crate::envelope::v1::{
    BODY_DEPTH, CaughtUp, Code, End, Following, Message, Name, Piece, Position,
};

/// Something for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Saying {
    Following(Placed),
    /// The text of a piece lies in a buffer.
    Piece {
        place: Place,
        restart: bool,
    },
    CaughtUp(Position),
    End(Position, Ended),
}

/// What was said last, kept while it is lent.
#[derive(Clone, Debug, Default)]
pub(super) struct Lent {
    pub(super) text: String,
    said: Option<(StreamKey, Saying)>,
}

impl Lent {
    /// Lends what is said of a stream.
    pub(super) fn lend(&mut self, key: StreamKey, saying: Saying) -> Option<Message<'_>> {
        let (key, saying) = self.said.insert((key, saying));
        let stream = Name::new(&*key.name)?;
        Some(match saying {
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
                append: self.text.as_str().into(),
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
