//! Conversations that outlive their links: what each end sends arrives once and in order, answers
//! go on in the middle, and a cancel has an outcome.
//!
//! # Where it is specified
//!
//! `docs/protocol-v1.md`.

mod fault;

pub use fault::Fault;
