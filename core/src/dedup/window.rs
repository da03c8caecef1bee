//! The window itself: a ring of entries in order of arrival, found by their keys.

use core::time::Duration;
use std::sync::Arc;

use super::entry::{DEAD, Entry, FORGOTTEN, PENDING};
use super::index::Index;
use super::results::Results;
use super::{Evictions, First, Key, Keyer, UserKey, Verdict, WindowConfig};
use crate::seed::Seed;
use crate::time::Mono;

/// The messages seen lately. See the [module](super) for how it is bounded.
#[derive(Debug)]
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
        self.key_of(self.keyer.user(user), id, content)
    }

    /// As [`key`](Self::key), for a user whose own key is at hand.
    pub(crate) fn key_of(&self, user: UserKey, id: Option<&str>, content: &str) -> Option<Key> {
        match (id, self.content_age) {
            (Some(id), _) => Some(user.of_id(id)),
            (None, Some(_)) => Some(user.of_content(content)),
            (None, None) => None,
        }
    }

    /// Makes the keys of this window.
    pub(crate) fn keyer(&self) -> &Keyer {
        &self.keyer
    }

    /// Whether the message was seen within the window; if not, it is remembered.
    ///
    /// A duplicate does not refresh its entry: the age counts from the first. A `now` earlier than
    /// one given before counts as that one.
    #[inline]
    pub fn check(&mut self, now: Mono, key: Key) -> Verdict {
        match self.seen(now, key) {
            Some(first) => Verdict::Duplicate { first },
            None => {
                self.remember(now, key);
                Verdict::Fresh
            }
        }
    }

    /// The first half of [`check`](Self::check): what came of the message if it was seen.
    ///
    /// Apart, so that a message that is refused after all never pushes another one out.
    #[inline]
    pub(crate) fn seen(&mut self, now: Mono, key: Key) -> Option<First> {
        self.latest = self.latest.max(now);
        let place = self.find(key)?;
        if self.age_of(place) < self.age_limit(key) {
            return Some(self.first(place));
        }
        self.evictions.age += 1;
        self.kill(place);
        None
    }

    /// The second half: remembers a message that [`seen`](Self::seen) has just called unseen.
    #[inline]
    pub(crate) fn remember(&mut self, now: Mono, key: Key) {
        debug_assert!(self.find(key).is_none(), "asked `seen` first");
        // One comes, up to two go: entries that are too old never pile up.
        self.expire(now, 2);
        self.insert(key);
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
    /// Never needed for correctness: [`Window::check`] removes two each time.
    #[inline]
    pub(crate) fn expire(&mut self, now: Mono, at_most: usize) -> usize {
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
    pub(crate) fn evictions(&self) -> Evictions {
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
            self.let_go(place);
        } else {
            self.dead -= 1;
        }
        self.used -= 1;
        self.oldest = if place + 1 == self.max_entries { 0 } else { place + 1 };
        lived
    }

    /// Forgets the message at `place`, which stays in use until its turn comes.
    #[inline]
    fn kill(&mut self, place: usize) {
        self.let_go(place);
        self.entries[place].set_state(DEAD);
        self.dead += 1;
    }

    /// Lets go what the index and the results hold of the message at `place`.
    #[inline]
    fn let_go(&mut self, place: usize) {
        let entry = &self.entries[place];
        let state = entry.state();
        self.index.remove(entry.key().to_bits(), place, entry.slot());
        if state < DEAD {
            self.results.drop_slot(state);
        }
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

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
