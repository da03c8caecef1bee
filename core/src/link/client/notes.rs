//! The queue of a client's link: its events other than messages, in order.

use core::time::Duration;
use std::collections::VecDeque;

use super::event::{ClientLinkEvent, Dial, TokenNeed};
use crate::frame::FrameError;
use crate::link::cause::{Cause, Trigger};
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::state::{ClientInput, State};

/// A few at most: each comes of one change of the phase, and is drained after it.
#[derive(Debug, Default)]
pub(super) struct Notes {
    queue: VecDeque<Note>,
    /// The end, or the cause of one, that the polled event borrows.
    end: Option<End>,
    cause: Option<Cause>,
}

#[derive(Debug)]
pub(super) enum Note {
    Dial,
    NeedToken(TokenNeed),
    StateChanged { from: State, to: State, input: ClientInput, end: Option<Cause> },
    Failed(FrameError),
    Closed(End),
    CloseTransport,
    Retrying { attempt: u32, after: Duration, class: CloseClass, cause: Cause },
    Stopped(End),
}

impl Notes {
    pub(super) fn push(&mut self, note: Note) {
        self.queue.push_back(note);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes out the oldest, if it asks for a token.
    pub(super) fn take_need(&mut self) -> Option<TokenNeed> {
        let Some(Note::NeedToken(need)) = self.queue.front() else { return None };
        let need = *need;
        self.queue.pop_front();
        Some(need)
    }

    /// The oldest, as an event. `dial` is what there is to dial at present.
    pub(super) fn lend<'a>(&'a mut self, dial: Dial<'a>) -> Option<ClientLinkEvent<'a>> {
        Some(match self.queue.pop_front()? {
            Note::Dial => ClientLinkEvent::Dial(dial),
            Note::NeedToken(need) => ClientLinkEvent::NeedToken(need),
            Note::StateChanged { from, to, input, end } => {
                let cause = match end {
                    Some(cause) => Trigger::End(self.cause.insert(cause)),
                    None => Trigger::Input(input.as_str()),
                };
                ClientLinkEvent::StateChanged { from, to, cause }
            }
            Note::Failed(error) => ClientLinkEvent::Failed(error),
            Note::Closed(end) => ClientLinkEvent::Closed(self.end.insert(end).closed()),
            Note::CloseTransport => ClientLinkEvent::CloseTransport,
            Note::Retrying { attempt, after, class, cause } => {
                let cause = self.cause.insert(cause);
                ClientLinkEvent::Retrying { attempt, after, class, cause }
            }
            Note::Stopped(end) => {
                let end = self.end.insert(end);
                ClientLinkEvent::Stopped { class: end.class, cause: &end.cause }
            }
        })
    }
}
