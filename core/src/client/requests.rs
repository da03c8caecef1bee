//! The requests under way, the oldest first.
//!
//! Bounded in count, bytes and age. An answer that comes in pieces lets its request become older,
//! up to a bound of its own, so the order of expiry is almost that of age. A request that has ended
//! but whose answer may still come over this link, from a peer that does not say what it answers,
//! stays as a mark until that answer has come or the link is gone: otherwise the late answer would
//! be taken for that of the next request. A request whose caller has left lives on like any other,
//! so that it takes effect once, but nothing of it goes to the caller any more.

use std::collections::VecDeque;
use std::sync::Arc;

use core::time::Duration;

use super::growth::{Added, Growth};
use super::packing::{put, put_bytes, take, take_bytes};
use super::{ClientConfig, RequestId};
use crate::delivery::SessionNumber;
use crate::envelope::Text;
use crate::time::Mono;

/// Which link has carried a request last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Never,
    EarlierLink,
    ThisLink,
    /// A session has it, and goes on with it over whichever link speaks the dialect.
    InSession,
}

/// What has become of a request that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was never sent.
    Unsent,
    /// A link of the `pam` dialect has carried it.
    OverLink,
    /// A session has it.
    InSession,
}

#[derive(Debug)]
struct Request {
    id: RequestId,
    /// In which session it is asked.
    session: SessionNumber,
    /// The whole message, which the link holds too while it waits there; empty once the request
    /// has ended.
    text: Arc<str>,
    asked: Mono,
    /// When it has waited too long: the timeout after it was made, or later.
    until: Mono,
    sent: Sent,
    /// It is known that the server of this link takes messages as large.
    taken: bool,
    ended: bool,
    /// Nobody waits for it any more.
    forgotten: bool,
    growth: Growth,
}

/// A request that has got its answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) id: RequestId,
    /// When the request was made.
    pub(super) asked: Mono,
    /// How much of its answer was given before.
    pub(super) growth: Growth,
}

/// A request that ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    pub(super) id: RequestId,
    /// A link has carried it, so it may have had its effect.
    pub(super) sent: bool,
    /// Nobody waits for it.
    pub(super) forgotten: bool,
}

/// The request that an answer without `reply_to` is correlated with, by order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InOrder {
    /// The first request that still waits: it has ended now.
    Answered(Answered),
    /// A request that had already ended.
    Late(RequestId),
    /// This link has carried no request.
    Nobody,
}

/// The request that a piece of an answer is correlated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growing {
    /// A request that waits; whether the piece begins its answer anew.
    Waiting(RequestId, Added),
    /// A request that waits, but no more can be kept of growing answers: the whole answer brings
    /// what this piece would have added.
    Full,
    /// A request that had already ended, or whose caller has left.
    Ended(RequestId),
    /// This link has carried no request.
    Nobody,
}

/// All requests that have not ended, and the marks of those that ended early.
#[derive(Debug)]
pub(super) struct Requests {
    requests: VecDeque<Request>,
    bytes: usize,
    /// Bytes of growing answers.
    grown: usize,
    waiting: usize,
    max_requests: usize,
    max_bytes: usize,
    max_grown: usize,
    timeout: Duration,
    /// The age up to which pieces let a request wait.
    max_age: Duration,
}

impl Requests {
    pub(super) fn new(config: &ClientConfig) -> Self {
        Self {
            requests: VecDeque::new(),
            bytes: 0,
            grown: 0,
            waiting: 0,
            max_requests: config.max_requests,
            max_bytes: config.max_request_bytes,
            max_grown: config.max_answer_bytes,
            timeout: config.request_timeout,
            max_age: config.max_request_age.max(config.request_timeout),
        }
    }

    /// Whether another request of `bytes` fits. Marks count: a peer that never answers fills the
    /// table.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        self.requests.len() < self.max_requests
            && bytes <= self.max_bytes.saturating_sub(self.bytes)
    }

    /// Enters a request of a session. Ids must rise and [`fits`](Self::fits) must hold. `taken`: the
    /// server of this link has said that it takes messages as large.
    pub(super) fn push(
        &mut self,
        now: Mono,
        id: RequestId,
        session: SessionNumber,
        text: Arc<str>,
        taken: bool,
    ) {
        self.bytes += text.len();
        self.waiting += 1;
        let until = now + self.timeout;
        self.requests.push_back(Request {
            id,
            session,
            text,
            asked: now,
            until,
            sent: Sent::Never,
            taken,
            ended: false,
            forgotten: false,
            growth: Growth::default(),
        });
    }

    /// The next text to send over this link that is of none of the sessions in `held`, and whether
    /// the server of this link is known to take messages as large; [`sent`](Self::sent) tells that
    /// the link has taken it.
    pub(super) fn next_to_send(
        &self,
        held: &[SessionNumber],
    ) -> Option<(RequestId, &Arc<str>, bool)> {
        let request = self.requests.iter().find(|request| {
            !request.ended && request.is_to_send() && !held.contains(&request.session)
        })?;
        Some((request.id, &request.text, request.taken))
    }

    /// In which session a request is asked.
    pub(super) fn session(&self, id: RequestId) -> Option<SessionNumber> {
        self.place(id).map(|place| self.requests[place].session)
    }

    /// The link has taken the request.
    pub(super) fn sent(&mut self, id: RequestId) {
        if let Some(place) = self.place(id) {
            self.requests[place].sent = Sent::ThisLink;
        }
    }

    /// A session has taken the request.
    pub(super) fn entered_session(&mut self, id: RequestId) {
        if let Some(place) = self.place(id) {
            self.requests[place].sent = Sent::InSession;
        }
    }

    /// The session that had the request has ended before it was sent.
    pub(super) fn unsend(&mut self, id: RequestId) {
        if let Some(place) = self.place(id) {
            self.requests[place].sent = Sent::Never;
        }
    }

    /// What has become of a request; nothing if it has ended, or its caller has left.
    pub(super) fn stage(&self, id: RequestId) -> Option<Stage> {
        let request = &self.requests[self.place(id)?];
        let waits = !request.ended && !request.forgotten;
        waits.then_some(match request.sent {
            Sent::Never => Stage::Unsent,
            Sent::EarlierLink | Sent::ThisLink => Stage::OverLink,
            Sent::InSession => Stage::InSession,
        })
    }

    /// The caller of a request has left. Whether that ended it: what was never sent is not sent any
    /// more.
    pub(super) fn forget(&mut self, id: RequestId) -> bool {
        let Some(place) = self.place(id).filter(|place| !self.requests[*place].ended) else {
            return false;
        };
        let request = &mut self.requests[place];
        request.forgotten = true;
        self.grown -= request.growth.clear();
        let unsent = request.sent == Sent::Never;
        if unsent {
            self.take(place);
        }
        unsent
    }

    /// Ends the request of this id with its answer. Nothing if it had ended before, or if its
    /// caller has left.
    pub(super) fn answer(&mut self, id: RequestId) -> Option<Answered> {
        let place = self.place(id)?;
        self.answered(place)
    }

    /// Gives an answer that names no request to the first one that this link has carried.
    pub(super) fn answer_in_order(&mut self) -> InOrder {
        let Some(place) = self.requests.iter().position(|request| request.sent == Sent::ThisLink)
        else {
            return InOrder::Nobody;
        };
        let id = self.requests[place].id;
        self.answered(place).map_or(InOrder::Late(id), InOrder::Answered)
    }

    fn answered(&mut self, place: usize) -> Option<Answered> {
        let Request { id, asked, ended, forgotten, growth, .. } = self.take(place);
        (!ended && !forgotten).then_some(Answered { id, asked, growth })
    }

    /// Gives a piece with this text to the request that it names. `begins`: it says that the answer
    /// begins with it.
    pub(super) fn grow(
        &mut self,
        now: Mono,
        id: RequestId,
        text: &Text<'_>,
        begins: bool,
    ) -> Growing {
        self.grow_by(now, id, |growth, room| growth.add(text, begins, room))
    }

    /// Gives text of a stream, which stands at this byte of it, to the request that asked for the
    /// stream.
    pub(super) fn grow_at(&mut self, now: Mono, id: RequestId, offset: u64, text: &str) -> Growing {
        self.grow_by(now, id, |growth, room| growth.add_at(offset, text, room))
    }

    /// Some of the answer to this request does not come in pieces any more.
    pub(super) fn lose_pieces(&mut self, id: RequestId) {
        if let Some(place) = self.place(id) {
            self.requests[place].growth.lose();
        }
    }

    fn grow_by(
        &mut self,
        now: Mono,
        id: RequestId,
        add: impl FnOnce(&mut Growth, usize) -> Option<Added>,
    ) -> Growing {
        let Some(place) = self.place(id).filter(|place| !self.requests[*place].ended) else {
            return Growing::Ended(id);
        };
        let request = &mut self.requests[place];
        let until = (now + self.timeout).min(request.asked + self.max_age);
        request.until = request.until.max(until);
        if request.forgotten {
            return Growing::Ended(id);
        }
        let before = request.growth.len();
        let room = self.max_grown - (self.grown - before);
        let grown = add(&mut request.growth, room);
        self.grown = self.grown - before + request.growth.len();
        grown.map_or(Growing::Full, |added| Growing::Waiting(id, added))
    }

    /// Gives a piece that names no request to the first one that this link has carried, which will
    /// get the answer as well.
    pub(super) fn grow_in_order(&mut self, now: Mono, text: &Text<'_>, begins: bool) -> Growing {
        match self
            .requests
            .iter()
            .find(|request| request.sent == Sent::ThisLink)
            .map(|request| request.id)
        {
            Some(id) => self.grow(now, id, text, begins),
            None => Growing::Nobody,
        }
    }

    /// What was given of the answer to this request, from this byte on.
    pub(super) fn given_since(&self, id: RequestId, at: usize) -> &str {
        self.place(id).map_or("", |place| self.requests[place].growth.since(at))
    }

    /// Ends the next request that has waited too long. `in_order`: the peer does not say what it
    /// answers, so a mark stays.
    pub(super) fn expire(&mut self, now: Mono, in_order: bool) -> Option<Unanswered> {
        let (place, until) = self.next_to_expire()?;
        if now < until {
            return None;
        }
        Some(self.end_early(place, in_order))
    }

    /// Ends the next request of a session, which the host has left. `in_order`: as for those that
    /// [expire](Self::expire).
    pub(super) fn give_up_of(
        &mut self,
        session: SessionNumber,
        in_order: bool,
    ) -> Option<Unanswered> {
        let is_of = |request: &Request| !request.ended && request.session == session;
        let place = self.requests.iter().position(is_of)?;
        Some(self.end_early(place, in_order))
    }

    /// When the next request will have waited too long.
    pub(super) fn expiry(&self) -> Option<Mono> {
        self.next_to_expire().map(|(_, until)| until)
    }

    /// Where the request is that will have waited too long before all others, and when.
    fn next_to_expire(&self) -> Option<(usize, Mono)> {
        let mut next: Option<(usize, Mono)> = None;
        for (place, request) in
            self.requests.iter().enumerate().filter(|(_, request)| !request.ended)
        {
            // Those from here on were made later, and none waits for less than the timeout: where
            // nothing grows, this is the second one that waits.
            if next.is_some_and(|(_, until)| until <= request.asked + self.timeout) {
                break;
            }
            if next.is_none_or(|(_, until)| request.until < until) {
                next = Some((place, request.until));
            }
        }
        next
    }

    /// The link is gone: what it carried may or may not have arrived, and nothing more comes.
    pub(super) fn link_lost(&mut self) {
        self.requests.retain(|request| !request.ended);
        for request in &mut self.requests {
            request.taken = false;
            if request.sent == Sent::ThisLink {
                request.sent = Sent::EarlierLink;
                request.growth.link_lost();
            }
        }
    }

    /// Ends the request that has most likely ended the link that is gone, by a message that was too
    /// large: the longest that it has carried if the message was `ours`, else the one that was to
    /// be answered next.
    pub(super) fn end_too_large(&mut self, ours: bool) -> Option<Unanswered> {
        let carried = self
            .requests
            .iter()
            .enumerate()
            .filter(|(_, request)| request.sent == Sent::EarlierLink);
        let place = match ours {
            true => carried.max_by_key(|(_, request)| request.text.len())?.0,
            false => carried.min_by_key(|(place, _)| *place)?.0,
        };
        Some(self.take(place).unanswered())
    }

    /// Ends the next request that only an earlier link has carried.
    pub(super) fn give_up_unsure(&mut self) -> Option<Unanswered> {
        let place = self.requests.iter().position(|request| request.sent == Sent::EarlierLink)?;
        Some(self.take(place).unanswered())
    }

    /// Ends the next request that a session has.
    pub(super) fn give_up_in_session(&mut self) -> Option<Unanswered> {
        let place = self.requests.iter().position(|request| request.sent == Sent::InSession)?;
        Some(self.take(place).unanswered())
    }

    /// Ends the next request, sent or not: the client has stopped.
    pub(super) fn give_up(&mut self) -> Option<Unanswered> {
        let place = self.requests.iter().position(|request| !request.ended)?;
        Some(self.take(place).unanswered())
    }

    /// The session of each that has not ended.
    pub(super) fn sessions(&self) -> impl Iterator<Item = SessionNumber> {
        self.requests.iter().filter(|it| !it.ended).map(|it| it.session)
    }

    /// Those that a session has, with that.
    pub(super) fn in_sessions(&self) -> Vec<(SessionNumber, RequestId)> {
        let in_session = self.requests.iter().filter(|it| it.sent == Sent::InSession);
        in_session.map(|request| (request.session, request.id)).collect()
    }

    /// Whether a session has one that has not ended.
    pub(super) fn has_in_sessions(&self) -> bool {
        self.requests.iter().any(|it| it.sent == Sent::InSession && !it.ended)
    }

    /// Those that have not ended and whose caller has not left, each with its message.
    pub(super) fn open(&self) -> impl Iterator<Item = (RequestId, &str)> {
        let open = self.requests.iter().filter(|request| !request.ended && !request.forgotten);
        open.map(|request| (request.id, &*request.text))
    }

    /// Appends those that have not ended.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        put(out, self.waiting as u64);
        for request in self.requests.iter().filter(|request| !request.ended) {
            put(out, request.id.as_u64());
            put(out, request.session.as_u64());
            out.push(match request.sent {
                Sent::Never => 0,
                Sent::EarlierLink | Sent::ThisLink => 1,
                Sent::InSession => 2,
            });
            out.push(request.forgotten.into());
            put_bytes(out, request.text.as_bytes());
        }
    }

    /// Takes those that [`pack`](Self::pack) has appended, as if they were made now; ids are below
    /// `next`. `has_sessions`: the version of the snapshot names them. Nothing if they are not whole
    /// there, or out of their bounds.
    pub(super) fn unpack(
        &mut self,
        bytes: &mut &[u8],
        now: Mono,
        next: u64,
        has_sessions: bool,
    ) -> Option<()> {
        for _ in 0..take(bytes)? {
            let id = RequestId(take(bytes)?);
            let session = if has_sessions { take(bytes)? } else { 0 };
            let session = SessionNumber::from_u64(session);
            let rises = self.requests.back().is_none_or(|last| last.id < id);
            let ([sent, forgotten], rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            let text = core::str::from_utf8(take_bytes(bytes)?).ok()?;
            if !rises || id.as_u64() >= next || !self.fits(text.len()) {
                return None;
            }
            self.push(now, id, session, text.into(), false);
            let request = self.requests.back_mut()?;
            request.sent = match sent {
                0 => Sent::Never,
                1 => Sent::EarlierLink,
                2 => Sent::InSession,
                _ => return None,
            };
            request.forgotten = *forgotten != 0;
        }
        Some(())
    }

    /// Requests that have not ended.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether marks of ended requests fill the table: the server owes more answers than can be
    /// counted.
    pub(super) fn is_stuck(&self) -> bool {
        self.waiting == 0 && self.requests.len() >= self.max_requests
    }

    /// Bytes of text held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Ends a request whose answer may still come.
    fn end_early(&mut self, place: usize, in_order: bool) -> Unanswered {
        let ended = self.requests[place].unanswered();
        if in_order && self.requests[place].sent == Sent::ThisLink {
            let request = &mut self.requests[place];
            request.ended = true;
            self.bytes -= request.text.len();
            self.grown -= request.growth.clear();
            self.waiting -= 1;
            request.text = Arc::default();
        } else {
            self.take(place);
        }
        ended
    }

    fn place(&self, id: RequestId) -> Option<usize> {
        self.requests.binary_search_by_key(&id, |request| request.id).ok()
    }

    fn take(&mut self, place: usize) -> Request {
        let request = self.requests.remove(place).expect("the place was found in the queue");
        if !request.ended {
            self.bytes -= request.text.len();
            self.grown -= request.growth.len();
            self.waiting -= 1;
        }
        request
    }
}

impl Request {
    fn is_to_send(&self) -> bool {
        matches!(self.sent, Sent::Never | Sent::EarlierLink)
    }

    fn unanswered(&self) -> Unanswered {
        let Self { id, sent, forgotten, .. } = *self;
        Unanswered { id, sent: sent != Sent::Never, forgotten }
    }
}

#[cfg(test)]
mod tests;
