//! What kind of value a JSON text is.

use core::fmt;

/// The six kinds of JSON value.
///
/// Closed: JSON has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
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
