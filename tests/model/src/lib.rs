//! A model checker over the machines of `core` that carry a conversation from link to link: it
//! drives `Session`, `Streams`, `MemoryLog`, `Client` and `Hub` themselves, not a drawing of them,
//! through every order of what may happen to them within bounds.
//!
//! A state holds the machines as they are, what is on its way between them, and what their hosts
//! were told. Two states are the same if the `Debug` text of their machines is: that shows all that
//! a machine decides by, except for its source of randomness, whose draws are only ever compared.
//! Deriving `Hash` throughout would put it on public types for the sake of a test. A whole client and
//! a whole hub are known by what they were given (`engines`).
//!
//! Every property is one of safety: that something comes in the end is said as "it has come once
//! nothing is left to happen".

#![forbid(unsafe_code)]

mod check;
mod digest;
pub mod engines;
pub mod runs;
pub mod session;
pub mod streams;

pub use check::{Checked, Checking, check, counterexample};
