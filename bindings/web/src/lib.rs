//! The client of the engine as WebAssembly: what the npm package `pamlink` carries.
//!
//! The module imports nothing. An [`Instance`] has one client, so a trap ends that one alone; the
//! functions of [`entry`] reach the instance of the module. The transport is a WebSocket of the
//! platform, which takes and gives whole messages.

#![deny(missing_docs)]
#![deny(unsafe_code)]
// `usize` has 32 bits here: no cast may lose what only fits into 64.
#![cfg_attr(
    not(test),
    warn(
        clippy::cast_lossless,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

pub mod entry;
mod instance;
mod options;

pub use self::instance::Instance;
