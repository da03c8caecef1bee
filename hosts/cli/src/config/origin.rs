//! An origin in the list of those that are allowed.

use pamlink::frame::handshake::check_origin;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// An origin as browsers send it: one that is anything else would let nobody in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Its text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_origin(&text).map_err(|error| Error::custom(format_args!("{text:?}: {error}")))?;
        Ok(Self(text))
    }
}
