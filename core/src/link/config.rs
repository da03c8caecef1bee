//! The bounds and times of a link.

use core::time::Duration;

use super::heartbeat::HeartbeatConfig;
use crate::frame::handshake::HandshakeConfig;
use crate::frame::{DeflateConfig, FrameConfig};
use crate::metrics::label;

/// The bounds and times of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkConfig {
    /// The opening handshake.
    pub handshake: HandshakeConfig,
    /// Frames and messages.
    pub frames: FrameConfig,
    /// Compression of messages: what a client offers, and what a server agrees to. Default none:
    /// on phones the battery is worth more than the bytes, and memory is what servers run out of.
    pub deflate: Option<DeflateConfig>,
    /// The keepalive.
    pub heartbeat: HeartbeatConfig,
    /// What waits to be written.
    pub outbox: OutboxConfig,
    /// Handshakes.
    pub patience: Patience,
}

impl LinkConfig {
    /// The defaults of a server: it pings every interval, closes on peers that do not read, and
    /// keeps no more than 1 KiB of buffer for an idle link.
    pub fn server() -> Self {
        let mut config = Self::client();
        config.heartbeat.always = true;
        config.outbox.overflow = Overflow::Close;
        config.frames.retain = 1_024;
        config
    }

    /// The defaults of a client: it pings a quiet server and refuses what does not fit.
    pub fn client() -> Self {
        Self {
            handshake: HandshakeConfig::default(),
            frames: FrameConfig::default(),
            deflate: None,
            heartbeat: HeartbeatConfig::default(),
            outbox: OutboxConfig { max_bytes: 256 * 1_024, overflow: Overflow::Reject },
            patience: Patience::default(),
        }
    }
}

impl Default for LinkConfig {
    /// As [`LinkConfig::server`].
    fn default() -> Self {
        Self::server()
    }
}

/// The bound of what waits to be written, and what happens there: the backpressure of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxConfig {
    /// Bytes of frames beside the longest that waits, for a message that waits alone always fits.
    /// Default 256 KiB. Control frames are beyond it: there is at most one pong, one ping and one
    /// close.
    pub max_bytes: usize,
    /// What happens at the bound. Default [`Overflow::Close`] for a server,
    /// [`Overflow::Reject`] for a client.
    pub overflow: Overflow,
}

/// What happens to a message that does not fit the outbox.
///
/// Closed: close, drop or refuse: there is no other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Overflow {
    /// The link is closed with 1013.
    Close,
    /// The oldest messages are dropped.
    DropOldest,
    /// The message is refused.
    Reject,
}

label! {
    Overflow "cause" {
        DropOldest = "oldest",
        Reject = "newest",
        Close = "closed",
    }
}

/// How long things may take, for either role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Patience {
    /// From the transport to the end of the opening handshake. Default 10 s.
    pub handshake: Duration,
    /// From our close frame to the peer's. Default 5 s.
    pub close: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { handshake: Duration::from_secs(10), close: Duration::from_secs(5) }
    }
}
