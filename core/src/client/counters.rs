//! What a client counts.

use super::Client;
use crate::link::{ClientLinkEvent, CloseClass};
use crate::metric_families::Metrics;
use crate::metrics::Snapshot;
use crate::time::Mono;

/// The metrics of a client, and the state that counting needs.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) metrics: Metrics,
    /// When the present link was welcomed.
    welcomed: Option<Mono>,
    /// Why the last welcomed link was lost.
    lost: Option<CloseClass>,
}

impl Counters {
    /// Counts an event of the link.
    pub(super) fn link_event(&mut self, now: Mono, event: &ClientLinkEvent<'_>) {
        match event {
            ClientLinkEvent::Dial(_) => self.metrics.dials.increment(),
            ClientLinkEvent::Closed(closed) => {
                self.metrics.closes.increment(closed.class);
                if let Some(since) = self.welcomed.take() {
                    self.metrics.connection_duration.record(now.saturating_since(since));
                    self.lost = Some(closed.class);
                }
            }
            ClientLinkEvent::Overflowed(overflowed) => overflowed.add_to(&mut self.metrics),
            // What comes after is a new beginning.
            ClientLinkEvent::Stopped { .. } => self.lost = None,
            _ => {}
        }
    }

    /// Counts an event of the second link, which was not welcomed or has changed places.
    pub(super) fn second_link_event(&mut self, event: &ClientLinkEvent<'_>) {
        match event {
            ClientLinkEvent::Dial(_) => self.metrics.dials.increment(),
            ClientLinkEvent::Closed(closed) => self.metrics.closes.increment(closed.class),
            ClientLinkEvent::Overflowed(overflowed) => overflowed.add_to(&mut self.metrics),
            _ => {}
        }
    }

    /// A planned change: a link was welcomed in the place of another.
    pub(super) fn changed(&mut self, now: Mono) {
        if let Some(since) = self.welcomed.replace(now) {
            self.metrics.connection_duration.record(now.saturating_since(since));
        }
        self.metrics.connections.increment();
        self.metrics.changes.increment();
    }

    /// The server has welcomed a link.
    pub(super) fn welcomed(&mut self, now: Mono) {
        self.welcomed = Some(now);
        self.metrics.connections.increment();
        if let Some(class) = self.lost.take() {
            self.metrics.reconnects.increment(class);
        }
    }

    /// The server has answered a request that was made at `asked`.
    pub(super) fn replied(&mut self, now: Mono, asked: Mono) {
        self.metrics.request_latency.record(now.saturating_since(asked));
    }
}

impl Client {
    /// All that was counted. Families that only a server feeds are zero.
    pub fn metrics(&self) -> Snapshot {
        let mut metrics = self.counters.metrics.clone();
        metrics.connections_active.set(i64::from(self.server.welcomed));
        metrics.requests_active.set_size(self.requests.waiting());
        metrics.buffered_bytes.set_size(self.link.queued());
        metrics.snapshot()
    }
}
