//! The ids of sessions.

use core::fmt;
use std::fmt::Write as _;

use super::bounded::{Bounded, Wrong};
use super::position::hexadecimal;
use crate::envelope::Raw;

/// The id of a session: 16 bytes that its server has drawn and nobody can guess, 32
/// hexadecimal digits on the wire.
///
/// Its `Debug` shows the first eight digits, which tell sessions apart and open none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 16]);

impl SessionId {
    /// The id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "{:08x}..", u32::from_be_bytes([a, b, c, d]))
    }
}

impl Bounded<'_> for SessionId {
    const WANTED: &'static str = "32 lower-case hexadecimal digits";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let read = |digits: &[u8]| {
            let (halves, []) = digits.as_chunks::<16>() else { return None };
            let [first, last] = halves else { return None };
            let bits = u128::from(hexadecimal(first)?) << 64 | u128::from(hexadecimal(last)?);
            Some(Self(bits.to_be_bytes()))
        };
        let id = raw.text().and_then(|text| read(text.as_bytes()));
        id.ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        let written = write!(out, "\"{:032x}\"", u128::from_be_bytes(self.0));
        debug_assert!(written.is_ok(), "a String takes everything");
    }
}
