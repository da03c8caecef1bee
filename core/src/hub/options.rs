//! The options of a hub: the table, and how a config is held to it.

use super::config::HubConfig;
use crate::dedup::WindowConfig;
use crate::limits::{Rate, RateClass};
use crate::link::{LinkConfig, OfLink};
use crate::options::{self, OptionError, Place, Spec};

impl HubConfig {
    /// Every option of a hub, but for those of compression
    /// ([`DeflateConfig::OPTIONS`](crate::frame::DeflateConfig::OPTIONS)), of sessions
    /// ([`SessionsConfig::OPTIONS`](crate::delivery::SessionsConfig::OPTIONS),
    /// [`SessionConfig::options`](crate::delivery::SessionConfig::options)) and their streams
    /// ([`StreamsConfig::OPTIONS`](crate::delivery::stream::StreamsConfig::OPTIONS),
    /// [`LogConfig::OPTIONS`](crate::delivery::stream::LogConfig::OPTIONS)), and the limits of
    /// messages by type ([`Sizes::set_characters`](crate::limits::Sizes::set_characters)).
    pub fn options() -> impl Iterator<Item = &'static Spec<Self>> {
        OPTIONS.iter().chain(Self::LINK_OPTIONS)
    }

    /// Sets the option of this name, a number.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::options(), self, name, value)
    }

    /// What is out of its bounds taken as the nearest inside.
    pub(super) fn within_bounds(mut self) -> Self {
        for option in Self::options() {
            option.clamp(&mut self);
        }
        self.link.settle_compression();
        self
    }
}

impl OfLink for HubConfig {
    fn link(&mut self) -> &mut LinkConfig {
        &mut self.link
    }
}

type Row = Spec<HubConfig>;

const OPTIONS: &[Row] = &[
    Row::number(
        "max_links",
        "links",
        1..=16_777_216,
        |it| Place::Count(&mut it.max_links),
        "Links of all users together.",
    )
    .in_packages()
    .in_file("links.max"),
    Row::number(
        "max_unauthenticated",
        "links",
        1..=16_777_216,
        |it| Place::Count(&mut it.max_unauthenticated),
        "Links that have shown no good token; one more, and the one that has been here longest ends.",
    )
    .in_file("links.max_unauthenticated"),
    Row::number(
        "max_unauthenticated_per_address",
        "links",
        1..=16_777_216,
        |it| Place::Count(&mut it.max_unauthenticated_per_address),
        "The same of one address. Behind a proxy all come from its address: there this bounds handshakes at once.",
    )
    .in_file("links.max_unauthenticated_per_address"),
    Row::number(
        "ipv6_prefix_bits",
        "bits",
        1..=128,
        |it| Place::Small(&mut it.ipv6_prefix),
        "The bits of an IPv6 address that tell one peer from another.",
    )
    .in_file("links.ipv6_prefix_bits"),
    Row::number(
        "max_links_per_user",
        "links",
        1..=65_536,
        |it| Place::Count(&mut it.max_links_per_user),
        "Links of one user, such as tabs; for one more the oldest is closed with 1000.",
    )
    .in_packages()
    .in_file("links.max_per_user"),
    Row::other(
        "refuse_newest",
        "flag",
        "no",
        "Whether one link more of a user is refused in place of closing the oldest.",
    )
    .in_packages(),
    Row::number(
        "outbox_bytes",
        "bytes",
        LinkConfig::OUTBOX,
        |it| Place::Size(&mut it.link.outbox.max_bytes),
        "What may wait to be written to one link, beside one message, before the link is closed.",
    )
    .in_packages()
    .in_file("links.outbox_bytes"),
    Row::other(
        "compression",
        "flag",
        "no",
        "Whether messages are compressed with peers that offer it over bytes.",
    )
    .in_packages(),
    Row::number(
        "max_compressors",
        "links",
        0..=100_000,
        |it| Place::Count(&mut it.max_compressors),
        "Links that hold a compressor, up to 380 KB, between messages; others borrow one for each and save less.",
    )
    .in_packages()
    .in_file("compression.max_compressors"),
    Row::other(
        "characters",
        "characters by member",
        "as P-7.2 has them",
        "How many characters a text in a message may have, by its member or by type and member.",
    )
    .in_packages(),
    Row::number(
        "depth",
        "levels",
        1..=255,
        |it| Place::Small(&mut it.sizes.depth),
        "How deep a message may be nested.",
    ),
    Row::other(
        "accepts",
        "list of texts",
        "none",
        "Types beyond those of the dialect that the host takes.",
    )
    .in_packages(),
    Row::other(
        "route_unknown_agents",
        "flag",
        "no",
        "Whether a request that names an unknown agent goes to the table's error handler.",
    )
    .in_packages(),
    Row::number(
        "max_requests",
        "requests",
        1..=16_777_216,
        |it| Place::Count(&mut it.max_requests),
        "Running requests of all links together.",
    )
    .in_packages()
    .in_file("requests.max"),
    Row::number(
        "max_requests_per_link",
        "requests",
        1..=65_536,
        |it| Place::Count(&mut it.max_requests_per_link),
        "Running requests of one link.",
    )
    .in_packages()
    .in_file("requests.max_per_link"),
    Row::number(
        "request_timeout_ms",
        "ms",
        100..=86_400_000,
        |it| Place::Span(&mut it.request_timeout),
        "How long an agent may take before the peer is told REQUEST_EXPIRED.",
    )
    .in_packages()
    .in_file("requests.timeout_ms"),
    Row::other(
        "while_answering",
        "text",
        "parallel",
        "What happens to a request while an answer to its user runs: `parallel`, `queue`, `reject` or `replace` (P-5.12).",
    )
    .in_packages()
    .in_file("requests.while_answering"),
    Row::number(
        "messages_per_minute",
        "messages",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Message)),
        "Messages of one user in `per_ms`.",
    )
    .in_packages()
    .in_file("rate.messages"),
    Row::number(
        "connects_per_minute",
        "links",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Connect)),
        "Links that one user may open in `per_ms`.",
    )
    .in_packages()
    .in_file("rate.connects"),
    Row::number(
        "repeats_per_minute",
        "messages",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Repeat)),
        "Repeats of requests, which have no second effect, of one user in `per_ms`.",
    )
    .in_packages()
    .in_file("rate.repeats"),
    Row::number(
        "rate_per_ms",
        "ms",
        1..=86_400_000,
        |it| {
            let own = |class| matches!(class, RateClass::Auth | RateClass::Voice | RateClass::Feedback);
            let rates = it.rates.each_mut().filter(|(class, _)| !own(*class));
            Place::All(rates.map(|(_, rate)| Place::Span(&mut rate.per)).collect())
        },
        "The span that `messages`, `connects` and `repeats` count for.",
    )
    .in_file("rate.per_ms"),
    Row::number(
        "bad_tokens",
        "tokens",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Auth)),
        "Tokens of one user over open links that are no good, in their own span.",
    ),
    Row::number(
        "bad_tokens_per_ms",
        "ms",
        1..=86_400_000,
        |it| Place::Span(&mut it.rates.rate_mut(RateClass::Auth).per),
        "The span that bad tokens count for.",
    ),
    Row::number(
        "voice",
        "messages",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Voice)),
        "Voice inputs of one user, in their own span.",
    ),
    Row::number(
        "voice_per_ms",
        "ms",
        1..=86_400_000,
        |it| Place::Span(&mut it.rates.rate_mut(RateClass::Voice).per),
        "The span that voice inputs count for.",
    ),
    Row::number(
        "feedback",
        "messages",
        1..=10_000_000,
        |it| count(it.rates.rate_mut(RateClass::Feedback)),
        "Feedback of one user, in its own span.",
    ),
    Row::number(
        "feedback_per_ms",
        "ms",
        1..=86_400_000,
        |it| Place::Span(&mut it.rates.rate_mut(RateClass::Feedback).per),
        "The span that feedback counts for.",
    ),
    Row::number(
        "max_rated_users",
        "users",
        1..=16_777_216,
        |it| Place::Size(&mut it.rates.max_users),
        "Users whose rates and refusals are known at once.",
    ),
    Row::number(
        "max_violations",
        "refusals",
        1..=1_000_000,
        |it| Place::Count(&mut it.max_violations),
        "Refusals within `window_ms` that a link survives; one more closes it.",
    )
    .in_packages()
    .in_file("violations.max"),
    Row::number(
        "violation_window_ms",
        "ms",
        1_000..=86_400_000,
        |it| Place::Span(&mut it.violation_window),
        "How far back refusals count.",
    )
    .in_file("violations.window_ms"),
    Row::number(
        "window_entries",
        "entries",
        1..=WindowConfig::MOST_ENTRIES as u64,
        |it| Place::Size(&mut it.window.max_entries),
        "Requests that are remembered.",
    )
    .in_packages()
    .in_file("duplicates.max_entries"),
    Row::number(
        "window_age_ms",
        "ms",
        1_000..=604_800_000,
        |it| Place::Span(&mut it.window.max_age),
        "How long a request is remembered.",
    )
    .in_packages()
    .in_file("duplicates.max_age_ms"),
    Row::number(
        "window_content_age_ms",
        "ms",
        0..=86_400_000,
        |it| Place::SpanOrNone(&mut it.window.content_age),
        "How long a request without an id is remembered by its text; 0 for not at all.",
    ),
    Row::number(
        "window_result_bytes",
        "bytes",
        0..=1 << 30,
        |it| Place::Size(&mut it.window.max_result_bytes),
        "Results kept for repeats, all together.",
    )
    .in_packages()
    .in_file("duplicates.max_result_bytes"),
    Row::other(
        "origins",
        "list of texts",
        "any",
        "The origins that a browser's page may come from, such as `https://app.example`: scheme and host, no slash after them.",
    )
    .in_packages()
    .in_file("auth.origins"),
    Row::other(
        "subprotocols",
        "list of texts",
        "none",
        "The subprotocols beside `pamlink.v1` that a client may offer; the first of its own that is here is agreed on, and the link speaks the `pam` dialect.",
    )
    .in_packages()
    .in_file("links.subprotocols"),
    Row::number(
        "auth_timeout_ms",
        "ms",
        10..=86_400_000,
        |it| Place::Span(&mut it.auth_timeout),
        "How long a link waits for the host's verdict on its token.",
    )
    .in_packages(),
    Row::number(
        "token_grace_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.token_grace),
        "How long a link outlives its token without renewal before it is closed with 4001.",
    )
    .in_packages()
    .in_file("auth.grace_ms"),
];

/// A rate is so many in its span, all of them at once if need be.
fn count(rate: &mut Rate) -> Place<'_> {
    Place::All(vec![Place::Count(&mut rate.count), Place::Count(&mut rate.burst)])
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::options::tests::{out_of_reach, sound};

    #[test]
    fn the_table_is_sound() {
        sound(&HubConfig::options().collect::<Vec<_>>(), &HubConfig::default());
    }

    #[test]
    fn every_number_of_the_config_is_in_the_table() {
        let mut config = HubConfig::default();
        config.window.content_age = Some(Duration::from_secs(1));
        let unreached = out_of_reach(&HubConfig::options().collect::<Vec<_>>(), &config);
        // The limits by type are set by their own names, sessions by their own tables.
        let (sizes, sessions) = (&config.sizes, (&config.sessions, &config.stream_log));
        let others = [format!("{sizes:#?}"), format!("{sessions:#?}")];
        let missing = |line: &String| !others.iter().any(|it| it.contains(line.as_str()));
        assert_eq!(unreached.into_iter().filter(missing).collect::<Vec<_>>(), [""; 0]);
    }

    #[test]
    fn a_hub_takes_what_is_out_of_bounds_as_the_nearest_inside() {
        let mut config = HubConfig {
            max_links_per_user: 0,
            max_unauthenticated: 0,
            max_unauthenticated_per_address: 0,
            ipv6_prefix: 200,
            ..HubConfig::default()
        };
        config.window.max_age = Duration::ZERO;
        config.link.deflate = Some(crate::frame::DeflateConfig::server());
        config.link.deflate.as_mut().unwrap().max_ratio = 0;
        let held = config.within_bounds();
        assert_eq!((held.max_links_per_user, held.max_unauthenticated), (1, 1));
        assert_eq!((held.max_unauthenticated_per_address, held.ipv6_prefix), (1, 128));
        assert_eq!(held.window.max_age, Duration::from_secs(1));
        assert_eq!(held.link.deflate.unwrap().max_ratio, 10);
        assert_eq!(HubConfig::default().within_bounds(), HubConfig::default());
    }

    #[test]
    fn compression_of_level_0_is_none() {
        let mut config = HubConfig::default();
        config.link.deflate = Some(crate::frame::DeflateConfig::server());
        config.link.deflate.as_mut().unwrap().level = 0;
        assert_eq!(config.within_bounds().link.deflate, None);
    }
}
