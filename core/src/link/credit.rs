//! Flow control between a link and its host: how many bytes the host was given and has not written.

/// The credit: bytes that are handed out before the host has to acknowledge a write.
const ROOM: usize = 64 * 1024;
/// After so many bytes the host is asked for an acknowledgement, which comes while half of the
/// credit is left.
const TELL: usize = ROOM / 2;
/// What a write costs beside its bytes, so that many small ones count.
const EACH: usize = 64;

/// The account of a transport that takes what is to be written and writes it in its own time.
///
/// About 64 KiB are handed out, then nothing before the host has written some of it: what is beyond
/// stays in the link's outbox, which has its bound and its policy. The account says which writes
/// the host is to [report](Self::written), in order; that is all that a host has to know. One that
/// asks for more only when its socket has taken everything needs none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Credit {
    /// What ends with each write that the host was asked to report and has not, the oldest first:
    /// never more than two, of half the credit.
    asked: [usize; 2],
    /// What was handed out since.
    since: usize,
}

impl Credit {
    /// An account of a transport that has everything to write yet.
    pub const fn new() -> Self {
        Self { asked: [0; 2], since: 0 }
    }

    /// Whether more may be handed out; if not, [`written`](Self::written) brings it.
    pub const fn has_room(&self) -> bool {
        self.asked[0] + self.asked[1] + self.since < ROOM
    }

    /// So much is handed out. Whether the host is to report when it has written it.
    #[must_use]
    pub const fn hand_out(&mut self, bytes: usize) -> bool {
        self.since = self.since.saturating_add(bytes).saturating_add(EACH);
        let tell = self.since >= TELL && self.asked[1] == 0;
        if tell {
            let oldest = self.asked[0] == 0;
            self.asked[if oldest { 0 } else { 1 }] = self.since;
            self.since = 0;
        }
        tell
    }

    /// The host has acknowledged the oldest write that was to be. Returns whether there is credit
    /// now.
    pub const fn written(&mut self) -> bool {
        let had = self.has_room();
        self.asked = [self.asked[1], 0];
        !had && self.has_room()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_host_is_asked_after_half_of_the_room() {
        let mut credit = Credit::new();
        assert!(!credit.hand_out(TELL - EACH - 1));
        assert!(credit.hand_out(1), "half of it");
        assert!(credit.has_room());
        assert!(credit.hand_out(TELL), "all of it");
        assert!(!credit.has_room());
        assert!(credit.written(), "half of it is written");
        assert!(!credit.written(), "there was room before");
    }

    #[test]
    fn one_write_of_more_than_the_room_is_reported() {
        let mut credit = Credit::new();
        assert!(credit.hand_out(10 * ROOM));
        assert!(!credit.has_room());
        assert!(credit.written() && credit.has_room());
    }

    proptest! {
        /// A host that acknowledges what it is asked to, in its own time, always gets credit again,
        /// and holds no more than the credit and one write.
        #[test]
        fn a_host_that_reports_is_never_left_waiting(
            steps in prop::collection::vec((any::<bool>(), 0..100_000usize), 1..200),
        ) {
            let mut credit = Credit::new();
            let mut held: VecDeque<(usize, bool)> = VecDeque::new();
            for (write, bytes) in steps {
                if write || !credit.has_room() {
                    match held.pop_front() {
                        Some((_, true)) => drop(credit.written()),
                        Some((_, false)) => {}
                        // With nothing left to write there is room.
                        None => prop_assert!(credit.has_room()),
                    }
                } else {
                    let unreported: usize = held.iter().map(|(bytes, _)| bytes).sum();
                    prop_assert!(unreported < ROOM, "{}", unreported);
                    held.push_back((bytes, credit.hand_out(bytes)));
                }
            }
        }
    }
}
