//! Events on their way to the host.

use core::time::Duration;
use std::collections::VecDeque;

use super::event::{CommandId, Ending, Event, Expiry, Outcome};
use super::fault::Fault;
use super::payload::{Target, result_memory};
use crate::envelope::Raw;
use crate::envelope::v1::{Answer, Code, Name, Position, StreamResult};

/// The events that wait to be taken, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    waiting: VecDeque<Unlent>,
}

impl Events {
    /// The places that are kept while more is expected: the fewest that are made.
    const KEEP: usize = 4;

    pub(super) fn push(&mut self, event: Unlent) {
        self.waiting.push_back(event);
    }

    /// The end of a command.
    pub(super) fn end(&mut self, command: CommandId, end: End) {
        self.push(Unlent::Outcome(command, end));
    }

    pub(super) fn take_next(&mut self) -> Option<Unlent> {
        let event = self.waiting.pop_front();
        // What a burst has made is given back.
        if self.waiting.capacity() > Self::KEEP {
            self.give_back();
        }
        event
    }

    /// Gives back the room of what was taken, if all was.
    pub(super) fn give_back(&mut self) {
        if self.waiting.is_empty() {
            self.waiting = VecDeque::new();
        }
    }

    /// The bytes that are allocated.
    pub(super) fn memory(&self) -> usize {
        let places = self.waiting.capacity() * size_of::<Unlent>();
        places + self.waiting.iter().map(Unlent::memory).sum::<usize>()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

/// What has become of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Acknowledged,
    Rejected(Code<'static>, Option<Duration>),
    Expired(Expiry),
    Unknown,
}

impl End {
    /// The outcome for the host.
    pub(crate) fn lend(&self) -> Outcome<'_> {
        match self {
            Self::Acknowledged => Outcome::Acknowledged,
            Self::Rejected(code, retry_after) => {
                Outcome::Rejected { code: code.as_borrowed(), retry_after: *retry_after }
            }
            Self::Expired(expiry) => Outcome::Expired(*expiry),
            Self::Unknown => Outcome::Unknown,
        }
    }
}

/// An [`Event`] that borrows nothing.
#[derive(Clone, Debug)]
pub(crate) enum Unlent {
    Opened(Answer),
    Gap(Option<u64>, Code<'static>),
    CaughtUp,
    Item {
        at: Position,
        of: Option<Position>,
        stream: Option<Name<'static>>,
        agent: Option<Name<'static>>,
        body: Box<str>,
    },
    Cancel(Position, Target<'static>),
    CancelResult(CommandId, Box<[StreamResult<'static>]>),
    Outcome(CommandId, End),
    Closed(Code<'static>, Option<Duration>),
    Fault(Fault),
    Ended(Ending<'static>),
}

impl Unlent {
    /// The event for the host.
    pub(super) fn lend(&self) -> Event<'_> {
        match self {
            Self::Opened(answer) => Event::Opened { answer: *answer },
            Self::Gap(lost, reason) => Event::Gap { lost: *lost, reason: reason.as_borrowed() },
            Self::CaughtUp => Event::CaughtUp,
            Self::Item { at, of, stream, agent, body } => Event::Item {
                at: *at,
                of: *of,
                stream: stream.as_ref().map(Name::as_borrowed),
                agent: agent.as_ref().map(Name::as_borrowed),
                body: Raw::trusted(body, false),
            },
            Self::Cancel(at, target) => Event::Cancel { at: *at, target: target.as_borrowed() },
            Self::CancelResult(command, results) => {
                Event::CancelResult { command: *command, results }
            }
            Self::Outcome(command, end) => {
                Event::Outcome { command: *command, outcome: end.lend() }
            }
            Self::Closed(code, retry_after) => {
                Event::Closed { code: code.as_borrowed(), retry_after: *retry_after }
            }
            Self::Fault(fault) => Event::Fault(*fault),
            Self::Ended(ending) => Event::Ended(ending.clone()),
        }
    }

    /// The bytes that it has allocated.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Item { stream, agent, body, .. } => {
                let names = [stream, agent].into_iter().flatten().map(|name| name.len());
                body.len() + names.sum::<usize>()
            }
            Self::Cancel(_, target) => target.memory(),
            Self::CancelResult(_, results) => results.iter().map(result_memory).sum(),
            Self::Outcome(_, End::Rejected(code, _))
            | Self::Gap(_, code)
            | Self::Closed(code, _) => code.len(),
            Self::Ended(Ending::Ended(Some(how))) => how.as_str().len(),
            Self::Opened(_)
            | Self::CaughtUp
            | Self::Outcome(_, End::Acknowledged | End::Expired(_) | End::Unknown)
            | Self::Fault(_)
            | Self::Ended(_) => 0,
        }
    }

    /// The position that has been handled once the host has taken this event.
    pub(super) const fn position(&self) -> Option<Position> {
        match self {
            Self::Item { at, .. } | Self::Cancel(at, _) => Some(*at),
            Self::Opened(_)
            | Self::Gap(..)
            | Self::CaughtUp
            | Self::CancelResult(..)
            | Self::Outcome(..)
            | Self::Closed(..)
            | Self::Fault(_)
            | Self::Ended(_) => None,
        }
    }
}
