//! Tables by numbers that the engine or its caller has given, and nobody else: they need no secret
//! against numbers that are chosen to make them slow.

use ahash::RandomState;
use hashbrown::HashMap;

/// A table by such a number. The order of what is in it means nothing, and differs from one platform
/// to the other.
pub(super) type Numbered<K, V> = HashMap<K, V, RandomState>;

/// An empty table.
pub(super) fn numbered<K, V>() -> Numbered<K, V> {
    HashMap::with_hasher(RandomState::with_seeds(0, 0, 0, 0))
}
