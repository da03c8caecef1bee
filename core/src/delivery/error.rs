//! Why a session does not do what its host wants.

use thiserror::Error;

use crate::envelope::EnvelopeError;

/// Something was not sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The body is not JSON, or nested deeper than a body may be.
    #[error("the body is refused: {0}")]
    Body(#[from] EnvelopeError),
    /// The body is longer than a body may be, or than the whole queue: no other time will do.
    #[error("a body of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// As much waits as may.
    #[error("as much waits as may")]
    Full,
    /// This end does not send that: only a client cancels, and only a server answers a cancel.
    #[error("the other end's to send")]
    WrongRole,
    /// There is no such cancel, or it is answered.
    #[error("no such cancel waits for a result")]
    NoCancel,
    /// More results than one answer takes.
    #[error("more than 64 results")]
    TooManyResults,
    /// More events wait than a host leaves that takes them after each call.
    #[error("events wait to be taken")]
    NotDrained,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// An item was not rejected.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RejectError {
    /// There is no such item: none at this position was taken, or it is acknowledged or rejected.
    #[error("no such item is unacknowledged")]
    NoItem,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// A session was not attached to a link.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachError {
    /// Events wait to be taken.
    #[error("events wait to be taken")]
    NotDrained,
    /// The session has ended.
    #[error("the session has ended")]
    Ended,
}

/// A session was not made of a snapshot, or none was made of it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// Events wait to be taken, which are in no snapshot.
    #[error("events wait to be taken")]
    NotDrained,
    /// It is none, or one that was cut or changed.
    #[error("not a whole snapshot of a session")]
    Damaged,
    /// It was made by a later version.
    #[error("a snapshot of version {0}")]
    Version(u8),
}
