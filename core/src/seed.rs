//! The randomness that a host passes in.
//!
//! The engine draws no entropy. A machine that needs random choices (mask keys, jitter, hash
//! keys, ids) takes a [`Seed`] when it is made; the same seed and the same inputs give the same
//! outputs on every platform.
//!
//! ```
//! use pamlink::dedup::{Window, WindowConfig};
//! use pamlink::seed::Seed;
//!
//! let key = |seed| Window::new(WindowConfig::default(), seed).key("ann", Some("m-1"), "");
//!
//! // In production: 32 bytes from the operating system. In a test: a number.
//! assert_eq!(key(Seed::from_number(1)), key(Seed::from_number(1)));
//! assert_ne!(key(Seed::from_number(1)), key(Seed::from_number(2)));
//! ```
//!
//! # Bounds
//!
//! One seed serves one machine, for as long as that lives: behind it is a cryptographic generator
//! (ChaCha with 12 rounds), and what a machine makes in its turn gets a seed drawn from it.
//!
//! # Where it is specified
//!
//! RFC 6455, section 10.3, asks that masks cannot be foreseen; P-10.1 of `docs/protocol.md` has the
//! jitter.

use core::fmt;
use core::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// 32 bytes of entropy from the host's operating system, or fixed bytes in a test.
///
/// Mask keys (RFC 6455 section 10.3) and the keyed hash of the duplicate window rest on it: in
/// production it must come from a cryptographic source and must not be used for two machines. After
/// a `fork` there are two: what was made before it does not serve in the child, or begins again
/// with another seed (`Hub::reseed`).
#[derive(Clone)]
pub struct Seed([u8; 32]);

impl Seed {
    /// A seed of these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A seed for tests and replays: `number` in its first eight bytes, zeros after.
    pub const fn from_number(number: u64) -> Self {
        let mut bytes = [0; 32];
        let number = number.to_le_bytes();
        let mut at = 0;
        while at < number.len() {
            bytes[at] = number[at];
            at += 1;
        }
        Self(bytes)
    }

    /// The generator that this seed starts.
    pub(crate) fn into_random(self) -> Random {
        Random(ChaCha12Rng::from_seed(self.0))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(..)")
    }
}

/// A deterministic cryptographic generator (ChaCha, 12 rounds).
#[derive(Clone)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    /// 32 uniform bits.
    pub(crate) fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// 64 uniform bits.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Leaves out the next numbers of 64 bits, of a generator that has made no other.
    pub(crate) fn skip(&mut self, numbers: u32) {
        // It counts in words of 32 bits.
        self.0.set_word_pos(2 * u128::from(numbers));
    }

    /// A new independent seed, for a machine that this one makes.
    pub(crate) fn next_seed(&mut self) -> Seed {
        let mut bytes = [0; 32];
        self.0.fill_bytes(&mut bytes);
        Seed(bytes)
    }

    /// A uniform duration in `0..=most`, to the nanosecond.
    pub(crate) fn up_to(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        // Multiply-shift: the bias is below 2^-64 of the range, far under any clock's grain.
        let scaled = (u128::from(self.0.next_u64()) * (u128::from(most) + 1)) >> 64;
        Duration::from_nanos(u64::try_from(scaled).unwrap_or(most))
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random(..)")
    }
}
