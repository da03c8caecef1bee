//! How the value of a known field is read and written.

use core::fmt;
use core::time::Duration;
use std::borrow::Cow;
use std::fmt::Write as _;

use super::id::Id;
use super::json_string::{Secret, Text};
use super::raw::Raw;
use super::shape::Shape;

/// A type that a known field may have.
pub(super) trait Field<'a>: Sized {
    /// The type in words, for [`DecodeError`](super::error::DecodeError).
    const EXPECTED: &'static str;

    /// The typed value; nothing if `raw` is of another type.
    fn read(raw: Raw<'a>) -> Option<Self>;

    /// Appends the value as JSON.
    fn write(&self, out: &mut String);
}

/// A JSON number, spelled as it came.
///
/// Two are equal if they are spelled alike.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number<'a>(Cow<'a, str>);

impl Number<'_> {
    /// The number as JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest finite `f64`; nothing beyond the range (`1e999`) or for `null`, which stands
    /// for the numbers that JSON lacks.
    pub fn as_f64(&self) -> Option<f64> {
        Raw::trusted(&self.0, false).f64()
    }

    /// The number as seconds, to the nanosecond; nothing if it is negative, or longer than 292 years.
    pub(crate) fn seconds(&self) -> Option<Duration> {
        let nanos = Raw::trusted(&self.0, false).scaled(9).filter(|nanos| *nanos < i64::MAX)?;
        u64::try_from(nanos).ok().map(Duration::from_nanos)
    }

    /// The number as an `i64`; nothing if it is written with a fraction or exponent, or is beyond
    /// the range.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }
}

impl From<i64> for Number<'_> {
    fn from(number: i64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl From<u64> for Number<'_> {
    fn from(number: u64) -> Self {
        Self(Cow::Owned(number.to_string()))
    }
}

impl From<f64> for Number<'_> {
    /// NaN and the infinities, which JSON lacks, become `null`.
    fn from(number: f64) -> Self {
        let mut json = String::new();
        write_f64(&mut json, number);
        Self(Cow::Owned(json))
    }
}

impl fmt::Debug for Number<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Appends the shortest JSON number that reads back as `number`, or `null` if it is not finite.
/// Whether there was one.
pub(super) fn write_f64(out: &mut String, number: f64) -> bool {
    if !number.is_finite() {
        out.push_str("null");
        return false;
    }
    // `{:?}` keeps a fraction or an exponent, so the reader still sees a float.
    let written = write!(out, "{number:?}");
    debug_assert!(written.is_ok(), "a String takes everything");
    true
}

impl<'a> Field<'a> for Number<'a> {
    const EXPECTED: &'static str = "a number";

    fn read(raw: Raw<'a>) -> Option<Self> {
        (raw.shape() == Shape::Number).then(|| Self(Cow::Borrowed(raw.as_json())))
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl<'a> Field<'a> for Text<'a> {
    const EXPECTED: &'static str = "a string";

    fn read(raw: Raw<'a>) -> Option<Self> {
        raw.text()
    }

    fn write(&self, out: &mut String) {
        self.write(out);
    }
}

impl<'a> Field<'a> for Secret<'a> {
    const EXPECTED: &'static str = "a string";

    fn read(raw: Raw<'a>) -> Option<Self> {
        raw.text().map(Self::from)
    }

    fn write(&self, out: &mut String) {
        self.write(out);
    }
}

impl<'a> Field<'a> for Id<'a> {
    const EXPECTED: &'static str = "an id";

    fn read(raw: Raw<'a>) -> Option<Self> {
        Id::from_raw(raw)
    }

    fn write(&self, out: &mut String) {
        self.write(out);
    }
}

impl<'a> Field<'a> for Raw<'a> {
    const EXPECTED: &'static str = "any value";

    fn read(raw: Self) -> Option<Self> {
        Some(raw)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.as_json());
    }
}

impl Field<'_> for bool {
    const EXPECTED: &'static str = "a boolean";

    fn read(raw: Raw<'_>) -> Option<Self> {
        raw.bool()
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}
