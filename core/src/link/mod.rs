//! One connection from dialling to closed: states, keepalive, token, close classes, backoff.
//!
//! [`ServerLink`] is a server's end of one accepted connection; [`ClientLink`] is a client's end,
//! which dials again when a connection is lost. Both own the opening handshake, the frames, the
//! heartbeat and the close handshake, and neither owns a socket, a clock or a timer. The host
//! turns one loop for either:
//!
//! 1. It passes an input in with both clocks: `handle_bytes`, `handle_closed`, `handle_timeout`,
//!    for a client also `handle_dialed` and `handle_dial_failed`; or a command: `send_text`,
//!    `close`, `connect`, `wake` ...
//! 2. It drains `poll_event`. Events lend from the link's buffer.
//! 3. It writes what `poll_transmit` appends, as long as there is more, and drops the transport
//!    when it says so. With `poll_transmit_vectored` large frames are not copied ([`Gather`]).
//! 4. It sleeps until `poll_timeout`, which also says why.
//!
//! The states are published ([`State`], 0 to 3); the phases behind them and what every input does
//! in each are tables ([`StateTable`]) which `docs/link-states.md` shows. A link ends in one
//! transition, however it ended, with one event; the [`CloseClass`] of the end decides what a
//! client does next. Tokens show in no `Debug`, error, reason or printed URL; [`redact`] does the
//! same for a host's own lines.
//!
//! ```
//! use std::sync::Arc;
//! use pamlink::link::{LinkConfig, LinkEvent, ServerLink};
//! use pamlink::seed::Seed;
//! use pamlink::time::{Mono, Now, Wall};
//!
//! let now = Now::new(Mono::ZERO, Wall::EPOCH); // the host reads its clocks
//! let mut link = ServerLink::new(&Arc::new(LinkConfig::server()), Seed::from_number(1), now);
//! link.handle_bytes(
//!     now,
//!     b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
//!       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
//! )?;
//! assert!(matches!(link.poll_event(), Some(LinkEvent::Request(_))));
//! link.accept(now, None)?;
//! link.send_text(now, "hello")?;
//!
//! let mut out = Vec::new();
//! let transmit = link.poll_transmit(&mut out);
//! assert!(out.starts_with(b"HTTP/1.1 101 ") && out.ends_with(b"\x81\x05hello"));
//! assert!(!transmit.close_transport);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Those of [`LinkConfig`]: a frame and a message, the head of the handshake, what waits to be
//! written ([`OutboxConfig`], by default 256 KiB, with a policy for what happens there), and a time
//! for each thing that a peer may keep waiting ([`Patience`], [`HeartbeatConfig`]). A client adds
//! [`BackoffConfig`] and [`TokenConfig`].
//!
//! # Where it is specified
//!
//! `docs/link-states.md` is the table of every state and input. In `docs/protocol.md`: section 2
//! the opening, 8 the heartbeat, 9 the close codes, 10 the backoff, 11 the renewal of a token.
//!
//! # Alone
//!
//! A server with connections that are no users, or a client of another dialect, drives a link by
//! itself: text in, text out, with everything that keeps a connection alive. [`Backoff`] alone is
//! the delay before the next attempt; `jwt`, behind the feature of that name, verifies tokens.

mod auth;
mod backoff;
mod cause;
mod class;
mod client;
mod config;
mod connection;
mod credit;
mod endpoint;
mod event;
mod gather;
mod heartbeat;
#[cfg(feature = "jwt")]
pub mod jwt;
mod options;
mod outbox;
mod pings;
mod server;
mod state;
mod token;

pub(crate) use auth::AuthFailure;
pub use auth::{AuthError, Claims, Verify};
pub use backoff::{Backoff, BackoffConfig};
pub(crate) use cause::HandshakeFailure;
pub use cause::{Cause, DialFailed, Trigger};
pub use class::CloseClass;
pub use client::{ClientLink, ClientLinkConfig, ClientLinkEvent, Dial, TokenNeed};
pub(crate) use client::{ClientLinkUnlent, OFFERED, RENEWAL, Said};
pub use config::{LinkConfig, OutboxConfig, Overflow, Patience};
pub use credit::Credit;
pub(crate) use endpoint::DEFAULT_MAX_MESSAGE;
pub use endpoint::{Endpoint, EndpointError, PamTarget};
pub use event::{AnswerError, Closed, LinkEvent, LinkSendError, Overflowed, Transmit};
pub use gather::Gather;
pub(crate) use gather::Sink;
pub use heartbeat::HeartbeatConfig;
pub(crate) use options::OfLink;
pub(crate) use pings::PingCounts;
pub use server::ServerLink;
pub(crate) use server::{LinkUnlent, ServerClose, TooMany, early};
pub use state::{State, StateTable};
pub use token::{Token, TokenConfig, TokenError, redact};

#[cfg(test)]
mod sim_tests;
#[cfg(test)]
mod table_tests;
