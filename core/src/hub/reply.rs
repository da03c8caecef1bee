//! The reply of a host to a request, and what became of it.

use core::time::Duration;

use thiserror::Error;

use super::{LinkId, RequestId};
use crate::envelope::write::Answer;
use crate::envelope::{EnvelopeError, ErrorCode};

/// What a host says to a request. The hub adds `reply_to` where the request had an id.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// An answer: a `chat_response`.
    Answer(Answer<'a>),
    /// A failure: an `error`.
    Error {
        /// Why, for programs.
        code: &'a ErrorCode<'a>,
        /// Why, for people.
        message: &'a str,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// An envelope of the host's own. Towards peers without the engine it must be one that
    /// [answers](crate::envelope::Kind::is_answer).
    Raw(&'a str),
}

impl<'a> Reply<'a> {
    /// An answer of this text and nothing else.
    pub fn text(text: &'a str) -> Self {
        Self::Answer(Answer { text, ..Answer::default() })
    }
}

/// What became of a reply, or of a piece of one. Where the request has a key in the duplicate
/// window, the reply is also kept there for repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Delivered {
    /// It is queued on this link.
    Queued(LinkId),
    /// It waits for the replies to earlier requests of this link, whose peer sends no ids.
    InOrder(LinkId),
    /// The link has ended. The answer is kept, and another link of the same user gets it when it
    /// repeats the request. A piece is not kept; the whole answer will be.
    Kept,
    /// The link has ended, and the request had no id by which it could be repeated.
    Absent,
    /// The peer has cancelled the request
    /// ([`Event::Cancelled`](super::Event::Cancelled)): nobody waits for it.
    Cancelled,
    /// Too much waits to be written to this link already.
    Refused(LinkId),
    /// The answer is larger than the peer takes, or than any message may be: an `error` is sent in
    /// its place, and to repeats as well.
    TooLarge,
    /// Only of a piece: it was not sent. The peer gets the whole answer at its end, because it did
    /// not ask for pieces, or has missed one.
    Whole,
}

/// Why a reply was not taken.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyError {
    /// The request was answered before, has expired, or never was.
    #[error("no request {0} is running")]
    NotRunning(RequestId),
    /// A [`Reply::Raw`] is no envelope, or it or the `ui_actions` of an answer are nested deeper
    /// than a peer reads.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}
