//! What a client was asked for after an input.

use serde::{Deserialize, Serialize};

use crate::recording::digest::Digest;
use crate::recording::sheet;

/// What a client was asked for, and what it had.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    /// All events: how many, and their digest.
    Events(u64, String),
    /// What is to be written: how many bytes, and whether the transport is to be closed.
    Wrote(u64, bool),
    /// The same over the second link.
    WroteSecond(u64, bool),
    /// What came of the command.
    Said(String),
    /// A snapshot: its bytes, and their hash where that is the same without the token.
    Snapshot(u64, Option<String>),
}

impl Then {
    pub(super) fn snapshot(bytes: &[u8], is_clean: bool) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::Snapshot(length, is_clean.then(|| Digest::of(bytes).text()))
    }

    /// Whether a client that is replayed has done what this says.
    pub(super) fn is_met_by(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Snapshot(bytes, None), Self::Snapshot(length, _)) => bytes == length,
            _ => self == found,
        }
    }
}

impl sheet::Then for Then {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Events(0, _) | Self::Wrote(0, false) | Self::WroteSecond(0, false))
    }
}
