//! What goes to peers unasked: to one link, to a user's links, to all.

use std::sync::Arc;

use thiserror::Error;

use super::index::{Index, LinkIndex};
use super::slot::Phase;
use super::{Hub, LinkId};
use crate::envelope::{Envelope, EnvelopeError, Kind};
use crate::frame::{CloseCode, payload_of};
use crate::link::Overflow;
use crate::metrics::Direction;
use crate::registry::PushOutcome;
use crate::time::Now;

/// What became of a push. Queued is not read: if a link ends first,
/// [`Closed::unsent`](crate::link::Closed::unsent) tells how many messages stayed behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "nobody else tells whether the push reached anyone"]
#[non_exhaustive]
pub struct Push {
    /// Links that have queued it.
    pub queued: u32,
    /// Links that refused it, because too much waits to be written to them, or because their peers
    /// take no message as large.
    pub refused: u32,
}

impl Push {
    /// Nobody was there.
    pub const fn is_absent(&self) -> bool {
        self.queued == 0 && self.refused == 0
    }

    /// At least one link has queued it.
    pub const fn reached_anyone(&self) -> bool {
        self.queued > 0
    }
}

/// Why nothing was pushed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The text is no envelope: no JSON object with a `type`, or one that is nested deeper than a
    /// peer reads.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The text is larger than any message may be.
    #[error("a message of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
        /// The largest message.
        limit: usize,
    },
}

impl Hub {
    /// Sends an envelope to one link. A link that has ended counts as absent.
    ///
    /// Towards peers without the engine, a frame that answers nothing must not have the members
    /// `message`, `content`, `response` or `text` at its top level, nor a truthy `error`: they
    /// would take it for an answer.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn send(&mut self, now: Now, link: LinkId, text: &str) -> Result<Push, PushError> {
        self.set_now(now);
        let frame = self.encode(text)?;
        let mut push = Push::default();
        if self.slot_mut(link).is_some() {
            self.push_to(link.index, &frame, &mut push);
        }
        self.count(text, push);
        Ok(push)
    }

    /// Sends an envelope to all links of a user; it is encoded once. See [`send`](Self::send) for
    /// what it must not look like.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn push(&mut self, now: Now, user: &str, text: &str) -> Result<Push, PushError> {
        self.set_now(now);
        let frame = self.encode(text)?;
        let mut push = Push::default();
        let user = self.users.find(user).and_then(|user| self.users.get(user));
        let mut next = user.map(|user| user.first_link);
        while let Some(link) = next.and_then(|next| self.links.get(next)) {
            let index = next.take().unwrap_or(LinkIndex::NONE);
            next = Some(link.next_of_user);
            self.push_to(index, &frame, &mut push);
        }
        self.count(text, push);
        Ok(push)
    }

    /// Sends an envelope to every welcomed link; it is encoded once. See [`send`](Self::send) for
    /// what it must not look like.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn broadcast(&mut self, now: Now, text: &str) -> Result<Push, PushError> {
        self.set_now(now);
        let frame = self.encode(text)?;
        let mut push = Push::default();
        for index in self.links.range() {
            self.push_to(index, &frame, &mut push);
        }
        self.count(text, push);
        Ok(push)
    }

    /// Closes a link: what is queued goes out first. Whether there was one to close.
    pub fn disconnect(&mut self, now: Now, link: LinkId, code: CloseCode, reason: &str) -> bool {
        self.set_now(now);
        let found = self.slot_mut(link).is_some_and(|slot| slot.phase != Phase::Ended);
        if found {
            self.close_with(link.index, code, reason);
        }
        found
    }

    /// Closes all links of a user, and tells how many.
    pub fn disconnect_user(&mut self, now: Now, user: &str, code: CloseCode, reason: &str) -> u32 {
        self.set_now(now);
        let user = self.users.find(user).and_then(|user| self.users.get(user));
        let mut next = user.map(|user| user.first_link);
        let mut closed = 0;
        while let Some(link) = next.and_then(|next| self.links.get(next)) {
            let index = next.take().unwrap_or(LinkIndex::NONE);
            next = Some(link.next_of_user);
            self.close_with(index, code, reason);
            closed += 1;
        }
        closed
    }

    /// Queues a shared frame on a link. Whether the link took it. An empty one is no frame.
    pub(super) fn send_frame(&mut self, index: LinkIndex, frame: Arc<[u8]>) -> bool {
        if frame.is_empty() {
            return true;
        }
        let now = self.now;
        let Some(slot) = self.links.get_mut(index) else { return false };
        let sent = slot.link.send_frame(now, frame).is_ok();
        self.sent(index, sent)
    }

    /// Queues the text that was made on a link. Whether the link took it.
    pub(super) fn send_text(&mut self, index: LinkIndex, kind: Kind<'_>) -> bool {
        let now = self.now;
        let Some(slot) = self.links.get_mut(index) else { return false };
        let sent = slot.link.send_text(now, &self.text).is_ok();
        self.metrics.messages.increment(kind, Direction::Outbound);
        self.sent(index, sent)
    }

    fn sent(&mut self, index: LinkIndex, sent: bool) -> bool {
        self.weigh(index);
        if !sent || self.link_config.outbox.overflow == Overflow::DropOldest {
            // The link may have begun to close, or have lost an older frame: it has that to tell.
            self.wake(index);
            self.arm(index);
        }
        self.stir(index);
        sent
    }

    fn push_to(&mut self, index: LinkIndex, frame: &Arc<[u8]>, push: &mut Push) {
        let Some(slot) = self.links.get(index) else { return };
        if !slot.is_open() {
            return;
        }
        if payload_of(frame).len() <= slot.max_message && self.send_frame(index, Arc::clone(frame))
        {
            push.queued += 1;
        } else {
            push.refused += 1;
        }
    }

    fn encode(&mut self, text: &str) -> Result<Arc<[u8]>, PushError> {
        Envelope::parse(text, Envelope::DEPTH)?;
        let (bytes, limit) = (text.len(), self.largest());
        if bytes > limit {
            return Err(PushError::TooLarge { bytes, limit });
        }
        self.text.clear();
        self.text.push_str(text);
        Ok(self.take_frame())
    }

    fn count(&mut self, text: &str, push: Push) {
        let kind = Envelope::parse(text, u8::MAX).map(|envelope| envelope.kind());
        if let Ok(kind) = kind {
            self.metrics.messages.add(kind, Direction::Outbound, push.queued.into());
        }
        self.metrics.pushes.add(PushOutcome::Queued, u64::from(push.queued));
        self.metrics.pushes.add(PushOutcome::Refused, u64::from(push.refused));
        if push.is_absent() {
            self.metrics.pushes.increment(PushOutcome::Absent);
        }
    }
}
