//! Runs of bytes that need no look of their own, many at once: what a JSON string holds as it is,
//! and the digits of a number.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16};

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first quote, backslash or control character from `at` on: what a JSON string does not
/// hold as it is. The end if there is none.
#[inline(always)]
pub(super) fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    // With the registers that every processor of the target has, so nothing is chosen at run time:
    // most strings end within the first block.
    if !Level::baseline().is_fallback() {
        while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
            let stops = dispatch!(Level::baseline(), simd => stops(simd, block));
            if stops != 0 {
                return at + stops.trailing_zeros() as usize;
            }
            at += block.len();
        }
        // The last bytes, with some before them that were looked at.
        if at < bytes.len()
            && let Some(from) = bytes.len().checked_sub(16)
            && let Some(block) = bytes[from..].first_chunk()
        {
            let stops = dispatch!(Level::baseline(), simd => stops(simd, block)) >> (at - from);
            return if stops == 0 { bytes.len() } else { at + stops.trailing_zeros() as usize };
        }
    }
    // Eight bytes at once. A byte's high bit gets set by the subtraction if the byte is below
    // what is subtracted. A borrow can mislead only above a true hit, and the lowest hit counts.
    // The quote (0x22) is put below 0x21 together with the control characters by flipping 0x02:
    // they stay among themselves, and the two characters between them and the quote go above.
    while let Some(word) = word(bytes, at) {
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let stops = (quote_or_control | slash) & !word & HIGH;
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

/// A bit for each byte of the block at which a plain run stops, as above.
#[inline(always)]
fn stops<S: Simd>(simd: S, block: &[u8; 16]) -> u64 {
    let block = u8x16::from_slice(simd, block);
    let flipped = block ^ 0x02;
    let quote_or_control = flipped.min(0x20).simd_eq(flipped);
    (quote_or_control | block.simd_eq(b'\\')).to_bitmask()
}

/// The first byte from `at` on that is no digit.
#[inline(always)]
pub(super) fn digits_until(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(bytes, at) {
        // A digit becomes 0 to 9, to which 0x76 can be added without the high bit.
        let value = word ^ (ONES * 0x30);
        let stops = (value.wrapping_add(ONES * 0x76) | value) & HIGH;
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(b'0'..=b'9') = bytes.get(at) {
        at += 1;
    }
    at
}

/// The eight bytes from `at` on, the first lowest.
#[inline(always)]
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{digits_until, plain_until};

    /// Mostly what goes on, and now and then what stops, at any place of a block.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte =
            prop_oneof![60 => b'0'..=b'9', 2 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')];
        prop::collection::vec(byte, 0..70)
    }

    proptest! {
        #[test]
        fn a_run_stops_where_it_does_byte_for_byte(bytes in bytes(), at in 0usize..80) {
            let end = at.max(bytes.len());
            let first = |stops: fn(u8) -> bool| {
                let rest = bytes.get(at..).unwrap_or_default();
                rest.iter().position(|byte| stops(*byte)).map_or(end, |it| at + it)
            };
            let stops = |byte| byte == b'"' || byte == b'\\' || byte < 0x20;
            prop_assert_eq!(plain_until(&bytes, at), first(stops));
            prop_assert_eq!(digits_until(&bytes, at), first(|byte| !byte.is_ascii_digit()));
        }
    }

    #[test]
    fn every_byte_stops_or_goes_on_in_every_place() {
        for place in 0..40 {
            for byte in 0..=u8::MAX {
                let mut bytes = [b'7'; 40];
                bytes[place] = byte;
                let stops = byte == b'"' || byte == b'\\' || byte < 0x20;
                assert_eq!(plain_until(&bytes, 0), if stops { place } else { 40 }, "{byte}");
                let goes_on = byte.is_ascii_digit();
                assert_eq!(digits_until(&bytes, 0), if goes_on { 40 } else { place }, "{byte}");
            }
        }
    }
}
