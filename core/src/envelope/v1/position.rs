//! Where in a numbered sequence something is.

use core::cmp::Ordering;
use core::fmt;

use super::MAX_NUMBER;
use super::bounded::{Bounded, Wrong, number};
use crate::envelope::Raw;
use crate::envelope::ascii::Ascii;

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
        let bits = raw.text().and_then(|text| hexadecimal(text.as_bytes().try_into().ok()?));
        bits.map(Self).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        out.push('"');
        write_hexadecimal(out, self.0);
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

    /// The position that a JSON text spells as it is written here: without spaces and escapes. Every
    /// envelope has some, and hardly anybody spells them otherwise.
    fn read_plain(json: &str) -> Option<Self> {
        let (epoch, rest) = json.strip_prefix("[\"")?.split_at_checked(16)?;
        let sequence = rest.strip_prefix("\",")?.strip_suffix(']')?.parse().ok()?;
        let bits = hexadecimal(epoch.as_bytes().try_into().ok()?)?;
        (sequence <= MAX_NUMBER).then_some(Self { epoch: Epoch(bits), sequence })
    }
}

impl Bounded<'_> for Position {
    const WANTED: &'static str = "a position, [16 lower-case hexadecimal digits, 0 to 2^53 - 1]";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        if let Some(position) = Self::read_plain(raw.as_json()) {
            return Ok(position);
        }
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
        // From its end, as a whole: every envelope has some.
        let mut form = Ascii([b']'; 64]);
        let begin = form.write_number(63, self.sequence) - 20;
        form.0[begin..begin + 2].copy_from_slice(b"[\"");
        form.0[begin + 2..begin + 18].copy_from_slice(&digits(self.epoch.0));
        form.0[begin + 18..begin + 20].copy_from_slice(b"\",");
        out.push_str(&form.as_str()[begin..]);
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// What each byte is worth as a digit, `a` to `f` in lower case.
const WORTH: [u8; 256] = {
    let mut worth = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < 16 {
        worth[DIGITS[digit as usize] as usize] = digit;
        digit += 1;
    }
    worth
};
const NO_DIGIT: u8 = 0xff;

/// The number that 16 digits spell, `a` to `f` in lower case.
pub(super) fn hexadecimal(digits: &[u8; 16]) -> Option<u64> {
    let worth = digits.map(|digit| WORTH[usize::from(digit)]);
    let bits = worth.iter().fold(0, |bits, digit| bits << 4 | u64::from(*digit));
    worth.iter().all(|digit| *digit != NO_DIGIT).then_some(bits)
}

/// Appends 16 digits, `a` to `f` in lower case.
pub(super) fn write_hexadecimal(out: &mut String, bits: u64) {
    out.push_str(Ascii(digits(bits)).as_str());
}

/// Eight digits at once, each in a byte of its own.
fn digits(bits: u64) -> [u8; 16] {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let half = |bits: u64| {
        let pairs = (bits | bits << 16) & 0x0000_ffff_0000_ffff;
        let bytes = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ff;
        let worth = (bytes | bytes << 4) & (ONES * 0x0f);
        let is_letter = (worth + ONES * 6) >> 4 & ONES;
        (worth + ONES * u64::from(b'0') + is_letter * u64::from(b'a' - b'9' - 1)).to_be_bytes()
    };
    let mut digits = [0; 16];
    digits[..8].copy_from_slice(&half(bits >> 32));
    digits[8..].copy_from_slice(&half(bits & 0xffff_ffff));
    digits
}
