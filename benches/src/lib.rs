//! What the groups of `cargo xtask bench` share: counting, timing beside a peer, rows.

#![warn(missing_docs)]

pub mod alloc;
pub mod cpu;
pub mod race;
pub mod rows;
