//! Sockets, TLS and timers around the [`pamlink`] engine, on tokio.
//!
//! A server:
//!
//! ```no_run
//! use std::sync::Arc;
//! use pamlink::hub::Auth;
//! use pamlink_tokio::{Request, Server, ServerConfig};
//! # use pamlink::link::Verify;
//!
//! # async fn run(verifier: impl Verify + Send + Sync + 'static) -> std::io::Result<()> {
//! let config = ServerConfig::new(Auth::Verifier(Box::new(verifier)));
//! let server = Server::bind("127.0.0.1:8000", config).await?;
//! let answer = async |request: Request| format!("{} heard: {}", request.agent().name, request.text());
//! server.serve(answer, async { tokio::signal::ctrl_c().await.unwrap_or(()) }).await;
//! # Ok(())
//! # }
//! ```
//!
//! A client:
//!
//! ```no_run
//! use pamlink::link::Token;
//! use pamlink_tokio::Client;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let url = "ws://127.0.0.1:8000/api/v1/pam/ws/7b1e0c52";
//! let client = Client::connect(url, Token::new("eyJ...")).await?;
//! let answer = client.ask("fuel so far?").await?;
//! println!("{}", answer.text());
//! client.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! An answer may grow. A handler sends pieces of it to who wants them, and returns it whole:
//!
//! ```
//! # use pamlink_tokio::Request;
//! let answer = async |request: Request| {
//!     let mut answer = String::new();
//!     for word in ["once ", "upon ", "a ", "time"] {
//!         request.piece(word);
//!         answer += word;
//!     }
//!     answer
//! };
//! # drop(answer);
//! ```
//!
//! and a client reads them as they come:
//!
//! ```no_run
//! # use pamlink_tokio::{Client, RequestError};
//! # async fn run(client: Client) -> Result<(), RequestError> {
//! let mut answer = client.stream("tell me a story")?;
//! while let Some(piece) = answer.next_piece().await? {
//!     print!("{}", piece.text);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Where the server speaks `pamlink.v1`, a client may have several conversations over its one link:
//!
//! ```no_run
//! # async fn run(client: pamlink_tokio::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let navigation = client.open_session()?;
//! let (fuel, route) = tokio::join!(client.ask("fuel so far?"), navigation.ask("way home?"));
//! println!("{} {}", fuel?.text(), route?.text());
//! # Ok(())
//! # }
//! ```
//!
//! Messages are compressed (`permessage-deflate`, RFC 7692) where both ends are configured for it;
//! neither is by default:
//!
//! ```
//! use pamlink::frame::DeflateConfig;
//! # use pamlink::hub::Auth;
//! # use pamlink_tokio::{ClientConfig, ServerConfig};
//!
//! # let mut server = ServerConfig::new(Auth::Host);
//! // A server accepts what its clients offer ...
//! server.hub.link.deflate = Some(DeflateConfig::server());
//! server.hub.max_compressors = 128;
//! # let mut client = ClientConfig::default();
//! // ... and a client offers, for `Client::start`.
//! client.engine.link.link.deflate = Some(DeflateConfig::client());
//! ```
//!
//! Every decision is the engine's: when to reconnect, what to send again, whom to refuse. This
//! crate moves bytes, reads clocks and waits.

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

mod answer;
mod answer_stream;
mod client;
mod clock;
mod connection;
pub mod descriptors;
mod driver;
#[cfg(feature = "embedded-log")]
pub mod embedded_log;
mod engine;
mod handler;
mod host;
mod hub_engine;
mod judges;
mod outlet;
pub mod recording;
mod requests;
mod server;
mod shared;
mod shared_client;
#[cfg(feature = "shared-log")]
pub mod shared_log;
mod stream_log;
pub mod tls;
mod tokens;
mod transport;
mod wants;

pub use answer::{Answer, ClientRequest, ConnectError, Event, RequestError, SubmitError};
pub use answer_stream::{AnswerStream, Piece};
pub use client::{Client, ClientConfig, SessionHandle};
pub use handler::{Handler, HttpResponse, Reply, Request};
pub use pamlink;
pub use server::{Handle, Server, ServerConfig};
pub use stream_log::{LogCall, LogCalls, StreamLog};
pub use tokens::Tokens;

/// The programs of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So do those of the page about Rust.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/recipes/rust.md")]
struct Recipes;
