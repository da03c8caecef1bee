//! The hub seen from its host and from its peers.

mod answers;
mod metrics;
mod opening;
mod support;
mod time;
mod window;
