//! Which session of a link an envelope is about.

use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;

/// A session of a link: the number that the client has chosen for it there (V-1.2). It means
/// nothing beyond the link; 0 is that of envelopes that name none.
///
/// Closed: a channel is its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Channel(pub u16);

impl Bounded<'_> for Channel {
    const WANTED: &'static str = "a whole number from 0 to 65535";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let number = number(raw, 0..=u16::MAX.into()).and_then(|it| u16::try_from(it).ok());
        number.map(Self).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_number(out, self.0.into());
    }
}
