//! What a client tells its host.

use std::borrow::Cow;

use core::fmt;
use core::time::Duration;

use crate::envelope::{Envelope, EnvelopeError, ErrorCode};
use crate::frame::FrameError;
use crate::link::{Cause, Class, Closed, Dial, Overflowed, State, TokenNeed, Trigger};

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
/// [`Expired`](Self::Expired), [`Unknown`](Self::Unknown) and [`Unsent`](Self::Unsent), unless its
/// caller [has left](super::Client::forget): then what the server says of it is
/// [`Late`](Self::Late), and nothing else is told.
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
        cause: Trigger<'a>,
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
    /// Appended to each other the texts are the beginning of the answer, unless `restart` says
    /// otherwise. What is beyond
    /// [`max_answer_bytes`](super::ClientConfig::max_answer_bytes) is not told in pieces.
    Piece {
        /// The question.
        ask: AskId,
        /// What it adds. Empty where the answer only begins.
        text: Cow<'a, str>,
        /// What was told before is void: the answer begins anew with this piece.
        restart: bool,
        /// The piece.
        envelope: Envelope<'a>,
    },
    /// The answer to a question.
    Answer {
        /// The question.
        ask: AskId,
        /// What it says, whole; of a server that leaves that to the pieces, what they said.
        text: Cow<'a, str>,
        /// How many bytes of `text`, from its beginning, were told in pieces.
        told: usize,
        /// What was told in pieces is void: the answer does not begin with it. `told` is 0.
        restart: bool,
        /// The answer.
        envelope: Envelope<'a>,
    },
    /// The server refused a question or failed at it, or its answer is of no use.
    Rejected {
        /// The question.
        ask: AskId,
        /// Why, for programs.
        code: Option<ErrorCode<'a>>,
        /// Why, for people.
        message: Cow<'a, str>,
        /// When it may be asked again.
        retry_after: Option<Duration>,
        /// What the server sent: the `error` frame, mostly.
        envelope: Option<Envelope<'a>>,
    },
    /// A question got no answer in time, nor a piece of one lately. Whether it had an effect is not known.
    Expired {
        /// The question.
        ask: AskId,
    },
    /// The link broke after a question had been sent, and the server keeps no window, or the client
    /// has stopped: asking it again might do it twice.
    Unknown {
        /// The question.
        ask: AskId,
    },
    /// The client has stopped before a question was sent: it had no effect, and may be asked again
    /// after [`connect`](super::Client::connect).
    Unsent {
        /// The question.
        ask: AskId,
    },
    /// An answer or an `error` came to a question that had ended before or whose caller has left, or
    /// to none that is known; or a piece of one, to a question that had ended before or whose
    /// caller has left.
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
        /// The class of the last end.
        class: Class,
        /// Its cause.
        cause: &'a Cause,
    },
    /// There are no more attempts before [`connect`](super::Client::connect) is called. Unless that
    /// is the host's own wish, every question ends now, and [`ask`](super::Client::ask) takes none
    /// until then.
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
            Link::Retrying { attempt, after, class, cause } => {
                Self::Retrying { attempt, after, class, cause }
            }
            Link::Stopped { class, cause } => Self::Stopped { class, cause },
        }
    }
}
