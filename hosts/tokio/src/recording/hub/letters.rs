//! What stands for a token of which only a part has come: as long, and escaped as it is.

use crate::recording::hidden::LETTERS;

/// What stands for the bytes of one value, as they come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Letters {
    /// Letters that were written.
    written: usize,
    escape: Escape,
}

/// How far into an escape it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    /// Behind a backslash.
    Begun,
    /// So many of the four digits of `\u` have come, and the character is none of ASCII.
    Unicode(u8),
    /// The same, and it may be one.
    Ascii(u8),
    /// So many of the two digits behind `%` have come, and the byte is none of ASCII.
    Percent(u8),
    /// The same, and it is one.
    AsciiPercent(u8),
}

impl Letters {
    /// What stands for the next byte of a value in JSON.
    pub(super) fn of_json(&mut self, byte: u8) -> u8 {
        use Escape::{Ascii, Begun, None, Unicode};
        let (escape, shown) = match (self.escape, byte) {
            (None, b'\\') => (Begun, byte),
            (Begun, b'u') => (Ascii(0), byte),
            (Begun, _) => (None, byte),
            (Ascii(at @ 0..2), b'0') => (Ascii(at + 1), byte),
            (Ascii(2), b'0'..=b'7') => (Ascii(3), b'6'),
            (Ascii(3), _) if byte.is_ascii_hexdigit() => (None, b'8'),
            (Ascii(at @ 0..3) | Unicode(at), _) if byte.is_ascii_hexdigit() => {
                (if at < 3 { Unicode(at + 1) } else { None }, byte)
            }
            // Digits are missing, and so they are afterwards.
            (Ascii(_) | Unicode(_), _) => (None, self.letter(byte)),
            _ => (None, self.letter(byte)),
        };
        self.escape = escape;
        shown
    }

    /// What stands for the next byte of a value in a target.
    pub(super) fn of_target(&mut self, byte: u8) -> u8 {
        use Escape::{AsciiPercent, None, Percent};
        let (escape, shown) = match (self.escape, byte) {
            // None may have it.
            (_, b'#') => (None, byte),
            (None, b'%') => (AsciiPercent(0), byte),
            (AsciiPercent(0), b'0'..=b'7') => (AsciiPercent(1), b'6'),
            (AsciiPercent(1), _) if byte.is_ascii_hexdigit() => (None, b'8'),
            (AsciiPercent(0), _) if byte.is_ascii_hexdigit() => (Percent(1), byte),
            (Percent(1), _) if byte.is_ascii_hexdigit() => (None, byte),
            _ => (None, self.letter(byte)),
        };
        self.escape = escape;
        shown
    }

    /// What stands for the next byte of what may have those of a token alone (RFC 9110 section 5.6.2):
    /// another shows that it is malformed, and stays.
    pub(super) fn of_token(&mut self, byte: u8) -> u8 {
        if is_of_token(byte) { self.letter(byte) } else { byte }
    }

    /// What stands for the next byte of a host: another shows that it is none, and stays.
    pub(super) fn of_host(&mut self, byte: u8) -> u8 {
        let is_of_host = byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte);
        if is_of_host { self.letter(byte) } else { byte }
    }

    /// Whether the next byte belongs to an escape: a quote there ends no text.
    pub(super) fn is_escaped(self) -> bool {
        self.escape == Escape::Begun
    }

    /// What stands for a byte of a value without escapes. A token is of ASCII that can be seen.
    pub(super) fn letter(&mut self, byte: u8) -> u8 {
        if !byte.is_ascii_graphic() {
            return byte;
        }
        self.written += 1;
        LETTERS[(self.written - 1) % LETTERS.len()]
    }
}

/// What stands for a text in JSON, as it is spelled there.
pub(super) fn in_json(text: &str) -> String {
    let mut letters = Letters::default();
    let bytes = text.bytes().map(|byte| letters.of_json(byte)).collect();
    // ASCII stands for ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether a token may have the byte, such as the name of a header.
pub(super) fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, of: fn(&mut Letters, u8) -> u8) -> String {
        let mut letters = Letters::default();
        let bytes = text.bytes().map(|byte| of(&mut letters, byte)).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_stands_for_a_value_is_read_as_a_value_of_the_same_length() {
        for text in ["eyJhb.c", r"a\u0041b\u00e9\u20acc\/\\\nd", r"\ud83d\ude00x"] {
            let json = format!("\"{text}\"");
            let mut hidden = format!("\"{}\"", shown(text, Letters::of_json));
            let read = |json: &str| serde_json::from_str::<String>(json).unwrap();
            assert_eq!((hidden.len(), read(&hidden).len()), (json.len(), read(&json).len()));
            hidden.retain(|it| it.is_ascii_uppercase() || ".c".contains(it));
            assert!(!hidden.contains('A'), "{hidden}");
        }
        assert_eq!(shown("a%2Eb%e9", Letters::of_target), "h%68i%e9");
        assert_eq!(shown("a+b.c/d==", Letters::of_token), "hidde/n==");
        // What is malformed stays so.
        assert_eq!(shown("a%#b#", Letters::of_target), "h%#i#");
        assert_eq!(shown(r"\u0q4", Letters::of_json), r"\u0hi");
        assert_eq!(shown("%zz%4", Letters::of_target), "%hi%6");
    }
}
