//! What a client tells its host.

use core::fmt;
use core::time::Duration;

use crate::envelope::{Envelope, EnvelopeError, ErrorCode};
use crate::frame::FrameError;
use crate::link::{Cause, Class, ClientInput, Closed, Dial, Overflowed, State, TokenNeed};

/// What the host calls a question. Rises with each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskId(pub(super) u64);

impl AskId {
    /// The id of this number, as [`as_u64`](Self::as_u64) gave it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number: 0 for a client's first question.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskId({})", self.0)
    }
}

impl fmt::Display for AskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What happened, lent from the client's buffers until its next call.
///
/// Every ask ends in exactly one of [`Answer`](Self::Answer), [`Rejected`](Self::Rejected),
/// [`Expired`](Self::Expired) and [`Unknown`](Self::Unknown).
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Make a transport to the endpoint, then call
    /// [`handle_dialed`](super::Client::handle_dialed) or
    /// [`handle_dial_failed`](super::Client::handle_dial_failed).
    Dial(Dial<'a>),
    /// A token is wanted: call [`provide_token`](super::Client::provide_token) or
    /// [`token_failed`](super::Client::token_failed). Not asked again before that.
    NeedToken(TokenNeed),
    /// The link has another state.
    StateChanged {
        /// The state before.
        from: State,
        /// The state now.
        to: State,
        /// What led there.
        cause: ClientInput,
    },
    /// The server has welcomed this link.
    Welcomed {
        /// The welcome.
        envelope: Envelope<'a>,
        /// The server names the request in each reply.
        correlates: bool,
        /// The server keeps a window: what got no answer is asked again.
        repeats: bool,
    },
    /// A piece of an answer that grows, or word that it begins: a `chat_response_start`,
    /// `chat_response_delta` or `chunk`. It ends nothing; the end of the ask comes after it, and an
    /// answer holds the whole text once more. (Existing servers that end a stream with
    /// `response_complete` leave the text to the pieces.)
    ///
    /// Pieces of an ask come in order. Some may be missing after a reconnect, or if the server
    /// lost some: the answer alone is sure to be whole.
    Piece {
        /// The question.
        ask: AskId,
        /// The piece.
        envelope: Envelope<'a>,
    },
    /// The answer to a question.
    Answer {
        /// The question.
        ask: AskId,
        /// The answer.
        envelope: Envelope<'a>,
    },
    /// The server refused a question or failed at it.
    Rejected {
        /// The question.
        ask: AskId,
        /// Why, for programs.
        code: Option<ErrorCode<'a>>,
        /// When it may be asked again.
        retry_after: Option<Duration>,
        /// The `error` frame.
        envelope: Envelope<'a>,
    },
    /// A question got no answer in time, nor a piece of one lately. Whether it had an effect is not known.
    Expired {
        /// The question.
        ask: AskId,
    },
    /// The link broke after a question had been sent, and the server keeps no window: asking it
    /// again might do it twice.
    Unknown {
        /// The question.
        ask: AskId,
    },
    /// An answer came to a question that had ended before, or to none that is known; or a piece
    /// of one, to a question that had ended before.
    Late {
        /// The question, if it can be told.
        ask: Option<AskId>,
        /// The answer, or the [piece](crate::envelope::Kind::is_piece).
        envelope: Envelope<'a>,
    },
    /// A message that answers nothing.
    Message {
        /// The message.
        envelope: Envelope<'a>,
    },
    /// A message that had come before, under the same id, came again: nothing to do.
    Repeated {
        /// The message.
        envelope: Envelope<'a>,
    },
    /// A text came that is no envelope.
    Unreadable {
        /// What is wrong with it.
        error: EnvelopeError,
        /// The text.
        text: &'a str,
    },
    /// A binary message came; the dialect has none.
    Binary(&'a [u8]),
    /// What waited to be written reached its bound.
    Overflowed(Overflowed),
    /// The server broke the WebSocket protocol; the end of the link follows.
    Failed(FrameError),
    /// The link is over.
    Closed(Closed<'a>),
    /// Drop the transport once everything is written.
    HangUp,
    /// The next attempt to connect comes by itself.
    Retrying {
        /// Its number.
        attempt: u32,
        /// When.
        after: Duration,
        /// Why the last one ended.
        class: Class,
    },
    /// There are no more attempts before [`connect`](super::Client::connect) is called.
    Stopped {
        /// The class of the last end.
        class: Class,
        /// Its cause.
        cause: &'a Cause,
    },
}

impl<'a> From<crate::link::ClientLinkEvent<'a>> for Event<'a> {
    fn from(event: crate::link::ClientLinkEvent<'a>) -> Self {
        use crate::link::ClientLinkEvent as Link;
        match event {
            Link::Dial(dial) => Self::Dial(dial),
            Link::NeedToken(need) => Self::NeedToken(need),
            Link::StateChanged { from, to, cause } => Self::StateChanged { from, to, cause },
            Link::Text(text) => Self::Unreadable { error: EnvelopeError::MissingType, text },
            Link::Binary(bytes) => Self::Binary(bytes),
            Link::Overflowed(overflowed) => Self::Overflowed(overflowed),
            Link::Failed(error) => Self::Failed(error),
            Link::Closed(closed) => Self::Closed(closed),
            Link::HangUp => Self::HangUp,
            Link::Retrying { attempt, after, class } => Self::Retrying { attempt, after, class },
            Link::Stopped { class, cause } => Self::Stopped { class, cause },
        }
    }
}
