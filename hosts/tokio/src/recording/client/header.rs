//! The first line of a client's recording.

use std::collections::BTreeMap;

use pamlink::client::ClientConfig;
use pamlink::options::OptionError;
use pamlink::time::Now;
use serde::{Deserialize, Serialize};

use crate::recording::characters;
use crate::recording::format::{Of, VERSION, digits};

/// What a client began with.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) pamlink_recording: u32,
    #[serde(default)]
    pub(super) of: Of,
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
            of: Of::Client,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            endpoint,
            v1,
            options,
            anonymous: config.link.anonymous,
            two_links: config.two_links,
            origin: config.link.origin.clone(),
            subprotocols: config.link.subprotocols.clone(),
            seed: digits(seed),
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
