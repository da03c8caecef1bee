//! What the groups of `cargo xtask bench` share: counting, timing beside a peer, rows, samples.

#![warn(missing_docs)]

pub mod alloc;
pub mod cpu;
pub mod opening;
pub mod race;
pub mod rows;
pub mod samples;
pub mod sections;
