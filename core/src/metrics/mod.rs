//! What was counted: a [`Snapshot`] names and explains itself, and [`prometheus::write`] turns it
//! into the text that a Prometheus server reads.
//!
//! `Hub::metrics` and `Client::metrics` make one at any time. Counting costs an addition; label
//! values come from closed sets, and names of agents from a bounded one, so a peer cannot make
//! the memory grow. Two names are those that existing dashboards use,
//! `websocket_connections_active` and `websocket_messages_total`; all others start with
//! `pamlink_`.

mod counters;
mod histogram;
mod label;
pub mod prometheus;
mod snapshot;

pub use self::snapshot::{Buckets, Family, Kind, Sample, Snapshot, Value};

pub(crate) use self::counters::{By, ByTwo, Counter, Gauge, SizeHistogram, TimeHistogram};
pub(crate) use self::label::{Direction, Label, label};
pub(crate) use self::snapshot::Samples;
