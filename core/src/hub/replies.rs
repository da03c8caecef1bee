//! Requests and their answers: from the admitted request to the frame that answers it, and requests
//! that expire or are dismissed.

use core::time::Duration;
use std::sync::Arc;

use super::Hub;
use super::config::WhileAnswering;
use super::envelopes::Own;
use super::event::Unlent;
use super::ids::RequestId;
use super::index::{Index, LinkIndex, RequestIndex, UserIndex};
use super::inline_text::InlineText;
use super::reply::{Delivered, Reply, ReplyError};
use super::requests::{Awaited, Pieces, Running};
use crate::dedup::Key;
use crate::envelope::ErrorCode;
use crate::metrics::Direction;
use crate::routing::{Outcome, Ticket};
use crate::time::Now;

impl Hub {
    /// Answers a request.
    ///
    /// The answer is correlated by `reply_to` if the request had an id, else by its order; and it
    /// is sent whole, whatever [`piece`](Self::piece) has sent of it. Every request ends in exactly
    /// one of a reply, [`dismiss`](Self::dismiss), and [`Event::Expired`](super::Event::Expired).
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: nothing was written and nothing has changed.
    pub fn reply(
        &mut self,
        now: Now,
        request: RequestId,
        reply: &Reply<'_>,
    ) -> Result<Delivered, ReplyError> {
        self.now.advance(now);
        let running = self.requests.find(request).ok_or(ReplyError::NotRunning(request))?;
        let mut limit = self.links.largest_of(running.link);
        if running.sessions != Awaited::Nothing {
            limit = limit.min(self.room_in_sessions(request.index));
        }
        let user = running.user;
        let reply_to = running.id.as_ref();
        let kind = self.envelopes.reply(self.now.wall, reply, reply_to)?;
        let (bytes, outcome) = (self.envelopes.len(), outcome(reply));
        if bytes > limit {
            let reply_to = reply_to.cloned();
            let frame = self.share(&Own::TooLarge { bytes, limit, reply_to: reply_to.as_ref() });
            self.conclude(request, frame, Outcome::Failure);
            self.users.leave_if_idle(user);
            return Ok(Delivered::TooLarge);
        }
        self.metrics.messages.increment(kind, Direction::Outbound);
        let frame = self.envelopes.share();
        let delivered = self.conclude(request, frame, outcome);
        self.users.leave_if_idle(user);
        Ok(delivered)
    }

    /// Ends a request that wants no answer: the peer gets none, and neither do its repeats.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotRunning`]: nothing has changed.
    pub fn dismiss(&mut self, now: Now, request: RequestId) -> Result<(), ReplyError> {
        self.now.advance(now);
        let running = self.requests.find(request).ok_or(ReplyError::NotRunning(request))?;
        let user = running.user;
        self.conclude(request, self.envelopes.nothing(), Outcome::Success);
        self.users.leave_if_idle(user);
        Ok(())
    }

    /// An admitted request of a user is to run: what it takes the place of ends.
    pub(super) fn make_way(&mut self, user: UserIndex) {
        if self.config.while_answering == WhileAnswering::Replace {
            let running: Vec<_> = self.answers_of(user).collect();
            running.into_iter().for_each(|it| self.replace(it, user));
        }
    }

    /// A newer request takes the place of a running one.
    fn replace(&mut self, index: RequestIndex, user: UserIndex) {
        let request = self.requests.id(index);
        let is_known = self.v1.as_mut().is_none_or(|v1| !v1.forget_untold(index));
        let message = "a newer request has taken its place";
        let code = ErrorCode::RequestReplaced;
        self.end_with(request, &code, message, None, Outcome::Abandoned);
        if is_known {
            self.backlog.note_replaced(request, user);
        }
    }

    /// A request was admitted: it runs from here on, or waits for its turn, without a ticket.
    pub(super) fn begin(
        &mut self,
        link: LinkIndex,
        ticket: Option<Ticket>,
        key: Option<Key>,
        id: Option<InlineText>,
        pieces: bool,
    ) -> Option<RequestId> {
        let mut running = Running::new(link, self.links.user(link), self.now.mono);
        let unnamed = id.is_none();
        running.key = key;
        running.id = id;
        running.ticket = ticket;
        if pieces {
            running.pieces = Pieces::Wanted;
        }
        // There is room: the admission has looked.
        let request = self.requests.enter(running, &mut self.users)?;
        self.links.begin(link, request.index, unnamed);
        Some(request)
    }

    /// Ends the next request that the host has not answered in time.
    pub(super) fn expire_request(&mut self) -> Option<Unlent> {
        while let Some(request) = self.requests.expired(self.now.mono) {
            let user = self.requests.find(request)?.user;
            let is_untold = self.backlog.is_waiting(request.index);
            let outcome = if is_untold { Outcome::Abandoned } else { Outcome::Failure };
            let message = "no answer came in time";
            self.end_with(request, &ErrorCode::RequestExpired, message, None, outcome);
            if !is_untold {
                // The event still names the user.
                self.last_event.user = user;
                return Some(Unlent::Expired { request, user });
            }
            self.users.leave_if_idle(user);
        }
        None
    }

    /// Ends a request with an `error` of the hub's own, which is counted.
    pub(super) fn end_with(
        &mut self,
        request: RequestId,
        code: &ErrorCode<'_>,
        message: &str,
        retry_after: Option<Duration>,
        outcome: Outcome,
    ) {
        let Some(running) = self.requests.find(request) else { return };
        let reply_to = running.id.clone();
        let reply_to = reply_to.as_ref();
        self.metrics.refusals.increment(code);
        let frame = self.share(&Own::Error { code, message, retry_after, reply_to });
        self.conclude(request, frame, outcome);
    }

    /// Ends a request with this frame for an answer.
    ///
    /// Repeats without ids that came while it was running get the same one, each in its turn.
    pub(super) fn conclude(
        &mut self,
        request: RequestId,
        frame: Arc<[u8]>,
        outcome: Outcome,
    ) -> Delivered {
        let Some(ended) = self.requests.end(request, &frame, &mut self.users) else {
            return Delivered::Absent;
        };
        let now = self.now.mono;
        self.metrics.request_latency.record(now.saturating_since(ended.asked));
        if let Some(ticket) = ended.ticket {
            self.admission.finished(now, ticket, outcome);
        }
        self.leave_turn(request.index, ended.user);
        while let Some((sharer, running)) = self.requests.end_sharer(&ended, &mut self.users) {
            self.deliver(sharer, &running, Arc::clone(&frame));
        }
        if ended.sessions != Awaited::Nothing {
            let in_session = self.answer_sessions(request.index, &frame);
            if ended.link == LinkIndex::NONE {
                return in_session;
            }
        }
        match self.deliver(request.index, &ended, frame) {
            Delivered::Absent if ended.key.is_some() => Delivered::Kept,
            delivered => delivered,
        }
    }

    /// Hands an answer to the link of a request that has ended.
    fn deliver(&mut self, request: RequestIndex, ended: &Running, frame: Arc<[u8]>) -> Delivered {
        if ended.link == LinkIndex::NONE {
            return Delivered::Absent;
        }
        let frame = self.fitting(ended.link, ended.id.as_ref(), frame);
        self.links.deliver(ended.link, self.now, request, ended.id.is_none(), frame)
    }
}

/// What a reply says of the agent.
fn outcome(reply: &Reply<'_>) -> Outcome {
    match reply {
        Reply::Answer(answer) if answer.failed => Outcome::Failure,
        Reply::Error { .. } => Outcome::Failure,
        _ => Outcome::Success,
    }
}
