//! What a client counts.

use core::time::Duration;

use super::Client;
use crate::link::Class;
use crate::metrics::{
    AskOutcome, By, CloseClass, Direction, Duplicate, Metrics, Snapshot, TimeHistogram,
};

/// The counters of one client. The full set of metrics is large; it is made when asked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    asks: By<AskOutcome, { AskOutcome::COUNT }>,
    closes: By<CloseClass, { CloseClass::COUNT }>,
    welcomes: u64,
    repeated: u64,
    read: u64,
    written: u64,
    /// Made with the first answer.
    latency: Option<TimeHistogram>,
}

impl Counts {
    pub(super) fn ask(&mut self, outcome: AskOutcome) {
        self.asks.increment(outcome);
    }

    pub(super) fn answered(&mut self, after: Duration) {
        self.latency.get_or_insert_default().record(after);
    }

    pub(super) fn closed(&mut self, class: Class) {
        self.closes.increment(CloseClass::known(class.as_str()));
    }

    pub(super) fn welcomed(&mut self) {
        self.welcomes += 1;
    }

    pub(super) fn repeated(&mut self) {
        self.repeated += 1;
    }

    pub(super) fn read(&mut self, bytes: usize) {
        self.read += bytes as u64;
    }

    pub(super) fn written(&mut self, bytes: usize) {
        self.written += bytes as u64;
    }
}

impl Client {
    /// All that was counted: ends of questions, links and their ends, bytes, and the time from a
    /// question to its answer. What only a server counts is zero.
    pub fn metrics(&self) -> Snapshot {
        let Counts { asks, closes, welcomes, repeated, read, written, latency } = &self.counts;
        let mut metrics = Metrics::new();
        metrics.asks = asks.clone();
        metrics.closes = closes.clone();
        metrics.connections_active.set(i64::from(self.is_welcomed()));
        metrics.connections.set_total(*welcomes);
        metrics.reconnects.set_total(welcomes.saturating_sub(1));
        metrics.duplicates.set_total(Duplicate::Repeated, *repeated);
        metrics.bytes.set_total(Direction::Inbound, *read);
        metrics.bytes.set_total(Direction::Outbound, *written);
        metrics.requests_active.set_size(self.pending());
        if let Some(latency) = latency {
            metrics.request_latency = latency.clone();
        }
        metrics.snapshot()
    }
}
