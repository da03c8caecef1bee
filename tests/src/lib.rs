//! What the tests that cross rooms share: the program `pamlink` as a child, and the runner of
//! `tests/conformance`.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod conformance;
mod program;

pub use program::{Served, program, token};
