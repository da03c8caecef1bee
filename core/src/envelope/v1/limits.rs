//! The largest that an end takes.

use core::ops::RangeInclusive;

use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;
use crate::envelope::object::Object;
use crate::envelope::shape::Shape;

/// The largest that an end takes from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Limits {
    /// The largest message, in bytes: one of [`MESSAGE`](Self::MESSAGE).
    pub message: u32,
}

impl Limits {
    /// The bounds of `message`: 512 KiB has room for any envelope but for a body, however its texts
    /// are spelled.
    pub const MESSAGE: RangeInclusive<u32> = 524_288..=1 << 30;

    /// A message of this many bytes at most; a number out of bounds is moved to the next within.
    pub fn new(message: u32) -> Self {
        Self { message: message.clamp(*Self::MESSAGE.start(), *Self::MESSAGE.end()) }
    }

    /// Those of an end that takes messages of this many bytes.
    pub(crate) fn of_bytes(bytes: usize) -> Self {
        Self::new(u32::try_from(bytes).unwrap_or(u32::MAX))
    }

    /// Whether an end that takes messages of this many bytes can speak the dialect: what it states
    /// is never less than the least.
    pub(crate) fn fit(bytes: usize) -> bool {
        usize::try_from(*Self::MESSAGE.start()).is_ok_and(|least| bytes >= least)
    }
}

impl Bounded<'_> for Limits {
    const WANTED: &'static str = "an object of `message`";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        if raw.shape() != Shape::Object {
            return Err(Wrong::value(raw, Self::WANTED));
        }
        let value = raw.field("message").filter(|value| !value.is_null());
        let bounds = u64::from(*Self::MESSAGE.start())..=u64::from(*Self::MESSAGE.end());
        let message = value.and_then(|value| number(value, bounds));
        let message = message.and_then(|message| u32::try_from(message).ok());
        message.map(|message| Self { message }).ok_or_else(|| Wrong {
            inner: Some("message"),
            found: value.map(|value| value.shape()),
            wanted: "a whole number from 524288 to 2^30",
        })
    }

    fn write(&self, out: &mut String) {
        let mut object = Object::new(out);
        write_number(object.name("message"), self.message.into());
        object.end();
    }
}
