//! What a session tells its host.

use core::fmt;
use core::time::Duration;

use super::fault::Fault;
use super::payload::Target;
use crate::envelope::Raw;
use crate::envelope::v1::{Answer, Code, How, Name, Position, StreamResult};

/// What the host calls something that it has sent. Each has a higher one than those before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(u64);

impl CommandId {
    /// The id of this number, as [`as_u64`](Self::as_u64) gave it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number: 0 for what a session sent first.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommandId({})", self.0)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What happened, lent from the session until its next call.
///
/// Whatever the host sends ends in exactly one [`Outcome`](Self::Outcome), or, if it is a cancel
/// that was answered, in one [`CancelResult`](Self::CancelResult) that names its command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The session was opened, or is not to be (V-5.3). After `gap` something of what the server
    /// sent is lost.
    Opened {
        /// What has become of the `open`.
        answer: Answer,
    },
    /// Something of what the other end sent is lost, or may be, and will not come (V-5.5, V-5.6).
    Gap {
        /// How many envelopes, where that is known.
        lost: Option<u64>,
        /// Why.
        reason: Code<'a>,
    },
    /// All that the other end had sent before the session was resumed has come; what follows is
    /// new.
    CaughtUp,
    /// An item: once, and in the order in which it was sent. It is acknowledged from now on.
    Item {
        /// Its position, by which it is rejected or answered.
        at: Position,
        /// The position of the item that it answers.
        of: Option<Position>,
        /// The stream that it asks for.
        stream: Option<Name<'a>>,
        /// The agent that is to answer.
        agent: Option<Name<'a>>,
        /// What it says.
        body: Raw<'a>,
    },
    /// A cancel, at a server: [`cancel_result`](super::Session::cancel_result) answers it.
    Cancel {
        /// Its position.
        at: Position,
        /// What is to end.
        target: Target<'a>,
    },
    /// What a cancel has come to, at a client.
    CancelResult {
        /// The cancel, which ends with it.
        command: CommandId,
        /// A result for each stream that was running, or that was asked for.
        results: &'a [StreamResult<'a>],
    },
    /// What has become of something that was sent.
    Outcome {
        /// What was sent.
        command: CommandId,
        /// What has become of it.
        outcome: Outcome<'a>,
    },
    /// The other end has closed the channel. The session is without a link, and may be opened again
    /// after the time that is named, unless an [`Ended`](Self::Ended) follows. After `superseded`
    /// it goes on over another link.
    Closed {
        /// Why.
        code: Code<'a>,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// The other end has done what it must not; the channel is closed with the fault's code, and
    /// the session may be opened again (V-9.1).
    Fault(Fault),
    /// The session has ended. A server's takes no more; a client's begins another one when it is
    /// attached again.
    Ended(Ending<'a>),
}

/// What has become of something that was sent (V-3.7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// The other end has it.
    Acknowledged,
    /// The other end has not taken it, or it is too large for the way there
    /// (`message_too_large`).
    Rejected {
        /// Why.
        code: Code<'a>,
        /// When to come back.
        retry_after: Option<Duration>,
    },
    /// It has left the queue without having been sent: it has had no effect.
    Expired(Expiry),
    /// It was sent, and whether the other end has it is lost with a gap or with the session.
    Unknown,
}

/// Why something left the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expiry {
    /// It has waited for as long as it may.
    Age,
    /// The queue was full, and it made way ([`AtBound::DropOldest`](super::AtBound::DropOldest)).
    Dropped,
    /// Something else was sent under its key.
    Replaced,
    /// The session that it belongs to has ended.
    SessionEnded,
}

/// How a session has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending<'a> {
    /// One of the hosts has left it.
    Left,
    /// It was without a link for as long as it is kept.
    Expired,
    /// The server does not have it, or not any more.
    Unknown,
    /// The server says that it has ended, and perhaps how.
    Ended(Option<How<'a>>),
}
