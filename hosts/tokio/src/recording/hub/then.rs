//! What a hub was asked for after an input.

use serde::{Deserialize, Serialize};

use crate::recording::sheet;

/// What a hub was asked for, and what it had.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    /// All events: how many, and their digest.
    Events(u64, String),
    /// What is to be written over a link: how many bytes, whether its transport is to be closed, and
    /// their digest where that is the same without a token.
    Sent(u64, u64, bool, Option<String>),
    /// What came of the command.
    Said(String),
}

impl Then {
    /// Whether a hub that is replayed has done what this says.
    pub(super) fn is_met_by(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Sent(link, bytes, closes, None), Self::Sent(other, found, closed, _)) => {
                (link, bytes, closes) == (other, found, closed)
            }
            _ => self == found,
        }
    }
}

impl sheet::Then for Then {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Events(0, _) | Self::Sent(_, 0, false, _))
    }
}
