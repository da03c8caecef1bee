//! Conversations that outlive their links: what each end sends arrives once and in order, answers
//! go on in the middle, and a cancel has an outcome.
//!
//! A [`Session`] is one end of one conversation. It knows no link: one carries it from
//! [`attach`](Session::attach) to [`detach`](Session::detach), the next one goes on where that has
//! stopped, and in between what is sent waits.
//!
//! ```
//! use pamlink::delivery::{Event, SendOptions, Session, SessionConfig};
//! use pamlink::envelope::Envelope;
//! use pamlink::envelope::v1::{Channel, DEPTH, Epoch, Message, SessionId};
//! use pamlink::seed::Seed;
//! use pamlink::time::{Mono, Now, Wall};
//!
//! let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_772_337_906));
//! let (id, log) = (SessionId::from_bytes([7; 16]), Epoch::from_bits(9));
//! let mut client = Session::client(SessionConfig::default(), Seed::from_number(1));
//! let mut server = Session::server(SessionConfig::default(), id, log, Seed::from_number(2));
//! let command = client.send(now, r#"{"message":"fuel so far?"}"#, SendOptions::default())?;
//!
//! /// A link: what one end has to say is handed to the other.
//! fn carry(now: Now, from: &mut Session, to: &mut Session) {
//!     let mut text = String::new();
//!     while from.poll_message(&mut text) {
//!         let envelope = Envelope::parse(&text, DEPTH).expect("a session writes envelopes");
//!         if let Ok(Some((_, message))) = Message::read(&envelope) {
//!             to.handle_message(now, &message);
//!         }
//!         text.clear();
//!     }
//! }
//!
//! let mut heard = 0;
//! for _link in 0..2 {
//!     client.attach(now, Channel(0))?;
//!     server.attach(now, Channel(0))?;
//!     carry(now, &mut client, &mut server); // `open`
//!     carry(now, &mut server, &mut client); // `opened`
//!     carry(now, &mut client, &mut server); // The item, unless `opened` says that it has come.
//!     while let Some(event) = server.poll_event() {
//!         heard += usize::from(matches!(event, Event::Item { .. }));
//!     }
//!     // The link breaks before the item is acknowledged.
//!     while client.poll_event().is_some() {}
//!     client.detach(now);
//!     server.detach(now);
//! }
//! assert_eq!(heard, 1);
//! # let _ = command;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! Those of [`SessionConfig`], from which the most memory that a session takes follows: what is
//! unacknowledged in each direction, what waits for a number, what waits for a result, and how long
//! a server keeps what no link carries. At each bound a command is refused with a typed error, the
//! other end is held to it by a [`Fault`], or something ends with an [`Outcome`].
//!
//! # Where it is specified
//!
//! `docs/protocol-v1.md`: sections 2 to 6 are the session, and 9 its faults.

mod ceiling;
mod client_session;
mod config;
mod error;
mod event;
mod events;
mod exchange;
mod fault;
mod inbound;
mod numbered;
mod options;
mod outbound;
mod oversize;
mod packing;
mod payload;
mod queue;
mod reading;
pub(crate) mod seal;
mod session;
mod sessions;
pub mod stream;
mod turns;

pub use client_session::{ClientEvent, ClientSendError, ClientSession};
pub use config::{AtBound, SessionConfig};
pub use error::{AttachError, RejectError, SendError, SnapshotError};
pub use event::{CommandId, Ending, Event, Expiry, Outcome};
pub(crate) use events::{End as CommandEnd, Unlent as SessionUnlent};
pub use exchange::SendOptions;
pub use fault::Fault;
pub use payload::Target;
pub use queue::Priority;
pub use reading::{Cursor, FollowAnswer, FollowError, StreamEvent};
pub use session::Session;
pub(crate) use sessions::Lent as SessionsUnlent;
pub use sessions::{
    AtUserBound, LinkNumber, SessionNumber, Sessions, SessionsBound, SessionsConfig, SessionsEvent,
};
pub(crate) use turns::{Share, Turns};

#[cfg(test)]
mod tables;
#[cfg(test)]
mod tests;
