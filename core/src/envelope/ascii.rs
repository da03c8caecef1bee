//! Characters of ASCII in the making.

/// Bytes of ASCII. With 64 of them whether they are text is seen at a glance; fewer are looked at a
/// word at a time, since they are aligned.
#[derive(Debug)]
#[repr(align(8))]
pub(super) struct Ascii<const N: usize>(pub(super) [u8; N]);

/// The numbers below 100 in two digits.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number as usize] = [b'0' + number / 10, b'0' + number % 10];
        number += 1_u8;
    }
    pairs
};

impl<const N: usize> Ascii<N> {
    #[inline]
    pub(super) fn as_str(&self) -> &str {
        simdutf8::basic::from_utf8(&self.0).unwrap_or_default()
    }

    /// Writes the last two decimal digits of a number to this place.
    #[inline]
    pub(super) fn write_pair(&mut self, at: usize, number: u32) {
        self.0[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
    }

    /// Writes the decimal digits of a number so that they end before `end`: where they begin.
    #[inline]
    pub(super) fn write_number(&mut self, end: usize, mut number: u64) -> usize {
        let mut at = end;
        while number >= 10 {
            at -= 2;
            self.0[at..at + 2].copy_from_slice(&PAIRS[(number % 100) as usize]);
            number /= 100;
        }
        if number > 0 || at == end {
            at -= 1;
            self.0[at] = b'0' + number.to_le_bytes()[0];
        }
        at
    }
}
