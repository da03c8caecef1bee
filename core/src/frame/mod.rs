//! WebSocket frames (RFC 6455): bytes to messages and back, close codes, the opening handshake.
//!
//! A [`Reader`] takes bytes in any chunking and lends whole messages; a [`Writer`] appends frames
//! to the caller's buffer. [`handshake`] comes before both. None of them knows time or IO.
//!
//! ```
//! use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
//! use pamlink::seed::Seed;
//!
//! let mut wire = Vec::new();
//! Writer::client(Seed::from_number(1)).text("hello", &mut wire)?;
//!
//! let mut reader = Reader::new(Role::Server, FrameConfig::default());
//! reader.handle_bytes(&wire)?;
//! assert_eq!(reader.poll_event(), Some(FrameEvent::Text("hello")));
//! assert_eq!(reader.poll_event(), None);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Those of [`FrameConfig`] (by default 1 MiB for a frame and for a message, 4,096 fragments), of
//! [`HandshakeConfig`](handshake::HandshakeConfig) and of [`DeflateConfig`]. A peer that is over
//! one ends its connection with [`FrameEvent::Failed`], whose error knows its close code. A caller
//! that does not drain gets [`NotDrained`], and nothing was taken.
//!
//! # Where it is specified
//!
//! RFC 6455 and RFC 7692; `docs/frames.md` has the choices that these leave, a server on
//! `std::net`, and the peers and suites that it is tested with. P-1.7 and P-1.9 of
//! `docs/protocol.md` are what the `pam` dialect asks of it.
//!
//! # Alone
//!
//! Who speaks WebSocket and not the dialect needs this module and [`seed`](crate::seed), and
//! nothing else of the crate. The packages show it as `FrameCodec`.

pub(crate) use self::close::cut_reason;
pub use self::close::{CloseCode, CloseFrame, MAX_REASON};
pub use self::config::FrameConfig;
pub use self::deflate::{Agreement, DeflateConfig, DeflatePool, DeflateWindow};
pub use self::error::{FrameError, NotDrained, WriteError};
pub use self::event::FrameEvent;
pub(crate) use self::event::{Item, ItemKind};
pub use self::header::Header;
pub(crate) use self::header::{Opcode, server_header};
pub use self::message::{Incoming, Outgoing};
pub use self::reader::Reader;
#[cfg(test)]
pub(crate) use self::work::during as looked_at_during;
pub use self::writer::{MessageKind, Writer};

mod assembly;
mod close;
mod config;
mod deflate;
mod error;
mod event;
pub mod handshake;
mod header;
mod inbox;
mod mask;
mod message;
mod reader;
mod room;
mod work;
mod writer;

/// Which end of the connection we are. It decides who masks (RFC 6455 section 5.1).
///
/// Closed: RFC 6455 has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Role {
    /// We dialled: what we write is masked, what we read must not be.
    Client,
    /// We accepted: what we read must be masked, what we write is not.
    Server,
}

#[cfg(test)]
mod tests;
