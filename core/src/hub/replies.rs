//! Answers on their way out, and requests that get none.

use std::sync::Arc;

use super::event::{Repeat, Told};
use super::index::{Index, LinkIndex, RequestIndex, UserIndex};
use super::inline::InlineText;
use super::refusal::{Fault, id};
use super::reply::{Delivered, Reply, ReplyError};
use super::requests::Pieces;
use super::slot::Turn;
use super::{Hub, RequestId};
use crate::dedup::{Duplicate, First, Key};
use crate::envelope::{Envelope, ErrorCode, Kind, write};
use crate::frame::{Opcode, server_header};
use crate::metrics::Direction;
use crate::routing::Outcome;
use crate::time::Now;

impl Hub {
    /// Answers a request.
    ///
    /// The peer gets the answer with `reply_to` if the request had an id, else in its turn; and
    /// whole, whatever [`piece`](Self::piece) has sent of it. Every request ends in exactly one of:
    /// this, and [`Event::Expired`](super::Event::Expired).
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
        self.set_now(now);
        let Some(running) = self.requests.find(request.index, request.generation) else {
            return Err(ReplyError::NotRunning(request));
        };
        let (user, link, asked_id) = (running.user, running.link, running.id.clone());
        let (kind, outcome) = match reply {
            Reply::Answer(answer) => {
                self.text.clear();
                let reply_to = asked_id.as_ref().and_then(id);
                let answer = write::Answer { reply_to: reply_to.as_ref(), ..*answer };
                write::chat_response(&mut self.text, self.now.wall, &answer);
                if answer.ui_actions.is_some() {
                    Envelope::parse(&self.text, Envelope::DEPTH)?;
                }
                let outcome = if answer.failed { Outcome::Failure } else { Outcome::Success };
                (Kind::ChatResponse, outcome)
            }
            Reply::Error { code, message, retry_after } => {
                self.write_error(code, message, *retry_after, asked_id.as_ref());
                (Kind::Error, Outcome::Failure)
            }
            Reply::Raw(text) => {
                let envelope = Envelope::parse(text, Envelope::DEPTH)?;
                self.text.clear();
                splice(&mut self.text, text, asked_id.as_ref());
                (envelope.kind(), Outcome::Success)
            }
        };
        let (bytes, limit) = (self.text.len(), self.largest_of(link));
        let fits = bytes <= limit;
        if fits {
            self.metrics.messages.increment(kind, Direction::Outbound);
        } else {
            self.write_too_large(bytes, limit, asked_id.as_ref());
        }
        let frame = self.take_frame();
        let outcome = if fits { outcome } else { Outcome::Failure };
        let delivered = self.conclude(request.index, frame, outcome);
        self.users.leave_if_idle(user);
        Ok(if fits { delivered } else { Delivered::TooLarge })
    }

    /// Ends a request that wants no answer: the peer gets none, and neither do its repeats.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotRunning`]: nothing has changed.
    pub fn dismiss(&mut self, now: Now, request: RequestId) -> Result<(), ReplyError> {
        self.set_now(now);
        let Some(running) = self.requests.find(request.index, request.generation) else {
            return Err(ReplyError::NotRunning(request));
        };
        let user = running.user;
        let nothing = Arc::clone(&self.nothing);
        self.conclude(request.index, nothing, Outcome::Success);
        self.users.leave_if_idle(user);
        Ok(())
    }

    /// Ends a request with this frame for an answer.
    fn conclude(&mut self, slot: RequestIndex, frame: Arc<[u8]>, outcome: Outcome) -> Delivered {
        let now = self.now.mono;
        let Some(request) = self.requests.get(slot) else { return Delivered::Absent };
        let user = request.user;
        let shared = request.shared.then_some(request.key).flatten();
        let Some(request) = self.requests.remove(slot, self.users.get_mut(user)) else {
            return Delivered::Absent;
        };
        self.metrics.request_latency.record(now.saturating_since(request.asked));
        if let Some(ticket) = request.ticket {
            self.router.finished(now, ticket, outcome);
        }
        if let Some(key) = request.key {
            self.window.complete(key, Arc::clone(&frame));
        }
        if let Some(key) = shared {
            self.conclude_sharers(user, key, &frame);
        }
        if request.link == LinkIndex::NONE {
            if request.key.is_some() { Delivered::Kept } else { Delivered::Absent }
        } else {
            if let Some(link) = self.links.get_mut(request.link) {
                link.running -= 1;
            }
            self.deliver(request.link, slot, request.id.as_ref(), frame)
        }
    }

    /// Repeats without ids that came while the first one was running get the same answer, each in
    /// its turn.
    fn conclude_sharers(&mut self, user: UserIndex, key: Key, frame: &Arc<[u8]>) {
        loop {
            let Some(entry) = self.users.get(user) else { return };
            let sharer = self.requests.of_user(entry).find(|slot| {
                self.requests.get(*slot).is_some_and(|request| request.key == Some(key))
            });
            let Some(slot) = sharer else { return };
            let removed = self.requests.remove(slot, self.users.get_mut(user));
            let Some(request) = removed.filter(|request| request.link != LinkIndex::NONE) else {
                continue;
            };
            if let Some(link) = self.links.get_mut(request.link) {
                link.running -= 1;
            }
            self.deliver(request.link, slot, None, Arc::clone(frame));
        }
    }

    /// Hands an answer to a link: at once if it names its request, else in its turn.
    fn deliver(
        &mut self,
        index: LinkIndex,
        slot: RequestIndex,
        asked: Option<&InlineText>,
        frame: Arc<[u8]>,
    ) -> Delivered {
        let id = self.id(index);
        let frame = self.fitting(index, asked, frame);
        let Some(link) = self.links.get_mut(index) else { return Delivered::Absent };
        if asked.is_some() {
            return match self.send_answer(index, frame) {
                true => Delivered::Queued(id),
                false => Delivered::Refused(id),
            };
        }
        let own = |turn: &Turn| matches!(turn, Turn::Running(running) if *running == slot);
        if let Some(place) = link.turns.iter().position(own) {
            link.turns[place] = Turn::Answered(frame);
            let first = place == 0;
            let sent = self.take_turns(index);
            return match (first, sent) {
                (false, _) => Delivered::InOrder(id),
                (true, true) => Delivered::Queued(id),
                (true, false) => Delivered::Refused(id),
            };
        }
        Delivered::Absent
    }

    /// Sends the answers whose turn has come. Whether the link took them all.
    fn take_turns(&mut self, index: LinkIndex) -> bool {
        let mut taken = true;
        while let Some(link) = self.links.get_mut(index) {
            if !matches!(link.turns.front(), Some(Turn::Answered(_))) {
                if link.turns.is_empty() {
                    link.turns = Default::default();
                }
                break;
            }
            if let Some(Turn::Answered(frame)) = link.turns.pop_front() {
                taken &= self.send_answer(index, frame);
            }
        }
        taken
    }

    /// Sends the `error` that was made; if it is to be in order, after the answers to all earlier
    /// requests of a peer without ids.
    pub(super) fn answer(&mut self, index: LinkIndex, in_order: bool) {
        self.metrics.messages.increment(Kind::Error, Direction::Outbound);
        let frame = self.take_frame();
        self.answer_frame(index, in_order, frame);
    }

    fn answer_frame(&mut self, index: LinkIndex, in_order: bool, frame: Arc<[u8]>) {
        let Some(link) = self.links.get_mut(index) else { return };
        // Bounded: whoever asks this much without waiting gets the rest out of turn.
        let most = 2 * self.config.max_requests_per_link as usize;
        if in_order && !link.turns.is_empty() && link.turns.len() < most {
            link.turns.push_back(Turn::Answered(frame));
        } else {
            self.send_answer(index, frame);
        }
    }

    /// A request has come that came before.
    pub(super) fn repeat(
        &mut self,
        index: LinkIndex,
        key: Key,
        id: Option<InlineText>,
        first: First,
        pieces: bool,
    ) -> Option<Told> {
        let first = match first {
            First::Result(frame) => {
                self.metrics.duplicates.increment(Duplicate::Repeated);
                let frame = self.fitting(index, id.as_ref(), frame);
                self.answer_frame(index, id.is_none(), frame);
                Repeat::Answered
            }
            First::Pending => match self.attach(index, key, id.is_none(), pieces) {
                Some(request) => {
                    self.metrics.duplicates.increment(Duplicate::Attached);
                    Repeat::Running(request)
                }
                None => {
                    self.metrics.duplicates.increment(Duplicate::Forgotten);
                    self.refuse(index, &Fault::Busy, id.as_ref());
                    Repeat::Forgotten
                }
            },
            First::Forgotten => {
                self.metrics.duplicates.increment(Duplicate::Forgotten);
                self.refuse(index, &Fault::Forgotten, id.as_ref());
                Repeat::Forgotten
            }
        };
        Some(Told::Duplicate { link: index, first })
    }

    /// Sees to it that the answer to a running request goes to the link of its repeat.
    fn attach(
        &mut self,
        index: LinkIndex,
        key: Key,
        in_order: bool,
        pieces: bool,
    ) -> Option<RequestId> {
        let user = self.links.get(index)?.user;
        let entry = self.users.get(user)?;
        // The first one is the oldest, and the list starts with the newest.
        let slot = self
            .requests
            .of_user(entry)
            .filter(|slot| self.requests.get(*slot).is_some_and(|it| it.key == Some(key)))
            .last()?;
        let first = RequestId::new(slot, self.requests.generation(slot));
        if in_order {
            // Its sender counts answers: it wants one for each, and each takes a place.
            if self.links.get(index)?.running >= self.config.max_requests_per_link {
                return None;
            }
            self.requests.get_mut(slot)?.shared = true;
            let mut sharer = super::requests::Running::new(index, user, self.now.mono);
            sharer.key = Some(key);
            let (sharer, _) = self.requests.insert(sharer, self.users.get_mut(user)?)?;
            let link = self.links.get_mut(index)?;
            link.running += 1;
            link.turns.push_back(Turn::Running(sharer));
            return Some(first);
        }
        let request = self.requests.get_mut(slot)?;
        let before = core::mem::replace(&mut request.link, index);
        if !pieces || (before != index && request.pieces == Pieces::Begun) {
            // This link has not asked for pieces, or has not had the first of them.
            request.pieces = Pieces::Unwanted;
        }
        if before != index {
            if let Some(before) = self.links.get_mut(before) {
                before.running -= 1;
            }
            self.links.get_mut(index)?.running += 1;
        }
        Some(first)
    }

    /// Ends the next request that the host has not answered in time.
    pub(super) fn expire_request(&mut self) -> Option<Told> {
        let due = self.requests.expiry(self.config.request_timeout)?;
        if due > self.now.mono {
            return None;
        }
        let slot = self.requests.oldest()?;
        let request = RequestId::new(slot, self.requests.generation(slot));
        let (user, reply_to) = {
            let running = self.requests.get(slot)?;
            (running.user, running.id.clone())
        };
        self.metrics.refusals.increment(ErrorCode::RequestExpired);
        let message = "no answer came in time";
        self.write_error(&ErrorCode::RequestExpired, message, None, reply_to.as_ref());
        self.metrics.messages.increment(Kind::Error, Direction::Outbound);
        let frame = self.take_frame();
        self.conclude(slot, frame, Outcome::Failure);
        // The event still names the user.
        self.parting.user = user;
        Some(Told::Expired { request, user })
    }

    /// The frame of the text that was made, to be shared by all that keep or send it.
    pub(super) fn take_frame(&mut self) -> Arc<[u8]> {
        let header = server_header(Opcode::Text, true, self.text.len());
        self.frame.clear();
        self.frame.extend_from_slice(header.as_bytes());
        self.frame.extend_from_slice(self.text.as_bytes());
        let frame = Arc::from(&self.frame[..]);
        self.text.shrink_to(KEEP);
        self.frame.shrink_to(KEEP);
        frame
    }
}

/// Bytes that the buffers for frames in the making keep.
pub(super) const KEEP: usize = 16 * 1024;

/// The object `text` with `reply_to` as its last member, which is the one that counts.
fn splice(out: &mut String, text: &str, id: Option<&InlineText>) {
    let Some((id, body)) = id.zip(text.trim_end().strip_suffix('}')) else {
        out.push_str(text);
        return;
    };
    // An envelope has a type at least, so something comes before the comma.
    out.push_str(body);
    out.push_str(",\"reply_to\":");
    out.push_str(id.as_str());
    out.push('}');
}
