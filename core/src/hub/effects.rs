//! Decisions about a link are values, which the machines of the hub return; they are applied here
//! and nowhere else, in one order.

use std::sync::Arc;

use super::Hub;
use super::envelopes::Own;
use super::event::Unlent;
use super::index::{Index, LinkIndex, UserIndex};
use super::inline_text::InlineText;
use crate::link::ServerClose;
use crate::metrics::Direction;

/// What is to happen to a link, in the order of the members: the frame leaves before the close
/// frame, and the host gets the event when both are queued.
#[derive(Debug, Default)]
pub(super) struct Effects<'a> {
    /// A frame for the peer.
    pub(super) say: Option<Say<'a>>,
    /// The link closes.
    pub(super) close: Option<ServerClose<'a>>,
    /// The event for the host.
    pub(super) tell: Option<Unlent>,
}

/// A frame for a peer, and when it leaves.
#[derive(Debug)]
pub(super) enum Say<'a> {
    /// Now, ahead of answers that wait: a frame that answers no request.
    Now(Own<'a>),
    /// As an answer, which may wait until the outbox has space. `in_turn`: behind the answers to
    /// all earlier requests, for a peer without ids, which takes any answer for that to its oldest.
    Answer { frame: Own<'a>, in_turn: bool },
    /// The same for the answer that a repeat gets again.
    Again { frame: Arc<[u8]>, in_turn: bool },
}

impl Hub {
    /// Applies the effects to a link.
    pub(super) fn apply(&mut self, link: LinkIndex, effects: Effects<'_>) -> Option<Unlent> {
        if let Some(say) = effects.say {
            self.say(link, say);
        }
        if let Some(why) = effects.close {
            self.goodbye(link, why.goodbye(), None);
            self.links.close(link, self.now, why.code(), why.reason());
        }
        effects.tell
    }

    /// Closes a link for a reason of the hub's own.
    pub(super) fn close(&mut self, link: LinkIndex, why: ServerClose<'_>) {
        self.apply(link, Effects { close: Some(why), ..Effects::default() });
    }

    fn say(&mut self, link: LinkIndex, say: Say<'_>) {
        let (frame, in_turn) = match say {
            Say::Now(own) => {
                self.metrics.messages.increment(own.kind(), Direction::Outbound);
                let text = self.envelopes.own(self.now.wall, &own);
                self.links.send_text(link, self.now, text);
                self.envelopes.trim();
                return;
            }
            Say::Answer { frame, in_turn } => (self.share(&frame), in_turn),
            Say::Again { frame, in_turn } => (frame, in_turn),
        };
        if in_turn {
            self.links.send_in_turn(link, self.now, frame);
        } else {
            self.links.send_answer(link, self.now, frame);
        }
    }

    /// Makes a frame of the hub's own that is kept or waits. It is counted.
    pub(super) fn share(&mut self, own: &Own<'_>) -> Arc<[u8]> {
        self.metrics.messages.increment(own.kind(), Direction::Outbound);
        self.envelopes.own(self.now.wall, own);
        self.envelopes.share()
    }

    /// The answer, or the `error` in its place if the peer of this link takes no message as large.
    pub(super) fn fitting(
        &mut self,
        link: LinkIndex,
        reply_to: Option<&InlineText>,
        frame: Arc<[u8]>,
    ) -> Arc<[u8]> {
        let (bytes, limit) = (frame.len(), self.links.largest_of(link));
        if bytes <= limit { frame } else { self.share(&Own::TooLarge { bytes, limit, reply_to }) }
    }

    /// Frees what only the last event still borrowed: an ended link, a user without links.
    pub(super) fn release_last(&mut self) {
        let LastEvent { link, user } = core::mem::replace(&mut self.last_event, LastEvent::NOTHING);
        if user != UserIndex::NONE {
            self.users.leave_if_idle(user);
        }
        if link != LinkIndex::NONE && self.links.get(link).is_some_and(|slot| slot.detached) {
            self.links.free(link);
        }
    }
}

/// What only the last event still borrows.
#[derive(Debug)]
pub(super) struct LastEvent {
    pub(super) link: LinkIndex,
    pub(super) user: UserIndex,
}

impl LastEvent {
    pub(super) const NOTHING: Self = Self { link: LinkIndex::NONE, user: UserIndex::NONE };
}
