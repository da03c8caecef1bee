//! Events that borrow nothing yet.

use super::event::RequestId;
use super::growth::{self, Added};
use crate::delivery::{CommandId, Outcome, SessionNumber};
use crate::envelope::EnvelopeError;
use crate::envelope::v1::{CancelOutcome, Code};
use crate::frame::Item;
use crate::link::{ClientLinkUnlent, TokenNeed};

/// An [`Event`](super::Event) that borrows nothing yet: places in tables and buffers instead of
/// references.
#[derive(Debug)]
pub(super) enum Unlent {
    Link(ClientLinkUnlent),
    SecondLink(ClientLinkUnlent),
    ChangedPlaces,
    NeedToken(TokenNeed),
    Unreadable(Source, EnvelopeError),
    Expired(RequestId),
    TurnedDown(RequestId),
    Unknown(RequestId),
    Unsent(RequestId),
    Cancelled(RequestId),
    CancelResult(RequestId, Option<CancelResult>),
    Outcome(SessionNumber, CommandId, Outcome<'static>),
    Gap(SessionNumber, Option<u64>, Code<'static>),
    /// A text and what it is; where its members are is in the client's scan.
    Message(Source, Meaning),
}

/// What a cancel has come to: the outcome, the length of the stream, and why it was refused.
pub(super) type CancelResult = (CancelOutcome<'static>, Option<u64>, Option<Code<'static>>);

/// Where a text is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// In the link.
    Link(Item),
    /// In the client's `body`: it came over this session, or stands for what did.
    Session(SessionNumber),
}

/// A message, correlated with its request where it answers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Welcome,
    Piece(RequestId, Added),
    Answer(RequestId, growth::Given),
    /// The end of an answer whose text came in pieces, all of which the host has.
    Whole(RequestId),
    Rejection(RequestId),
    /// The end of an answer whose text came in pieces, not all of which were kept.
    Incomplete(RequestId),
    Late(Option<RequestId>),
    LatePiece(RequestId),
    News,
    OldNews,
}
