//! The names that peers give to messages.

use core::fmt;
use core::hash::{Hash, Hasher};
use std::borrow::Cow;

use super::json_string::{Text, write_text};
use super::raw::Raw;
use super::shape::Shape;

/// What a peer calls a message: a JSON value of any kind but `null`.
///
/// Written again as it was spelled. Two strings are equal if they say the same text, however it
/// is escaped; everything else is equal only if spelled alike, so `7`, `7.0` and `"7"` are three
/// ids.
#[derive(Clone)]
pub struct Id<'a>(Repr<'a>);

#[derive(Clone)]
enum Repr<'a> {
    Json(Cow<'a, str>),
    /// A string of a frame without escapes, with its quotes. Most are, and most are only written.
    Plain(&'a str),
    Text(Text<'a>),
}

impl<'a> Id<'a> {
    /// The id in a value of a frame; `null` counts as absent.
    pub fn from_raw(raw: Raw<'a>) -> Option<Self> {
        match raw.shape() {
            Shape::Null => None,
            Shape::Text if raw.is_plain() => Some(Self(Repr::Plain(raw.as_json()))),
            Shape::Text => raw.text().map(|text| Self(Repr::Text(text))),
            _ => Some(Self(Repr::Json(Cow::Borrowed(raw.as_json())))),
        }
    }

    /// As [`from_raw`](Self::from_raw), for the JSON of a value that stood in a message which was
    /// scanned.
    pub(crate) fn from_scanned(json: &'a str) -> Option<Self> {
        Self::from_raw(Raw::trusted(json, memchr::memchr(b'\\', json.as_bytes()).is_none()))
    }

    /// The text that stands for the id in keys and logs: of a string its text, of anything else
    /// its JSON.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Repr::Json(json) => json,
            Repr::Plain(json) => unquoted(json),
            Repr::Text(text) => text,
        }
    }

    /// Whether the id is a string.
    pub const fn is_text(&self) -> bool {
        matches!(self.0, Repr::Plain(_) | Repr::Text(_))
    }

    /// The id as JSON, spelled as it came.
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write(&mut json);
        json
    }

    /// The id without its tie to the frame. The spelling of escapes is forgotten.
    pub fn into_owned(self) -> Id<'static> {
        Id(match self.0 {
            Repr::Json(json) => Repr::Json(Cow::Owned(json.into_owned())),
            Repr::Plain(json) => Repr::Text(Text::from(unquoted(json)).into_owned()),
            Repr::Text(text) => Repr::Text(text.into_owned()),
        })
    }

    pub(super) fn write(&self, out: &mut String) {
        match &self.0 {
            Repr::Json(json) => out.push_str(json),
            Repr::Plain(json) => out.push_str(json),
            Repr::Text(text) => text.write(out),
        }
    }
}

/// What stands between the quotes of a string.
fn unquoted(json: &str) -> &str {
    json.get(1..json.len() - 1).unwrap_or_default()
}

impl<'a> From<&'a str> for Id<'a> {
    fn from(text: &'a str) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<String> for Id<'_> {
    fn from(text: String) -> Self {
        Self(Repr::Text(text.into()))
    }
}

impl From<u64> for Id<'_> {
    fn from(number: u64) -> Self {
        Self(Repr::Json(Cow::Owned(number.to_string())))
    }
}

impl PartialEq for Id<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.is_text() == other.is_text() && self.as_str() == other.as_str()
    }
}

impl Eq for Id<'_> {}

impl Hash for Id<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.is_text().hash(state);
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Json(json) => f.write_str(json),
            Repr::Plain(json) => f.write_str(json),
            Repr::Text(text) => {
                let mut json = String::new();
                write_text(&mut json, text);
                f.write_str(&json)
            }
        }
    }
}

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
