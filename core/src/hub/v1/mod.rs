//! The `pamlink.v1` dialect at a hub: sessions that outlive the links that carry them.
//!
//! A link that agreed on the dialect says envelopes, which go to the [`Sessions`]; what those say
//! goes to the links. An item is examined as a message of the `pam` dialect is, and a request among
//! them is a request like any other, whose answer goes to the stream that it asked for, or is an
//! item that names it. The hub is the producer of these streams.
//!
//! A hub makes all this with its first such link.

mod answering;
mod askers;
mod carrying;
mod ending;
mod events;
mod goodbye;
mod items;
mod opening;
mod place;
mod pushes;
mod pushing;
mod reading;
mod renewing;
mod state;
mod stream_log;
mod welcoming;

pub(super) use self::state::V1;
