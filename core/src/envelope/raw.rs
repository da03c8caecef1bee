//! Values that stay as they stand in the text until somebody asks.

use core::fmt;

use super::error::EnvelopeError;
use super::scan::{Items, Members, check};
use super::text::Text;

/// One valid JSON value, spelled as it came.
///
/// Two are equal if they are spelled alike.
#[derive(Clone, Copy)]
pub struct Raw<'a> {
    json: &'a str,
    /// Known to be a string without escapes.
    plain: bool,
}

impl<'a> Raw<'a> {
    /// The value `null`.
    pub const NULL: Self = Self { json: "null", plain: false };

    /// The empty array.
    pub(super) const EMPTY_LIST: Self = Self { json: "[]", plain: false };

    /// The value that `json` spells, nested no deeper than `depth` (a container of scalars has
    /// the depth 1). Whitespace around it is left out.
    ///
    /// # Errors
    ///
    /// `NotJson` or `TooDeep`, with offsets in `json`; `TooLong` from 2 GiB on.
    pub fn parse(json: &'a str, depth: u8) -> Result<Self, EnvelopeError> {
        check(json, depth)?;
        Ok(Self::trusted(json.trim_matches([' ', '\n', '\r', '\t']), false))
    }

    /// A value that the scanner has seen.
    pub(super) const fn trusted(json: &'a str, plain: bool) -> Self {
        Self { json, plain }
    }

    /// The value's JSON text.
    pub const fn as_json(&self) -> &'a str {
        self.json
    }

    /// What kind of value it is.
    pub const fn shape(&self) -> Shape {
        Shape::of(self.json.as_bytes())
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.shape() == Shape::Null
    }

    /// The text of a string.
    pub fn text(&self) -> Option<Text<'a>> {
        let spelled = self.json.strip_prefix('"')?.strip_suffix('"')?;
        Some(Text::from_spelled(spelled, self.plain))
    }

    /// Whether it is a text that says something.
    pub(super) fn is_said(&self) -> bool {
        self.shape() == Shape::Text && self.json != "\"\""
    }

    /// A boolean.
    pub fn bool(&self) -> Option<bool> {
        match self.json {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// A number that fits an `i64` without a fraction being written (`1.0` and `1e3` do not).
    pub fn i64(&self) -> Option<i64> {
        self.json.parse().ok()
    }

    /// The finite `f64` nearest to a number; nothing for one beyond the range (`1e999`).
    pub fn f64(&self) -> Option<f64> {
        if self.shape() != Shape::Number {
            return None;
        }
        self.json.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// The last member of an object with this name, as `JSON.parse` and Python have it.
    pub fn field(&self, name: &str) -> Option<Self> {
        Members::of(self.json).filter(|member| member.is_named(name)).last().map(|it| it.value)
    }

    /// The members of an object in the order of the text, repeated names included; none for
    /// anything else.
    pub fn fields(&self) -> impl Iterator<Item = (Text<'a>, Self)> + use<'a> {
        Members::of(self.json).map(|member| (member.name(), member.value))
    }

    /// The items of an array; none for anything else.
    pub fn items(&self) -> impl Iterator<Item = Self> + use<'a> {
        Items::of(self.json)
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.json)
    }
}

impl PartialEq for Raw<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json
    }
}

impl Eq for Raw<'_> {}

/// The six kinds of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// An array.
    List,
    /// `null`.
    Null,
    /// A number.
    Number,
    /// An object.
    Object,
    /// A string.
    Text,
}

impl Shape {
    /// The shape of the valid value that `json` starts with.
    pub(super) const fn of(json: &[u8]) -> Self {
        match json.first() {
            Some(b't' | b'f') => Self::Bool,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            Some(b'"') => Self::Text,
            Some(b'-' | b'0'..=b'9') => Self::Number,
            _ => Self::Null,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "a boolean",
            Self::List => "an array",
            Self::Null => "null",
            Self::Number => "a number",
            Self::Object => "an object",
            Self::Text => "a string",
        })
    }
}
