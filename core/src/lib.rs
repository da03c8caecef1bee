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
//! **Every machine has the same three kinds of methods**, and a host drives each in this order:
//!
//! 1. **One input**, with the time: `handle_bytes`, `handle_closed`, `handle_timeout`, or a
//!    command such as `ask` or `reply`.
//! 2. **All outputs**: `poll_event` until it has none, then `poll_transmit`, which appends bytes
//!    to a buffer of the caller's.
//! 3. **The next deadline**: `poll_timeout` says when to call `handle_timeout`, and why.
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
//! * `compression` (on by default): permessage-deflate (RFC 7692); without it none is ever agreed on
//! * `hub` (on by default): `hub` and `routing`, which a client has no use for
//! * `jwt` (off by default): [`link`]`::jwt` verifies tokens (HS256, ES256, RS256)
//!
//! # What is where
//!
//! All that is public, from the ground up. A module knows only those above it, and each can be used
//! without those below it. Every page says what the module is for, with the smallest program, its
//! bounds, and where it is specified. Who writes an app begins with [`client`], who writes a server
//! with [`hub`].
//!
//! | module | its types |
//! |---|---|
//! | **[`time`]** | **what a host passes in, and when it is to come back** |
//! | | both clocks: `Now`, `Mono`, `Wall`; the next turn: `Deadline`, `TimerReason` |
//! | **[`seed`]** | **the randomness that a host passes in**: `Seed` |
//! | **[`options`]** | **what a host may set: name, unit, bounds, meaning**: `Spec`, `Place`, `OptionError` |
//! | **[`metrics`]** | **what was counted** |
//! | | `Snapshot` of each `Family` of its `MetricKind`: every `Sample` with its `SampleValue` or `Buckets` |
//! | [`metrics::prometheus`] | the same as text |
//! | **[`frame`]** | **a WebSocket codec: RFC 6455 and RFC 7692** |
//! | | in: `Reader`, `FrameEvent`, `FrameConfig`, `FrameError`, `NotDrained` |
//! | | out: `Writer`, `MessageKind`, `Header`, `WriteError` |
//! | | of both: `Role`, `CloseCode`, `CloseFrame` |
//! | | compression: `DeflateConfig`, `DeflatePool`, `Agreement`, `DeflateWindow` |
//! | | for transports that have whole messages: `Incoming`, `Outgoing` |
//! | [`frame::handshake`] | a server's: `RequestReader`, `Request`, `Headers`, `HandshakeConfig` |
//! | | a client's: `Upgrade`, `WebSocketKey`, `ResponseReader`, `Response` |
//! | | errors: `HandshakeError`, `HeaderFault`, `HeadError`, `OriginError` |
//! | **[`envelope`]** | **a codec of the dialect: JSON text and what it says** |
//! | | a message: `Envelope`, `OwnedEnvelope`, `Kind`, `Storage`, `EnvelopeError`; a request: `Chat` |
//! | | its members: `Id`, `Text`, `Timestamp`, `TimeForm`, `ErrorCode`, `Source`; any: `Raw`, `Shape` |
//! | | what a host hands over: `Value`, `Adjusted` |
//! | [`envelope::message`] | every message as a struct, with its parts and words: its page lists them |
//! | [`envelope::v1`] | the codec of the `pamlink.v1` dialect: its page lists every envelope |
//! | [`envelope::write`](mod@envelope::write) | the engine's own frames: `Answer`, `Failure`, `Welcome` |
//! | **[`dedup`]** | **the window that knows a repeat, and the first result of it** |
//! | | `Window`, `WindowConfig`, `Key`, `Verdict`, `First` |
//! | **[`limits`]** | **how large, how deep and how often** |
//! | | `Sizes`, `Rates`, `Rate`, `RateClass`, `Refusal` |
//! | **[`routing`]** | **who answers a message, and what happens when nobody can** |
//! | | a table: `Table`, `Agent`, `HealthConfig`; its faults: `TableError`, `TableFault` |
//! | | a decision: `Router`, `Query`, `Decision`, `Because`, `Fallback`, `Obstacle`, `NoAgent` |
//! | | its end: `Ticket`, `Outcome`, `Finished`; what is: `Status`, `Health`, `Replaced` |
//! | **[`delivery`]** | **conversations that outlive their links** |
//! | | one end: `Session`, `SessionConfig`, `AtBound`; commands: `SendOptions`, `Priority`, `Target` |
//! | | its events: `Event`, `CommandId`, `Outcome`, `Expiry`, `Ending`; of the other end: `Fault` |
//! | | errors: `SendError`, `RejectError`, `AttachError`, `SnapshotError`; who: `SessionNumber`, `LinkNumber` |
//! | | a stream at its reader: `StreamEvent`, `FollowAnswer`, `FollowError`, `Cursor` |
//! | | a client's, with its streams: `ClientSession`, `ClientEvent`, `ClientSendError` |
//! | | a server's: `Sessions`, `SessionsConfig`, `SessionsEvent`, `SessionsBound`, `AtUserBound` |
//! | **[`delivery::stream`]** | **answers that outlive their producers and readers** |
//! | | `Streams`, `StreamsConfig`, `Event`, `ReaderId`, `BeginError`, `ProducerError` |
//! | | cancels: `CancelScope`, `CancelId`, `Cancelled`; producers: `Generation`, `ClaimError`, `Fence` |
//! | | a log: `LogRequest`, `Request`, `StreamKey`; it answers: `LogAnswer`, `Answer`, `Refusal` |
//! | | in them: `Record`, `Read`, `Base`, `Status`, `State`, `End`, `Ended`; logs: `MemoryLog`, `LogConfig`, `StoredLog`, `Change`, `EntryError` |
//! | **[`redis`]** | **a log in Redis or Valkey, as commands and replies**: `RedisLog`, `Command`, `Reply`, `Step` |
//! | **[`link`]** | **the life of one connection: states, heartbeat, token, backoff** |
//! | | a server's: `ServerLink`, `LinkEvent`, `AnswerError` |
//! | | a client's: `ClientLink`, `ClientLinkEvent`, `ClientLinkConfig`, `Dial`, `DialFailed`, `Trigger` |
//! | | bounds: `LinkConfig`, `HeartbeatConfig`, `OutboxConfig`, `Overflow`, `Patience` |
//! | | its state and end: `State`, `StateTable`, `Closed`, `Cause`, `CloseClass`, `Overflowed` |
//! | | writing: `Transmit`, `Gather`, `Credit`, `LinkSendError` |
//! | | where to: `Endpoint`, `EndpointError`, `PamTarget`; when again: `Backoff`, `BackoffConfig` |
//! | | who: `Token`, `TokenConfig`, `TokenError`, `TokenNeed`, `Verify`, `Claims`, `AuthError` |
//! | `link::jwt` | with the feature of that name: `Verifier`, `KeyError` |
//! | **[`client`]** | **one outgoing link with its requests: what an app holds** |
//! | | `Client`, `ClientConfig`, `Event`, `SecondLink`, `RequestId`, `RequestError`, `SendError`, `CancelError`, `SessionError`, `RestoreError` |
//! | **[`hub`]** | **many incoming links of many users: what a server holds** |
//! | | `Hub`, `HubConfig`, `Auth`, `Proof`, `UserCap`, `UnknownAgent`, `WhileAnswering`, `LinkId`, `PushId`, `RequestId` |
//! | | its events: `Event`, `Request`, `Repeat`, `RefusedMessage`; commands: `Reply`, `Push`, `Delivered` |
//! | | errors: `Full`, `InputError`, `UnknownLink`, `ReplyError`, `PushError`, `RespondError`, `SubprotocolError` |

#![forbid(unsafe_code)]
#![deny(missing_docs)]
// Each public type says whether it may grow,
#![warn(clippy::exhaustive_enums, clippy::exhaustive_structs)]
// and has a path by which others name it.
#![warn(unnameable_types)]
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
// Without a hub there are things in the modules below it that only it uses.
#![cfg_attr(not(feature = "hub"), allow(dead_code, unused_imports))]

pub mod client;
pub mod dedup;
pub mod delivery;
pub mod envelope;
mod fifo;
pub mod frame;
#[cfg(feature = "hub")]
pub mod hub;
pub mod limits;
pub mod link;
mod metric_families;
pub mod metrics;
pub mod options;
pub mod redis;
#[cfg(feature = "hub")]
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
