//! The events of a client, for its host.

use std::borrow::Cow;

use core::fmt;
use core::time::Duration;

use crate::delivery::{CommandId, Outcome, SessionNumber};
use crate::envelope::v1::{CancelOutcome, Code};
use crate::envelope::{Envelope, EnvelopeError, ErrorCode};
use crate::link::ClientLinkEvent;

/// What the host calls a request. Each has a higher one than those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

impl RequestId {
    /// The id of this number, as [`as_u64`](Self::as_u64) gave it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number: 0 for a client's first request.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestId({})", self.0)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What happened, lent from the client's buffers until its next call.
///
/// Every request ends in exactly one of [`Answer`](Self::Answer), [`Rejected`](Self::Rejected),
/// [`Expired`](Self::Expired), [`Unknown`](Self::Unknown), [`Unsent`](Self::Unsent) and
/// [`Cancelled`](Self::Cancelled), unless its caller [has left](super::Client::forget): then what
/// the server sends for it is [`Late`](Self::Late), and there is no other event of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// An event of the link, other than its messages: an address to dial, a token that is needed, a
    /// change of state, an end and what follows from it.
    ///
    /// Unless it is the host's own wish, [`Stopped`](ClientLinkEvent::Stopped) ends every request,
    /// and [`ask`](super::Client::ask) takes none before [`connect`](super::Client::connect).
    Link(ClientLinkEvent<'a>),
    /// An event of the second link, which a planned change has where the host holds two transports
    /// ([`two_links`](super::ClientConfig::two_links)); [`second_link`](super::Client::second_link)
    /// has the doors to answer it. It changes nothing of the first link or of requests: a second link
    /// that is lost is tried again by the backoff while the first one lives, and `Stopped` says that
    /// it is not.
    SecondLink(ClientLinkEvent<'a>),
    /// The second link was welcomed and is the first from here on, and the first is the second: a
    /// host exchanges their transports. The sessions are opened over the new one, after which
    /// [`Welcomed`](Self::Welcomed) comes and the other is closed.
    ChangedPlaces,
    /// The server has welcomed this link; over `pamlink.v1` the first session is open as well.
    Welcomed {
        /// The welcome.
        envelope: Envelope<'a>,
        /// The server names the request in each reply.
        correlates: bool,
        /// The server recognises repeats: a request that the last link has left without an answer
        /// is sent again.
        repeats: bool,
    },
    /// A piece of an answer that grows, or word that it begins: a `chat_response_start`,
    /// `chat_response_delta` or `chunk`. It ends nothing; the end of the request comes after it,
    /// and an answer holds the whole text once more. (Existing servers that end a stream with
    /// `response_complete` leave the text to the pieces.)
    ///
    /// Appended to each other the texts are the beginning of the answer, unless `restart` says
    /// otherwise. What is beyond
    /// [`max_answer_bytes`](super::ClientConfig::max_answer_bytes) gives no pieces.
    Piece {
        /// The request.
        request: RequestId,
        /// What it adds. Empty where the answer only begins.
        text: Cow<'a, str>,
        /// The pieces before this one are void: the answer begins anew with it.
        restart: bool,
        /// The piece.
        envelope: Envelope<'a>,
    },
    /// The answer to a request.
    Answer {
        /// The request.
        request: RequestId,
        /// Its whole text; where the server sends that in pieces alone, those joined.
        text: Cow<'a, str>,
        /// How many bytes of `text`, from its beginning, the pieces have given already.
        in_pieces: usize,
        /// All pieces are void: the answer does not begin with their text. `in_pieces` is 0.
        restart: bool,
        /// The answer.
        envelope: Envelope<'a>,
    },
    /// The server refused a request or failed at it, or its answer is of no use.
    Rejected {
        /// The request.
        request: RequestId,
        /// Why, for programs.
        code: Option<ErrorCode<'a>>,
        /// Why, for people.
        message: Cow<'a, str>,
        /// How long to wait before it is made again.
        retry_after: Option<Duration>,
        /// What the server sent: the `error` frame, mostly.
        envelope: Option<Envelope<'a>>,
    },
    /// A request got no answer in time, nor a piece of one within the timeout. Whether it had an
    /// effect is not known.
    Expired {
        /// The request.
        request: RequestId,
    },
    /// A request had been sent, and then the link broke and the server keeps no window, or the
    /// client has stopped, or its session was [left](super::Client::leave_session). It may have had
    /// its effect: made again, it could have it twice.
    Unknown {
        /// The request.
        request: RequestId,
    },
    /// The client has stopped, or the session was [left](super::Client::leave_session), before a
    /// request was sent: it had no effect, and may be made again, in a session that there is.
    Unsent {
        /// The request.
        request: RequestId,
    },
    /// A request was cancelled: its answer ends where its pieces have.
    Cancelled {
        /// The request.
        request: RequestId,
    },
    /// What a [`cancel`](super::Client::cancel) of a request has come to, once for each. It ends
    /// nothing: a request that was cancelled ends as [`Cancelled`](Self::Cancelled), before or after
    /// it.
    CancelResult {
        /// The request.
        request: RequestId,
        /// What it has come to; nothing where that is lost with a gap or with the session, or where
        /// the request has ended without a word of the server.
        outcome: Option<CancelOutcome<'a>>,
        /// The length of the answer, in bytes, where it has ended.
        offset: Option<u64>,
        /// Why the cancel was refused.
        code: Option<Code<'a>>,
    },
    /// What has become of what was [submitted](super::Client::submit).
    Outcome {
        /// In which session.
        session: SessionNumber,
        /// What was submitted there.
        command: CommandId,
        /// What has become of it.
        outcome: Outcome<'a>,
    },
    /// Something of what the server has sent over `pamlink.v1` is lost, and will not come; or may be,
    /// where the server has the session no more (`session_ended`). Requests are told of themselves.
    Gap {
        /// In which session.
        session: SessionNumber,
        /// How many envelopes, where that is known.
        lost: Option<u64>,
        /// Why.
        reason: Code<'a>,
    },
    /// An answer or an `error` came to a request that had ended before or whose caller has left, or
    /// to none that is known; or a piece of one, to a request that had ended before or whose
    /// caller has left.
    Late {
        /// The request, if it is known.
        request: Option<RequestId>,
        /// The answer, or the [piece](crate::envelope::Kind::is_piece).
        envelope: Envelope<'a>,
    },
    /// A push: a message that answers no request. One that the server says in several sessions comes
    /// once, and after that as [`Repeated`](Self::Repeated), where it has an id; without one it
    /// comes as often as it was said.
    Message {
        /// In which session; the first, where the link speaks the `pam` dialect.
        session: SessionNumber,
        /// The message.
        envelope: Envelope<'a>,
    },
    /// A push that had come before, under the same id: a repeat, to be ignored. It may be that of
    /// another session.
    Repeated {
        /// In which session; the first, where the link speaks the `pam` dialect.
        session: SessionNumber,
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
}
