//! The codec of the `pamlink.v1` dialect: what the two ends of a session say to each other.
//!
//! [`Message::read`] types an [`Envelope`](super::Envelope), and [`Message::write`] makes one:
//!
//! ```
//! use pamlink::envelope::Envelope;
//! use pamlink::envelope::v1::{self, Message};
//!
//! let text = r#"{"type":"ack","received":["5e7f00000000000a",7],"sent":["c1a5e00000000001",2]}"#;
//! let envelope = Envelope::parse(text, v1::DEPTH)?;
//! let (channel, message) = Message::read(&envelope)?.expect("a type of the dialect");
//!
//! let Message::Ack(ack) = &message else { unreachable!("its type says so") };
//! assert_eq!(ack.received.sequence, 7);
//!
//! let mut out = String::new();
//! message.write(channel, &mut out);
//! assert_eq!(out, text);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Unlike what the `pam` dialect reads, a member that is missing, of another type or out of its
//! bounds spoils its envelope: the answer is a [`Malformed`] that names it. A type that this
//! version does not know reads as nothing, and members that it does not know are ignored.
//!
//! # Bounds
//!
//! Those of V-1.3, each checked in what is read. What is written keeps them where its types can:
//! names, codes and tokens are checked when they are made, durations are cut to their bound. The
//! numbers,
//! the text of a [`Piece`], a body, the [`Window`] and the length of a list are the writer's to
//! keep.
//!
//! # Where it is specified
//!
//! Sections 1, 2 and 10 of `docs/protocol-v1.md`.

mod batch;
mod bounded;
mod channel;
mod features;
mod heartbeat_interval;
mod labels;
mod limits;
mod link;
mod malformed;
mod message;
mod position;
mod record;
mod secret;
mod session;
mod session_id;
mod stream;
mod text;
mod versions;
mod window;
mod words;

pub(crate) use batch::{BATCH_BYTES, divide, join};
pub(crate) use bounded::MAX_BODY;
pub use channel::Channel;
pub use features::Features;
pub use heartbeat_interval::HeartbeatInterval;
pub use limits::Limits;
pub(crate) use link::SUBPROTOCOL;
pub use link::{Goodbye, Hello, Renewed, Token, TokenWanted, Welcome};
pub use malformed::Malformed;
pub use message::Message;
pub use position::{Epoch, Position};
pub use secret::Secret;
pub use session::{
    Ack, Cancel, CancelResult, CaughtUp, ChannelPositions, Closed, Continue, Heartbeat, Item, Open,
    Opened, Reject, StreamResult,
};
pub use session_id::SessionId;
pub use stream::{End, Follow, Following, Piece, Read, Unfollow};
pub use text::{Code, Name};
pub use versions::{VERSION, Versions};
pub use window::Window;
pub use words::{Answer, CancelOutcome, GoodbyeCode, How, Scope};

/// How deep an envelope may be nested, its own braces counting as one: a body may be nested 10
/// deep in it.
pub const DEPTH: u8 = BODY_DEPTH + 1;

/// How deep a body may be nested: a container of scalars has the depth 1 (V-1.3).
pub(crate) const BODY_DEPTH: u8 = 10;

/// The largest number of the dialect, 2^53 - 1: what every language reads exactly.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

#[cfg(test)]
mod tests;
