//! Why a message is refused, and the `error` that its sender gets.

use core::fmt;
use core::time::Duration;

use crate::envelope::{EnvelopeError, ErrorCode};
use crate::limits::Wait;
use crate::link::TooMany;
use crate::{limits, routing};

/// Why a message is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RefusalReason {
    /// An answer to its user runs, and no more is taken meanwhile.
    Answering,
    /// A binary message: the dialect has none.
    Binary,
    /// The hub or the link has as many running requests as it may.
    Busy,
    /// It is no envelope.
    Envelope(EnvelopeError),
    /// It repeats a request whose answer is no longer kept.
    Forgotten,
    /// Its id is longer than an id may be.
    IdTooLong,
    /// It, or a part of it, is too large.
    Limits(limits::Refusal),
    /// Its sender is ahead of its rate.
    Rate(Wait),
    /// No agent takes it.
    Route(routing::NoAgent),
    /// Neither the dialect nor the host knows its type.
    UnknownType,
}

/// The `retry_after` where the exact time is not known.
const SOON: Duration = Duration::from_secs(1);

impl RefusalReason {
    /// The `error_code`, for programs.
    pub(super) fn code(&self) -> ErrorCode<'static> {
        match self {
            Self::Binary => ErrorCode::FormatError,
            Self::Answering | Self::Busy => ErrorCode::AgentBusy,
            Self::Envelope(error) => error.code(),
            Self::Forgotten => ErrorCode::DuplicateRequest,
            Self::IdTooLong => ErrorCode::ValidationError,
            Self::Limits(refusal) => ErrorCode::from(refusal.code.as_str()),
            Self::Rate(_) => ErrorCode::RateLimitExceeded,
            Self::Route(refused) => match refused {
                routing::NoAgent::UnknownAgent => ErrorCode::UnknownAgent,
                routing::NoAgent::Busy => ErrorCode::AgentBusy,
                _ => ErrorCode::AgentUnavailable,
            },
            Self::UnknownType => ErrorCode::UnknownType,
        }
    }

    /// When to try again.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Answering | Self::Busy | Self::Route(routing::NoAgent::Busy) => Some(SOON),
            Self::Limits(refusal) => refusal.retry_after,
            Self::Rate(wait) => Some(wait.retry_after),
            Self::Route(routing::NoAgent::Unavailable { retry_after }) => {
                Some((*retry_after).max(SOON))
            }
            _ => None,
        }
    }

    /// The kind of violation that this counts as; `None` where the sender is not at fault. An
    /// unknown type or agent is no violation, since the sender may be of a newer version; neither
    /// is a rate table that other users have filled.
    pub(super) fn strikes(&self) -> Option<TooMany> {
        match self {
            Self::Binary | Self::IdTooLong => Some(TooMany::Faults),
            Self::Envelope(EnvelopeError::TooDeep { .. } | EnvelopeError::TooLong) => {
                Some(TooMany::TooLarge)
            }
            Self::Envelope(_) => Some(TooMany::Faults),
            Self::Limits(refusal) => match (refusal.code, refusal.unit) {
                (limits::Code::TooLarge, _) => Some(TooMany::TooLarge),
                // A person who types or pastes too much makes a mistake.
                (_, limits::Unit::Characters) => None,
                _ => Some(TooMany::Faults),
            },
            Self::Rate(wait) => (!wait.crowded).then_some(TooMany::Messages),
            Self::Answering | Self::Busy | Self::Forgotten | Self::Route(_) | Self::UnknownType => {
                None
            }
        }
    }
}

/// The `message` of the `error`, for people.
impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answering => f.write_str("an answer is running"),
            Self::Binary => f.write_str("binary messages are not understood"),
            Self::Busy => f.write_str("too many requests are running"),
            Self::Envelope(error) => error.fmt(f),
            Self::Forgotten => f.write_str("this request was answered before"),
            Self::IdTooLong => f.write_str("the id is too long"),
            Self::Limits(refusal) => refusal.fmt(f),
            Self::Rate(wait) => wait.refusal().fmt(f),
            Self::Route(refused) => f.write_str(match refused {
                routing::NoAgent::UnknownAgent => "no agent has this name",
                routing::NoAgent::Busy => "the agent is busy",
                _ => "no agent is available",
            }),
            Self::UnknownType => f.write_str("unknown message type"),
        }
    }
}
