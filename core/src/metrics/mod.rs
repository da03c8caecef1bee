//! Counters, gauges and histograms, and a snapshot of them at any time.
//!
//! A [`Metrics`] is a plain value with plain arrays: counting costs an addition. Labels come from
//! closed enums, or from a [bounded set](Agents) where a table names them, so the size of the
//! value is fixed and a peer cannot make it grow. Values of several machines can be
//! [merged](Metrics::merge).
//!
//! [`Metrics::snapshot`] copies everything into [`Family`]s that name and explain themselves;
//! [`prometheus::write`] turns these into the text that a Prometheus server reads. Two names are
//! those that existing dashboards use, `websocket_connections_active` and
//! `websocket_messages_total`; all others start with `pamlink_`.

mod histogram;
mod label;
mod labels;
pub mod prometheus;
mod registry;
mod snapshot;
#[cfg(test)]
mod tests;

pub use self::histogram::Histogram;
pub use self::label::Label;
pub use self::labels::{
    AskOutcome, AuthFailure, CloseClass, Direction, Dropped, Duplicate, Eviction, HandshakeFailure,
    MessageType, PushOutcome, RateClass, Refused, RefusedConnection, RouteReason,
};
pub use self::registry::{
    Agent, Agents, By, ByTwo, Counter, Gauge, Metrics, SizeHistogram, TimeHistogram,
};
pub use self::snapshot::{Buckets, Family, Kind, Sample, Snapshot, Value};
