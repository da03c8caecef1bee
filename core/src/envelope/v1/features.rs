//! What an end can do beside what its version says.

use super::bounded::{Bounded, Wrong, write_number};
use crate::envelope::Raw;

/// What an end can do: a set of bits, 0 to 2^53 - 1 as a number.
///
/// Bits that are not known are kept.
///
/// Closed: the set is its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Features(pub u64);

impl Features {
    /// None.
    pub const NONE: Self = Self(0);
    /// Several envelopes in one message.
    pub const BATCH: Self = Self(1);
    /// Reserved.
    pub const INPUT: Self = Self(1 << 1);
    /// Reserved.
    pub const BRANCHES: Self = Self(1 << 2);

    /// Those of both.
    pub const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Bounded<'_> for Features {
    const WANTED: &'static str = u64::WANTED;

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        u64::read(raw).map(Self)
    }

    fn write(&self, out: &mut String) {
        write_number(out, self.0);
    }
}
