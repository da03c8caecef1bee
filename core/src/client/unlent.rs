//! Events that borrow nothing yet.

use super::event::RequestId;
use super::growth::{self, Added};
use crate::envelope::EnvelopeError;
use crate::frame::Item;
use crate::link::ClientLinkUnlent;

/// An [`Event`](super::Event) that borrows nothing yet: places in tables and buffers instead of
/// references.
#[derive(Debug)]
pub(super) enum Unlent {
    Link(ClientLinkUnlent),
    Unreadable(Item, EnvelopeError),
    Expired(RequestId),
    TurnedDown(RequestId),
    Unknown(RequestId),
    Unsent(RequestId),
    /// A text and what it is; where its members are is in the client's scan.
    Message(Item, Meaning),
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
