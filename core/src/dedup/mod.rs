//! The duplicate window: which messages were seen, and what came of the first of each.
//!
//! A client that lost its link sends again, under the same id, what got no answer. The window
//! recognises the repeat and hands back the first result, so a request is idempotent.
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
//! let key = window.key("user-1", Some("m-17"), "").expect("what has an id has a key");
//! let now = Mono::from_millis(1_000);
//! assert_eq!(window.check(now, key), Verdict::Fresh);
//! assert_eq!(window.check(now, key), Verdict::Duplicate { first: First::Pending });
//! window.complete(key, (*b"the answer").into());
//! let again = window.check(now, key);
//! assert_eq!(again, Verdict::Duplicate { first: First::Result((*b"the answer").into()) });
//! ```
//!
//! # Where it is specified
//!
//! Section 6 of `docs/protocol.md`: what a repeat is, and what comes of one.
//!
//! # Alone
//!
//! A service behind a queue that may deliver twice needs this module, [`seed`](crate::seed) and
//! [`time`](crate::time). The packages show it as `DuplicateWindow`.

mod entry;
mod index;
mod key;
mod results;
#[cfg(test)]
mod tests;
mod window;

use core::time::Duration;
use std::sync::Arc;

pub use self::key::Key;
pub(crate) use self::key::{Keyer, UserKey};
pub use self::window::Window;

use self::entry::Entry;
use self::index::Index;
use crate::metrics::label;

/// The bounds of a [`Window`].
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
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
        let results = self.max_result_bytes.saturating_add(2 * results::OVERHEAD);
        (entries * size_of::<Entry>() + Index::bytes_for(entries)).saturating_add(results)
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
///
/// Closed: seen or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a duplicate that is not held back takes effect twice"]
#[expect(clippy::exhaustive_enums)]
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
///
/// Closed: a first message is under way, done, or forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum First {
    /// It is still being worked on.
    Pending,
    /// Its result, as given to [`Window::complete`].
    Result(Arc<[u8]>),
    /// It was completed, but its result is not kept: it was too large, or was evicted.
    Forgotten,
}

/// How many entries and results have left a window, by cause, since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evictions {
    /// Entries that were evicted for newer ones.
    pub(crate) count: u64,
    /// Entries that were too old.
    pub(crate) age: u64,
    /// Results that were too large, or were evicted for newer ones, while their entry stayed.
    pub(crate) results: u64,
}

/// What came of a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duplicate {
    /// The first is still being worked on: the repeat waits with it.
    Attached,
    /// It got the first result again.
    Repeated,
    /// The first result is gone.
    Forgotten,
}

label! {
    Duplicate "outcome" {
        Attached = "attached",
        Repeated = "repeated",
        Forgotten = "forgotten",
    }
}

/// Why something left the window: the members of [`Evictions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Eviction {
    /// An entry was evicted for a newer one.
    Count,
    /// An entry was too old.
    Age,
    /// A result was evicted, or was too large.
    Result,
}

label! {
    Eviction "cause" {
        Count = "count",
        Age = "age",
        Result = "result",
    }
}
