//! What the window remembers of a message: 128 bits that only this process can compute.

use core::fmt;
use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use crate::seed::Seed;

/// The key of one message of one user: 127 bits of keyed hash, and one bit that says whether an
/// id or the content was hashed.
///
/// Two different messages share a key with a chance of 2^-127, and nobody without the seed can
/// raise it.
///
/// In two words: a number of 128 bits would be aligned to as many, and whatever holds a key would
/// be larger and slower to move.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    high: u64,
    low: u64,
}

impl Key {
    /// The bits, uniformly spread in all but the lowest: for tables of the host's own.
    pub const fn to_bits(self) -> u128 {
        (self.high as u128) << 64 | self.low as u128
    }

    /// Whether the content was hashed, because the message had no id.
    pub(crate) const fn is_of_content(self) -> bool {
        self.low & 1 == 1
    }

    pub(super) const fn from_bits(bits: u128) -> Self {
        let (high, low) = halves(bits);
        Self { high, low }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.is_of_content() { "content" } else { "id" };
        write!(f, "Key({of} {:032x})", self.to_bits())
    }
}

/// Makes keys: SipHash-1-3 with 128 bits of output under a secret key.
///
/// Why this construction: the window *drops* what it takes for a duplicate, so a collision that a
/// peer can choose is a lost message. SipHash is a pseudorandom function made for short inputs
/// under a secret key, with a specified 128-bit output; the 1-3 rounds are those of the standard
/// library's maps. Two 64-bit `ahash` values would cost a third of it, but ahash
/// promises no more than resistance to table flooding, changes its output between machines (AES
/// instructions or not), and says nothing about two instances under related keys. Same seed, same
/// keys, on every platform.
#[derive(Clone)]
pub(crate) struct Keyer(SipHasher13);

impl Keyer {
    /// A keyer under the secret that `seed` starts.
    pub(crate) fn new(seed: Seed) -> Self {
        let mut random = seed.into_random();
        Self(SipHasher13::new_with_keys(random.next_u64(), random.next_u64()))
    }

    /// The key of the message that `user` sent under `id`.
    ///
    /// `id` is any text that stands for the id; ids are the same when their texts are.
    pub(crate) fn of_id(&self, user: &str, id: &str) -> Key {
        self.user(user).of_id(id)
    }

    /// What stands for a user: computed once by who meets the same user again and again.
    pub(crate) fn user(&self, name: &str) -> UserKey {
        let mut hasher = self.0;
        hasher.write(name.as_bytes());
        UserKey(hasher.finish128().as_u128())
    }
}

/// A user as the tables by user know it, 128 bits of keyed hash of its name; and the secret under
/// which the keys of its messages are made (a cascade of pseudorandom functions), so that a
/// message does not hash the name again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct UserKey(u128);

impl UserKey {
    /// The bits, uniformly spread: for tables by user. They are a secret.
    pub(crate) const fn to_bits(self) -> u128 {
        self.0
    }

    pub(crate) fn of_id(self, id: &str) -> Key {
        Key::from_bits(self.hash(id) & !1)
    }

    pub(crate) fn of_content(self, content: &str) -> Key {
        Key::from_bits(self.hash(content) | 1)
    }

    #[inline]
    fn hash(self, text: &str) -> u128 {
        let (high, low) = halves(self.0);
        let mut hasher = SipHasher13::new_with_keys(low, high);
        hasher.write(text.as_bytes());
        hasher.finish128().as_u128()
    }
}

impl fmt::Debug for UserKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UserKey(..)")
    }
}

impl fmt::Debug for Keyer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyer(..)")
    }
}

const fn halves(bits: u128) -> (u64, u64) {
    const LOW: u128 = 0xffff_ffff_ffff_ffff;
    ((bits >> 64) as u64, (bits & LOW) as u64)
}
