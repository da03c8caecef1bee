//! Admission: how large, how deep and how often, and what a refusal says.
//!
//! Nothing here closes a link or drops a frame. Each check answers *admitted* or a [`Refusal`]
//! that fits the `error` frame of the wire; [`Violations`] says when a peer that keeps breaking
//! rules has done it often enough.
//!
//! - [`Sizes`]: bytes of a frame, characters of a field, bytes of a nested value, by message type.
//! - [`RateLimiter`]: messages, connections and others per user, with the exact time to wait.
//! - [`Violations`]: refusals per user, forgiven with time.
//!
//! All tables by user are bounded; what happens at the bound is in [`RateLimiter`].

mod gcra;
mod rate;
mod refusal;
mod sizes;
mod stated;
#[cfg(test)]
mod tests;
mod violations;

pub use self::rate::{Class, Rate, RateLimiter, Rates, Wait};
pub use self::refusal::{Code, Refusal, Unit};
pub use self::sizes::{Rule, Sizes, UnknownMember};
pub use self::violations::{Strike, Violations};
