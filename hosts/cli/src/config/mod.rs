//! The file of `serve --config`: JSON, every member optional, nothing unknown accepted.
//!
//! What a member may be stands in the engine's tables of options; [`members`] lists them with what
//! is of this program alone. `docs/configuration.md` describes every member, and a test holds that
//! document against the list.

mod file;
mod origin;
mod subprotocol;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pamlink::delivery::stream::{LogConfig, StreamsConfig};
use pamlink::delivery::{SessionConfig, SessionsConfig};
use pamlink::frame::DeflateConfig;
use pamlink::hub::HubConfig;
use pamlink::limits::Sizes;
use pamlink::link::jwt::DEFAULT_AUDIENCE;
use pamlink::options::{OptionError, Place, Spec};

pub use self::origin::Origin;
use crate::fault::Fault;

/// What the file holds, with the defaults for what it leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The bounds and choices of the hub.
    pub hub: HubConfig,
    /// The `aud` that a token must name.
    pub audience: String,
    /// Over how long the links are told to come back later.
    pub drain_spread: Duration,
    /// The file in which answers are kept; without one they are in memory.
    pub log: Option<PathBuf>,
}

impl Default for Config {
    /// The engine's defaults, with compression: a server has the time for it, which the engine
    /// leaves to its host to say.
    fn default() -> Self {
        let mut hub = HubConfig::default();
        hub.link.deflate = Some(DeflateConfig::server());
        let drain_spread = Duration::from_secs(2);
        Self { hub, audience: DEFAULT_AUDIENCE.to_owned(), drain_spread, log: None }
    }
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// One line with the file, the line in it, the member, and what is wrong.
    pub fn read(path: &Path) -> Result<Self, Fault> {
        let text = std::fs::read_to_string(path).map_err(|error| Fault::file(path, error))?;
        Self::parse(&text).map_err(|what| Fault::file(path, what))
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    ///
    /// One line with the line in the text, the member, and what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        file::read(text)
    }

    /// Sets the number of a member, `SECTION.NAME`.
    fn set(&mut self, member: &str, value: u64) -> Result<(), OptionError> {
        let set = if let Some(name) = member.strip_prefix("characters.") {
            self.hub.sizes.set_characters(name, value)
        } else if let Some(option) = of(HubConfig::options(), member) {
            option.set(&mut self.hub, value)
        } else if let Some(option) = of(DeflateConfig::OPTIONS, member) {
            option.set(self.deflate(), value)
        } else if let Some(option) = of(SessionsConfig::OPTIONS, member) {
            option.set(&mut self.hub.sessions, value)
        } else if let Some(option) = of(SessionConfig::options(), member) {
            option.set(&mut self.hub.sessions.session, value)
        } else if let Some(option) = of(StreamsConfig::OPTIONS, member) {
            option.set(&mut self.hub.sessions.streams, value)
        } else if let Some(option) = of(LogConfig::OPTIONS, member) {
            option.set(&mut self.hub.stream_log, value)
        } else if let Some(option) = of(OWN, member) {
            option.set(self, value)
        } else {
            Err(OptionError::Unknown { name: member.to_owned() })
        };
        set.map_err(|error| error.of(member))
    }

    fn deflate(&mut self) -> &mut DeflateConfig {
        self.hub.link.deflate.get_or_insert_with(DeflateConfig::server)
    }
}

/// The options of this program that are not the engine's.
const OWN: &[Spec<Config>] = &[
    Spec::<Config>::other(
        "audience",
        "text",
        DEFAULT_AUDIENCE,
        "The `aud` that a token must name.",
    )
    .in_file("auth.audience"),
    Spec::<Config>::other(
        "log_file",
        "path",
        "none",
        "The file in which answers are kept, as `--log` has it; none: they are in memory.",
    )
    .in_file("log.file"),
    Spec::<Config>::number(
        "drain_spread_ms",
        "ms",
        0..=300_000,
        |it| Place::Span(&mut it.drain_spread),
        "Over how long the links are told to come back later, and the longest wait for them.",
    )
    .in_file("drain.spread_ms"),
];

/// The option at a member of the file.
fn of<'a, C: 'a>(
    options: impl IntoIterator<Item = &'a Spec<C>>,
    member: &str,
) -> Option<&'a Spec<C>> {
    options.into_iter().find(|option| option.in_file == Some(member))
}

/// One member of the file, as the document describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Section and name: `links.max`.
    pub path: &'static str,
    /// The unit of the number, or the kind of the value.
    pub unit: &'static str,
    /// The value where the file says nothing.
    pub default: String,
    /// Lowest and highest value of a number.
    pub bounds: Option<RangeInclusive<u64>>,
    /// What it means.
    pub meaning: &'static str,
}

impl Member {
    /// The member's row in the document.
    pub fn row(&self) -> String {
        let Self { path, unit, default, bounds, meaning } = self;
        let bounds = match bounds {
            Some(bounds) => format!("{} to {}", bounds.start(), bounds.end()),
            None => "-".to_owned(),
        };
        format!("| `{path}` | {unit} | {default} | {bounds} | {meaning} |")
    }
}

/// The sections, in the order of the document.
const SECTIONS: &[&str] = &[
    "links",
    "messages",
    "characters",
    "compression",
    "heartbeat",
    "requests",
    "rate",
    "violations",
    "duplicates",
    "sessions",
    "streams",
    "log",
    "auth",
    "drain",
];

/// Every member of the file, for the document and its test.
pub fn members() -> Vec<Member> {
    let mut config = Config::default();
    let mut members = rows(HubConfig::options(), &mut config.hub);
    members.push(Member {
        path: "characters.message",
        unit: "characters",
        default: config.hub.sizes.characters("message").unwrap_or(0).to_string(),
        bounds: Some(Sizes::CHARACTERS),
        meaning: "The longest `message` of types without a limit of their own; so for every member of P-7.2 by its name, and for one type as `voice.message`.",
    });
    members.extend(rows(DeflateConfig::OPTIONS, config.deflate()));
    let sessions = &mut config.hub.sessions;
    members.extend(rows(SessionsConfig::OPTIONS, sessions));
    members.extend(rows(SessionConfig::options(), &mut sessions.session));
    members.extend(rows(StreamsConfig::OPTIONS, &mut sessions.streams));
    members.extend(rows(LogConfig::OPTIONS, &mut config.hub.stream_log));
    members.extend(rows(OWN, &mut config));
    members.sort_by_key(|member| {
        SECTIONS.iter().position(|section| member.path.split('.').next() == Some(section))
    });
    members
}

fn rows<'a, C: 'a>(options: impl IntoIterator<Item = &'a Spec<C>>, config: &mut C) -> Vec<Member> {
    let options = options.into_iter();
    options
        .filter_map(|option| {
            Some(Member {
                path: option.in_file?,
                unit: option.unit,
                default: option.default_in(config),
                bounds: option.bounds().cloned(),
                meaning: option.meaning,
            })
        })
        .collect()
}
