//! What became of what was said: lost, doubled, in which order, how late.

use std::collections::HashSet;

use crate::report::model::{figures, percentile};

/// What became of a talk.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// Requests as they came to the server. How late is until they were answered, and only of those
    /// that are answered at once.
    pub(super) requests: Kind,
    /// Requests that ended otherwise than with their answer, and how.
    pub(super) unanswered: Vec<String>,
    /// Words of stories as they came to the client. How late is since they were said.
    pub(super) words: Kind,
    /// Pushes as they came to the client.
    pub(super) pushes: Kind,
    /// Messages that have begun on a wire, either way.
    pub(super) messages: u64,
    pub(super) cuts: u64,
}

/// What became of all things of one kind, which have numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Kind {
    /// How many were given to one end.
    pub(super) given: usize,
    /// Those that never came to the other.
    pub(super) lost: usize,
    /// Times that one came again.
    pub(super) doubled: usize,
    /// Those that came behind a later one.
    pub(super) disordered: usize,
    /// How late each came, in milliseconds.
    pub(super) late: Vec<f64>,
}

impl Kind {
    /// Counts what has come of so many things, whose numbers count from 0.
    pub(super) fn count(&mut self, given: usize, came: &[usize]) {
        let mut seen = HashSet::new();
        let mut newest = 0;
        for number in came {
            if !seen.insert(*number) {
                self.doubled += 1;
            } else if *number < newest {
                self.disordered += 1;
            }
            newest = newest.max(*number);
        }
        self.given += given;
        self.lost += given.saturating_sub(seen.len());
    }

    /// Whether each has come, once, in its place.
    pub(super) fn is_exact(&self) -> bool {
        (self.lost, self.doubled, self.disordered) == (0, 0, 0)
    }

    /// The share of those that came, in percent.
    pub(super) fn share(&self) -> f64 {
        100.0 * (self.given - self.lost) as f64 / self.given.max(1) as f64
    }

    /// Half of them, all but one in a hundred, and all came no later than so.
    pub(super) fn lateness(&self) -> String {
        let mut late = self.late.clone();
        late.sort_by(f64::total_cmp);
        let [half, most, all] = [50.0, 99.0, 100.0].map(|share| figures(percentile(&late, share)));
        format!("p50 {half} ms, p99 {most} ms, max {all} ms")
    }

    /// What did not go as it should, in words.
    pub(super) fn faults(&self) -> String {
        let Self { given, lost, doubled, disordered, .. } = self;
        format!("of {given}: {lost} lost, {doubled} doubled, {disordered} out of order")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(given: usize, came: &[usize]) -> (usize, usize, usize, bool) {
        let mut kind = Kind::default();
        kind.count(given, came);
        (kind.lost, kind.doubled, kind.disordered, kind.is_exact())
    }

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_counted() {
        assert_eq!(counted(3, &[0, 1, 2]), (0, 0, 0, true));
        assert_eq!(counted(3, &[0, 2]), (1, 0, 0, false));
        assert_eq!(counted(3, &[0, 1, 1, 2]), (0, 1, 0, false));
        assert_eq!(counted(3, &[0, 2, 1]), (0, 0, 1, false));
        assert_eq!(counted(4, &[1, 0, 1]), (2, 1, 1, false));
        assert_eq!(counted(2, &[]), (2, 0, 0, false));
    }

    #[test]
    fn a_share_and_lateness_are_of_all_that_was_counted() {
        let mut kind = Kind { late: vec![9.0, 1.0, 2.0], ..Kind::default() };
        kind.count(2, &[0, 1]);
        kind.count(2, &[0]);
        assert_eq!(kind.share(), 75.0);
        assert_eq!(kind.lateness(), "p50 2 ms, p99 9 ms, max 9 ms");
        assert_eq!(kind.faults(), "of 4: 1 lost, 0 doubled, 0 out of order");
    }
}
