//! The first line of a hub's recording.

use std::collections::BTreeMap;
use std::sync::Arc;

use pamlink::delivery::stream::{LogConfig, StreamsConfig};
use pamlink::delivery::{SessionConfig, SessionsConfig};
use pamlink::hub::{Auth, Hub, HubConfig, UnknownAgent, UserCap, WhileAnswering};
use pamlink::options::Spec;
use pamlink::routing::Table;
use pamlink::time::Now;
use serde::{Deserialize, Serialize};

use crate::recording::format::{Of, VERSION, digits, seed};

/// What a hub began with. Of numbers those that are not at their default, by the names of their
/// options.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) pamlink_recording: u32,
    pub(super) of: Of,
    pub(super) engine: String,
    options: Numbers,
    sessions: Numbers,
    session: Numbers,
    streams: Numbers,
    log: Numbers,
    /// In the order in which they are set.
    characters: Vec<(String, u64)>,
    origins: Option<Vec<String>>,
    accepts: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subprotocols: Vec<String>,
    refuse_newest: bool,
    route_unknown_agents: bool,
    while_answering: String,
    routes: String,
    seed: String,
    pub(super) mono: u64,
    pub(super) wall: i64,
}

type Numbers = BTreeMap<String, u64>;

impl Header {
    /// Nothing if a hub of this header would have another configuration.
    pub(super) fn of(
        config: &HubConfig,
        routes: &Table,
        seed: &[u8; 32],
        now: Now,
    ) -> Option<Self> {
        let (mut given, mut default) = (config.clone(), HubConfig::default());
        let policies = WhileAnswering::NAMES;
        let policy = policies.iter().find(|(_, policy)| *policy == config.while_answering)?;
        let header = Self {
            pamlink_recording: VERSION,
            of: Of::Hub,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            options: numbers(HubConfig::options(), &mut given, &mut default),
            sessions: numbers(SessionsConfig::OPTIONS, &mut given.sessions, &mut default.sessions),
            session: numbers(
                SessionConfig::options(),
                &mut given.sessions.session,
                &mut default.sessions.session,
            ),
            streams: numbers(
                StreamsConfig::OPTIONS,
                &mut given.sessions.streams,
                &mut default.sessions.streams,
            ),
            log: numbers(LogConfig::OPTIONS, &mut given.stream_log, &mut default.stream_log),
            characters: characters(config),
            origins: config.origins.clone(),
            accepts: config.accepts.clone(),
            subprotocols: config.subprotocols.clone(),
            refuse_newest: config.at_user_cap == UserCap::RefuseNewest,
            route_unknown_agents: config.unknown_agent == UnknownAgent::Route,
            while_answering: policy.0.to_owned(),
            routes: routes.as_json().to_owned(),
            seed: digits(seed),
            mono: now.mono.as_nanos(),
            wall: now.wall.as_unix_micros(),
        };
        (header.config().as_ref() == Ok(config)).then_some(header)
    }

    /// A hub as the recorded one was.
    ///
    /// # Errors
    ///
    /// What is wrong with the header.
    pub(super) fn hub(&self) -> Result<Hub, String> {
        let routes = Table::from_json(&self.routes).map_err(|error| error.to_string())?;
        Ok(Hub::new(self.config()?, Auth::Host, Arc::new(routes), seed(&self.seed)?))
    }

    /// # Errors
    ///
    /// There is no such option, or it is out of its bounds.
    pub(super) fn config(&self) -> Result<HubConfig, String> {
        let mut config = HubConfig::default();
        set(HubConfig::options(), &mut config, &self.options)?;
        set(SessionsConfig::OPTIONS, &mut config.sessions, &self.sessions)?;
        set(SessionConfig::options(), &mut config.sessions.session, &self.session)?;
        set(StreamsConfig::OPTIONS, &mut config.sessions.streams, &self.streams)?;
        set(LogConfig::OPTIONS, &mut config.stream_log, &self.log)?;
        for (name, limit) in &self.characters {
            let set = config.sizes.set_characters(name, *limit);
            set.map_err(|error| error.to_string())?;
        }
        config.origins.clone_from(&self.origins);
        config.accepts.clone_from(&self.accepts);
        config.subprotocols.clone_from(&self.subprotocols);
        if self.refuse_newest {
            config.at_user_cap = UserCap::RefuseNewest;
        }
        if self.route_unknown_agents {
            config.unknown_agent = UnknownAgent::Route;
        }
        let policy = WhileAnswering::from_name(&self.while_answering);
        config.while_answering =
            policy.ok_or_else(|| format!("there is no policy `{}`", self.while_answering))?;
        Ok(config)
    }
}

/// The numbers that are not at their default.
fn numbers<'a, C: 'a>(
    options: impl IntoIterator<Item = &'a Spec<C>>,
    given: &mut C,
    default: &mut C,
) -> Numbers {
    let values = options.into_iter().filter_map(|option| {
        let value = option.get(given)?;
        (option.get(default) != Some(value)).then(|| (option.name.to_owned(), value))
    });
    values.collect()
}

fn set<'a, C: 'a>(
    options: impl IntoIterator<Item = &'a Spec<C>>,
    config: &mut C,
    values: &Numbers,
) -> Result<(), String> {
    let options: Vec<_> = options.into_iter().collect();
    for (name, value) in values {
        let option = options.iter().find(|option| option.name == *name);
        let option = option.ok_or_else(|| format!("there is no option `{name}`"))?;
        option.set(config, *value).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// The limits of characters that have to be set, each with what was set before it in mind.
fn characters(config: &HubConfig) -> Vec<(String, u64)> {
    let mut sizes = HubConfig::default().sizes;
    let mut changes = Vec::new();
    for change in config.sizes.all_characters() {
        if sizes.all_characters().contains(&change) {
            continue;
        }
        let (name, limit) = change;
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        // What cannot be set makes another configuration, which is noticed.
        if sizes.set_characters(&name, limit).is_ok() {
            changes.push((name, limit));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pamlink::frame::DeflateConfig;
    use pamlink::time::{Mono, Wall};

    use super::*;

    fn header(change: impl FnOnce(&mut HubConfig)) -> Option<Header> {
        let mut config = HubConfig::default();
        change(&mut config);
        let now = Now::new(Mono::ZERO, Wall::EPOCH);
        Header::of(&config, &Table::default(), &[7; 32], now)
    }

    /// Another value of an option; none of what is never recorded.
    fn change(option: &Spec<HubConfig>, config: &mut HubConfig) -> Option<()> {
        if let (Some(bounds), Some(value)) = (option.bounds(), option.get(config)) {
            let other = if value < *bounds.end() { value + 1 } else { value - 1 };
            option.set(config, other).unwrap();
            return Some(());
        }
        match option.name {
            "accepts" => config.accepts = vec!["page_view".to_owned()],
            "characters" => config.sizes.set_characters("message", 70).unwrap(),
            "compression" => return None,
            "origins" => config.origins = Some(vec!["https://app.example".to_owned()]),
            "refuse_newest" => config.at_user_cap = UserCap::RefuseNewest,
            "route_unknown_agents" => config.unknown_agent = UnknownAgent::Route,
            "subprotocols" => config.subprotocols = vec!["v10.stomp".to_owned()],
            "while_answering" => config.while_answering = WhileAnswering::Queue,
            other => panic!("nothing is known of {other}"),
        }
        Some(())
    }

    #[test]
    fn every_option_of_a_hub_is_in_its_header() {
        for option in HubConfig::options() {
            let mut config = HubConfig::default();
            if change(option, &mut config).is_none() {
                continue;
            }
            assert_ne!(config, HubConfig::default(), "{}", option.name);
            let header = header(|it| it.clone_from(&config));
            let text = serde_json::to_string(&header.expect(option.name)).unwrap();
            let read: Header = serde_json::from_str(&text).unwrap();
            assert_eq!(read.config().as_ref(), Ok(&config), "{}", option.name);
        }
    }

    #[test]
    fn a_configuration_is_in_a_header_whole_or_there_is_none() {
        let none = header(|_| {}).unwrap();
        assert!(none.options.is_empty() && none.characters.is_empty());
        let all = header(|config| {
            config.set("max_links", 7).unwrap();
            config.sessions.user_sessions = 3;
            config.sessions.session.set("queue_envelopes", 9).unwrap();
            config.stream_log.set("max_streams", 5).unwrap();
            config.sizes.set_characters("message", 70).unwrap();
            config.sizes.set_characters("chat.message", 5_000).unwrap();
            config.sizes.set_characters("voice.text", 9).unwrap();
            config.origins = Some(vec!["https://app.example".to_owned()]);
            config.accepts = vec!["page_view".to_owned()];
            config.at_user_cap = UserCap::RefuseNewest;
            config.unknown_agent = UnknownAgent::Route;
            config.while_answering = WhileAnswering::Queue;
        });
        let all = all.unwrap();
        assert_eq!(all.characters.len(), 3, "{:?}", all.characters);
        let text = serde_json::to_string(&all).unwrap();
        let read: Header = serde_json::from_str(&text).unwrap();
        assert_eq!(read.config(), all.config());
        assert!(read.hub().is_ok());

        assert!(header(|config| config.link.deflate = Some(DeflateConfig::server())).is_none());
        assert!(header(|config| config.link.patience.close += Duration::from_nanos(1)).is_none());
        assert!(header(|config| config.auth_timeout = Duration::from_micros(10_500)).is_none());
    }
}
