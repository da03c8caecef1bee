//! What a part of the tests comes to.

use std::fmt::Display;

use crate::command::Finished;
use crate::totals::Totals;

/// The checks of one part: counts, and what to show of those that failed.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) totals: Totals,
    pub(crate) notes: Vec<String>,
}

impl Checks {
    /// Counts a check that holds.
    pub(crate) const fn pass(&mut self) {
        self.totals.passed += 1;
    }

    /// Counts a check that does not hold, and says why.
    pub(crate) fn fail(&mut self, why: impl Display) {
        self.totals.failed += 1;
        self.notes.push(why.to_string());
    }

    /// Counts one check.
    pub(crate) fn check(&mut self, holds: bool, why_not: impl Display) {
        if holds { self.pass() } else { self.fail(why_not) }
    }

    /// Says something that is no failure.
    pub(crate) fn note(&mut self, note: impl Display) {
        self.notes.push(note.to_string());
    }

    /// Adds the checks of another.
    pub(crate) fn add(&mut self, other: Self) {
        self.totals += other.totals;
        self.notes.extend(other.notes);
    }

    /// Ends the count of a program that ran tests: it has failed if it says so, though it named no
    /// failed test, and in CI what it left out has failed.
    pub(crate) fn close(&mut self, ci: bool, finished: &Finished) {
        if !finished.success && self.totals.failed == 0 {
            self.totals.failed = 1;
        }
        if self.totals.failed > 0 && self.notes.is_empty() {
            self.note(finished.tail(100));
        }
        if ci && self.totals.skipped > 0 {
            self.note(format!("{} were skipped, which CI counts as failed", self.totals.skipped));
            self.totals.failed += std::mem::take(&mut self.totals.skipped);
        }
    }

    /// One check: that a program ended well.
    pub(crate) fn of_command(finished: &Finished) -> Self {
        let mut checks = Self::default();
        checks.check(finished.success, finished.tail(60));
        checks
    }
}

/// Why a part could not be run to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// Something that it needs is missing and could not be installed.
    Missing(String),
    /// It broke.
    Broken(anyhow::Error),
}

impl Stopped {
    /// The same for a command, which either does its work or fails.
    pub(crate) fn into_error(self) -> anyhow::Error {
        match self {
            Self::Missing(what) => anyhow::anyhow!(what),
            Self::Broken(error) => error,
        }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What a part returns.
pub(crate) type Outcome = Result<Checks, Stopped>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_fails_in_ci() {
        let finished = Finished { success: true, lines: Vec::new() };
        for (ci, failed, skipped) in [(false, 0, 2), (true, 2, 0)] {
            let totals = Totals { passed: 1, failed: 0, skipped: 2 };
            let mut checks = Checks { totals, notes: Vec::new() };
            checks.close(ci, &finished);
            assert_eq!(checks.totals, Totals { passed: 1, failed, skipped });
        }
    }

    #[test]
    fn a_program_that_failed_without_a_failed_test_is_one_failure() {
        let finished = Finished { success: false, lines: vec!["killed".to_owned()] };
        let mut checks = Checks::default();
        checks.close(false, &finished);
        assert_eq!(checks.totals.failed, 1);
        assert_eq!(checks.notes, ["killed"]);
    }
}
