//! What a reader tells.

use core::ops::Range;

use super::{CloseFrame, FrameError};

/// What was read. Messages are whole: fragments are put together before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    start: usize,
    end: usize,
    /// It lies where it was inflated.
    pub(super) inflated: bool,
}

impl Item {
    #[inline]
    pub(super) const fn new(kind: ItemKind, range: Range<usize>) -> Self {
        Self { kind, start: range.start, end: range.end, inflated: false }
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
