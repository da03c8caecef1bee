//! The realtime engine of an AI assistant, as a sans-IO library.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod envelope;
pub mod frame;
pub mod link;
pub mod routing;
pub mod seed;
pub mod time;
