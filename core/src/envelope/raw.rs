//! Values that stay as they stand in the text until somebody asks, and the walks through them.

use core::fmt;

use super::decimal;
use super::error::EnvelopeError;
use super::grammar::{
    Fault, check, colon, first_name, next_name, peek, skip_whitespace, string, value,
};
use super::json_string::Text;
use super::shape::Shape;

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
    pub(super) const NULL: Self = Self { json: "null", plain: false };

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
    pub(crate) const fn trusted(json: &'a str, plain: bool) -> Self {
        Self { json, plain }
    }

    /// Whether it is known to be a string without escapes.
    pub(super) const fn is_plain(&self) -> bool {
        self.plain
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

    /// A number times ten to this power, as the nearest whole number (halves away from zero) within
    /// what an `i64` holds; nothing for one beyond the range of floats (`1e999`).
    pub(crate) fn scaled(&self, power: i64) -> Option<i64> {
        (self.shape() == Shape::Number).then(|| decimal::scaled(self.json, power)).flatten()
    }

    /// Whether it is a number of which some digit is not zero.
    pub(super) fn is_nonzero(&self) -> bool {
        self.shape() == Shape::Number && decimal::is_nonzero(self.json)
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

/// A member of an object, as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    /// What stands between the quotes of the name.
    pub(super) key: &'a str,
    /// Whether it stands there without escapes.
    pub(super) plain: bool,
    pub(super) value: Raw<'a>,
    /// Where the value starts.
    pub(super) at: usize,
}

impl<'a> Member<'a> {
    pub(super) fn name(&self) -> Text<'a> {
        Text::from_spelled(self.key, self.plain)
    }

    #[inline]
    pub(super) fn visit(&self, visit: &mut impl FnMut(&str, Raw<'a>)) {
        if self.plain { visit(self.key, self.value) } else { visit(&self.name(), self.value) }
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        // A name in the text can only equal without being spelled alike if it holds escapes.
        self.key == name || (!self.plain && self.name() == *name)
    }
}

/// The members of an object in a text that has been scanned before.
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    text: &'a str,
    /// The place of the next name, or of `}`.
    at: usize,
}

impl<'a> Members<'a> {
    /// The members of `object`; none if it is no object.
    pub(super) fn of(object: &'a str) -> Self {
        if !object.starts_with('{') {
            return Self::none();
        }
        let at = first_name(object.as_bytes(), 0, u8::MAX).unwrap_or(object.len());
        Self { text: object, at }
    }

    /// The members that follow the value which ends at `at`.
    pub(super) fn after(text: &'a str, at: usize) -> Self {
        Self { text, at: next_name(text.as_bytes(), at).unwrap_or(text.len()) }
    }

    pub(super) const fn none() -> Self {
        Self { text: "", at: 0 }
    }

    /// A fault cannot be, the text having been scanned; it would end the iteration.
    fn read(&mut self) -> Result<Option<Member<'a>>, Fault> {
        let bytes = self.text.as_bytes();
        if peek(bytes, self.at) != Some(b'"') {
            return Ok(None);
        }
        let key = string(bytes, self.at)?;
        let at = colon(bytes, key.end)?;
        let end = value(bytes, at, 0, u8::MAX)?;
        let member = Member {
            key: self.text.get(self.at + 1..key.end - 1).unwrap_or(""),
            plain: key.plain,
            value: Raw::trusted(self.text.get(at..end.end).unwrap_or("null"), end.plain),
            at,
        };
        self.at = next_name(bytes, end.end)?;
        Ok(Some(member))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        self.read().ok().flatten()
    }
}

/// The items of an array in a text that has been scanned before.
#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    text: &'a str,
    /// The place of the next item, of a comma before it, or of `]`.
    at: usize,
}

impl<'a> Items<'a> {
    /// The items of `array`; none if it is no array.
    pub(super) fn of(array: &'a str) -> Self {
        let array = if array.starts_with('[') { array } else { "" };
        Self { text: array, at: 1 }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        let mut at = skip_whitespace(bytes, self.at);
        if peek(bytes, at) == Some(b',') {
            at = skip_whitespace(bytes, at + 1);
        }
        // At the closing bracket no value starts.
        let end = value(bytes, at, 0, u8::MAX).ok()?;
        self.at = end.end;
        Some(Raw::trusted(self.text.get(at..end.end)?, end.plain))
    }
}
