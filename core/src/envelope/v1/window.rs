//! How much may be on its way.

use core::ops::RangeInclusive;

use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;
use crate::envelope::object::Object;
use crate::envelope::shape::Shape;

/// What may be unacknowledged towards its sender.
///
/// Closed: both of what is bounded everywhere, count and bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Window {
    /// How many envelopes: one of [`ENVELOPES`](Self::ENVELOPES).
    pub envelopes: u32,
    /// How many bytes of them: one of [`BYTES`](Self::BYTES).
    pub bytes: u32,
}

impl Window {
    /// The bounds of `envelopes`.
    pub const ENVELOPES: RangeInclusive<u32> = 1..=65_536;
    /// The bounds of `bytes`.
    pub const BYTES: RangeInclusive<u32> = 1_024..=1 << 30;
}

impl Bounded<'_> for Window {
    const WANTED: &'static str = "an object of `envelopes` and `bytes`";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        if raw.shape() != Shape::Object {
            return Err(Wrong::value(raw, Self::WANTED));
        }
        let member = |name, bounds, wanted| {
            let value = raw.field(name).filter(|value| !value.is_null());
            let wrong = Wrong { inner: Some(name), found: value.map(|it| it.shape()), wanted };
            value.and_then(|value| bounded(value, bounds)).ok_or(wrong)
        };
        Ok(Self {
            envelopes: member("envelopes", Self::ENVELOPES, "a whole number from 1 to 65536")?,
            bytes: member("bytes", Self::BYTES, "a whole number from 1024 to 2^30")?,
        })
    }

    fn write(&self, out: &mut String) {
        let mut object = Object::new(out);
        write_number(object.name("envelopes"), self.envelopes.into());
        write_number(object.name("bytes"), self.bytes.into());
        object.end();
    }
}

fn bounded(raw: Raw<'_>, bounds: RangeInclusive<u32>) -> Option<u32> {
    let number = number(raw, (*bounds.start()).into()..=(*bounds.end()).into())?;
    u32::try_from(number).ok()
}
