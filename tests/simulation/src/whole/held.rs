//! What a hub holds, as it says itself.

use pamlink::hub::Hub;
use pamlink::metrics::SampleValue;

/// What a hub has of its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    links: usize,
    users: usize,
    requests: usize,
    sessions: i64,
    streams: i64,
    /// The bytes of everything but the window of its ids.
    bytes: usize,
}

impl Held {
    /// What the tables of a hub of a few devices take that are empty again: most of it the places of
    /// the requests that ran at once.
    const TABLES: usize = 32 * 1024;

    pub(super) fn of(hub: &Hub) -> Option<Self> {
        let window = usize::try_from(gauge(hub, "pamlink_window_bytes")?).ok()?;
        Some(Self {
            links: hub.links(),
            users: hub.users(),
            requests: hub.requests(),
            sessions: gauge(hub, "pamlink_sessions_active")?,
            streams: gauge(hub, "pamlink_streams_active")?,
            bytes: hub.memory().checked_sub(window)?,
        })
    }

    pub(super) fn is_nothing(&self) -> bool {
        let Self { links, users, requests, sessions, streams, bytes } = *self;
        let is_empty = (links, users, requests) == (0, 0, 0) && (sessions, streams) == (0, 0);
        is_empty && bytes <= Self::TABLES
    }
}

/// A gauge of a hub.
pub(super) fn gauge(hub: &Hub, family: &str) -> Option<i64> {
    match hub.metrics().family(family)?.samples.first()?.value {
        SampleValue::Gauge(value) => Some(value),
        SampleValue::Counter(_) | SampleValue::Histogram(_) => None,
    }
}
