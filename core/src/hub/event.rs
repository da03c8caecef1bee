//! The events of a hub, for its host.

use core::time::Duration;

use super::index::{LinkIndex, UserIndex};
use super::{LinkId, PushId, RequestId};
use crate::delivery::{Outcome, SessionNumber};
use crate::envelope::{Envelope, ErrorCode};
use crate::frame::{Item, handshake};
use crate::link::{Closed, Overflowed, Token};
use crate::routing::{Choice, Decision};

/// What happened, lent from the hub's buffers until its next call.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A plain HTTP request, no WebSocket: answer it with [`Hub::respond`](super::Hub::respond). A GET
    /// of a link's address is none of these: the hub answers it with 426.
    Http {
        /// The connection it came over.
        link: LinkId,
        /// Method, target and headers.
        request: &'a handshake::Request,
    },
    /// A peer presents a token: decide with [`Hub::authorize`](super::Hub::authorize). Only under
    /// [`Auth::Host`](super::Auth::Host).
    Authorize {
        /// The link that waits. Nothing it sends is read before the verdict.
        link: LinkId,
        /// The user it claims to be: what the token's subject has to be.
        user: &'a str,
        /// What it presents.
        token: &'a Token,
    },
    /// A link was authorised and welcomed; one that speaks `pamlink.v1` also carries a session now.
    Opened {
        /// The link.
        link: LinkId,
        /// Its user.
        user: &'a str,
        /// How many links the user has now.
        links_of_user: u32,
    },
    /// A message that wants a reply: see [`Hub::reply`](super::Hub::reply).
    Request(Request<'a>),
    /// A message that wants no reply from the host. Where the dialect has an answer
    /// (`context_updated`), the hub has given it.
    Message {
        /// Where it came from.
        link: LinkId,
        /// Who sent it.
        user: &'a str,
        /// The message.
        envelope: Envelope<'a>,
    },
    /// A request was repeated: requests are idempotent, so the repeat has no effect of its own.
    Duplicate {
        /// Where the repeat came from: this link gets the answer.
        link: LinkId,
        /// Who sent it.
        user: &'a str,
        /// What came of the first one.
        first: Repeat,
    },
    /// A frame was refused. The peer was sent an `error`, unless its outbox is full.
    Refused(RefusedMessage<'a>),
    /// The host did not reply to a request in time. The peer was sent `REQUEST_EXPIRED`, as is
    /// every repeat.
    Expired {
        /// The request; a reply to it comes too late now.
        request: RequestId,
        /// Who sent it.
        user: &'a str,
    },
    /// What waited to be written to a link reached its bound, and frames were lost.
    Overflowed {
        /// The link.
        link: LinkId,
        /// Its user; empty before it was authorised.
        user: &'a str,
        /// What was lost since the last such event of this link.
        overflowed: Overflowed,
    },
    /// A link has ended, however it did. Exactly once for each link that
    /// [`Hub::accept`](super::Hub::accept) gave.
    Closed {
        /// The link. From here the id means nothing.
        link: LinkId,
        /// Its user; empty if it never was authorised.
        user: &'a str,
        /// Why, and what was left unwritten.
        closed: Closed<'a>,
        /// Requests of this link that are still running. Their replies are kept for a repeat.
        running: u32,
        /// How many links the user has left.
        links_of_user: u32,
    },
    /// The peer has cancelled a request: its answer has ended there, and nobody waits for more of
    /// it. The request runs until [`Hub::reply`](super::Hub::reply), which says
    /// [`Delivered::Cancelled`](super::Delivered::Cancelled).
    ///
    /// Or a newer request of the user has [taken its place](super::WhileAnswering::Replace): then it
    /// has ended with that, and a reply to it comes too late.
    Cancelled {
        /// The request.
        request: RequestId,
        /// Who sent it.
        user: &'a str,
    },
    /// A session of `pamlink.v1` has not got what was [pushed](super::Hub::push) to it: it has
    /// waited for too long, something else was pushed under its key, the session has ended, the
    /// peer has rejected it; or whether it arrived is lost with the session. Once for each session.
    Undelivered {
        /// The push.
        push: PushId,
        /// Its user.
        user: &'a str,
        /// What has become of it; never [`Outcome::Acknowledged`].
        outcome: Outcome<'a>,
    },
    /// Every link has ended after [`Hub::drain`](super::Hub::drain).
    Drained,
}

/// A message that wants a reply, admitted and routed.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// What to reply to.
    pub request: RequestId,
    /// Where it came from. What was asked in a session of `pamlink.v1` is the session's and no
    /// link's: then it is the link that carries the session now, or one that has ended.
    pub link: LinkId,
    /// Who sent it.
    pub user: &'a str,
    /// Who is to answer, and why.
    pub decision: Decision<'a>,
    /// Whether the peer takes its answer in pieces as it grows: see
    /// [`Hub::piece`](super::Hub::piece).
    pub wants_pieces: bool,
    /// The message; its payload is parsed when asked for.
    pub envelope: Envelope<'a>,
}

/// A frame that was refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedMessage<'a> {
    /// Where it came from.
    pub link: LinkId,
    /// Who sent it; empty before it was authorised.
    pub user: &'a str,
    /// The code of the `error` that the peer was sent.
    pub code: ErrorCode<'static>,
    /// When the peer may try again.
    pub retry_after: Option<Duration>,
    /// How many more violations the user may commit before its link is closed.
    pub left: u32,
    /// The user had committed all violations that it may: the link closes.
    pub closing: bool,
}

/// What came of the first of several equal requests.
///
/// Closed: all that can have become of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Repeat {
    /// It was answered, and its answer was sent again.
    Answered,
    /// It was answered, but the answer is no longer kept: the peer was sent `DUPLICATE_REQUEST`.
    Forgotten,
    /// It is running. Its answer will go to the link of the repeat.
    Running(RequestId),
}

/// An [`Event`] that borrows nothing yet: places in tables and buffers instead of references.
#[derive(Clone, Debug)]
pub(super) enum Unlent {
    Http(LinkIndex),
    Authorize(LinkIndex),
    Opened(LinkIndex),
    Request {
        link: LinkIndex,
        request: RequestId,
        text: Item,
        choice: Choice,
    },
    Message {
        link: LinkIndex,
        text: Item,
    },
    Duplicate {
        link: LinkIndex,
        first: Repeat,
    },
    Refused {
        link: LinkIndex,
        code: ErrorCode<'static>,
        retry_after: Option<Duration>,
        left: u32,
        closing: bool,
    },
    Expired {
        request: RequestId,
        user: UserIndex,
    },
    Overflowed {
        link: LinkIndex,
        overflowed: Overflowed,
    },
    Closed {
        link: LinkIndex,
        running: u32,
        links_of_user: u32,
    },
    /// As `Request`, in a session; the hub keeps the text.
    SessionRequest {
        session: SessionNumber,
        request: RequestId,
        choice: Choice,
    },
    /// As `Message`, in a session.
    SessionMessage {
        session: SessionNumber,
        user: UserIndex,
    },
    Cancelled {
        request: RequestId,
        user: UserIndex,
    },
    /// A request that has waited for an answer to end comes to its turn.
    TurnCame {
        request: RequestId,
        choice: Choice,
    },
    /// What it is about is with the sessions.
    Undelivered(PushId),
    Drained,
}
