//! Which versions of the dialect an end speaks.

use core::num::NonZeroU16;
use core::ops::RangeInclusive;

use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;

/// The version of the dialect that this codec speaks.
pub const VERSION: NonZeroU16 = NonZeroU16::MIN;

/// The versions of the dialect that an end speaks: all from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Versions {
    lowest: NonZeroU16,
    highest: NonZeroU16,
}

impl Versions {
    /// Those that this codec speaks: [`VERSION`] alone.
    pub const OWN: Self = Self { lowest: VERSION, highest: VERSION };

    /// All in this range; nothing if it is empty.
    pub fn new(versions: RangeInclusive<NonZeroU16>) -> Option<Self> {
        let (lowest, highest) = versions.into_inner();
        (lowest <= highest).then_some(Self { lowest, highest })
    }

    /// Whether this version is among them.
    pub fn contains(self, version: NonZeroU16) -> bool {
        (self.lowest..=self.highest).contains(&version)
    }

    /// The highest that both speak, if there is one.
    pub fn highest_common(self, other: Self) -> Option<NonZeroU16> {
        let highest = self.highest.min(other.highest);
        (highest >= self.lowest.max(other.lowest)).then_some(highest)
    }
}

impl Bounded<'_> for Versions {
    const WANTED: &'static str = "[lowest, highest], each from 1 to 65535";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let wrong = || Wrong::value(raw, Self::WANTED);
        let mut parts = raw.items();
        let (Some(lowest), Some(highest), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let (Some(lowest), Some(highest)) = (version(lowest), version(highest)) else {
            return Err(wrong());
        };
        Self::new(lowest..=highest).ok_or_else(wrong)
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        self.lowest.write(out);
        out.push(',');
        self.highest.write(out);
        out.push(']');
    }
}

/// One version.
impl Bounded<'_> for NonZeroU16 {
    const WANTED: &'static str = "a whole number from 1 to 65535";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        version(raw).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_number(out, self.get().into());
    }
}

fn version(raw: Raw<'_>) -> Option<NonZeroU16> {
    let number = number(raw, 1..=u16::MAX.into())?;
    u16::try_from(number).ok().and_then(NonZeroU16::new)
}
