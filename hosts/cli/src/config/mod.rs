//! The file of `serve --config`: JSON, every member optional, nothing unknown accepted.
//!
//! `docs/configuration.md` describes every member; a test holds that document against
//! [`members`].

mod member;
mod origin;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use pamlink::limits::Sizes;
use pamlink::link::jwt::DEFAULT_AUDIENCE;
use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};

use self::member::section;
pub use self::member::{Int, Member};
pub use self::origin::Origin;
use crate::fault::Fault;

/// What the file holds, with the defaults for what it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How many links, and what one may hold back.
    pub links: Links,
    /// What a message may be.
    pub messages: Messages,
    /// How long texts in messages may be.
    pub characters: Characters,
    /// How messages are compressed.
    pub compression: Compression,
    /// When a quiet link is asked for life.
    pub heartbeat: Heartbeat,
    /// Questions on their way to an agent.
    pub requests: Requests,
    /// How much one user may send.
    pub rate: Rate,
    /// When refusals close a link.
    pub violations: Violations,
    /// The duplicate window.
    pub duplicates: Duplicates,
    /// Tokens.
    pub auth: Auth,
    /// The way down.
    pub drain: Drain,
}

section! {
    /// `links`: how many links, and what one may hold back.
    Links "links" {
        max: 131_072, 1..=1_000_000, "links", "Links of all users together.";
        max_unauthenticated: 4_096, 1..=1_000_000, "links",
            "Links that have shown no good token; one more, and the one that has been here longest ends.";
        max_unauthenticated_per_address: 64, 1..=1_000_000, "links",
            "The same of one address. Behind a proxy all come from its address: there this bounds handshakes at once.";
        ipv6_prefix_bits: 64, 1..=128, "bits",
            "The bits of an IPv6 address that tell one peer from another.";
        max_per_user: 32, 1..=10_000, "links",
            "Links of one user, such as tabs; for one more the oldest is closed with 1000.";
        outbox_bytes: 262_144, 4_096..=67_108_864, "bytes",
            "What may wait to be written to one link, beside one message, before the link is closed.";
        handshake_ms: 10_000, 100..=120_000, "ms",
            "How long the opening handshake may take.";
        max_head_bytes: 32_768, 1_024..=65_535, "bytes",
            "The longest head of a request, cookies and all; so much a connection may hold before anybody knows it. A longer one is answered with 431.";
        max_headers: 128, 16..=1_024, "lines",
            "Header lines of a request, 16 bytes each beside the head; more are answered with 431.";
        max_target_bytes: 20_480, 256..=65_535, "bytes",
            "The longest path and query of a request as it is spelled, percent-encoding and token included; a longer one is answered with 414.";
    }
}

section! {
    /// `messages`: what a message may be.
    Messages "messages" {
        max_bytes: 1_048_576, 1_024..=67_108_864, "bytes",
            "The largest message in either direction. A larger one that comes closes the link with 1009, an answer that is larger ends as MESSAGE_TOO_LARGE.";
        max_fragments: 4_096, 1..=1_048_576, "frames",
            "Fragments of one message, beside one more for each 64 bytes of it; more close the link with 1009.";
    }
}

section! {
    /// `compression`: how messages are compressed with peers that offer permessage-deflate.
    Compression "compression" {
        level: 1, 0..=9, "level",
            "How hard compression tries, 1 being the fastest; 0 turns it off, and offers are declined.";
        threshold_bytes: 128, 0..=67_108_864, "bytes",
            "The shortest message that is compressed; four times that without context takeover.";
        send_window_bits: 15, 9..=15, "bits",
            "Two to this power are the bytes before that a message to a peer may refer to.";
        receive_window_bits: 9, 9..=15, "bits",
            "The same for messages of a peer; so many bytes are kept of each link.";
        max_compressors: 64, 0..=100_000, "links",
            "Links that hold a compressor, up to 380 KB, between messages; others borrow one for each and save less.";
        max_ratio: 200, 10..=1_032, "times",
            "How much longer than its compressed form a message over 64 KiB may be; beyond, the link is closed with 1009.";
    }
}

section! {
    /// `heartbeat`: when a quiet link is asked for life.
    Heartbeat "heartbeat" {
        interval_ms: 20_000, 100..=25_000, "ms",
            "Between two pings of the server; hosts in between cut links that are quiet for 30 s.";
        deadline_ms: 10_000, 100..=120_000, "ms",
            "How long a peer has to show life after a ping.";
    }
}

section! {
    /// `requests`: questions on their way to an agent.
    Requests "requests" {
        max: 65_536, 1..=1_000_000, "requests", "Running requests of all links together.";
        max_per_link: 32, 1..=10_000, "requests", "Running requests of one link.";
        timeout_ms: 120_000, 100..=3_600_000, "ms",
            "How long an agent may take before the peer is told REQUEST_EXPIRED.";
    }
}

section! {
    /// `rate`: how much one user may send.
    Rate "rate" {
        messages: 100, 1..=10_000_000, "messages", "Messages of one user in `per_ms`.";
        connects: 60, 1..=10_000_000, "links", "Links that one user may open in `per_ms`.";
        repeats: 500, 1..=10_000_000, "messages",
            "Repeats of requests, which have no second effect, of one user in `per_ms`.";
        per_ms: 60_000, 1..=86_400_000, "ms",
            "The span that `messages`, `connects` and `repeats` count for.";
    }
}

section! {
    /// `violations`: when refusals close a link.
    Violations "violations" {
        max: 5, 1..=1_000_000, "refusals", "Refusals within `window_ms` that a link survives; one more closes it.";
        window_ms: 60_000, 1_000..=86_400_000, "ms", "How far back refusals count.";
    }
}

section! {
    /// `duplicates`: the window in which a repeat gets the first result.
    Duplicates "duplicates" {
        max_entries: 262_144, 1..=16_777_216, "entries", "Requests that are remembered.";
        max_age_ms: 300_000, 1_000..=86_400_000, "ms", "How long a request is remembered.";
        max_result_bytes: 16_777_216, 0..=1_073_741_824, "bytes",
            "Results kept for repeats, all together.";
    }
}

section! {
    /// `drain`: the way down.
    Drain "drain" {
        spread_ms: 2_000, 0..=300_000, "ms",
            "Over how long the links are told to come back later, and the longest wait for them.";
    }
}

/// `characters`: how long texts in messages may be, by `NAME` or `TYPE.NAME` of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Characters(BTreeMap<String, Length>);

type Length = Int<1, 1_048_576, 5_000>;

impl Characters {
    /// Sets the limits that the file gives.
    pub fn set(&self, sizes: &mut Sizes) {
        for (member, limit) in &self.0 {
            let set = sizes.set_characters(member, limit.value());
            debug_assert!(set.is_ok(), "names are looked at when the file is read");
        }
    }

    fn members() -> Vec<Member> {
        vec![Length::member(
            "characters.message",
            "characters",
            "The longest `message` of types without a limit of their own; so for every member of P-7.2 by its name, and for one type as `voice.message`.",
        )]
    }
}

impl<'de> Deserialize<'de> for Characters {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let limits = BTreeMap::<String, Length>::deserialize(deserializer)?;
        let mut sizes = Sizes::default();
        for (member, limit) in &limits {
            sizes.set_characters(member, limit.value()).map_err(D::Error::custom)?;
        }
        Ok(Self(limits))
    }
}

/// `auth`: tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// The `aud` that a token must name; absent: `authenticated`.
    pub audience: Option<String>,
    /// The origins that a browser's page may come from; absent: any.
    pub origins: Option<Vec<Origin>>,
    /// How long a link outlives its token without renewal, in milliseconds.
    pub grace_ms: Int<0, 3_600_000, 60_000>,
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
        // A list of values would pass for a section, by position: the shape is checked first.
        read::<HashMap<String, HashMap<String, IgnoredAny>>>(text)?;
        read(text)
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let what = inner.to_string();
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        let field = if path == "." { String::new() } else { format!("{path}: ") };
        format!("line {}, column {}: {field}{what}", inner.line(), inner.column())
    })?;
    reader.end().map_err(|error| {
        format!("line {}, column {}: more text after the end", error.line(), error.column())
    })?;
    Ok(value)
}

/// Every member of the file, for the document and its test.
pub fn members() -> Vec<Member> {
    let mut all = Vec::new();
    for section in [
        Links::members(),
        Messages::members(),
        Characters::members(),
        Compression::members(),
        Heartbeat::members(),
        Requests::members(),
        Rate::members(),
        Violations::members(),
        Duplicates::members(),
    ] {
        all.extend(section);
    }
    let text = |path: &str, unit, default: &str, says| Member {
        path: path.to_owned(),
        unit,
        default: default.to_owned(),
        bounds: "-".to_owned(),
        says,
    };
    all.push(text("auth.audience", "text", DEFAULT_AUDIENCE, "The `aud` that a token must name."));
    all.push(text(
        "auth.origins",
        "list of texts",
        "any",
        "The origins that a browser's page may come from, such as `https://app.example`: scheme and host, no slash after them.",
    ));
    all.push(Int::<0, 3_600_000, 60_000>::member(
        "auth.grace_ms",
        "ms",
        "How long a link outlives its token without renewal before it is closed with 4001.",
    ));
    all.extend(Drain::members());
    all
}
