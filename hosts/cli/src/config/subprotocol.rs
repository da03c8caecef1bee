//! A subprotocol in the list of those that are taken.

use pamlink::hub::check_subprotocol;
use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// The name of a subprotocol that the hub may take beside its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subprotocol(String);

impl Subprotocol {
    /// Its name.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Subprotocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_subprotocol(&text)
            .map_err(|error| Error::custom(format_args!("{text:?}: {error}")))?;
        Ok(Self(text))
    }
}
