//! Any value a host can hand over, and the JSON it becomes.

mod encode;

use core::fmt;
use core::time::Duration;

use crate::time::Wall;

/// A value on its way into a frame.
///
/// Encoding is total: every value becomes valid JSON, and what has no exact form there is
/// counted in [`Adjusted`].
///
/// | value | becomes | counted |
/// |---|---|---|
/// | NaN, the infinities | `null` | `non_finite` |
/// | an integer beyond ±(2⁵³ − 1), which JavaScript would round | its decimal digits as a string | `wide_integers` |
/// | [`Time`](Self::Time) | a string, RFC 3339 in UTC with milliseconds, cut from microseconds | – |
/// | a time beyond the years 0000 to 9999 | the nearest within | `clamped_times` |
/// | [`Duration`](Self::Duration) | a number of seconds, to the nanosecond | – |
/// | [`Bytes`](Self::Bytes) | a string, Base64 with padding (RFC 4648 section 4) | – |
/// | a lone surrogate, a byte that is no UTF-8 | U+FFFD | `replaced` |
/// | a map key that is no text | the text of its JSON, of a string without quotes and escapes; NaN and the infinities as `NaN`, `inf` and `-inf` | `keys` |
/// | a map key that is a list or map with another as a key | its JSON with `"…"` for the inner one | `cut` |
/// | a key that the map has had | is written again; readers take the last | `repeated_keys` |
/// | a list, map or raw JSON nested deeper than the limit | the string `"…"` | `cut` |
/// | raw text that is no JSON | itself as a string | `invalid_raw` |
///
/// Nothing here recurses, however deep the value. Since it empties itself on drop, a part cannot
/// be moved out of it by a pattern.
#[derive(Default)]
#[non_exhaustive]
pub enum Value {
    /// `null`.
    #[default]
    Null,
    /// A boolean.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// An integer beyond 64 bits, as its host spells it.
    BigInt(String),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Text(String),
    /// A text of a host whose strings are UTF-16 and may hold lone surrogates.
    Utf16(Vec<u16>),
    /// A text of a host whose strings are UTF-8 but may hold encoded surrogates.
    Wtf8(Vec<u8>),
    /// Bytes that are no text.
    Bytes(Vec<u8>),
    /// A point in time.
    Time(Wall),
    /// A span of time.
    Duration(Duration),
    /// A list.
    List(Vec<Self>),
    /// A map, in the order in which it is written. Keys may be any value.
    Map(Vec<(Self, Self)>),
    /// Text that is JSON already.
    Raw(String),
}

/// How often an encoding could not say exactly what the value held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Adjusted {
    /// Times moved into the years that can be written.
    pub clamped_times: u32,
    /// Lists, maps and raw JSON that were too deep.
    pub cut: u32,
    /// Raw texts that were no JSON.
    pub invalid_raw: u32,
    /// Map keys that were no text.
    pub keys: u32,
    /// NaNs and infinities.
    pub non_finite: u32,
    /// Map keys that had come before in the same map.
    pub repeated_keys: u32,
    /// Characters that stand for a lone surrogate or for bytes that are no text.
    pub replaced: u32,
    /// Integers written as strings.
    pub wide_integers: u32,
}

impl Adjusted {
    /// Whether everything was said exactly.
    pub fn is_exact(&self) -> bool {
        *self == Self::default()
    }
}

impl Value {
    /// Appends the value as JSON, nested no deeper than `depth` (a list of scalars has the
    /// depth 1), and counts what could not be said exactly.
    #[must_use = "what was adjusted is not to be passed over in silence"]
    pub fn encode(&self, depth: u8, out: &mut String) -> Adjusted {
        encode::encode(self, depth, out)
    }

    /// Moves what is inside a list or map into `inside`.
    fn empty(&mut self, inside: &mut Vec<Self>) {
        match self {
            Self::List(items) => inside.append(items),
            Self::Map(members) => {
                for (key, value) in members.drain(..) {
                    inside.push(key);
                    inside.push(value);
                }
            }
            _ => {}
        }
    }
}

impl fmt::Debug for Value {
    /// The JSON it becomes, cut below 32 levels.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut json = String::new();
        let adjusted = self.encode(32, &mut json);
        f.write_str(&json)?;
        if adjusted.is_exact() { Ok(()) } else { write!(f, " ({adjusted:?})") }
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        let mut inside = Vec::new();
        self.empty(&mut inside);
        while let Some(mut value) = inside.pop() {
            value.empty(&mut inside);
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::UInt(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Wall> for Value {
    fn from(value: Wall) -> Self {
        Self::Time(value)
    }
}

impl From<Duration> for Value {
    fn from(value: Duration) -> Self {
        Self::Duration(value)
    }
}

#[cfg(test)]
mod tests;
