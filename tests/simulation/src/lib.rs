//! A simulator over the machines of `core` that carry a conversation from link to link: devices and
//! a server as hosts have them, under clocks that it moves, and a network, a log and processes that
//! fail as real ones do.
//!
//! A run is many worlds. Each is drawn from its seed: how many devices of how many users there are,
//! how large windows and queues, how slow links, which faults are common and which never happen.
//! In a world one action happens after the other; what chooses them draws from a source of
//! its own for each purpose, so that a new draw for one changes nothing for another. Nothing is
//! healed, except by what a host does by itself, until enough has gone wrong; then everything is,
//! and must come to its end.
//!
//! What must be is said by [oracles](Oracle), which look at what crosses the border of the machines
//! and at nothing inside.
//!
//! [`whole`] has worlds of another make, in which clients and a hub meet over bytes.
//!
//! The same run gives the same lines, byte for byte.

#![forbid(unsafe_code)]

mod action;
mod body;
mod choose;
mod defect;
mod device;
mod gates;
mod network;
mod oracle;
mod parallel;
mod profile;
mod random;
mod run;
mod server;
mod shrink;
mod summary;
pub mod whole;
mod world;
mod worlds;

pub use defect::Defect;
pub use oracle::Oracle;
pub use profile::Kind;
pub use run::Run;
pub use summary::Summary;
pub use worlds::{Broken, Violation};
