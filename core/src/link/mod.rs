//! The life of one connection: states, heartbeat, token, close classes, backoff.

mod auth;
mod backoff;
mod class;
mod endpoint;
mod heartbeat;
#[cfg(feature = "jwt")]
pub mod jwt;
mod token;

pub use auth::{AuthError, Claims, Verify};
pub use backoff::{Backoff, BackoffConfig};
pub use class::{Class, Remedy};
pub use endpoint::{Endpoint, EndpointError, PamTarget};
pub use heartbeat::{Beat, Heartbeat, HeartbeatConfig};
pub use token::{Token, TokenConfig, TokenError, TokenSchedule, redact};
