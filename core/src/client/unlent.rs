//! Events that borrow nothing yet.

use super::event::AskId;
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
    Expired(AskId),
    TurnedDown(AskId),
    Unknown(AskId),
    Unsent(AskId),
    /// A text and what it is; where its members are is in the client's scan.
    Message(Item, Meaning),
}

/// A message, correlated with its request where it answers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Welcome,
    Piece(AskId, Added),
    Answer(AskId, growth::Told),
    /// The end of an answer whose text came in pieces, all of which the host has.
    Whole(AskId),
    Rejection(AskId),
    /// The end of an answer whose text came in pieces, not all of which were kept.
    Incomplete(AskId),
    Late(Option<AskId>),
    LatePiece(AskId),
    News,
    OldNews,
}
