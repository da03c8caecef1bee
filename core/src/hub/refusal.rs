//! What is wrong with a message, and how its sender is told.

use core::fmt::Write as _;
use core::time::Duration;

use super::Hub;
use super::event::{Refusal, Told};
use super::index::{Index, LinkIndex, UserIndex};
use super::inline::InlineText;
use super::slot::Phase;
use crate::envelope::{EnvelopeError, ErrorCode, Id, Kind, Raw, write};
use crate::limits::{Strike, Wait};
use crate::link::{ServerClose, TooMany};
use crate::{limits, routing};

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A binary message: the dialect has none.
    Binary,
    /// As many requests run as may.
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
    Route(routing::Refused),
    /// Nobody takes its type.
    UnknownType,
}

/// How soon to come back when nobody knows better.
const SOON: Duration = Duration::from_secs(1);

impl Fault {
    pub(super) fn code(&self) -> ErrorCode<'static> {
        match self {
            Self::Binary => ErrorCode::FormatError,
            Self::Busy => ErrorCode::AgentBusy,
            Self::Envelope(error) => error.code(),
            Self::Forgotten => ErrorCode::DuplicateRequest,
            Self::IdTooLong => ErrorCode::ValidationError,
            Self::Limits(refusal) => ErrorCode::from(refusal.code.as_str()),
            Self::Rate(_) => ErrorCode::RateLimitExceeded,
            Self::Route(refused) => match refused {
                routing::Refused::UnknownAgent => ErrorCode::UnknownAgent,
                routing::Refused::Busy => ErrorCode::AgentBusy,
                _ => ErrorCode::AgentUnavailable,
            },
            Self::UnknownType => ErrorCode::UnknownType,
        }
    }

    fn message(&self, out: &mut String) {
        let written = match self {
            Self::Binary => write!(out, "binary messages are not understood"),
            Self::Busy => write!(out, "too many requests are running"),
            Self::Envelope(error) => write!(out, "{error}"),
            Self::Forgotten => write!(out, "this request was answered before"),
            Self::IdTooLong => write!(out, "the id is too long"),
            Self::Limits(refusal) => write!(out, "{refusal}"),
            Self::Rate(wait) => write!(out, "{}", wait.refusal()),
            Self::Route(refused) => write!(
                out,
                "{}",
                match refused {
                    routing::Refused::UnknownAgent => "no agent has this name",
                    routing::Refused::Busy => "the agent is busy",
                    _ => "no agent is available",
                }
            ),
            Self::UnknownType => write!(out, "unknown message type"),
        };
        debug_assert!(written.is_ok(), "a String takes everything");
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy | Self::Route(routing::Refused::Busy) => Some(SOON),
            Self::Limits(refusal) => refusal.retry_after,
            Self::Rate(wait) => Some(wait.retry_after),
            Self::Route(routing::Refused::Unavailable { retry_after }) => {
                Some((*retry_after).max(SOON))
            }
            _ => None,
        }
    }

    /// Whether the sender did something wrong, so that too much of it closes the link. A type or agent that this version does not know is no wrong: the sender may
    /// be newer. Nor is a crowd of others.
    fn strikes(&self) -> Option<TooMany> {
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
            Self::Busy | Self::Forgotten | Self::Route(_) | Self::UnknownType => None,
        }
    }
}

impl Hub {
    /// Answers a message that is not taken, counts it, and closes the link if it was one too many.
    ///
    /// A peer without ids takes any `error` for the answer to its oldest question: one that names
    /// no message waits for the answers to those, unless it is the last word before a close.
    pub(super) fn refuse(
        &mut self,
        index: LinkIndex,
        fault: &Fault,
        reply_to: Option<&InlineText>,
    ) -> Option<Told> {
        let code = fault.code();
        self.metrics.refusals.increment(&code);
        // A full table is counted by the limiter.
        if let Fault::Rate(wait) = fault
            && !wait.crowded
        {
            self.metrics.rate_limited.increment(wait.class);
        }
        let mut message = String::new();
        fault.message(&mut message);
        let retry_after = fault.retry_after();
        let strikes = fault.strikes();
        let user = self.links.get(index).map_or(UserIndex::NONE, |slot| slot.user);
        let user = self.users.get(user).map(|user| user.key);
        let strike = strikes.and(user).map(|user| self.violations.strike_key(self.now.mono, user));
        let left = match strike {
            Some(Strike::Tolerated { left }) => Some(left),
            Some(Strike::TooMany) => None,
            None => Some(self.config.max_violations),
        };
        self.write_error(&code, &message, retry_after, reply_to);
        self.answer(index, reply_to.is_none() && left.is_some());
        if let (None, Some(what)) = (left, strikes) {
            self.metrics.violations_closed.increment();
            self.close(index, ServerClose::Refusals(what, &message));
        }
        Some(Told::Refused(Refusal {
            link: index,
            code,
            retry_after,
            left: left.unwrap_or(0),
            closing: left.is_none(),
        }))
    }

    /// A binary message has come.
    pub(super) fn refuse_binary(&mut self, index: LinkIndex) -> Option<Told> {
        match self.links.get(index)?.phase {
            Phase::Open => self.refuse(index, &Fault::Binary, None),
            _ => None,
        }
    }

    /// Tells a link of a failure that answers no message of it.
    pub(super) fn tell_error(
        &mut self,
        index: LinkIndex,
        code: &ErrorCode<'_>,
        message: &str,
        retry_after: Option<Duration>,
    ) {
        self.write_error(code, message, retry_after, None);
        self.send_text(index, Kind::Error);
    }

    /// Makes an `error` in `self.text`.
    pub(super) fn write_error(
        &mut self,
        code: &ErrorCode<'_>,
        message: &str,
        retry_after: Option<Duration>,
        reply_to: Option<&InlineText>,
    ) {
        let reply_to = reply_to.and_then(id);
        let failure = write::Failure { code, message, retry_after, reply_to: reply_to.as_ref() };
        self.text.clear();
        write::error(&mut self.text, self.now.wall, &failure);
    }
}

/// An id as it was spelled.
pub(super) fn id(json: &InlineText) -> Option<Id<'_>> {
    Id::from_raw(Raw::parse(json.as_str(), u8::MAX).ok()?)
}
