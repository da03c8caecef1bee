//! What a hub keeps of the sessions that its links carry.

use core::time::Duration;

use super::askers::{Asker, Askers, Untold};
use super::ending::end_of;
use super::place::ItemPlace;
use super::pushes::Pushes;
use super::stream_log::Log;
use crate::delivery::stream::{End, LogAnswer, LogRequest, ProducerError, StreamKey};
use crate::delivery::{LinkNumber, SendOptions, SessionNumber, Sessions, SessionsUnlent};
use crate::envelope::v1::{Answer, Channel, Code, Epoch, How, Malformed, Message};
use crate::hub::config::HubConfig;
use crate::hub::ids::LinkId;
use crate::hub::index::RequestIndex;
use crate::hub::reply::Delivered;
use crate::metric_families::Metrics;
use crate::routing::Choice;
use crate::seed::Random;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// The sessions of a hub, the log behind their streams, and who waits for which answer.
#[derive(Debug)]
pub(in crate::hub) struct V1 {
    pub(super) sessions: Sessions,
    log: Log,
    pub(super) askers: Askers,
    pub(super) pushes: Pushes,
    /// The item that the last event lends.
    pub(super) lent: Box<str>,
    /// How long a session is kept without a link.
    pub(super) keep: Duration,
    /// When the leases of the streams that the hub answers are renewed.
    renewal: Option<Mono>,
    /// There may be events.
    pub(super) is_stirred: bool,
}

/// How often the hub renews the lease of a stream that it answers: three times in its 30 s.
const RENEWAL: Duration = Duration::from_secs(10);

/// The most bytes of text that are appended to a stream at once.
const PART_BYTES: usize = 16 * 1_024;

impl V1 {
    pub(in crate::hub) fn new(config: &HubConfig, random: &mut Random) -> Self {
        let drawn = Epoch::from_bits(random.next_u64());
        let log = Log::new(config, drawn);
        let sessions = config.sessions.clone();
        Self {
            keep: sessions.session.keep,
            sessions: Sessions::new(sessions, log.epoch(), random.next_seed()),
            log,
            askers: Askers::default(),
            pushes: Pushes::default(),
            lent: "".into(),
            renewal: None,
            is_stirred: false,
        }
    }

    // Inputs.

    /// The time has come for what is due.
    pub(in crate::hub) fn handle_timeout(&mut self, now: Now) {
        if self.renewal.is_some_and(|at| at <= now.mono) {
            self.renewal = (!self.askers.is_empty()).then(|| now.mono + RENEWAL);
            for (key, generation) in self.askers.produced() {
                // Whoever is fenced is told so by an event.
                let _ = self.sessions.streams().renew(now, key, generation);
            }
        }
        self.sessions.handle_timeout(now);
        self.log.handle_timeout(now);
        self.is_stirred = true;
    }

    /// An envelope of the sessions has come over a link.
    pub(super) fn handle_read(
        &mut self,
        now: Now,
        link: LinkId,
        user: &str,
        read: Result<Option<(Channel, Message<'_>)>, Malformed>,
    ) {
        self.sessions.handle_read(now, number_of(link), user, read);
        self.is_stirred = true;
    }

    /// A link is to hear where its sessions stand.
    pub(super) fn heartbeat(&mut self, now: Now, link: LinkId) {
        self.sessions.heartbeat(now, number_of(link));
        self.is_stirred = true;
    }

    /// A link carries no session any more.
    pub(in crate::hub) fn handle_link_closed(&mut self, now: Now, link: LinkId) {
        self.sessions.handle_link_closed(now, number_of(link));
        self.is_stirred = true;
    }

    /// The log of the host has answered.
    pub(in crate::hub) fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        self.sessions.handle_log(now, answer);
        self.is_stirred = true;
    }

    /// Another process has changed a stream in the log of the host; all may have been changed where
    /// none is named.
    pub(in crate::hub) fn handle_news(&mut self, now: Now, key: Option<&StreamKey>) {
        match key {
            Some(key) => self.sessions.handle_news(now, key),
            None => self.sessions.handle_missed_news(now),
        }
        self.is_stirred = true;
    }

    // Outputs.

    /// What is asked of the log of the host next.
    pub(in crate::hub) fn poll_log(&mut self) -> Option<LogRequest> {
        self.log.is_host().then(|| self.sessions.poll_log())?
    }

    /// Whether there may be events.
    pub(in crate::hub) const fn is_stirred(&self) -> bool {
        self.is_stirred
    }

    /// What happened next in the sessions and to their streams.
    pub(super) fn next_event(&mut self, now: Now) -> Option<SessionsUnlent> {
        loop {
            if let Some(event) = self.sessions.take_event() {
                return Some(event);
            }
            if !self.log.settle(now, &mut self.sessions) {
                self.is_stirred = false;
                return None;
            }
        }
    }

    /// The next link that has something to carry.
    pub(super) fn poll_ready(&mut self, now: Now) -> Option<LinkId> {
        loop {
            if let Some(LinkNumber(number)) = self.sessions.poll_ready() {
                return Some(LinkId::from_u64(number));
            }
            // What a reader is given next may have to be read from the log.
            if !self.log.settle(now, &mut self.sessions) {
                return None;
            }
            self.is_stirred = true;
        }
    }

    /// Appends the next envelope that a link is to carry: whether there is one.
    pub(super) fn poll_message(&mut self, link: LinkId, out: &mut String) -> bool {
        self.sessions.poll_message(number_of(link), out)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub(in crate::hub) fn poll_timeout(&self) -> Option<Deadline> {
        let renewal = self.renewal.map(|at| Deadline::new(at, TimerReason::ProducerLease));
        let streams = Deadline::earlier(self.log.poll_timeout(), self.sessions.poll_timeout());
        Deadline::earlier(renewal, streams)
    }

    // Answers.

    /// Ends a request: all that wait for its answer get it. What became of it for the first that has
    /// not cancelled it.
    pub(super) fn conclude(&mut self, now: Now, request: RequestIndex, text: &str) -> Delivered {
        let askers = self.askers.take(request);
        askers.iter().fold(Delivered::Cancelled, |first, asker| {
            let delivered = self.answer(now, asker, text);
            if first == Delivered::Cancelled { delivered } else { first }
        })
    }

    /// Answers an item that is no request, or whose answer is there.
    pub(super) fn settle_item(&mut self, now: Now, item: &ItemPlace, text: &str) {
        self.answer(now, &Asker::new(item.clone()), text);
    }

    /// Answers an item with this text; an empty one is no answer.
    fn answer(&mut self, now: Now, asker: &Asker, text: &str) -> Delivered {
        let ItemPlace { session, at, stream } = &asker.item;
        self.is_stirred = true;
        let link = self.link_of(*session);
        let Some(key) = stream else {
            let options = SendOptions { of: Some(*at), ..SendOptions::default() };
            if !text.is_empty() && self.sessions.send(now, *session, text, options).is_err() {
                return Delivered::Absent;
            }
            return link.map_or(Delivered::Kept, Delivered::Queued);
        };
        let streams = self.sessions.streams();
        let mut ended = streams.finish(now, key, asker.generation, end_of(text));
        if matches!(ended, Err(ProducerError::TooLarge { .. } | ProducerError::NoJson)) {
            let mut end = End::new(How::Failed);
            end.code = Code::new("too_large");
            ended = streams.finish(now, key, asker.generation, end);
        }
        self.log.settle(now, &mut self.sessions);
        match (asker.is_over || ended.is_err(), link) {
            (true, _) => Delivered::Cancelled,
            (false, Some(link)) => Delivered::Queued(link),
            (false, None) => Delivered::Kept,
        }
    }

    /// Lets the stream of the first that asked for a request grow by a text.
    pub(super) fn grow(
        &mut self,
        now: Now,
        request: RequestIndex,
        mut text: &str,
    ) -> Result<(), ProducerError> {
        self.is_stirred = true;
        let asker = self.askers.first(request).filter(|asker| !asker.is_over);
        let asker = asker.ok_or(ProducerError::Fenced)?;
        let key = asker.item.stream.as_ref().ok_or(ProducerError::Fenced)?;
        while !text.is_empty() {
            let (part, rest) = text.split_at(text.floor_char_boundary(PART_BYTES));
            self.sessions.streams().append(now, key, asker.generation, part)?;
            self.log.settle(now, &mut self.sessions);
            text = rest;
        }
        Ok(())
    }

    /// Does not take an item. The stream that it began is forgotten: the item may come again.
    pub(super) fn reject(
        &mut self,
        now: Now,
        item: &ItemPlace,
        code: Code<'_>,
        retry_after: Option<Duration>,
    ) {
        self.is_stirred = true;
        // One that nobody waits for any more is not rejected.
        let _ = self.sessions.reject(now, item.session, item.at, code.as_borrowed(), retry_after);
        if let Some(key) = &item.stream {
            self.sessions.unfollow(now, item.session, key);
            self.sessions.streams().withdraw(now, key);
        }
    }

    /// An item waits for the answer to a request: whether there was room.
    pub(super) fn add_asker(
        &mut self,
        now: Now,
        request: RequestIndex,
        item: ItemPlace,
        untold: Option<Box<Untold>>,
    ) -> bool {
        self.renewal.get_or_insert(now.mono + RENEWAL);
        self.askers.add(request, item, untold)
    }

    /// The hub wants to append to the stream of the first that asked for a request, of which the host
    /// is told once it may. Whether there is such a stream that has not ended.
    pub(in crate::hub) fn claim(
        &mut self,
        now: Now,
        request: RequestIndex,
        choice: Choice,
        body: &str,
    ) -> bool {
        let first = self.askers.first(request).filter(|asker| !asker.is_over);
        let Some(key) = first.and_then(|asker| asker.item.stream.clone()) else { return false };
        self.askers.tell_later(request, Untold { choice, body: body.into() });
        self.is_stirred = true;
        // It is not claimed yet, so it can be.
        let _ = self.sessions.streams().claim(now, &key);
        true
    }

    /// The host is not told of a request after all; whether it has not been.
    pub(in crate::hub) fn forget_untold(&mut self, request: RequestIndex) -> bool {
        self.askers.take_untold(request).is_some()
    }

    // Views.

    /// Fills in how the sessions are doing.
    pub(in crate::hub) fn gauge(&self, metrics: &mut Metrics) {
        let counters = self.sessions.counters();
        metrics.sessions_active.set_size(self.sessions.len());
        metrics.streams_active.set_size(self.sessions.stream_count());
        metrics.session_opens.set_total(Answer::Unknown, counters.unknown);
        metrics.session_replayed.set_total(counters.replayed);
        metrics.cancels = counters.cancels.clone();
        let of_streams = self.sessions.stream_counters();
        metrics.stream_follows = of_streams.follows.clone();
        metrics.stream_replayed.set_total(of_streams.replayed);
    }

    /// The item that the last event lends.
    pub(in crate::hub) fn lent(&self) -> &str {
        &self.lent
    }

    /// What the host calls the link of a session; without one, what names none.
    pub(in crate::hub) fn link_named(&self, session: SessionNumber) -> LinkId {
        self.link_of(session).unwrap_or(LinkId::from_u64(u64::MAX))
    }

    /// The sessions that a link carries.
    pub(super) fn sessions_over(&self, link: LinkId) -> Vec<SessionNumber> {
        self.sessions.over(number_of(link))
    }

    /// The links of those that wait for the answer to a request, the first one's first.
    pub(in crate::hub) fn links_of(&self, request: RequestIndex) -> impl Iterator<Item = LinkId> {
        let askers = self.askers.of_request(request).iter();
        askers.filter_map(|asker| self.link_of(asker.item.session))
    }

    /// The link that carries a session.
    pub(super) fn link_of(&self, session: SessionNumber) -> Option<LinkId> {
        self.sessions.link_of(session).map(|(LinkNumber(number), _)| LinkId::from_u64(number))
    }

    /// Whether it holds no session, no stream and nobody who waits for an answer.
    #[cfg(test)]
    pub(in crate::hub) fn is_empty(&self) -> bool {
        let streams = self.sessions.stream_count() + self.log.streams();
        self.sessions.is_empty() && streams == 0 && self.askers.is_empty()
    }

    /// Bytes held. It visits every session.
    pub(in crate::hub) fn memory(&self) -> usize {
        size_of::<Self>()
            + self.sessions.memory()
            + self.askers.memory()
            + self.pushes.memory()
            + self.log.allocated()
            + self.lent.len()
    }
}

/// What sessions call a link.
const fn number_of(link: LinkId) -> LinkNumber {
    LinkNumber(link.as_u64())
}
