//! How far a reader of one stream has come, and what each message about the stream makes of that.

use crate::delivery::Fault;
use crate::envelope::v1::{Epoch, MAX_NUMBER, Position};

/// How far a reader of a stream has come.
///
/// Closed: a reader is at a position of the log and at a byte of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Cursor {
    /// The position of the last record that was received, wholly or in part.
    pub received: Position,
    /// The bytes of the text that the reader has, those before it included that were lost to a
    /// gap: where the next text begins.
    pub offset: u64,
}

impl Cursor {
    /// Before the first record of a log of this epoch.
    pub const fn start(log: Epoch) -> Self {
        Self { received: Position::start(log), offset: 0 }
    }

    /// Whether nothing was received yet: then it is at the start of every epoch.
    pub(crate) const fn is_start(self) -> bool {
        self.received.sequence == 0 && self.offset == 0
    }

    /// Whether a position can be of the numbers that this reader reads.
    pub(super) fn is_of(self, at: Position) -> bool {
        at.epoch == self.received.epoch || self.is_start()
    }

    /// Goes where a `following` that tells of no gap says (V-7.13): how much of the text that the
    /// reader had stays.
    pub(super) fn rewind(&mut self, to: Self) -> Result<u64, Fault> {
        if !self.is_of(to.received) {
            return Err(Fault::OutOfOrder);
        }
        if to.received.sequence > self.received.sequence || to.offset > self.offset {
            return Err(Fault::Ahead);
        }
        *self = to;
        Ok(to.offset)
    }

    /// Goes where a `following` that tells of a gap says (V-7.13), before which `lost` bytes are
    /// missing, where that is known: how much of the text that the reader had stays.
    pub(super) fn jump(&mut self, to: Self, lost: Option<u64>) -> u64 {
        let intact = to.offset.saturating_sub(lost.unwrap_or(0));
        let same_log = to.received.epoch == self.received.epoch;
        let stays = if same_log { self.offset.min(intact) } else { 0 };
        *self = to;
        stays
    }

    /// Takes a piece in (V-7.14): what of it is new, or nothing if the reader has it all.
    pub(super) fn advance<'a>(
        &mut self,
        at: Position,
        offset: u64,
        text: &'a str,
    ) -> Result<Option<Added<'a>>, Fault> {
        if !self.is_of(at) {
            return Err(Fault::OutOfOrder);
        }
        if at.sequence == 0 {
            return Err(Fault::Ahead);
        }
        let end = offset.saturating_add(text.len() as u64);
        if end > MAX_NUMBER {
            return Err(Fault::Malformed);
        }
        if at.sequence < self.received.sequence {
            // Of a text that may have been longer.
            return Ok(None);
        }
        if offset > self.offset {
            return Err(Fault::OutOfOrder);
        }
        let added = if at.sequence > self.received.sequence {
            Added { offset, restart: offset < self.offset, text }
        } else if end <= self.offset {
            return Ok(None);
        } else {
            // Another part of the same record: what the reader has of it stays.
            let had = usize::try_from(self.offset - offset).ok();
            let text = had.and_then(|had| text.get(had..)).ok_or(Fault::OutOfOrder)?;
            Added { offset: self.offset, restart: false, text }
        };
        *self = Self { received: at, offset: end };
        Ok(Some(added))
    }

    /// Takes the end in (V-7.15).
    pub(super) fn finish(&mut self, at: Position, offset: u64) -> Result<(), Fault> {
        let behind = at.sequence < self.received.sequence.max(1);
        if !self.is_of(at) || behind || offset != self.offset {
            return Err(Fault::OutOfOrder);
        }
        self.received = at;
        Ok(())
    }
}

/// What is new of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Added<'a> {
    /// Where it begins: what the reader had from there on is void.
    pub(super) offset: u64,
    /// Whether that was anything.
    pub(super) restart: bool,
    /// The text.
    pub(super) text: &'a str,
}
