//! The realtime engine of an AI assistant, as a sans-IO library.
//!
//! Both ends of a conversation run this code: an app holds a [`client::Client`], a server a
//! [`hub::Hub`]. The engine opens no socket, reads no clock, starts no thread, draws no entropy
//! and logs nowhere. The program around it, the *host*, brings bytes, time, randomness and
//! tokens; the engine answers with bytes, events and the next deadline. The same inputs give the
//! same outputs on every platform.
//!
//! # The run loop
//!
//! **Every machine has the same shape.** Who knows one machine knows all:
//!
//! 1. **One input**, with the time: `handle_bytes`, `handle_closed`, `handle_timeout`, or a
//!    command such as `ask` or `reply`.
//! 2. **All outputs**: `poll_event` until it has none, then `poll_transmit`, which appends bytes
//!    to a buffer of the caller's.
//! 3. **One question**: `poll_timeout` says when to call `handle_timeout`, and why.
//!
//! `docs/hosts.md` is the guide to this loop for who writes a host in another runtime: five steps,
//! and a whole host that runs as a test.
//!
//! A fault of the peer is an event. A misuse by the caller is a typed error. Nothing panics, and
//! nothing is lost in silence: what a caller asks for ends in exactly one outcome, and every
//! bound has an event that says it was reached.
//!
//! # A conversation in memory
//!
//! A client and a hub with nothing between them but two buffers:
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use pamlink::client::{self, Client, ClientConfig};
//! use pamlink::envelope::Chat;
//! use pamlink::hub::{self, Auth, Hub, HubConfig, Reply};
//! use pamlink::link::{AuthError, Claims, Endpoint, Token, Verify};
//! use pamlink::routing::Table;
//! use pamlink::seed::Seed;
//! use pamlink::time::{Mono, Now, Wall};
//!
//! /// Takes every token for a good one. A real host uses `link::jwt::Verifier`.
//! struct Anybody;
//!
//! impl Verify for Anybody {
//!     fn verify(&self, _token: &str, now: Wall) -> Result<Claims, AuthError> {
//!         Ok(Claims::new("ann", now + Duration::from_secs(3600)))
//!     }
//! }
//!
//! // The host reads its clocks at each input; here they stand still.
//! let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_772_337_906));
//!
//! let auth = Auth::Verifier(Box::new(Anybody));
//! let routes = Arc::new(Table::default());
//! let mut hub = Hub::new(HubConfig::default(), auth, routes, Seed::from_number(1));
//! let link = hub.accept(now)?;
//!
//! let endpoint = Endpoint::pam("ws://localhost", "ann")?;
//! let mut client = Client::new(ClientConfig::default(), endpoint, Seed::from_number(2), now)?;
//! client.connect(now);
//! client.provide_token(now, Token::new("e.y.J"))?;
//! client.handle_dialed(now);
//! client.ask(now, &Chat { message: Some("how is my budget?".into()), ..Chat::default() })?;
//!
//! let mut answer = None;
//! let (mut up, mut down) = (Vec::new(), Vec::new());
//! while answer.is_none() {
//!     // The client's turn.
//!     while let Some(event) = client.poll_event() {
//!         if let client::Event::Answer { envelope, .. } = event {
//!             answer = envelope.field("message").and_then(|text| Some(text.text()?.to_string()));
//!         }
//!     }
//!     let _ = client.poll_transmit(&mut up);
//!
//!     // The hub's turn.
//!     hub.handle_bytes(now, link, &std::mem::take(&mut up))?;
//!     let mut request = None;
//!     while let Some(event) = hub.poll_event() {
//!         if let hub::Event::Request(asked) = event {
//!             request = Some((asked.request, format!("{} is on it", asked.decision.agent.name)));
//!         }
//!     }
//!     if let Some((request, text)) = request {
//!         hub.reply(now, request, &Reply::text(&text))?;
//!     }
//!     let _ = hub.poll_transmit(link, &mut down);
//!     client.handle_bytes(now, &std::mem::take(&mut down))?;
//! }
//! assert_eq!(answer.as_deref(), Some("Financial Advisor is on it"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! `jwt`, off by default: [`link`]`::jwt` verifies tokens (HS256, ES256, RS256).
//!
//! # What is where
//!
//! From the ground up; a module knows only those above it, and each can be used without those below it.
//! Every page says what the module is for, with the smallest program, its bounds, and where it is
//! specified.
//!
//! | module | what it is |
//! |---|---|
//! | [`time`] | the two clocks that a host passes in, and deadlines |
//! | [`seed`] | the randomness that a host passes in |
//! | [`options`] | what a host may set: name, unit, bounds and meaning of each option |
//! | [`metrics`] | what was counted, as a snapshot and as text for Prometheus |
//! | [`frame`] | a WebSocket codec: RFC 6455, RFC 7692 and the opening handshake |
//! | [`envelope`] | a codec of the dialect: JSON text to typed messages and back |
//! | [`dedup`] | the window that knows a repeat, and the first result of it |
//! | [`limits`] | how large, how deep and how often |
//! | [`routing`] | who answers a message, and what happens when nobody can |
//! | [`link`] | the life of one connection: states, heartbeat, token, backoff |
//! | [`client`] | one outgoing link with its questions: what an app holds |
//! | [`hub`] | many incoming links of many users: what a server holds |

#![forbid(unsafe_code)]
#![deny(missing_docs)]
// Each public type says whether it may grow.
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
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

pub mod client;
pub mod dedup;
pub mod envelope;
mod fifo;
pub mod frame;
pub mod hub;
pub mod limits;
pub mod link;
pub mod metrics;
pub mod options;
mod registry;
pub mod routing;
pub mod seed;
pub mod time;

/// The programs of the document compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/frames.md")]
struct Frames;

#[cfg(doctest)]
#[doc = include_str!("../../docs/hosts.md")]
struct Hosts;
