//! The border of the pamlink engine: what Python, Kotlin and Swift call.
//!
//! A package for each of these languages puts a facade on top, which is what its users see; the
//! module that UniFFI generates from this crate is private to it. The border is narrow:
//!
//! * [`Client`] and [`Hub`] take one call, `step`: what happened goes in, with both clocks, and
//!   all that follows comes out, as one buffer each in the [`packed`] layout, which the crate `pamlink-border` reads and writes. The same call
//!   stands in [`entry`] as plain C, where a call through UniFFI costs too much.
//! * [`FrameCodec`], [`DuplicateWindow`], [`Router`] and [`TokenVerifier`] are single rooms of the
//!   engine, for hosts that want no more.
//! * Functions read and write envelopes and values.
//!
//! Nothing calls back and nothing is asynchronous. Every error is one [`Failure`]. A panic is
//! caught, poisons its engine alone and is an error like any other.

#![deny(missing_docs)]
#![deny(unsafe_code)]
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

mod backoff;
mod client;
mod codec;
mod engine;
pub mod entry;
mod envelope;
mod fault;
mod hub;
mod options;
mod routing;
mod target;
mod token;
mod value;
mod window;
mod writers;

pub use self::backoff::backoff_delays;
pub use self::client::Client;
pub use self::codec::FrameCodec;
pub use self::envelope::{describe_envelope, state_tables};
pub use self::fault::{ErrorCode, Failure, error_codes};
pub use self::hub::Hub;
pub use self::options::{AuthOptions, ClientOptions, HubOptions};
pub use self::routing::{Decision, Query, Router};
pub use self::target::{PamTarget, read_target};
pub use self::token::{TokenVerifier, VerifiedToken, sign_token};
pub use self::value::{EncodedValue, encode_value};
pub use self::window::{DuplicateWindow, WindowVerdict};
pub use self::writers::write_frame;

pub use pamlink_border::{ABI, Code, Fault, packed};

uniffi::setup_scaffolding!("pamlink");

/// The version of the border that this library speaks.
#[uniffi::export]
pub fn abi_version() -> u32 {
    ABI
}

/// The version of the engine.
#[uniffi::export]
pub fn engine_version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}
