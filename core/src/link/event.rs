//! The events of links, and the errors of commands.

use thiserror::Error;

use super::cause::Cause;
use super::class::CloseClass;
use super::config::Overflow;
use crate::frame::handshake::{HeadError, Request};
use crate::frame::{CloseCode, FrameError};

/// An event of a server's link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent<'a> {
    /// The opening request, upgrade or plain HTTP: answer with `accept`, `reject` or `respond`.
    Request(&'a Request),
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// The outbox was full.
    Overflowed(Overflowed),
    /// The peer broke the protocol; the end follows.
    Failed(FrameError),
    /// The link is over. Comes once.
    Closed(Closed<'a>),
}

/// The end of a link. There is exactly one for each link that began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed<'a> {
    /// The close code that was read, or the one that was sent, or 1006 without a close frame.
    pub code: CloseCode,
    /// The reason that came or went with the code, tokens redacted; at most 123 bytes.
    pub reason: &'a str,
    /// What the end means for the next link.
    pub class: CloseClass,
    /// Both sides have sent a close frame (RFC 6455 section 7.1.4).
    pub clean: bool,
    /// Who or what ended the link.
    pub cause: &'a Cause,
    /// Messages that were accepted for sending and never left.
    pub unsent: usize,
}

/// What a full outbox did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overflowed {
    /// The policy that acted.
    pub policy: Overflow,
    /// Messages dropped or refused since the last such event.
    pub messages: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// A message that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LinkSendError {
    /// It does not fit the outbox; by the policy the link may be closing now.
    #[error("{bytes} bytes do not fit an outbox of {bound} bytes")]
    Full {
        /// The frame's size.
        bytes: usize,
        /// The outbox's.
        bound: usize,
    },
    /// The link is not open.
    #[error("the link is not open")]
    NotOpen,
}

/// An opening request that could not be answered as asked; the link has not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The answer breaks HTTP, or the subprotocol was not offered.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// No request waits for an answer.
    #[error("no request waits for an answer")]
    NoRequest,
}

/// What [`poll_transmit`](super::ServerLink::poll_transmit) or
/// [`poll_transmit_vectored`](super::ServerLink::poll_transmit_vectored) did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct Transmit {
    /// Bytes added.
    pub written: usize,
    /// There is more: write these first, then ask again.
    pub more: bool,
    /// The link is over and everything was added: write it, shut the sending side down, read
    /// and forget for a moment so that the peer can read the close frame, then drop the transport.
    pub close_transport: bool,
}
