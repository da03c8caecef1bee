//! The receiving half of a session: which numbers came, and what of them is acknowledged.

use core::time::Duration;
use std::collections::VecDeque;

use super::config::SessionConfig;
use super::fault::Fault;
use crate::envelope::v1::{Position, Window};
use crate::time::Mono;

/// How far the other end's numbers have come, in three places of which none lies before the next:
/// what was received, what the host has taken of it, and what is acknowledged of that.
///
/// What is received and not acknowledged is within the window that the other end keeps to, so that
/// a host that takes no events is sent no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inbound {
    received: Position,
    taken: u64,
    acknowledged: u64,
    /// What is received and not acknowledged: the numbers after `acknowledged`.
    open: VecDeque<Entry>,
    /// Of those the ones that count in the window, and their bytes.
    counted: u32,
    bytes: usize,
    /// Of what is taken and not acknowledged: the bytes, and since when there is some.
    taken_bytes: usize,
    since: Mono,
    /// An envelope came again, which is acknowledged at once (V-3.2).
    repeated: bool,
    /// The cancels that are without a result.
    cancels: VecDeque<Position>,
}

/// An envelope that is received and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: EntryKind,
    pub(super) bytes: u32,
}

impl Entry {
    /// The same, where it is too late to reject it: after a snapshot it may have been acknowledged.
    pub(super) const fn decided(self) -> Self {
        let kind = match self.kind {
            EntryKind::Item | EntryKind::Rejected | EntryKind::Other => EntryKind::Other,
            EntryKind::Reject => EntryKind::Reject,
        };
        Self { kind, ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// An item, which may be rejected.
    Item,
    /// An item that is.
    Rejected,
    /// A reject, which does not count in the window.
    Reject,
    Other,
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    New,
    /// It was received before (V-3.2).
    Repeat,
}

impl Inbound {
    /// Nothing is received. `start` is in no epoch of the other end's until it has named one.
    pub(super) const fn new(start: Position) -> Self {
        Self {
            received: start,
            taken: start.sequence,
            acknowledged: start.sequence,
            open: VecDeque::new(),
            counted: 0,
            bytes: 0,
            taken_bytes: 0,
            since: Mono::ZERO,
            repeated: false,
            cancels: VecDeque::new(),
        }
    }

    /// The same, where what came before is known from a snapshot. `open` is what follows
    /// `acknowledged` up to `received`, all of it taken.
    pub(super) fn restored(
        now: Mono,
        received: Position,
        open: VecDeque<Entry>,
        cancels: VecDeque<Position>,
    ) -> Option<Self> {
        let acknowledged = received.sequence.checked_sub(u64::try_from(open.len()).ok()?)?;
        let bytes = open.iter().map(|entry| usize::try_from(entry.bytes).unwrap_or(usize::MAX));
        let bytes = bytes.fold(0, usize::saturating_add);
        let counted = open.iter().filter(|entry| entry.kind != EntryKind::Reject).count();
        let counted = u32::try_from(counted).ok()?;
        let of_rejects = open.iter().filter(|entry| entry.kind == EntryKind::Reject);
        let of_rejects = of_rejects.map(|entry| size(*entry)).fold(0, usize::saturating_add);
        Some(Self {
            acknowledged,
            open,
            counted,
            bytes: bytes - of_rejects,
            taken_bytes: bytes,
            since: now,
            cancels,
            ..Self::new(received)
        })
    }

    /// Goes on after `from`: what the other end sent before it and has not come is lost. Cancels
    /// that are without a result still get one.
    pub(super) fn begin_after(&mut self, from: Position) {
        let cancels = core::mem::take(&mut self.cancels);
        *self = Self { cancels, ..Self::new(from) };
    }

    /// Takes a numbered envelope in, with at most so many `open` as there may be rejects with. One
    /// that is a repeat changes nothing.
    pub(super) fn handle_number(
        &mut self,
        at: Position,
        kind: EntryKind,
        bytes: usize,
        window: Window,
        open: usize,
    ) -> Result<Arrival, Fault> {
        if at.epoch != self.received.epoch || at.sequence > self.received.sequence + 1 {
            return Err(Fault::OutOfOrder);
        }
        if at.sequence <= self.received.sequence {
            self.repeated = true;
            return Ok(Arrival::Repeat);
        }
        if kind == EntryKind::Reject {
            if self.open.len() >= open {
                return Err(Fault::TooMany);
            }
        } else {
            let within = usize::try_from(window.bytes).unwrap_or(usize::MAX);
            let over = self.bytes > 0 && self.bytes.saturating_add(bytes) > within;
            if self.counted >= window.envelopes || over && bytes > 0 {
                return Err(Fault::TooMany);
            }
            self.counted += 1;
            self.bytes += bytes;
        }
        self.received = at;
        self.open.push_back(Entry { kind, bytes: u32::try_from(bytes).unwrap_or(u32::MAX) });
        Ok(Arrival::New)
    }

    /// The host has what came up to this position.
    pub(super) fn take(&mut self, now: Mono, upto: Position) {
        if upto.epoch != self.received.epoch || upto.sequence <= self.taken {
            return;
        }
        if self.taken == self.acknowledged {
            self.since = now;
        }
        for number in self.taken..upto.sequence {
            self.taken_bytes += self.entry(number + 1).map_or(0, |entry| size(*entry));
        }
        self.taken = upto.sequence;
    }

    /// Rejects an item that is taken and not acknowledged: whether it is one.
    pub(super) fn reject(&mut self, at: Position) -> bool {
        if at.epoch != self.received.epoch || at.sequence > self.taken {
            return false;
        }
        let Some(place) = self.place(at.sequence) else { return false };
        let entry = &mut self.open[place];
        let is_item = entry.kind == EntryKind::Item;
        if is_item {
            entry.kind = EntryKind::Rejected;
        }
        is_item
    }

    /// A cancel waits for its result.
    pub(super) fn expect_result(&mut self, at: Position) {
        self.cancels.push_back(at);
    }

    /// A cancel has its result: whether it waited for one.
    pub(super) fn handle_result(&mut self, of: Position) -> bool {
        let place = self.cancels.iter().position(|at| *at == of);
        place.is_some_and(|place| self.cancels.remove(place).is_some())
    }

    /// What `received` is to say: all that is taken. It is acknowledged with that.
    pub(super) fn acknowledge(&mut self) -> Position {
        while self.acknowledged < self.taken {
            self.acknowledged += 1;
            if let Some(entry) = self.open.pop_front() {
                if entry.kind != EntryKind::Reject {
                    self.counted -= 1;
                    self.bytes -= size(entry);
                }
                self.taken_bytes -= size(entry);
            }
        }
        if self.open.is_empty() {
            self.open = VecDeque::new();
        }
        self.repeated = false;
        Position::new(self.received.epoch, self.acknowledged)
    }

    /// When an `ack` of its own is due (V-3.5); nothing if there is nothing to acknowledge.
    pub(super) fn ack_due(&self, config: &SessionConfig, window: Window) -> Option<Mono> {
        if self.repeated {
            return Some(Mono::ZERO);
        }
        if !self.has_taken() {
            return None;
        }
        // With half the window the other end is never held up by the time alone.
        let envelopes = u64::from(config.ack_envelopes.min(window.envelopes / 2));
        let bytes = config.ack_bytes.min(window.bytes / 2);
        let many = self.taken - self.acknowledged >= envelopes
            || self.taken_bytes >= usize::try_from(bytes).unwrap_or(usize::MAX);
        let after = if many { Duration::ZERO } else { config.ack_after };
        Some(self.since + after)
    }

    /// The bytes that are allocated.
    pub(super) fn memory(&self) -> usize {
        self.open.capacity() * size_of::<Entry>() + self.cancels.capacity() * size_of::<Position>()
    }

    /// What was received last.
    pub(super) const fn received(&self) -> Position {
        self.received
    }

    /// What is acknowledged.
    pub(super) const fn acknowledged(&self) -> Position {
        Position::new(self.received.epoch, self.acknowledged)
    }

    /// Whether anything is taken and not acknowledged.
    pub(super) const fn has_taken(&self) -> bool {
        self.taken > self.acknowledged
    }

    /// What is received and not acknowledged, the first first.
    pub(super) fn open(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.open.iter()
    }

    /// How many rejects are received and not acknowledged.
    pub(super) fn rejects(&self) -> usize {
        self.open.len() - usize::try_from(self.counted).unwrap_or(self.open.len())
    }

    /// The cancels that are without a result.
    pub(super) fn cancels(&self) -> impl ExactSizeIterator<Item = &Position> {
        self.cancels.iter()
    }

    fn entry(&self, sequence: u64) -> Option<&Entry> {
        self.open.get(self.place(sequence)?)
    }

    fn place(&self, sequence: u64) -> Option<usize> {
        let after = sequence.checked_sub(self.acknowledged)?.checked_sub(1)?;
        usize::try_from(after).ok().filter(|place| *place < self.open.len())
    }
}

/// How many envelopes are received and not acknowledged at most, with the rejects that are outside
/// the window: each answers something that this end has sent. Of windows of so many envelopes, the
/// larger of both directions.
pub(super) fn most_open(envelopes: u32) -> usize {
    usize::try_from(envelopes).unwrap_or(usize::MAX).saturating_mul(8)
}

/// The bytes of an entry.
fn size(entry: Entry) -> usize {
    usize::try_from(entry.bytes).unwrap_or(usize::MAX)
}
