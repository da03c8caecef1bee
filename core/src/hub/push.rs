//! Pushes and their fan-out: an envelope for one link, for all links of a user, or for all users.

use std::sync::Arc;

use thiserror::Error;

use super::Hub;
use super::ids::{LinkId, PushId};
use super::index::{Index, LinkIndex};
use super::links::Phase;
use crate::delivery::SendOptions;
use crate::envelope::{Envelope, EnvelopeError, Kind};
use crate::frame::CloseCode;
use crate::link::ServerClose;
use crate::metric_families::PushOutcome;
use crate::metrics::Direction;
use crate::time::Now;

/// What became of a push. Queued does not mean received: if a link ends first,
/// [`Closed::unsent`](crate::link::Closed::unsent) tells how many messages stayed behind, and
/// [`Event::Undelivered`](super::Event::Undelivered) what a session does not get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "nobody else tells whether the push reached anyone"]
#[non_exhaustive]
pub struct Push {
    /// What the hub calls it.
    pub id: PushId,
    /// Links that have queued it, and sessions of `pamlink.v1`, which keep it for their next link
    /// where they have none.
    pub queued: u32,
    /// Links and sessions that refused it, because too much waits to be written there, or because
    /// their peers take no message as large.
    pub refused: u32,
}

impl Push {
    /// The user has neither a link nor a session.
    pub const fn is_absent(&self) -> bool {
        self.queued == 0 && self.refused == 0
    }

    /// So many sessions have queued it, and so many refused.
    fn add(&mut self, (queued, refused): (u32, u32)) {
        self.queued += queued;
        self.refused += refused;
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
        self.now.advance(now);
        let (frame, kind) = self.encode(text)?;
        let mut push = self.next_push();
        if self.links.find_mut(link).is_some() {
            self.push_to(link.index, &frame, &mut push);
            push.add(self.push_over(push.id, link, text));
        }
        self.count(kind, push);
        Ok(push)
    }

    /// Sends an envelope to all links of a user: a fan-out of one encoded payload. See
    /// [`send`](Self::send) for the members that it must not have.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn push(&mut self, now: Now, user: &str, text: &str) -> Result<Push, PushError> {
        self.push_with(now, user, text, SendOptions::default())
    }

    /// As [`push`](Self::push), and says how it waits in the sessions of the user: under which key,
    /// before and after what, and for how long, which is as long as a session is kept without a
    /// link where `time_to_live` is absent. It answers nothing and asks for nothing: `of`, `stream`
    /// and `agent` of the options are left out. On a link of the `pam` dialect nothing waits in
    /// this way.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn push_with(
        &mut self,
        now: Now,
        user: &str,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<Push, PushError> {
        self.now.advance(now);
        let (frame, kind) = self.encode(text)?;
        let mut push = self.next_push();
        let found = self.users.find(user).and_then(|user| self.users.get(user));
        let mut next = found.map_or(LinkIndex::NONE, |user| user.first_link);
        while let Some(link) = self.links.get(next) {
            let index = core::mem::replace(&mut next, link.next_of_user);
            self.push_to(index, &frame, &mut push);
        }
        push.add(self.push_in_sessions_of(push.id, user, text, &options));
        self.count(kind, push);
        Ok(push)
    }

    /// Sends an envelope to every welcomed link: a fan-out of one encoded payload. See
    /// [`send`](Self::send) for the members that it must not have.
    ///
    /// # Errors
    ///
    /// [`PushError`]: nothing was sent.
    pub fn broadcast(&mut self, now: Now, text: &str) -> Result<Push, PushError> {
        self.now.advance(now);
        let (frame, kind) = self.encode(text)?;
        let mut push = self.next_push();
        for index in self.links.places() {
            self.push_to(index, &frame, &mut push);
        }
        push.add(self.push_in_all(push.id, text));
        self.count(kind, push);
        Ok(push)
    }

    /// Closes a link: what is queued goes out first. Whether there was one to close.
    pub fn disconnect(&mut self, now: Now, link: LinkId, code: CloseCode, reason: &str) -> bool {
        self.now.advance(now);
        let found = self.links.find_mut(link).is_some_and(|slot| slot.phase != Phase::Ended);
        if found {
            self.goodbye(link.index, ServerClose::goodbye_of(code), None);
            self.links.close(link.index, self.now, code, reason);
        }
        found
    }

    /// Closes all links of a user, and tells how many.
    pub fn disconnect_user(&mut self, now: Now, user: &str, code: CloseCode, reason: &str) -> u32 {
        self.now.advance(now);
        let user = self.users.find(user).and_then(|user| self.users.get(user));
        let mut next = user.map_or(LinkIndex::NONE, |user| user.first_link);
        let mut closed = 0;
        while let Some(link) = self.links.get(next) {
            let index = core::mem::replace(&mut next, link.next_of_user);
            self.goodbye(index, ServerClose::goodbye_of(code), None);
            self.links.close(index, self.now, code, reason);
            closed += 1;
        }
        closed
    }

    fn next_push(&mut self) -> Push {
        let id = PushId(self.pushes);
        self.pushes += 1;
        Push { id, ..Push::default() }
    }

    fn push_to(&mut self, link: LinkIndex, frame: &Arc<[u8]>, push: &mut Push) {
        match self.links.push(link, self.now, frame) {
            Some(true) => push.queued += 1,
            Some(false) => push.refused += 1,
            None => {}
        }
    }

    /// The text in the memory that all links share, and its type.
    fn encode<'t>(&self, text: &'t str) -> Result<(Arc<[u8]>, Kind<'t>), PushError> {
        let kind = Envelope::parse(text, Envelope::DEPTH)?.kind();
        let (bytes, limit) = (text.len(), self.links.largest());
        if bytes > limit {
            return Err(PushError::TooLarge { bytes, limit });
        }
        Ok((text.as_bytes().into(), kind))
    }

    fn count(&mut self, kind: Kind<'_>, push: Push) {
        self.metrics.messages.add(kind, Direction::Outbound, push.queued.into());
        self.metrics.pushes.add(PushOutcome::Queued, u64::from(push.queued));
        self.metrics.pushes.add(PushOutcome::Refused, u64::from(push.refused));
        if push.is_absent() {
            self.metrics.pushes.increment(PushOutcome::Absent);
        }
    }
}
