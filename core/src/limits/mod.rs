//! Admission: sizes, nesting and rates, and the refusal at each bound.
//!
//! - [`Sizes`]: bytes of a message, characters of a member, bytes of a nested value, by message
//!   type. A hub holds what it receives against them, and a client what it sends.
//! - [`Rates`]: messages, connections and others per user. A refusal has the exact time to wait.
//!
//! What is too large or too early is answered with an `error` and closes nothing. All tables by
//! user are bounded: a user for whom there is no room is told to come back.
//!
//! ```
//! use pamlink::hub::HubConfig;
//! use pamlink::limits::{RateClass, Rate};
//! use std::time::Duration;
//!
//! let mut config = HubConfig::default();
//! // At most 10 messages in a minute from one user, all of them at once if need be.
//! config.rates = config.rates.with(RateClass::Message, Rate::new(10, Duration::from_secs(60)));
//! assert_eq!(config.rates.rate(RateClass::Message).count, 10);
//! ```
//!
//! # Where it is specified
//!
//! Section 7 of `docs/protocol.md`: every size, every rate, and every code of a refusal.

mod gcra;
mod rate;
mod refusal;
mod sizes;
mod stated;
#[cfg(test)]
mod tests;
mod violations;

pub use self::rate::{Rate, RateClass, Rates};
pub(crate) use self::rate::{RateLimiter, Wait};
pub use self::refusal::Refusal;
pub(crate) use self::refusal::{Code, Unit};
pub use self::sizes::Sizes;
pub(crate) use self::violations::{Strike, Violations};
