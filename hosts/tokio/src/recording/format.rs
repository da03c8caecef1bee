//! The lines of a recording.

use std::collections::BTreeMap;

use pamlink::client::ClientConfig;
use pamlink::options::OptionError;
use pamlink::time::Now;
use serde::{Deserialize, Serialize};

use super::characters;
use super::input::Input;
use super::lines::Digest;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) pamlink_recording: u32,
    pub(super) engine: String,
    pub(super) endpoint: String,
    pub(super) v1: bool,
    pub(super) options: BTreeMap<String, u64>,
    pub(super) anonymous: bool,
    #[serde(default)]
    pub(super) two_links: bool,
    pub(super) origin: Option<String>,
    pub(super) subprotocols: Vec<String>,
    pub(super) seed: String,
    /// What the client goes on with.
    #[serde(default, with = "characters::optional", skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<Vec<u8>>,
    pub(super) mono: u64,
    pub(super) wall: i64,
}

impl Header {
    /// Nothing if a client of this header would have another configuration.
    pub(super) fn of(
        config: &ClientConfig,
        endpoint: String,
        v1: bool,
        seed: &[u8; 32],
        now: Now,
    ) -> Option<Self> {
        let (mut given, mut default) = (config.clone(), ClientConfig::default());
        let values = ClientConfig::options().filter_map(|option| {
            let value = option.get(&mut given)?;
            let other = option.get(&mut default) != Some(value);
            other.then(|| (option.name.to_owned(), value))
        });
        let options = values.collect();
        let header = Self {
            pamlink_recording: VERSION,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            endpoint,
            v1,
            options,
            anonymous: config.link.anonymous,
            two_links: config.two_links,
            origin: config.link.origin.clone(),
            subprotocols: config.link.subprotocols.clone(),
            seed: seed.iter().map(|byte| format!("{byte:02x}")).collect(),
            snapshot: None,
            mono: now.mono.as_nanos(),
            wall: now.wall.as_unix_micros(),
        };
        (header.config().as_ref() == Ok(config)).then_some(header)
    }

    /// The configuration of the client that was recorded.
    ///
    /// # Errors
    ///
    /// There is no such option, or it is out of its bounds.
    pub(super) fn config(&self) -> Result<ClientConfig, OptionError> {
        let mut config = ClientConfig::default();
        for (name, value) in &self.options {
            config.set(name, *value)?;
        }
        config.link.anonymous = self.anonymous;
        config.two_links = self.two_links;
        config.link.origin.clone_from(&self.origin);
        config.link.subprotocols.clone_from(&self.subprotocols);
        Ok(config)
    }
}

/// An input, and what the host asked for until the next.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) at: u64,
    pub(super) wall: i64,
    #[serde(rename = "in")]
    pub(super) input: Input,
    pub(super) then: Vec<Then>,
}

/// The last line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) end: String,
}

/// What a client was asked for, and what it had.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Then {
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
        let mut digest = Digest::EMPTY;
        digest.add(bytes);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self::Snapshot(length, is_clean.then(|| digest.text()))
    }

    /// Whether a client that is replayed has done what this says.
    pub(super) fn is_met_by(&self, found: &Self) -> bool {
        match (self, found) {
            (Self::Snapshot(bytes, None), Self::Snapshot(length, _)) => bytes == length,
            _ => self == found,
        }
    }

    /// A host that is woken for nothing asks for nothing new: that is written once.
    pub(super) fn repeats(&self, before: &[Self]) -> bool {
        let empty = |then: &Self| {
            matches!(then, Self::Events(0, _) | Self::Wrote(0, false) | Self::WroteSecond(0, false))
        };
        empty(self)
            && match before {
                [.., last] if last == self => true,
                [.., one, other] => empty(one) && empty(other),
                _ => false,
            }
    }
}
