//! What shows who somebody is.

use core::fmt;

use super::bounded::{Bounded, Wrong};
use crate::envelope::{Raw, Text, write_text};

/// A token as it goes over the wire: 1 to 8,192 bytes. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<'a>(Text<'a>);

impl<'a> Secret<'a> {
    /// The longest, in bytes: what a server holds of whoever is not let in yet has room for it.
    pub const MOST: usize = 8_192;

    /// The token, if it is in its bounds.
    pub fn new(token: impl Into<Text<'a>>) -> Option<Self> {
        let token = token.into();
        (1..=Self::MOST).contains(&token.len()).then_some(Self(token))
    }

    /// The token itself, for whoever judges it.
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for Secret<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

impl<'a> Bounded<'a> for Secret<'a> {
    const WANTED: &'static str = "a token of 1 to 8192 bytes";

    fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
        raw.text().and_then(Self::new).ok_or_else(|| Wrong::value(raw, Self::WANTED))
    }

    fn write(&self, out: &mut String) {
        write_text(out, &self.0);
    }
}
