//! The options of a client: the table, and how a config is held to it.

use super::config::ClientConfig;
use crate::link::{LinkConfig, OfLink};
use crate::options::{self, OptionError, Place, Spec};

impl ClientConfig {
    /// Every option of a client, but for those of compression
    /// ([`DeflateConfig::OPTIONS`](crate::frame::DeflateConfig::OPTIONS)).
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
        self.link.link.settle_compression();
        self
    }
}

impl OfLink for ClientConfig {
    fn link(&mut self) -> &mut LinkConfig {
        &mut self.link.link
    }
}

type Row = Spec<ClientConfig>;

const OPTIONS: &[Row] = &[
    Row::other(
        "anonymous",
        "flag",
        "no",
        "Whether to connect without a token and never ask for one.",
    )
    .in_packages(),
    Row::other(
        "two_links",
        "flag",
        "no",
        "Whether the host can hold two transports at once, for planned changes of a link.",
    ),
    Row::number(
        "max_link_age_ms",
        "ms",
        0..=604_800_000,
        |it| Place::Span(&mut it.max_link_age),
        "How old a link becomes before it is changed for another, with `two_links`; 0 for any age.",
    ),
    Row::number(
        "request_timeout_ms",
        "ms",
        1_000..=86_400_000,
        |it| Place::Span(&mut it.request_timeout),
        "How long a request waits for its answer; less than the server remembers it.",
    )
    .in_packages(),
    Row::number(
        "max_request_age_ms",
        "ms",
        1_000..=86_400_000,
        |it| Place::Span(&mut it.max_request_age),
        "How old a request may become while its answer comes in pieces.",
    ),
    Row::number(
        "max_requests",
        "requests",
        1..=65_536,
        |it| Place::Size(&mut it.max_requests),
        "Requests at once.",
    )
    .in_packages(),
    Row::number(
        "max_request_bytes",
        "bytes",
        1_024..=1 << 30,
        |it| Place::Size(&mut it.max_request_bytes),
        "Requests at once, as they go over the wire.",
    )
    .in_packages(),
    Row::number(
        "max_answer_bytes",
        "bytes",
        0..=1 << 30,
        |it| Place::Size(&mut it.max_answer_bytes),
        "What is kept of the texts of answers that grow, of all requests together.",
    ),
    Row::number(
        "max_sessions",
        "sessions",
        1..=16,
        |it| Place::Size(&mut it.max_sessions),
        "Sessions of `pamlink.v1` at once, the first included.",
    ),
    Row::number(
        "max_seen",
        "pushes",
        1..=65_536,
        |it| Place::Size(&mut it.max_seen),
        "Pushes with an id that are known again.",
    ),
    Row::number(
        "depth",
        "levels",
        1..=255,
        |it| Place::Small(&mut it.depth),
        "How deep a message may be nested.",
    ),
    Row::number(
        "outbox_bytes",
        "bytes",
        LinkConfig::OUTBOX,
        |it| Place::Size(&mut it.link.link.outbox.max_bytes),
        "What may wait to be written, beside one message, before a message is refused.",
    ),
    Row::number(
        "dial_timeout_ms",
        "ms",
        10..=600_000,
        |it| Place::Span(&mut it.link.dial),
        "How long a transport may take to connect, TLS included.",
    )
    .in_packages(),
    Row::number(
        "welcome_timeout_ms",
        "ms",
        0..=600_000,
        |it| Place::SpanOrNone(&mut it.link.welcome),
        "How long the server's welcome may take; 0 for servers that send none.",
    )
    .in_packages(),
    Row::number(
        "proven_ms",
        "ms",
        0..=3_600_000,
        |it| Place::Span(&mut it.link.proven),
        "How long a link has to live before the backoff starts over.",
    ),
    Row::number(
        "backoff_first_ms",
        "ms",
        0..=3_600_000,
        |it| Place::Span(&mut it.link.backoff.first),
        "The longest delay before the first attempt after a link.",
    ),
    Row::number(
        "backoff_base_ms",
        "ms",
        1..=3_600_000,
        |it| Place::Span(&mut it.link.backoff.base),
        "What doubles with every attempt.",
    ),
    Row::number(
        "backoff_cap_ms",
        "ms",
        100..=3_600_000,
        |it| Place::Span(&mut it.link.backoff.cap),
        "The longest delay between two attempts to connect.",
    )
    .in_packages(),
    Row::number(
        "backoff_floor_ms",
        "ms",
        0..=3_600_000,
        |it| Place::Span(&mut it.link.backoff.floor),
        "The shortest delay between two attempts but the first.",
    ),
    Row::number(
        "backoff_slow_ms",
        "ms",
        0..=3_600_000,
        |it| Place::Span(&mut it.link.backoff.slow),
        "The delay after an end that is to be retried slowly and names no time.",
    ),
    Row::number(
        "backoff_longest_hint_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.link.backoff.longest_hint),
        "What the delay that a server asks for counts for at most.",
    ),
    Row::number(
        "token_lead_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.link.token.lead),
        "How long before the end of a token the next one is asked for.",
    ),
    Row::number(
        "token_jitter_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.link.token.jitter),
        "How much earlier it is asked for, at most.",
    ),
    Row::number(
        "token_pause_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.link.token.pause),
        "How long the next request for a token waits after one that failed.",
    ),
    Row::number(
        "token_patience_ms",
        "ms",
        10..=86_400_000,
        |it| Place::Span(&mut it.link.token.patience),
        "How long the host may take to answer a request for a token.",
    ),
    Row::other("origin", "text", "none", "The `Origin` header; only browsers have one.")
        .in_packages(),
    Row::other(
        "subprotocols",
        "list of texts",
        "none",
        "Subprotocols to offer, the preferred one first.",
    )
    .in_packages(),
    Row::other("v1", "flag", "yes", "Whether `pamlink.v1` is spoken where the server has it.")
        .in_packages(),
    Row::other("compression", "flag", "no", "Whether compression is offered over bytes.")
        .in_packages(),
];

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::options::tests::{out_of_reach, sound};

    #[test]
    fn the_table_is_sound() {
        sound(&ClientConfig::options().collect::<Vec<_>>(), &ClientConfig::default());
    }

    #[test]
    fn every_number_of_the_config_is_in_the_table() {
        let options: Vec<_> = ClientConfig::options().collect();
        assert_eq!(out_of_reach(&options, &ClientConfig::default()), [""; 0]);
    }

    #[test]
    fn a_client_takes_what_is_out_of_bounds_as_the_nearest_inside() {
        let config = ClientConfig {
            max_requests: 0,
            request_timeout: Duration::MAX,
            ..ClientConfig::default()
        };
        let held = config.within_bounds();
        assert_eq!((held.max_requests, held.request_timeout), (1, Duration::from_secs(86_400)));
        assert_eq!(ClientConfig::default().within_bounds(), ClientConfig::default());
    }
}
