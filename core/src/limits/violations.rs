//! Broken rules per user, forgiven with time.

use core::time::Duration;

use super::gcra::{Admission, Cells, Table};
use crate::dedup::{Keyer, UserKey};
use crate::seed::Seed;
use crate::time::Mono;

/// What one more broken rule means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Strike {
    /// The peer keeps its link; it may break so many more rules right now.
    Tolerated {
        /// How many more are tolerated.
        left: u32,
    },
    /// That was one too many: the link should be closed.
    TooMany,
}

/// Counts refusals per user and forgives them one by one: of `allowed` strikes one is forgiven
/// every `window / allowed`, so a user with few faults a day never loses a link, and the count
/// outlives a reconnect.
///
/// The strike after `allowed` unforgiven ones is too many. (The running service closes on the
/// fifth bad frame ever: its counters never decay.) The table is bounded like that of
/// [`RateLimiter`](super::RateLimiter); a user it has no room for is tolerated, since its frames
/// are refused anyway, and counted ([`Violations::uncounted`]).
#[derive(Clone, Debug)]
pub struct Violations {
    keyer: Keyer,
    table: Table,
    uncounted: u64,
}

impl Violations {
    /// `allowed` (at least one counts) strikes within `window`, for up to `max_users` users.
    pub fn new(allowed: u32, window: Duration, max_users: usize, seed: Seed) -> Self {
        let cells = Cells::new(allowed, window, allowed);
        Self { keyer: Keyer::new(seed), table: Table::new(cells, max_users), uncounted: 0 }
    }

    /// Counts a broken rule of `user`.
    pub fn strike(&mut self, now: Mono, user: &str) -> Strike {
        self.strike_key(now, self.keyer.user(user))
    }

    /// As [`strike`](Self::strike), for a user whose key is at hand. All keys must come from one
    /// keyer.
    pub(crate) fn strike_key(&mut self, now: Mono, user: UserKey) -> Strike {
        match self.table.take(now, user.to_bits()) {
            Admission::Admitted { left } => Strike::Tolerated { left },
            Admission::Ahead(_) => Strike::TooMany,
            Admission::Crowded(_) => {
                self.uncounted += 1;
                Strike::Tolerated { left: 0 }
            }
        }
    }

    /// How many strikes were not counted because the table was full of other users.
    pub fn uncounted(&self) -> u64 {
        self.uncounted
    }

    /// How many users have unforgiven strikes (or had until lately).
    pub fn users(&self) -> usize {
        self.table.len()
    }

    /// The bytes allocated.
    pub fn memory(&self) -> usize {
        self.table.memory()
    }
}
