//! What a part of the tests comes to.

use std::fmt::Display;

use crate::command::Finished;
use crate::tally::Tally;

/// The checks of one part: counts, and what to show of those that failed.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) tally: Tally,
    pub(crate) notes: Vec<String>,
}

impl Checks {
    /// Counts a check that holds.
    pub(crate) const fn pass(&mut self) {
        self.tally.passed += 1;
    }

    /// Counts a check that does not hold, and says why.
    pub(crate) fn fail(&mut self, why: impl Display) {
        self.tally.failed += 1;
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

impl<E: Into<anyhow::Error>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// What a part returns.
pub(crate) type Outcome = Result<Checks, Stopped>;
