//! Where in a numbered sequence something is.

use core::cmp::Ordering;
use core::fmt;

use super::MAX_NUMBER;
use super::bounded::{Bounded, Wrong, number, write_number};
use crate::envelope::Raw;

/// Which numbering a sequence belongs to (V-2.3), shown as 16 hexadecimal digits.
///
/// Epochs are equal or not; none is later than another.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch of these 64 bits, which whoever begins a numbering draws at random.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Its 64 bits.
    pub const fn to_bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Bounded<'_> for Epoch {
    const WANTED: &'static str = "16 lower-case hexadecimal digits";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let bits = raw.text().and_then(|text| hexadecimal(&text, 16));
        let bits = bits.and_then(|bits| u64::try_from(bits).ok());
        bits.map(Self).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        // By hand, for it stands in every envelope, where a formatter takes a tenth of the time.
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        out.push('"');
        for byte in self.0.to_be_bytes() {
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 0xf)]));
        }
        out.push('"');
    }
}

/// A place in a numbered sequence: one value of two parts (V-2.1).
///
/// Only positions of one epoch are compared (V-2.2), so there is no order of all.
///
/// Closed: a position has these two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Position {
    /// The numbering.
    pub epoch: Epoch,
    /// The number in it: 0 before the first, at most [`MAX_NUMBER`].
    pub sequence: u64,
}

impl Position {
    /// The position before the first number of an epoch.
    pub const fn start(epoch: Epoch) -> Self {
        Self { epoch, sequence: 0 }
    }

    /// The position of this number in an epoch.
    pub const fn new(epoch: Epoch, sequence: u64) -> Self {
        Self { epoch, sequence }
    }

    /// Which comes first; nothing if they are of different epochs.
    pub fn cmp_in_epoch(self, other: Self) -> Option<Ordering> {
        (self.epoch == other.epoch).then(|| self.sequence.cmp(&other.sequence))
    }
}

impl Bounded<'_> for Position {
    const WANTED: &'static str = "a position, [16 lower-case hexadecimal digits, 0 to 2^53 - 1]";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let mut parts = raw.items();
        let (Some(epoch), Some(sequence), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Wrong::value(raw, Self::WANTED));
        };
        match (Epoch::read(epoch), number(sequence, 0..=MAX_NUMBER)) {
            (Ok(epoch), Some(sequence)) => Ok(Self { epoch, sequence }),
            _ => Err(Wrong::value(raw, Self::WANTED)),
        }
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        self.epoch.write(out);
        out.push(',');
        write_number(out, self.sequence);
        out.push(']');
    }
}

/// The number that exactly `count` digits spell, `a` to `f` in lower case.
pub(super) fn hexadecimal(text: &str, count: usize) -> Option<u128> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != count || !text.bytes().all(is_digit) {
        return None;
    }
    u128::from_str_radix(text, 16).ok()
}
