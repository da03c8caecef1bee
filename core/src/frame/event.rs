//! The events of a reader.

use core::ops::Range;

use super::{CloseFrame, FrameError};

/// What was read. Messages are whole: fragments are put together before.
///
/// Closed: RFC 6455 has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum FrameEvent<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping, at most 125 bytes: to be answered with a pong of the same bytes.
    Ping(&'a [u8]),
    /// A pong, at most 125 bytes.
    Pong(&'a [u8]),
    /// A Close frame, and what it says if it has a body. Nothing is read after it.
    Close(Option<CloseFrame<'a>>),
    /// The peer broke the protocol or a bound. Nothing is read after it.
    Failed(FrameError),
}

/// A description of an event in the reader's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) kind: ItemKind,
    pub(super) place: Place,
    start: usize,
    end: usize,
}

/// Where an item lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where it was read into, at the item's range.
    Room,
    /// Where it was taken whole, at the item's range.
    Inbox,
    /// Nowhere here: the host has it and lends it.
    Host,
    /// Where its pieces were put together.
    Assembly,
    /// Where it was inflated.
    Inflated,
}

impl Item {
    #[inline]
    pub(super) const fn new(kind: ItemKind, range: Range<usize>) -> Self {
        Self { kind, place: Place::Room, start: range.start, end: range.end }
    }

    #[inline]
    pub(super) const fn whole(kind: ItemKind, range: Range<usize>) -> Self {
        Self { kind, place: Place::Inbox, start: range.start, end: range.end }
    }

    /// A text that the host lends.
    pub(crate) const LENT: Self =
        Self { kind: ItemKind::Text, place: Place::Host, start: 0, end: 0 };

    /// Whether it is a text that the host lends.
    #[inline]
    pub(crate) fn is_lent(self) -> bool {
        self.place == Place::Host
    }

    #[inline]
    pub(super) const fn assembled(kind: ItemKind) -> Self {
        Self { kind, place: Place::Assembly, start: 0, end: 0 }
    }

    #[inline]
    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// The kinds of [`FrameEvent`], without what they lend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Text,
    Binary,
    Ping,
    Pong,
    Close,
    Failed(FrameError),
}
