//! The realtime engine of an AI assistant, as a sans-IO library.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod client;
pub mod dedup;
pub mod envelope;
mod fifo;
pub mod frame;
pub mod hub;
pub mod limits;
pub mod link;
pub mod metrics;
pub mod routing;
pub mod seed;
pub mod time;
