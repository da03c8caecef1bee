//! How much more text a reader may be sent (V-7.9).

use std::collections::VecDeque;

use crate::delivery::Fault;

/// What a reader was sent and has not confirmed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Credit {
    /// The last number of what was sent together, and its bytes.
    sent: VecDeque<(u64, usize)>,
    size: usize,
}

impl Credit {
    /// The most that it takes.
    pub(super) const CEILING: usize = Self::MARKS * size_of::<(u64, usize)>();
    /// As many are told apart; what is sent beyond is confirmed with the newest of them.
    const MARKS: usize = 64;

    /// How many bytes more may be sent, of `most`.
    pub(super) const fn room(&self, most: usize) -> usize {
        most.saturating_sub(self.size)
    }

    /// Bytes are sent, up to the record of this number.
    pub(super) fn spend(&mut self, sequence: u64, size: usize) {
        self.size += size;
        let is_full = self.sent.len() == Self::MARKS;
        match self.sent.back_mut() {
            Some(newest) if is_full => *newest = (sequence, newest.1 + size),
            _ => self.sent.push_back((sequence, size)),
        }
    }

    /// What was sent up to this number is confirmed.
    pub(super) fn confirm(&mut self, sequence: u64) {
        while let Some((_, size)) = self.sent.pop_front_if(|(last, _)| *last <= sequence) {
            self.size -= size;
        }
    }

    /// How many bytes it takes.
    pub(super) fn allocated(&self) -> usize {
        self.sent.capacity() * size_of::<(u64, usize)>()
    }

    /// Nothing of what was sent counts any more.
    pub(super) fn clear(&mut self) {
        self.sent.clear();
        self.size = 0;
    }
}

/// Holds a number that a reader confirms against the last that it was sent.
///
/// # Errors
///
/// It was never sent that.
pub(super) const fn check(confirmed: u64, sent: u64) -> Result<(), Fault> {
    if confirmed > sent { Err(Fault::Ahead) } else { Ok(()) }
}
