//! The reader's memory for bytes that are not read as frames yet: one initialised vector.
//!
//! ```text
//!           spent     unread     free
//!                  |==========|
//! 0  front        pos        end      bytes.len()
//! ```
//!
//! All bytes are initialised, so that the free ones can be lent to a socket without `unsafe`.

/// The smallest buffer worth allocating.
const SMALLEST: usize = 256;
/// The widest registers that are common, in bytes.
const ALIGN: usize = 32;
/// The head of a masked frame of 126 bytes to 64 KiB. Shorter ones do not matter, longer ones come
/// in several reads.
const HEAD: usize = 8;
/// How many times in a row the buffer must turn out far too large before it shrinks: a stream of
/// large messages must not allocate for each of them.
const PATIENCE: u8 = 8;

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) bytes: Vec<u8>,
    /// Where the first bytes are read to when the buffer is empty.
    front: usize,
    pub(super) pos: usize,
    pub(super) end: usize,
    /// The most bytes there were since [`Self::settle`].
    fullest: usize,
    patience: Patience,
}

impl Room {
    /// Bytes that are not read as frames yet.
    #[inline]
    pub(super) const fn unread(&self) -> usize {
        self.end - self.pos
    }

    /// Makes sure that `more` bytes are free at the end; grows, if it must, with space for `spare`
    /// bytes (no fewer than `more`).
    #[inline]
    pub(super) fn make(&mut self, more: usize, spare: usize) {
        if self.bytes.len() - self.end < more {
            self.make_slowly(more, spare);
        }
    }

    #[cold]
    fn make_slowly(&mut self, more: usize, spare: usize) {
        let live = self.unread();
        super::work::looked_at(live);
        self.note();
        // At least as much room as was just moved must be free now, or else the same bytes would
        // be moved for every few that come: time would grow with the square.
        let room = ALIGN + live + if live > 0 { spare.max(live) } else { more };
        if room > self.bytes.len() {
            let len = (ALIGN + live + spare.max(live)).max(SMALLEST);
            self.bytes.reserve_exact(len - self.bytes.len());
            self.bytes.resize(len, 0);
        }
        let (from, front) = (self.pos, self.front_for(HEAD));
        self.bytes.copy_within(from..from + live, front);
        (self.front, self.pos, self.end) = (front, front, front + live);
    }

    /// Starts over at the front, when nothing is unread.
    #[inline]
    pub(super) fn rewind(&mut self, head: usize) {
        self.note();
        let front = self.front_for(head);
        (self.front, self.pos, self.end) = (front, front, front);
    }

    #[inline]
    fn note(&mut self) {
        self.fullest = self.fullest.max(self.end - self.front);
    }

    /// Where bytes must begin whose payload begins after so many: where the widest registers read
    /// and write it in one step.
    #[inline]
    fn front_for(&self, head: usize) -> usize {
        if self.bytes.len() < SMALLEST {
            return 0;
        }
        (self.bytes.as_ptr().addr() + head).wrapping_neg() % ALIGN
    }

    /// As [`Self::rewind`], when no message is under way either: gives memory above `retain` back
    /// once it was of no use for a while. Whether there was any use of it.
    #[inline]
    pub(super) fn settle(&mut self, retain: usize) -> bool {
        self.note();
        let fullest = core::mem::take(&mut self.fullest);
        (self.front, self.pos, self.end) = (0, 0, 0);
        if self.bytes.len() > retain
            && fullest > 0
            && let Some(keep) = self.patience.keep(fullest, self.bytes.len(), retain)
        {
            self.shrink(keep);
        }
        self.rewind(HEAD);
        fullest > 0
    }

    /// Gives all memory back; nothing may live here.
    pub(super) fn release(&mut self) {
        *self = Self::default();
    }

    fn shrink(&mut self, keep: usize) {
        self.bytes.truncate(keep);
        self.bytes.shrink_to_fit();
    }
}

/// How long a buffer has been far too large.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// Uses in a row for which it was, and the largest of them.
    calm: u8,
    peak: usize,
}

impl Patience {
    /// What to keep of a buffer of `held` bytes of which `used` were of use, if it is to shrink.
    pub(super) fn keep(&mut self, used: usize, held: usize, retain: usize) -> Option<usize> {
        if used > held / 4 {
            (self.calm, self.peak) = (0, 0);
            return None;
        }
        self.peak = self.peak.max(used);
        self.calm += 1;
        if self.calm < PATIENCE {
            return None;
        }
        let keep = retain.max(2 * self.peak);
        (self.calm, self.peak) = (0, 0);
        Some(keep)
    }
}
