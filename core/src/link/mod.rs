//! The life of one connection: states, heartbeat, token, close classes, backoff.

mod auth;
mod backoff;
mod class;
mod client;
mod config;
mod endpoint;
mod event;
mod heartbeat;
#[cfg(feature = "jwt")]
pub mod jwt;
mod outbox;
mod server;
mod state;
mod token;
mod wire;

pub use auth::{AuthError, Claims, Verify};
pub use backoff::{Backoff, BackoffConfig};
pub use class::{Class, Remedy};
pub(crate) use client::ClientStep;
pub use client::{ClientConfig, ClientLink, ClientLinkEvent, Dial, TokenNeed};
pub use config::{LinkConfig, OutboxConfig, Overflow, Patience};
pub use endpoint::{Endpoint, EndpointError, PamTarget};
pub use event::{AnswerError, Cause, Closed, LinkEvent, Overflowed, SendError, Transmit};
pub use heartbeat::{Beat, Heartbeat, HeartbeatConfig};
pub use server::ServerLink;
pub(crate) use server::Step;
pub use state::{Cell, ClientInput, ClientPhase, ServerInput, ServerPhase, State};
pub use token::{Token, TokenConfig, TokenError, TokenSchedule, redact};

#[cfg(test)]
mod sim_tests;
#[cfg(test)]
mod table_tests;
