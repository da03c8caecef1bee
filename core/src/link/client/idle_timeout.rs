//! Whether something on the way cuts links that are quiet for some time, told from how they end.

use core::time::Duration;

/// The shortest interval that is learned: a heartbeat more often costs a phone its sleep, and what
/// cuts sooner cuts links that talk.
pub(super) const LEAST: Duration = Duration::from_secs(5);

/// What the ends of the last links say of an idle timeout, of a proxy, a platform or a carrier.
///
/// Three links in a row are enough that were cut after the same quiet time: one may be chance, and
/// two are for who walks in and out of coverage. What is learned is three quarters of the shortest,
/// for the timers of both ends may be late, and what is said takes its time to where it is counted.
/// A link that was found dead by its own heartbeat says nothing: the time of its death is not known,
/// and a server that fails at each heartbeat would be asked more and more often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct IdleTimeout {
    /// The quiet times of the last two links, the newer last, if they were cut like that.
    last: [Option<Duration>; 2],
}

impl IdleTimeout {
    /// A link was cut without a close frame when it had been quiet for this long, in which both
    /// ends have said nothing. `interval` is how long a link may be quiet before a heartbeat is
    /// said. A shorter one, from [`LEAST`] on, where there is a reason.
    pub(super) fn handle_cut(&mut self, quiet: Duration, interval: Duration) -> Option<Duration> {
        // Where a heartbeat was due, it is not the timeout that was met; and none can be said
        // before a shorter one.
        if quiet <= LEAST || quiet >= interval {
            self.handle_other_end();
            return None;
        }
        let [before, last] = self.last;
        if let (Some(before), Some(last)) = (before, last) {
            let shortest = before.min(last).min(quiet);
            let longest = before.max(last).max(quiet);
            if longest - shortest <= tolerance(shortest) {
                self.handle_other_end();
                return Some((shortest / 4 * 3).max(LEAST));
            }
        }
        self.last = [last, Some(quiet)];
        None
    }

    /// A link that was open ended in any other way: the next cut is the first.
    pub(super) fn handle_other_end(&mut self) {
        *self = Self::default();
    }
}

/// How much quiet times may differ that are the same: timers look once a second, and some a little
/// later the longer they are.
fn tolerance(shortest: Duration) -> Duration {
    (shortest / 10).max(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INTERVAL: Duration = Duration::from_secs(20);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// What the last of these cuts teaches.
    fn taught(quiet: &[u64]) -> Option<Duration> {
        let mut idle = IdleTimeout::default();
        let learned = quiet.iter().map(|quiet| idle.handle_cut(secs(*quiet), INTERVAL));
        learned.last().flatten()
    }

    #[test]
    fn three_links_in_a_row_that_are_cut_after_the_same_time_teach_a_shorter_one() {
        assert_eq!(taught(&[12]), None);
        assert_eq!(taught(&[12, 12]), None);
        assert_eq!(taught(&[12, 12, 12]), Some(secs(9)));
        assert_eq!(taught(&[12, 13, 12]), Some(secs(9)));
        assert_eq!(taught(&[12, 14, 12]), None);
        assert_eq!(taught(&[9, 12, 12, 13]), Some(secs(9)));
        assert_eq!(taught(&[12, 12, 12, 12]), None, "after that it begins anew");
        assert_eq!(taught(&[6, 6, 6]), Some(LEAST));
        assert_eq!(taught(&[5, 5, 5]), None, "none would be short enough");
        assert_eq!(taught(&[20, 20, 20]), None, "a heartbeat was due");
        assert_eq!(taught(&[12, 12, 3, 12]), None);
        let mut idle = IdleTimeout::default();
        for _ in 0..9 {
            assert_eq!(idle.handle_cut(secs(12), INTERVAL), None);
            assert_eq!(idle.handle_cut(secs(12), INTERVAL), None);
            idle.handle_other_end();
        }
    }

    /// The end of a link, in milliseconds; of none where it did not end by a cut.
    fn ends() -> impl Strategy<Value = Vec<Option<u64>>> {
        let quiet = prop_oneof![4 => 8_000..12_000_u64, 1 => 0..40_000_u64];
        proptest::collection::vec(proptest::option::weighted(0.9, quiet), 0..60)
    }

    proptest! {
        #[test]
        fn it_learns_from_the_last_three_and_never_out_of_its_bounds(
            ends in ends(),
            interval in 4_000..40_000_u64,
        ) {
            let mut interval = Duration::from_millis(interval);
            let mut idle = IdleTimeout::default();
            // The cuts since the last other end, and since something was learned.
            let mut row: Vec<Duration> = Vec::new();
            for end in ends {
                let quiet = end.map(Duration::from_millis);
                let learned = quiet.and_then(|quiet| idle.handle_cut(quiet, interval));
                match quiet.filter(|quiet| *quiet > LEAST && *quiet < interval) {
                    Some(quiet) => row.push(quiet),
                    None => row.clear(),
                }
                if quiet.is_none() {
                    idle.handle_other_end();
                }
                let last = row.len().checked_sub(3).map(|first| &row[first..]);
                let alike = last.filter(|last| {
                    let (min, max) = (last.iter().min().unwrap(), last.iter().max().unwrap());
                    *max - *min <= (*min / 10).max(Duration::from_secs(1))
                });
                prop_assert_eq!(learned.is_some(), alike.is_some());
                if let (Some(learned), Some(last)) = (learned, alike) {
                    prop_assert!(learned >= LEAST && learned < interval);
                    prop_assert!(last.iter().all(|quiet| learned < *quiet));
                    interval = learned;
                    row.clear();
                }
            }
        }

        #[test]
        fn a_timeout_on_the_way_is_met_three_times_and_never_again(
            timeout in 5_600..60_000_u64,
            interval in 5_000..60_000_u64,
            late in proptest::collection::vec(0..1_000_u64, 10),
        ) {
            // Links that say nothing but heartbeats: they are cut if one comes too late.
            let mut interval = Duration::from_millis(interval);
            let mut idle = IdleTimeout::default();
            let mut cuts = 0;
            for late in late {
                let quiet = Duration::from_millis(timeout + late);
                if Duration::from_millis(timeout) > interval || quiet >= interval {
                    continue;
                }
                cuts += 1;
                if let Some(learned) = idle.handle_cut(quiet, interval) {
                    interval = learned;
                    prop_assert!(interval < Duration::from_millis(timeout));
                }
            }
            prop_assert!(cuts <= 3, "{cuts}");
        }
    }
}
