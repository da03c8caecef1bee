//! Tables by numbers that the engine or its caller has given, or of which nobody else can give many
//! (the digests of `stream::keyed`): they need no secret against numbers that are chosen to make
//! them slow.

use core::fmt;
use core::hash::Hash;
use core::ops::{Deref, DerefMut};

use ahash::RandomState;
use hashbrown::HashMap;

/// A table by such a number. The order of what is in it means nothing, and differs from one platform
/// to the other.
#[derive(Clone)]
pub(super) struct Numbered<K, V>(HashMap<K, V, RandomState>);

impl<K, V> Deref for Numbered<K, V> {
    type Target = HashMap<K, V, RandomState>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, V> DerefMut for Numbered<K, V> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<K, V> Default for Numbered<K, V> {
    fn default() -> Self {
        Self(HashMap::with_hasher(RandomState::with_seeds(0, 0, 0, 0)))
    }
}

/// In the order of the numbers: two tables of the same read alike.
impl<K: Copy + Ord + Hash + fmt::Debug, V: fmt::Debug> fmt::Debug for Numbered<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_unstable_by_key(|(number, _)| **number);
        f.debug_map().entries(entries).finish()
    }
}
