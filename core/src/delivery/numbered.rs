//! Tables by numbers that the engine or its caller has given, or of which nobody else can give many
//! (the digests of `stream::keyed`): they need no secret against numbers that are chosen to make
//! them slow.

use core::fmt;
use core::hash::{BuildHasherDefault, Hash, Hasher};
use core::ops::{Deref, DerefMut};

use hashbrown::HashMap;

/// A table by such a number. The order of what is in it means nothing.
#[derive(Clone)]
pub(super) struct Numbered<K, V>(HashMap<K, V, BuildHasherDefault<Scattered>>);

/// A number whose bits have been mixed by one multiplication. What an envelope brings about looks a
/// dozen numbers up, so that a hash with a key would be felt.
#[derive(Clone, Copy, Default)]
pub(super) struct Scattered(u64);

impl Hasher for Scattered {
    fn write_u64(&mut self, number: u64) {
        // 2^64 by the golden ratio. The upper half is of all bits, and is brought down to where a
        // table looks first.
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<K, V> Deref for Numbered<K, V> {
    type Target = HashMap<K, V, BuildHasherDefault<Scattered>>;

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
        Self(HashMap::default())
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
