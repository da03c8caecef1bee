//! Helpers of the tests that cross rooms: the program `pamlink` as a child of the test.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod program;

pub use program::{Served, program, token};
