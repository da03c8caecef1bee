//! Broken rules per user, forgiven with time.

use core::time::Duration;

use super::gcra::{Admission, Cells, Table};
use crate::dedup::UserKey;
use crate::time::Mono;

/// What one more broken rule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Strike {
    /// The peer keeps its link; it may break so many more rules right now.
    Tolerated {
        /// How many more are tolerated.
        left: u32,
    },
    /// The user had committed all violations that it may: the link should be closed.
    TooMany,
}

/// Counts refusals per user and forgives them one by one: of `allowed` strikes one is forgiven
/// every `window / allowed`, so a user with few faults a day never loses a link, and the count
/// outlives a reconnect.
///
/// The strike after `allowed` unforgiven ones is too many. (The running service closes on the
/// fifth bad frame ever: its counters never decay.) The table is bounded like that of
/// [`RateLimiter`](super::RateLimiter); a user it has no room for is tolerated, since its frames
/// are refused anyway.
#[derive(Clone, Debug)]
pub(crate) struct Violations {
    table: Table,
}

impl Violations {
    /// `allowed` (at least one counts) strikes within `window`, for up to `max_users` users.
    pub(crate) fn new(allowed: u32, window: Duration, max_users: usize) -> Self {
        let cells = Cells::new(allowed, window, allowed);
        Self { table: Table::new(cells, max_users) }
    }

    /// Counts a broken rule of a user. All keys must come from one keyer.
    pub(crate) fn strike(&mut self, now: Mono, user: UserKey) -> Strike {
        match self.table.take(now, user.to_bits()) {
            Admission::Admitted { left } => Strike::Tolerated { left },
            Admission::Ahead(_) => Strike::TooMany,
            Admission::Crowded(_) => Strike::Tolerated { left: 0 },
        }
    }

    /// The bytes allocated.
    pub(crate) fn memory(&self) -> usize {
        self.table.memory()
    }
}
