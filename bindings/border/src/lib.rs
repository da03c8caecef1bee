//! The packed border of the pamlink engine: one call a step, with records in and records out.
//!
//! A host in another language gives a machine what happened and gets all that follows, as one
//! buffer each in the [`packed`] layout. [`ClientMachine`] and [`HubMachine`] are the machines; the
//! crates above this one carry the buffers, through UniFFI and C or as WebAssembly, and decide
//! nothing.
//!
//! The feature `hub` has what a server needs; a client alone is smaller without it.

#![deny(missing_docs)]
#![forbid(unsafe_code)]
// `usize` has 32 bits on phones and in browsers: no cast may lose what only fits into 64.
#![cfg_attr(
    not(test),
    warn(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

mod client;
mod fault;
#[cfg(feature = "hub")]
mod hub;
mod inputs;
pub mod packed;
mod port;
mod process;
mod said;
mod seed;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod testing;

use pamlink::time::Now;

pub use self::client::{ClientMachine, push_failed};
pub use self::fault::{Code, Fault, auth_code};
#[cfg(feature = "hub")]
pub use self::hub::HubMachine;
pub use self::inputs::push_fault;
pub use self::process::Process;
pub use self::seed::seed;

/// The version of the border: of the packed layout and of what carries it. A package refuses a
/// library that has another one.
pub const ABI: u32 = 3;

/// A machine that steps.
pub trait Machine: Send {
    /// Takes what happened, as records of a host, and appends all that follows: what became of
    /// commands, events, what is to be written, and at the end `next` with the next deadline. An
    /// empty input says that time has passed.
    fn step(&mut self, now: Now, input: &[u8], out: &mut Vec<u8>);
}
