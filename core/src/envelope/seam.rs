//! Text of hosts whose strings may hold half a character.

use std::borrow::Cow;

/// Joins the pieces of a text that grows and may be cut anywhere: the first half of a surrogate
/// pair at the end of a piece waits for the second.
///
/// Pieces are WTF-8: UTF-8 in which a surrogate alone is encoded as if it were a character, as
/// strings of Python, Java and JavaScript may hold one. Half a pair that stays alone is U+FFFD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seam {
    half: Option<[u8; 3]>,
}

impl Seam {
    /// The next piece, as far as it is whole.
    pub(crate) fn join<'a>(&mut self, piece: &'a [u8]) -> Cow<'a, str> {
        if self.half.is_none()
            && let Ok(text) = str::from_utf8(piece)
        {
            return Cow::Borrowed(text);
        }
        if piece.is_empty() {
            return Cow::Borrowed("");
        }
        let mut bytes = Vec::with_capacity(3 + piece.len());
        bytes.extend(self.half.take().into_iter().flatten());
        bytes.extend_from_slice(piece);
        if let Some((whole, last)) = bytes.split_last_chunk::<3>()
            && matches!(surrogate(last), Some(0xd800..0xdc00))
        {
            self.half = Some(*last);
            bytes.truncate(whole.len());
        }
        Cow::Owned(from_wtf8(&bytes, || char::REPLACEMENT_CHARACTER))
    }

    /// No piece follows: what stands for the half that still waits.
    pub(crate) fn end(self) -> &'static str {
        if self.half.is_some() { "\u{fffd}" } else { "" }
    }
}

/// Reads WTF-8: pairs of encoded surrogates become their character, and `lost` stands for one alone
/// and for bytes that are no text.
pub(super) fn from_wtf8(mut bytes: &[u8], mut lost: impl FnMut() -> char) -> String {
    let mut text = String::with_capacity(bytes.len());
    while let Err(error) = str::from_utf8(bytes) {
        let (valid, rest) = bytes.split_at(error.valid_up_to());
        text.push_str(str::from_utf8(valid).unwrap_or_default());
        let (found, skip) = match (surrogate(rest), rest.get(3..).and_then(surrogate)) {
            (Some(high @ 0xd800..0xdc00), Some(low @ 0xdc00..0xe000)) => {
                (char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)), 6)
            }
            (Some(_), _) => (None, 3),
            (None, _) => (None, error.error_len().unwrap_or(rest.len())),
        };
        text.push(found.unwrap_or_else(&mut lost));
        bytes = &rest[skip..];
    }
    text.push_str(str::from_utf8(bytes).unwrap_or_default());
    text
}

/// The surrogate that `bytes` starts with, encoded as if it were a character.
fn surrogate(bytes: &[u8]) -> Option<u32> {
    match *bytes {
        [0xed, high @ 0xa0..=0xbf, low @ 0x80..=0xbf, ..] => {
            Some(0xd000 | u32::from(high & 0x3f) << 6 | u32::from(low & 0x3f))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// WTF-8 of UTF-16 as a host may hold it.
    fn wtf8(units: &[u16]) -> Vec<u8> {
        let mut out = Vec::new();
        for unit in char::decode_utf16(units.iter().copied()) {
            match unit {
                Ok(character) => out.extend(character.to_string().bytes()),
                Err(lone) => {
                    let unit = lone.unpaired_surrogate();
                    let low = [(unit >> 6 & 0x3f) as u8 | 0x80, (unit & 0x3f) as u8 | 0x80];
                    out.extend([0xed, low[0], low[1]]);
                }
            }
        }
        out
    }

    #[test]
    fn a_character_that_two_pieces_share_is_whole_wherever_the_text_is_cut() {
        let text = "a😀b漢😀😀é";
        let units: Vec<u16> = text.encode_utf16().collect();
        for first in 0..=units.len() {
            for second in first..=units.len() {
                let mut seam = Seam::default();
                let cuts = [&units[..first], &units[first..second], &units[second..]];
                let joined: String =
                    cuts.iter().map(|cut| seam.join(&wtf8(cut)).into_owned()).collect();
                assert_eq!((joined.as_str(), seam), (text, Seam::default()), "{first} {second}");
            }
        }
    }

    #[test]
    fn half_a_pair_that_stays_alone_is_replaced() {
        let mut seam = Seam::default();
        let mut join = |units: &[u16]| seam.join(&wtf8(units)).into_owned();
        assert_eq!(join(&[0xd83d]), "");
        assert_eq!(join(&[]), "", "it goes on waiting");
        assert_eq!(join(&[0x61]), "\u{fffd}a");
        assert_eq!(join(&[0xde00, 0xd83d]), "\u{fffd}");
        assert_eq!(join(&[0xd83d, 0xde00]), "\u{fffd}😀");
        assert_eq!(seam.join(b"\xff"), "\u{fffd}");
    }
}
