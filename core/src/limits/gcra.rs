//! The generic cell rate algorithm over a bounded table of users.

use core::time::Duration;

use hashbrown::HashTable;

use crate::fifo::Fifo;
use crate::time::Mono;

/// How much is admitted, in exact integers: one cell is worth `per` and time passes at `count`
/// units a nanosecond, so no rate is ever rounded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cells {
    count: u128,
    per: u128,
    /// How far ahead of now the next arrival may be: all of the burst but its last cell.
    tolerance: u128,
}

impl Cells {
    /// `count` cells in `per`, at most `burst` at once; each at least one (nanosecond).
    pub(super) fn new(count: u32, per: Duration, burst: u32) -> Self {
        let per = per.as_nanos().clamp(1, u128::from(u64::MAX));
        let ahead = u128::from(burst.max(1) - 1);
        Self { count: u128::from(count.max(1)), per, tolerance: ahead * per }
    }

    fn scaled(&self, now: Mono) -> u128 {
        u128::from(now.as_nanos()) * self.count
    }

    /// The whole nanoseconds until `units` have passed: never too early.
    fn wait(&self, units: u128) -> Duration {
        Duration::from_nanos(u64::try_from(units.div_ceil(self.count)).unwrap_or(u64::MAX))
    }
}

/// A user: the time at which the next cell would arrive if the user kept to the rate (the
/// "theoretical arrival time"), in the units of [`Cells`].
#[derive(Clone, Copy, Debug, Default)]
struct User {
    key: u128,
    next: u128,
}

/// The users that have not been idle for long, the longest silent at the front.
#[derive(Clone, Debug)]
pub(super) struct Table {
    cells: Cells,
    max_users: usize,
    users: Fifo<User>,
    index: HashTable<u32>,
    latest: Mono,
}

/// The decision of the table on one cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// Admitted. So many more would be, right now.
    Admitted { left: u32 },
    /// The user is ahead of the rate.
    Ahead(Duration),
    /// The table of users is full, for at least this long.
    Crowded(Duration),
}

impl Table {
    pub(super) const fn new(cells: Cells, max_users: usize) -> Self {
        let max_users = if max_users == 0 { 1 } else { max_users };
        Self { cells, max_users, users: Fifo::new(), index: HashTable::new(), latest: Mono::ZERO }
    }

    /// Takes one cell for the user whose (uniformly hashed) key this is.
    pub(super) fn take(&mut self, now: Mono, key: u128) -> Admission {
        self.latest = self.latest.max(now);
        let now = self.cells.scaled(self.latest);
        let users = &self.users;
        let known = self.index.find(hash(key), |slot| users.value(*slot).key == key).copied();
        let Some(slot) = known else { return self.take_new(now, key) };
        let Cells { per, tolerance, .. } = self.cells;
        let user = self.users.value_mut(slot);
        if user.next > now + tolerance {
            return Admission::Ahead(self.cells.wait(user.next - tolerance - now));
        }
        user.next = user.next.max(now) + per;
        let left = (now + tolerance + per - user.next) / per;
        self.users.touch(slot);
        self.forget_idle(now, 2);
        Admission::Admitted { left: u32::try_from(left).unwrap_or(u32::MAX) }
    }

    /// How many users are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.users.len()
    }

    /// The bytes allocated.
    pub(super) fn memory(&self) -> usize {
        self.users.allocated() + self.index.allocation_size()
    }

    fn take_new(&mut self, now: u128, key: u128) -> Admission {
        // One comes, up to two go, so idle users do not pile up.
        self.forget_idle(now, 2);
        if self.users.len() >= self.max_users {
            let front = self.users.front().map_or(now, |slot| self.users.value(slot).next);
            return Admission::Crowded(self.cells.wait(front.saturating_sub(now)));
        }
        let slot = self.users.push_back(User { key, next: now + self.cells.per });
        let users = &self.users;
        self.index.insert_unique(hash(key), slot, |slot| hash(users.value(*slot).key));
        let left = self.cells.tolerance / self.cells.per;
        Admission::Admitted { left: u32::try_from(left).unwrap_or(u32::MAX) }
    }

    /// A user whose next arrival is not ahead of now has its whole burst, as a new one has:
    /// forgetting it changes no answer.
    fn forget_idle(&mut self, now: u128, at_most: usize) {
        for _ in 0..at_most {
            let Some(slot) = self.users.front() else { return };
            let User { key, next } = *self.users.value(slot);
            if next > now {
                return;
            }
            self.users.remove(slot);
            if let Ok(entry) = self.index.find_entry(hash(key), |held| *held == slot) {
                entry.remove();
            }
        }
    }
}

/// The key is a keyed hash already: half of it does.
const fn hash(key: u128) -> u64 {
    (key >> 64) as u64
}
