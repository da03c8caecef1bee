//! The duplicate window: which messages were seen, and what came of the first of each.
//!
//! A client that lost its link sends again, under the same id, what got no answer. The window
//! recognises the repeat and hands back the first result, so the repeat has no second effect.
//!
//! It is bounded in three ways at once: the newest [`WindowConfig::max_entries`] messages are
//! remembered, none for longer than [`WindowConfig::max_age`], and what it may allocate follows
//! from its configuration ([`WindowConfig::ceiling`]). Every operation takes constant time in the
//! worst case, not only on average: a check removes at most two entries that are too old, an
//! entry that is too old but still there is not recognised, and nothing is ever swept or rebuilt.
//!
//! Inside: a ring of 28-byte entries in order of arrival, and an index from key to place of 9
//! bytes an entry: 37 together. Both are allocated by the first insertion.
//!
//! ```
//! use pamlink::dedup::{First, Verdict, Window, WindowConfig};
//! use pamlink::{seed::Seed, time::Mono};
//!
//! let mut window = Window::new(WindowConfig::default(), Seed::from_number(1));
//! let key = window.keyer().of_id("user-1", "m-17");
//! let now = Mono::from_millis(1_000);
//! assert_eq!(window.check(now, key), Verdict::Fresh);
//! assert_eq!(window.check(now, key), Verdict::Duplicate { first: First::Pending });
//! window.complete(key, (*b"the answer").into());
//! let again = window.check(now, key);
//! assert_eq!(again, Verdict::Duplicate { first: First::Result((*b"the answer").into()) });
//! ```

mod index;
mod key;
mod results;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::sync::Arc;

pub use self::key::{Key, Keyer};

use self::index::{Index, Slot};
use self::results::Results;
use crate::seed::Seed;
use crate::time::Mono;

/// The bounds of a [`Window`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowConfig {
    /// How many messages are remembered: the newest so many. Taken into
    /// `1..=`[`WindowConfig::MOST_ENTRIES`]. Default 4,096.
    pub max_entries: usize,
    /// How long a message is remembered: while it is younger than this. Default 5 minutes.
    pub max_age: Duration,
    /// How long a message *without an id* is remembered by its content; `None` never takes such a
    /// message for a duplicate. At most `max_age` counts. Default `None`: people repeat
    /// themselves, and only the sender can tell a repeat from a resend.
    pub content_age: Option<Duration>,
    /// How many bytes the kept results may take, each with 80 bytes for keeping it (on 64-bit
    /// machines). The oldest result goes first. Default 256 KiB.
    pub max_result_bytes: usize,
}

impl WindowConfig {
    /// The largest window, in entries.
    pub const MOST_ENTRIES: usize = index::MAX_ENTRIES;

    /// The most that a window of this configuration ever allocates, in bytes.
    pub const fn ceiling(&self) -> usize {
        let entries = self.entries();
        // A slab that grows at all starts with four slots, which a very small bound may not cover.
        let results = self.max_result_bytes + 2 * results::OVERHEAD;
        entries * size_of::<Entry>() + Index::bytes_for(entries) + results
    }

    const fn entries(&self) -> usize {
        match self.max_entries {
            0 => 1,
            n if n > Self::MOST_ENTRIES => Self::MOST_ENTRIES,
            n => n,
        }
    }
}

impl Default for WindowConfig {
    fn default() -> Self {
        Self {
            max_entries: 4_096,
            max_age: Duration::from_secs(300),
            content_age: None,
            max_result_bytes: 256 * 1024,
        }
    }
}

/// What the window says about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a duplicate that is not held back takes effect twice"]
pub enum Verdict {
    /// Not seen within the window: it is remembered from now on.
    Fresh,
    /// Seen before.
    Duplicate {
        /// What came of the first one.
        first: First,
    },
}

/// What came of the first of several equal messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum First {
    /// It is still being worked on.
    Pending,
    /// Its result, as given to [`Window::complete`].
    Result(Arc<[u8]>),
    /// It was completed, but the result was too large to keep or had to make room.
    Forgotten,
}

/// How many entries and results have left a window, by cause, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evictions {
    /// Entries that made room for newer ones.
    pub count: u64,
    /// Entries that were too old.
    pub age: u64,
    /// Results that were too large, or made room for newer ones, while their entry stayed.
    pub results: u64,
}

/// The messages seen lately. See the [module](self) for how it is bounded.
#[derive(Clone, Debug)]
pub struct Window {
    keyer: Keyer,
    entries: Vec<Entry>,
    index: Index,
    results: Results,
    /// The place of the oldest entry, and how many places from there are in use.
    oldest: usize,
    used: usize,
    /// Places in use whose entry was forgotten.
    dead: usize,
    max_entries: usize,
    max_age: u64,
    content_age: Option<u64>,
    latest: Mono,
    evictions: Evictions,
}

impl Window {
    /// An empty window. Allocates nothing before the first insertion.
    pub fn new(config: WindowConfig, seed: Seed) -> Self {
        let max_age = nanos(config.max_age);
        Self {
            keyer: Keyer::new(seed),
            entries: Vec::new(),
            index: Index::default(),
            results: Results::new(config.max_result_bytes),
            oldest: 0,
            used: 0,
            dead: 0,
            max_entries: config.entries(),
            max_age,
            content_age: config.content_age.map(|age| nanos(age).min(max_age)),
            latest: Mono::ZERO,
            evictions: Evictions::default(),
        }
    }

    /// The key of a message: of its id where there is one, else of its content where that is
    /// configured, else none. A message without a key is never a duplicate.
    pub fn key(&self, user: &str, id: Option<&str>, content: &str) -> Option<Key> {
        match (id, self.content_age) {
            (Some(id), _) => Some(self.keyer.of_id(user, id)),
            (None, Some(_)) => Some(self.keyer.of_content(user, content)),
            (None, None) => None,
        }
    }

    /// Makes the keys of this window.
    pub fn keyer(&self) -> &Keyer {
        &self.keyer
    }

    /// Whether the message was seen within the window; if not, it is remembered.
    ///
    /// A duplicate does not refresh its entry: the age counts from the first. A `now` earlier than
    /// one given before counts as that one.
    #[inline]
    pub fn check(&mut self, now: Mono, key: Key) -> Verdict {
        self.latest = self.latest.max(now);
        if let Some(place) = self.find(key) {
            if self.age_of(place) < self.age_limit(key) {
                return Verdict::Duplicate { first: self.first(place) };
            }
            self.evictions.age += 1;
            self.kill(place);
        }
        // One comes, up to two go: entries that are too old never pile up.
        self.expire(now, 2);
        self.insert(key);
        Verdict::Fresh
    }

    /// Keeps the result of the first message with this key for its duplicates. The first result
    /// stays; later ones are not kept.
    ///
    /// Returns whether it is kept: not if the message is unknown (never seen, forgotten, too old,
    /// or pushed out by newer ones), has a result, or the result is larger than the bound allows.
    pub fn complete(&mut self, key: Key, result: Arc<[u8]>) -> bool {
        let Some(place) = self.find(key) else { return false };
        if self.entries[place].state() != PENDING {
            return false;
        }
        if !self.results.fits(result.len()) {
            self.entries[place].set_state(FORGOTTEN);
            self.evictions.results += 1;
            return false;
        }
        while self.results.is_full_for(result.len()) {
            let Some(dropped) = self.results.drop_oldest() else { break };
            self.entries[dropped].set_state(FORGOTTEN);
            self.evictions.results += 1;
        }
        let slot = self.results.keep(result, place);
        self.entries[place].set_state(slot);
        true
    }

    /// Forgets a message as if it had never come, so that the next one with this key is fresh:
    /// for a message that was refused and may be tried again. Returns whether it was known.
    pub fn forget(&mut self, key: Key) -> bool {
        let Some(place) = self.find(key) else { return false };
        self.kill(place);
        true
    }

    /// Lets up to `at_most` entries go that are too old at `now`, and tells how many went.
    ///
    /// Never needed for correctness: [`Window::check`] removes two each time. A host may call it
    /// in quiet times to give results back early.
    #[inline]
    pub fn expire(&mut self, now: Mono, at_most: usize) -> usize {
        self.latest = self.latest.max(now);
        let mut gone = 0;
        while gone < at_most && self.used > 0 && self.age_of(self.oldest) >= self.max_age {
            if self.drop_oldest() {
                self.evictions.age += 1;
            }
            gone += 1;
        }
        gone
    }

    /// How many messages are held, those included that are too old and not yet removed.
    pub fn len(&self) -> usize {
        self.used - self.dead
    }

    /// Whether none are held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many results are kept.
    pub fn results(&self) -> usize {
        self.results.len()
    }

    /// The bytes allocated, exactly: ring, index, slots of results, and the results (which their
    /// other holders share). The value itself is `size_of::<Window>()` more.
    pub fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>()
            + self.index.allocated()
            + self.results.allocated()
    }

    /// What has left the window so far, by cause.
    pub fn evictions(&self) -> Evictions {
        self.evictions
    }

    #[inline]
    fn find(&self, key: Key) -> Option<usize> {
        self.index.find(key.to_bits(), |place| self.entries[place].key() == key)
    }

    fn first(&self, place: usize) -> First {
        match self.entries[place].state() {
            PENDING => First::Pending,
            FORGOTTEN => First::Forgotten,
            slot => self.results.share(slot).map_or(First::Forgotten, First::Result),
        }
    }

    #[inline]
    fn insert(&mut self, key: Key) {
        if self.entries.capacity() == 0 {
            self.entries.reserve_exact(self.max_entries);
            self.index = Index::new(self.max_entries);
        }
        if self.used == self.max_entries && self.drop_oldest() {
            self.evictions.count += 1;
        }
        let mut place = self.oldest + self.used;
        if place >= self.max_entries {
            place -= self.max_entries;
        }
        let slot = self.index.insert(key.to_bits(), place);
        let entry = Entry::new(key, self.latest, slot);
        if place == self.entries.len() {
            self.entries.push(entry);
        } else {
            self.entries[place] = entry;
        }
        self.used += 1;
    }

    /// Frees the oldest place. Returns whether a message was still remembered there.
    #[inline]
    fn drop_oldest(&mut self) -> bool {
        let place = self.oldest;
        let lived = self.entries[place].state() != DEAD;
        if lived {
            self.kill(place);
        }
        self.dead -= 1;
        self.used -= 1;
        self.oldest = if place + 1 == self.max_entries { 0 } else { place + 1 };
        lived
    }

    /// Forgets the message at `place`, which stays in use until its turn comes.
    #[inline]
    fn kill(&mut self, place: usize) {
        let entry = &mut self.entries[place];
        let state = entry.state();
        entry.set_state(DEAD);
        self.index.remove(entry.key().to_bits(), place, entry.slot());
        if state < DEAD {
            self.results.drop_slot(state);
        }
        self.dead += 1;
    }

    #[inline]
    fn age_of(&self, place: usize) -> u64 {
        // Entries are never later than `latest`.
        self.latest.as_nanos() - self.entries[place].at()
    }

    #[inline]
    fn age_limit(&self, key: Key) -> u64 {
        if key.is_of_content() { self.content_age.unwrap_or(0) } else { self.max_age }
    }
}

/// The states of an entry; any smaller number is the slot of its result. 28 bits.
const PENDING: u32 = STATE_MASK;
const FORGOTTEN: u32 = STATE_MASK - 1;
const DEAD: u32 = STATE_MASK - 2;
const STATE_MASK: u32 = u32::MAX >> 4;

/// One remembered message: key, arrival and state, in bytes so that nothing is lost to alignment.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: [u8; 16],
    at: [u8; 8],
    /// The state in the low 28 bits, the slot in the index above.
    state: [u8; 4],
}

const _: () = assert!(size_of::<Entry>() == 28);

impl Entry {
    #[inline]
    fn new(key: Key, at: Mono, slot: Slot) -> Self {
        Self {
            key: key.to_bits().to_ne_bytes(),
            at: at.as_nanos().to_ne_bytes(),
            state: (PENDING | u32::from(slot.0) << STATE_MASK.count_ones()).to_ne_bytes(),
        }
    }

    #[inline]
    fn key(&self) -> Key {
        Key::from_bits(u128::from_ne_bytes(self.key))
    }

    #[inline]
    fn at(&self) -> u64 {
        u64::from_ne_bytes(self.at)
    }

    #[inline]
    fn state(&self) -> u32 {
        u32::from_ne_bytes(self.state) & STATE_MASK
    }

    #[inline]
    fn slot(&self) -> Slot {
        Slot((u32::from_ne_bytes(self.state) >> STATE_MASK.count_ones()) as u8)
    }

    #[inline]
    fn set_state(&mut self, state: u32) {
        let slot = u32::from_ne_bytes(self.state) & !STATE_MASK;
        self.state = (slot | state).to_ne_bytes();
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
