//! What was counted: a [`Snapshot`] names and explains itself, and [`prometheus::write`] turns it
//! into the text that a Prometheus server reads.
//!
//! `Hub::metrics` and `Client::metrics` make one at any time.
//!
//! ```
//! use std::sync::Arc;
//!
//! use pamlink::hub::{Auth, Hub, HubConfig};
//! use pamlink::metrics::{SampleValue, prometheus};
//! use pamlink::{routing::Table, seed::Seed};
//!
//! let (config, routes) = (HubConfig::default(), Arc::new(Table::default()));
//! let metrics = Hub::new(config, Auth::Host, routes, Seed::from_number(1)).metrics();
//!
//! let active = metrics.family("websocket_connections_active").map(|it| &it.samples[0].value);
//! assert_eq!(active, Some(&SampleValue::Gauge(0)));
//!
//! let mut text = String::new();
//! prometheus::write(&metrics, &mut text);
//! assert!(text.contains("\nwebsocket_connections_active 0\n"));
//! ```
//!
//! # Bounds
//!
//! Counting costs an addition. Label values come from closed sets, and names of agents from a
//! bounded one, so a peer cannot make the memory grow. Counts and sums are exact; of a quantile the
//! value is at most 6.25 % above the true one.
//!
//! # Where it is specified
//!
//! Two names are those that existing dashboards use, `websocket_connections_active` and
//! `websocket_messages_total`; all others start with `pamlink_`. `help` of each family says what it
//! counts.

mod counters;
mod histogram;
mod label;
pub mod prometheus;
mod snapshot;

pub use self::snapshot::{Buckets, Family, MetricKind, Sample, SampleValue, Snapshot};

pub(crate) use self::counters::{By, ByTwo, Counter, Gauge, SizeHistogram, TimeHistogram};
pub(crate) use self::label::{Direction, Label, label};
pub(crate) use self::snapshot::Samples;
