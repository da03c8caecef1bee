//! The configuration of a client's link, and its events.

use core::fmt;
use core::time::Duration;

use super::super::backoff::BackoffConfig;
use super::super::cause::{Cause, Trigger};
use super::super::class::CloseClass;
use super::super::config::LinkConfig;
use super::super::endpoint::Endpoint;
use super::super::event::{Closed, Overflowed};
use super::super::state::State;
use super::super::token::{Token, TokenConfig};
use crate::frame::FrameError;

/// The bounds, times and habits of a client's link.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientLinkConfig {
    /// Frames, heartbeat, outbox and handshakes.
    pub link: LinkConfig,
    /// Delays between attempts.
    pub backoff: BackoffConfig,
    /// Renewal of the token.
    pub token: TokenConfig,
    /// The host's transport must be connected within this, TLS included. Default 15 s.
    pub dial: Duration,
    /// The welcome must come within this after the link opened; `None` for servers that send
    /// none. Default 10 s.
    pub welcome: Option<Duration>,
    /// A welcomed link that has lived this long has proved itself: the backoff starts over.
    /// Default 10 s.
    pub proven: Duration,
    /// Dial without a token and never ask for one. Default false.
    pub anonymous: bool,
    /// Subprotocols to offer, the preferred one first. Default none.
    pub subprotocols: Vec<String>,
    /// The `Origin` header. Default none: only browsers have one.
    pub origin: Option<String>,
}

impl Default for ClientLinkConfig {
    fn default() -> Self {
        Self {
            link: LinkConfig::client(),
            backoff: BackoffConfig::default(),
            token: TokenConfig::default(),
            dial: Duration::from_secs(15),
            welcome: Some(Duration::from_secs(10)),
            proven: Duration::from_secs(10),
            anonymous: false,
            subprotocols: Vec::new(),
            origin: None,
        }
    }
}

/// An event of a client's link.
///
/// A link begins with `Dial` and ends with exactly one `Closed`, which is followed by
/// `CloseTransport` if the host still holds a transport, and by `Retrying` or `Stopped`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientLinkEvent<'a> {
    /// Connect a transport and answer with `handle_dialed` or `handle_dial_failed`.
    Dial(Dial<'a>),
    /// Get a token and answer with `provide_token` or `token_failed`. Not asked again before that.
    NeedToken(TokenNeed),
    /// The published state changed.
    StateChanged {
        /// From.
        from: State,
        /// To.
        to: State,
        /// What led there.
        cause: Trigger<'a>,
    },
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// The outbox was full.
    Overflowed(Overflowed),
    /// The peer broke the protocol; the end follows.
    Failed(FrameError),
    /// The link is over. Comes once for each `Dial`.
    Closed(Closed<'a>),
    /// Write what `poll_transmit` still has, then drop the transport, or stop making it. Nothing
    /// of it may be reported any more.
    CloseTransport,
    /// The next attempt comes by itself.
    Retrying {
        /// The number of the attempt since the backoff was last reset, from 1.
        attempt: u32,
        /// The delay.
        after: Duration,
        /// What ended the last one.
        class: CloseClass,
        /// More about it.
        cause: &'a Cause,
    },
    /// No further attempt comes unless the host calls `connect`.
    Stopped {
        /// What ended the last one; normal if the host did.
        class: CloseClass,
        /// More about it.
        cause: &'a Cause,
    },
}

/// Why the host is asked for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenNeed {
    /// The client has no token, or it has expired.
    Missing,
    /// The server refused the last token, though its dates were valid: bring another one.
    Rejected,
    /// It will expire before long; the link lives on meanwhile.
    Renewal,
}

/// Where to connect.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dial<'a> {
    /// The number of the attempt since the backoff was last reset, from 1.
    pub attempt: u32,
    /// Host, port and whether to speak TLS.
    pub endpoint: &'a Endpoint,
    /// The token that the opening request will carry: none where it offers `pamlink.v1`, which
    /// shows the token over the link.
    pub token: Option<&'a Token>,
    /// The subprotocol that the opening request offers before those of
    /// [`subprotocols`](ClientLinkConfig::subprotocols): `pamlink.v1`, where this is such an
    /// attempt. A transport that speaks WebSocket itself has to be told.
    pub subprotocol: Option<&'static str>,
}

impl Dial<'_> {
    /// The whole URL with the token, for a transport that speaks WebSocket itself.
    /// **Not for logs.**
    pub fn url(&self) -> String {
        self.endpoint.url(self.token)
    }
}

impl fmt::Debug for Dial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("attempt", &self.attempt)
            .field("endpoint", &self.endpoint)
            .field("token", &self.token)
            .field("subprotocol", &self.subprotocol)
            .finish()
    }
}
