//! Conversations that outlive their links: what each end sends arrives once and in order, answers
//! go on in the middle, and a cancel has an outcome.
//!
//! # Where it is specified
//!
//! `docs/protocol-v1.md`.

mod fault;
#[cfg_attr(not(test), expect(dead_code, reason = "the sessions of clients are yet to use it"))]
mod reading;
pub mod stream;

pub use fault::Fault;
pub use reading::{Cursor, FollowAnswer, FollowError, StreamEvent};
