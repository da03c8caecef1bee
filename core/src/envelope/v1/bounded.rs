//! Values with the bounds that V-1.3 gives them, checked where they come in.

use core::ops::RangeInclusive;
use core::time::Duration;

use super::MAX_NUMBER;
use crate::envelope::ascii::Ascii;
use crate::envelope::raw::Raw;
use crate::envelope::shape::Shape;
use crate::envelope::{Text, write_text};

/// The longest body, in bytes as it is spelled (V-1.3).
pub(crate) const MAX_BODY: usize = 1 << 20;
/// The longest text of a piece, in bytes.
const MAX_APPEND: usize = 1 << 16;
/// The longest duration, in milliseconds: a day.
const MAX_MILLIS: u64 = 86_400_000;

/// The value of a member.
pub(super) trait Bounded<'a>: Sized {
    /// What is taken, in words.
    const WANTED: &'static str;

    /// Whether `null` is a value and not absence.
    const TAKES_NULL: bool = false;

    /// The value, if it is one and in its bounds.
    fn read(raw: Raw<'a>) -> Result<Self, Wrong>;

    /// What stands for a member that is absent; nothing if it must not be.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether it is written by leaving the member out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Appends the value as JSON.
    fn write(&self, out: &mut String);
}

/// What is wrong with the value of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Of the value that is an object, or has some: the member in it that is wrong.
    pub(super) inner: Option<&'static str>,
    /// Nothing where it is absent.
    pub(super) found: Option<Shape>,
    pub(super) wanted: &'static str,
}

impl Wrong {
    pub(super) const fn value(raw: Raw<'_>, wanted: &'static str) -> Self {
        Self { inner: None, found: Some(raw.shape()), wanted }
    }
}

/// A whole number in its bounds, written without sign, fraction and exponent.
pub(super) fn number(raw: Raw<'_>, bounds: RangeInclusive<u64>) -> Option<u64> {
    if raw.shape() != Shape::Number {
        return None;
    }
    raw.as_json().parse().ok().filter(|number| bounds.contains(number))
}

pub(super) fn write_number(out: &mut String, number: u64) {
    // By hand, for numbers stand in every envelope, and a formatter takes several times as long.
    let mut digits = Ascii([b'0'; 32]);
    let begin = digits.write_number(32, number);
    out.push_str(&digits.as_str()[begin..]);
}

impl<'a, T: Bounded<'a>> Bounded<'a> for Option<T> {
    const WANTED: &'static str = T::WANTED;
    const TAKES_NULL: bool = T::TAKES_NULL;

    fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
        T::read(raw).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write(&self, out: &mut String) {
        if let Some(value) = self {
            value.write(out);
        }
    }
}

/// `offset` and `lost`.
impl Bounded<'_> for u64 {
    const WANTED: &'static str = "a whole number from 0 to 2^53 - 1";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        number(raw, 0..=MAX_NUMBER).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_number(out, *self);
    }
}

/// `keep` and `retry_after`: written in whole milliseconds, rounded up, a day at most.
impl Bounded<'_> for Duration {
    const WANTED: &'static str = "milliseconds from 0 to 86400000";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        let millis = number(raw, 0..=MAX_MILLIS);
        millis.map(Self::from_millis).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        let millis = u64::try_from(self.as_nanos().div_ceil(1_000_000)).unwrap_or(MAX_MILLIS);
        write_number(out, millis.min(MAX_MILLIS));
    }
}

/// `restart` and `reply`: absence is `false`.
impl Bounded<'_> for bool {
    const WANTED: &'static str = "a boolean";

    fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
        raw.bool().ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn absent() -> Option<Self> {
        Some(false)
    }

    fn is_absent(&self) -> bool {
        !self
    }

    fn write(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

/// `append`.
impl<'a> Bounded<'a> for Text<'a> {
    const WANTED: &'static str = "a text of 1 to 65536 bytes";

    fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
        let text = raw.text().filter(|text| (1..=MAX_APPEND).contains(&text.len()));
        text.ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_text(out, self);
    }
}

/// `body`. How deep it is nested is known of the envelope.
impl<'a> Bounded<'a> for Raw<'a> {
    const WANTED: &'static str = "a value of at most 1 MiB, nested at most 10 deep";
    const TAKES_NULL: bool = true;

    fn read(raw: Self) -> Result<Self, Wrong> {
        if raw.as_json().len() > MAX_BODY {
            return Err(Wrong::value(raw, Self::WANTED));
        }
        Ok(raw)
    }

    fn write(&self, out: &mut String) {
        out.push_str(self.as_json());
    }
}

/// A value that comes in lists.
pub(super) trait Listed<'a>: Bounded<'a> {
    /// The list, in words.
    const LIST: &'static str;

    /// How many a list has at most.
    const MOST: usize;

    /// Whether no list is an empty one.
    const MAY_BE_ABSENT: bool;
}

impl<'a, T: Listed<'a>> Bounded<'a> for Vec<T> {
    const WANTED: &'static str = T::LIST;

    fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
        let wrong = || Wrong::value(raw, Self::WANTED);
        if raw.shape() != Shape::List {
            return Err(wrong());
        }
        let mut list = Self::new();
        for item in raw.items() {
            if list.len() == T::MOST {
                return Err(wrong());
            }
            list.push(T::read(item)?);
        }
        Ok(list)
    }

    fn absent() -> Option<Self> {
        T::MAY_BE_ABSENT.then(Self::new)
    }

    fn is_absent(&self) -> bool {
        T::MAY_BE_ABSENT && self.is_empty()
    }

    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, item) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            item.write(out);
        }
        out.push(']');
    }
}
