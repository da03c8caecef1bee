//! How often a client says something.

use core::time::Duration;

use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;

/// How often a client says something: 1 s to an hour, in whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeartbeatInterval {
    millis: u32,
}

impl HeartbeatInterval {
    const LEAST: u32 = 1_000;
    const MOST: u32 = 3_600_000;

    /// This long; what is out of bounds is moved to the next within, a part of a millisecond is
    /// left out.
    pub fn new(interval: Duration) -> Self {
        let millis = u32::try_from(interval.as_millis()).unwrap_or(Self::MOST);
        Self { millis: millis.clamp(Self::LEAST, Self::MOST) }
    }

    /// The same as a duration.
    pub const fn to_duration(self) -> Duration {
        Duration::from_millis(self.millis as u64)
    }
}

impl Bounded<'_> for HeartbeatInterval {
    const WANTED: &'static str = "milliseconds from 1000 to 3600000";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let millis = number(raw, Self::LEAST.into()..=Self::MOST.into());
        let millis = millis.and_then(|millis| u32::try_from(millis).ok());
        millis.map(|millis| Self { millis }).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_number(out, self.millis.into());
    }
}
