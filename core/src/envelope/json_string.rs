//! JSON strings: reading and writing them.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Deref;
use std::borrow::Cow;

use super::runs::plain_until;

/// The text of a JSON string.
///
/// It is borrowed from the frame unless the string holds escapes. A string read from a frame is
/// written again exactly as it was spelled there, escapes included. An escape of a lone surrogate
/// (`"\ud800"`), which no Unicode text can hold, reads as U+FFFD and is still written as it came.
#[derive(Clone)]
pub struct Text<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Borrowed(&'a str),
    /// From a frame, with escapes. Boxed, since it is rare and every message is made of texts.
    Escaped(Box<Escaped<'a>>),
    Owned(Box<str>),
}

#[derive(Clone)]
struct Escaped<'a> {
    /// What stands between the quotes.
    spelled: &'a str,
    text: String,
}

impl<'a> Text<'a> {
    /// The text as Unicode.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Borrowed(text) => text,
            Repr::Escaped(escaped) => &escaped.text,
            Repr::Owned(text) => text,
        }
    }

    /// The text, borrowed from the frame where it can be.
    pub fn into_cow(self) -> Cow<'a, str> {
        match self.0 {
            Repr::Borrowed(text) => Cow::Borrowed(text),
            Repr::Escaped(escaped) => Cow::Owned(escaped.text),
            Repr::Owned(text) => Cow::Owned(text.into()),
        }
    }

    /// The text as WTF-8: half a pair of surrogates at its beginning or end, which another text may
    /// complete, stands there as if it were a character.
    pub(crate) fn to_wtf8(&self) -> Cow<'_, [u8]> {
        let Repr::Escaped(escaped) = &self.0 else { return Cow::Borrowed(self.as_bytes()) };
        let (spelled, mut bytes) = (escaped.spelled, Cow::Borrowed(escaped.text.as_bytes()));
        // U+FFFD has as many bytes as the half for which it stands.
        if escaped.text.starts_with(char::REPLACEMENT_CHARACTER)
            && let Some(low @ 0xdc00..0xe000) =
                spelled.strip_prefix("\\u").map(|it| code_unit(it).0)
        {
            bytes.to_mut()[..3].copy_from_slice(&half(low));
        }
        if escaped.text.ends_with(char::REPLACEMENT_CHARACTER)
            && let Some((_, last)) = spelled.rsplit_once("\\u")
            && let (high @ 0xd800..0xdc00, "") = code_unit(last)
        {
            let end = bytes.len();
            bytes.to_mut()[end - 3..].copy_from_slice(&half(high));
        }
        bytes
    }

    /// The text without its tie to the frame. The spelling of escapes is forgotten.
    pub fn into_owned(self) -> Text<'static> {
        Text(Repr::Owned(self.into_cow().into()))
    }

    /// The text of a string of a frame: `spelled` stands between its quotes.
    #[inline]
    pub(super) fn from_spelled(spelled: &'a str, plain: bool) -> Self {
        if plain || memchr::memchr(b'\\', spelled.as_bytes()).is_none() {
            Self(Repr::Borrowed(spelled))
        } else {
            Self(Repr::Escaped(Box::new(Escaped { spelled, text: unescape(spelled) })))
        }
    }

    /// Appends the string with its quotes.
    pub(super) fn write(&self, out: &mut String) {
        if let Repr::Escaped(escaped) = &self.0 {
            out.push('"');
            out.push_str(escaped.spelled);
            out.push('"');
        } else {
            write_text(out, self.as_str());
        }
    }
}

impl Default for Text<'_> {
    fn default() -> Self {
        Self(Repr::Borrowed(""))
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Repr::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Repr::Owned(text.into()))
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Self(Repr::Borrowed(text)),
            Cow::Owned(text) => Self(Repr::Owned(text.into())),
        }
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text<'_> {}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl Hash for Text<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

/// A text that must not be seen in logs: a token. Its `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret<'a>(Text<'a>);

impl Secret<'_> {
    /// The text itself.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }

    /// Appends the string with its quotes.
    pub(super) fn write(&self, out: &mut String) {
        self.0.write(out);
    }
}

impl<'a> From<Text<'a>> for Secret<'a> {
    fn from(text: Text<'a>) -> Self {
        Self(text)
    }
}

impl<'a> From<&'a str> for Secret<'a> {
    fn from(text: &'a str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Appends `text` as a JSON string, escaping no more than RFC 8259 section 7 demands.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    loop {
        let plain = plain_until(rest.as_bytes(), 0);
        out.push_str(&rest[..plain]);
        let Some(&byte) = rest.as_bytes().get(plain) else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x08 => out.push_str("\\b"),
            0x0c => out.push_str("\\f"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(control >> 4)]));
                out.push(char::from(HEX[usize::from(control & 15)]));
            }
        }
        rest = &rest[plain + 1..];
    }
    out.push('"');
}

/// The text that `spelled`, the inside of a valid JSON string, stands for.
fn unescape(spelled: &str) -> String {
    let mut text = String::with_capacity(spelled.len());
    let mut rest = spelled;
    while let Some(slash) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..slash]);
        rest = &rest[slash + 1..];
        let escape = rest.as_bytes().first().copied();
        rest = rest.get(1..).unwrap_or("");
        text.push(match escape {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let (unit, after) = code_unit(rest);
                rest = after;
                let (scalar, after) = pair_up(unit, rest);
                rest = after;
                scalar
            }
            Some(other) => char::from(other),
            None => char::REPLACEMENT_CHARACTER,
        });
    }
    text.push_str(rest);
    text
}

/// The four hexadecimal digits at the start of `rest`, and what follows them.
fn code_unit(rest: &str) -> (u32, &str) {
    let digits = rest.get(..4).unwrap_or("");
    (u32::from_str_radix(digits, 16).unwrap_or(0xfffd), rest.get(4..).unwrap_or(""))
}

/// Half a pair of surrogates, encoded as if it were a character.
fn half(unit: u32) -> [u8; 3] {
    let bits = |shift: u32| (unit >> shift & 0x3f).to_le_bytes()[0] | 0x80;
    [0xed, bits(6), bits(0)]
}

/// The character of `unit`, with the low surrogate that may follow in `rest`.
fn pair_up(unit: u32, rest: &str) -> (char, &str) {
    if let Some(scalar) = char::from_u32(unit) {
        return (scalar, rest);
    }
    if unit < 0xdc00
        && let Some(after) = rest.strip_prefix("\\u")
    {
        let (low, after) = code_unit(after);
        if (0xdc00..0xe000).contains(&low) {
            let scalar = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return (char::from_u32(scalar).unwrap_or(char::REPLACEMENT_CHARACTER), after);
        }
    }
    (char::REPLACEMENT_CHARACTER, rest)
}
