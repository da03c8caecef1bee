//! The reader's memory: one initialised vector that grows by what arrives.
//!
//! ```text
//!            message                 unread
//!   spent  |=========|    spent    |========|   free
//! 0      start    message_end      pos     end      bytes.len()
//! ```
//!
//! The message under assembly lies before the bytes not read as frames yet. Its fragments are
//! moved together over the spent heads and control frames between them. All bytes are
//! initialised, so that the free ones can be lent to a socket without `unsafe`.

/// The smallest buffer worth allocating.
const SMALLEST: usize = 256;
/// How many times in a row the buffer must turn out far too large before it shrinks: a stream of
/// large messages must not allocate for each of them.
const PATIENCE: u8 = 8;

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) bytes: Vec<u8>,
    pub(super) start: usize,
    pub(super) message_end: usize,
    pub(super) pos: usize,
    pub(super) end: usize,
    /// The fullest that the buffer was in this run of far too small uses, and their count.
    peak: usize,
    calm: u8,
}

impl Room {
    /// Bytes that are not read as frames yet.
    #[inline]
    pub(super) fn unread(&self) -> usize {
        self.end - self.pos
    }

    /// Bytes of the message under assembly.
    #[inline]
    pub(super) fn message(&self) -> usize {
        self.message_end - self.start
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
        let live = self.message() + self.unread();
        super::work::looked_at(live);
        self.close_gaps();
        // At least as much room as was just moved must be free now, or else the same bytes would
        // be moved for every few that come: time would grow with the square.
        let free = self.bytes.len() - live;
        if free < more || (live > 0 && free < spare.max(live)) {
            let len = (live + spare.max(live)).max(SMALLEST);
            self.bytes.reserve_exact(len - self.bytes.len());
            self.bytes.resize(len, 0);
        }
    }

    /// Moves what lives to the front.
    fn close_gaps(&mut self) {
        let (message, unread) = (self.message(), self.unread());
        self.bytes.copy_within(self.start..self.message_end, 0);
        self.bytes.copy_within(self.pos..self.end, message);
        (self.start, self.message_end) = (0, message);
        (self.pos, self.end) = (message, message + unread);
    }

    /// Begins a message at the first unread byte.
    #[inline]
    pub(super) fn begin_message(&mut self) {
        self.start = self.pos;
        self.message_end = self.pos;
    }

    /// Called when nothing lives here: starts over at the front, and gives memory above `retain`
    /// back once it was of no use for a while.
    #[inline]
    pub(super) fn settle(&mut self, retain: usize) {
        let used = self.end;
        (self.start, self.message_end, self.pos, self.end) = (0, 0, 0, 0);
        if self.bytes.len() > retain && used > 0 {
            self.consider_shrinking(used, retain);
        }
    }

    fn consider_shrinking(&mut self, used: usize, retain: usize) {
        if used > self.bytes.len() / 4 {
            (self.calm, self.peak) = (0, 0);
            return;
        }
        self.peak = self.peak.max(used);
        self.calm += 1;
        if self.calm == PATIENCE {
            self.shrink(retain.max(2 * self.peak));
            (self.calm, self.peak) = (0, 0);
        }
    }

    /// Gives memory beyond `keep` bytes back; nothing may live here.
    pub(super) fn shrink(&mut self, keep: usize) {
        self.bytes.truncate(keep);
        self.bytes.shrink_to_fit();
    }
}
