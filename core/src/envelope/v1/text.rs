//! Texts with bounds: names and codes.

use core::fmt;
use core::ops::Deref;

use super::bounded::{Bounded, Wrong};
use crate::envelope::{Raw, Text};

/// Makes a text that is in its bounds wherever it is.
macro_rules! bounded_text {
    ( $(#[$doc:meta])* $name:ident, $wanted:literal, |$text:ident| $fits:expr ) => {
        $(#[$doc])*
        ///
        /// Equal texts are equal however they were spelled; one that was read is written as it was
        /// spelled.
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name<'a>(Text<'a>);

        impl<'a> $name<'a> {
            /// The text, if it is in its bounds.
            pub fn new(text: impl Into<Text<'a>>) -> Option<Self> {
                let text = text.into();
                Self::fits(&text).then_some(Self(text))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The same, borrowed.
            pub fn as_borrowed(&self) -> $name<'_> {
                $name(self.0.as_str().into())
            }

            /// The same without its tie to the envelope. The spelling of escapes is forgotten.
            pub fn into_owned(self) -> $name<'static> {
                $name(self.0.into_owned())
            }

            fn fits($text: &str) -> bool {
                $fits
            }
        }

        impl Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
                self.as_str()
            }
        }

        impl<'a> From<$name<'a>> for Text<'a> {
            fn from(text: $name<'a>) -> Self {
                text.0
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self)
            }
        }

        impl<'a> Bounded<'a> for $name<'a> {
            const WANTED: &'static str = $wanted;

            fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
                raw.text().and_then(Self::new).ok_or_else(|| Wrong::value(raw, Self::WANTED))
            }

            fn write(&self, out: &mut String) {
                self.0.write(out);
            }
        }
    };
}

bounded_text! {
    /// What a stream or an agent is called: 1 to 128 bytes, no control characters (U+0000 to
    /// U+001F, U+007F to U+009F).
    Name, "a name of 1 to 128 bytes without control characters",
    |text| matches!(text.len(), 1..=128)
        // Most are of ASCII, which is looked at without taking characters apart.
        && (text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.contains(char::is_control))
}

bounded_text! {
    /// Why, for programs: a word of an open set, 1 to 64 bytes of `a-z`, `0-9` and `_`.
    Code, "a word of 1 to 64 bytes of a-z, 0-9 and _",
    |text| matches!(text.len(), 1..=64)
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
