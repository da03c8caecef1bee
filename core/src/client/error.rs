//! Why a client takes no request or message.

use thiserror::Error;

use crate::delivery::{self, SnapshotError};
use crate::envelope::EnvelopeError;
use crate::frame::handshake::HeadError;
use crate::limits::Refusal;
use crate::link;

/// A request was not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// As many requests, or bytes of them, are under way as may be.
    #[error("too many requests are under way")]
    Full,
    /// The client has stopped, and was not [started again](super::Client::connect).
    #[error("the client has stopped")]
    Stopped,
    /// It is larger than a message may be, or than all requests together: no other time will do.
    #[error("a request of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its bytes, as it would go over the wire.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The server has said that it refuses it for the length of a member: no other time will do.
    #[error("{0}")]
    Member(Refusal),
    /// There is no such session, or it was left.
    #[error("there is no such session")]
    NoSession,
}

/// A session was not opened, or not left.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionError {
    /// This client speaks the `pam` dialect alone.
    #[error("the client does not speak pamlink.v1")]
    Dialect,
    /// The first session is there as long as the client is.
    #[error("the first session is not left")]
    First,
    /// There are as many as may be; one that was left counts until its events were taken.
    #[error("there are as many sessions as may be")]
    Full,
    /// There is none of this number, or it was left.
    #[error("there is no such session")]
    NoSession,
}

/// A request was not cancelled.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelError {
    /// It was sent in the `pam` dialect, which knows no cancel.
    #[error("the server knows no cancel")]
    Dialect,
    /// The client has given no request this number.
    #[error("there is no such request")]
    NoRequest,
    /// As many cancels are under way as may be.
    #[error("too many cancels are under way")]
    Full,
}

/// A message was not sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// It is no envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// It is larger than the server takes, or than any message may be: no other time will do.
    #[error("a message of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The server has said that it refuses it for the length of a member: no other time will do.
    #[error("{0}")]
    Member(Refusal),
    /// This client speaks the `pam` dialect alone.
    #[error("the client does not speak pamlink.v1")]
    Dialect,
    /// The session did not take it.
    #[error(transparent)]
    Session(#[from] delivery::SendError),
    /// There is no such session, or it was left.
    #[error("there is no such session")]
    NoSession,
    /// The link did not take it.
    #[error(transparent)]
    Link(#[from] link::LinkSendError),
    /// The client has stopped, and was not [started again](super::Client::connect).
    #[error("the client has stopped")]
    Stopped,
}

/// A client was not made of a snapshot.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The opening request would break HTTP.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// The bytes are no snapshot, or none of a client that this endpoint and configuration make.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}
