//! Many sessions of many users at a server, over the links that carry them, and the streams that
//! they ask for, follow and cancel.

mod config;
mod counters;
mod event;
mod links;
mod numbers;
mod opening;
mod said;
mod state;
mod streaming;
mod table;
#[cfg(test)]
mod tests;

use core::time::Duration;
use std::sync::Arc;

pub use self::config::{AtUserBound, SessionsBound, SessionsConfig};
pub(crate) use self::counters::Counters;
pub use self::event::SessionsEvent;
pub use self::numbers::{LinkNumber, SessionNumber};
pub(crate) use self::said::Lent;

use self::links::{Links, Use};
use self::state::State;
use self::table::Table;
use super::error::{RejectError, SendError};
use super::event::CommandId;
use super::exchange::SendOptions;
use super::fault::Fault;
use super::stream::{self, LogAnswer, LogRequest, MemoryLog, StreamKey, Streams};
use crate::envelope::Envelope;
use crate::envelope::v1::{Channel, Code, Epoch, Heartbeat, Malformed, Message, Name, Position};
use crate::seed::Seed;
use crate::time::{Deadline, Now};

/// The sessions of a server. See the [module](super).
///
/// It knows links only by numbers of the caller's, and each envelope comes with the user whom its
/// link belongs to. A session belongs to the user who began it: to any other, its id is one that
/// there is not.
///
/// After each call in, the caller takes all [events](Self::poll_event), lets the log answer what it
/// is [asked](Self::poll_log), takes the events that follow from that, and then carries what the
/// links that are [ready](Self::poll_ready) have to carry.
#[derive(Debug)]
pub struct Sessions {
    state: State,
    lent: Option<Lent>,
}

impl Sessions {
    /// No sessions yet. `log` is the epoch of the log behind the streams.
    pub fn new(config: SessionsConfig, log: Epoch, seed: Seed) -> Self {
        Self { state: State::new(config.within_bounds(), log, seed), lent: None }
    }

    /// An envelope has come over a link of this user's. One whose type is none of the dialect does
    /// nothing.
    pub fn handle_envelope(
        &mut self,
        now: Now,
        link: LinkNumber,
        user: &str,
        envelope: &Envelope<'_>,
    ) {
        self.handle_read(now, link, user, Message::read(envelope));
    }

    /// As [`handle_envelope`](Self::handle_envelope), for one that was read.
    pub(crate) fn handle_read(
        &mut self,
        now: Now,
        link: LinkNumber,
        user: &str,
        read: Result<Option<(Channel, Message<'_>)>, Malformed>,
    ) {
        self.state.now.advance(now);
        match read {
            Ok(None) => self.state.ignored = self.state.ignored.saturating_add(1),
            // For whoever has the link.
            Ok(Some((_, message))) if message.is_of_link() => {
                self.state.ignored = self.state.ignored.saturating_add(1);
            }
            Ok(Some((_, Message::Heartbeat(said)))) => self.handle_heartbeat(link, user, &said),
            Ok(Some((channel, Message::Open(open)))) => {
                self.state.handle_open(link, channel, user, open);
            }
            Ok(Some((channel, message))) => {
                let Some(number) = self.state.session_at(link, channel, user) else { return };
                self.handle_message(number, &message);
            }
            Err(malformed) if malformed.is_of_link() => {
                self.state.ignored = self.state.ignored.saturating_add(1);
            }
            Err(malformed) => {
                let channel = malformed.channel;
                match self.state.links.channel(link, channel) {
                    None => self.state.close(link, channel, Fault::Malformed.code()),
                    Some(_) => {
                        let Some(number) = self.state.session_at(link, channel, user) else {
                            return;
                        };
                        self.state.fault(number, Fault::Malformed);
                    }
                }
            }
        }
    }

    /// A link is gone. What was on its way over it is sent again over the next.
    pub fn handle_link_closed(&mut self, now: Now, link: LinkNumber) {
        self.state.now.advance(now);
        for (_, number) in self.state.links.sessions(link) {
            self.state.detach(number);
        }
        self.state.links.remove(link);
    }

    /// What the log answers to an ask.
    pub fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        self.state.now.advance(now);
        self.state.streams.handle_log(now, answer);
    }

    /// A deadline has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.state.now.advance(now);
        for number in self.state.table.take_due(self.state.now.mono) {
            if let Some(held) = self.state.table.get_mut(number) {
                held.session.handle_timeout(now);
            }
            self.state.follow_session(number);
        }
        self.state.streams.handle_timeout(now);
    }

    /// Sends an item in a session; see [`Session::send`](super::Session::send).
    ///
    /// # Errors
    ///
    /// The session does not take it, or there is none of this number any more.
    pub fn send(
        &mut self,
        now: Now,
        session: SessionNumber,
        body: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.state.now.advance(now);
        let held = self.state.table.get_mut(session).ok_or(SendError::Ended)?;
        let sent = held.session.send(now, body, options);
        self.state.follow_session(session);
        sent
    }

    /// Does not take an item; see [`Session::reject`](super::Session::reject). One that asked for a
    /// stream has begun it: [`unfollow`](Self::unfollow) that right after, or what comes of it
    /// meets a client that may have asked for the name again.
    ///
    /// Whoever rejects does so before it takes the next event: with the last one of a session an
    /// `open` that waits is answered, which acknowledges all that was taken.
    ///
    /// # Errors
    ///
    /// There is no such item that is unacknowledged, or no such session any more.
    pub fn reject(
        &mut self,
        now: Now,
        session: SessionNumber,
        at: Position,
        code: Code<'_>,
        retry_after: Option<Duration>,
    ) -> Result<CommandId, RejectError> {
        self.state.now.advance(now);
        let held = self.state.table.get_mut(session).ok_or(RejectError::Ended)?;
        let sent = held.session.reject(now, at, code, retry_after);
        self.state.follow_session(session);
        sent
    }

    /// A session reads a stream no more, as if its client had said so: nothing of it follows there.
    pub fn unfollow(&mut self, now: Now, session: SessionNumber, key: &StreamKey) {
        self.state.streams.unfollow(now, session.reader(), key);
    }

    /// Ends a session at both ends; see [`Session::leave`](super::Session::leave).
    pub fn leave(&mut self, now: Now, session: SessionNumber) {
        self.state.now.advance(now);
        if let Some(held) = self.state.table.get_mut(session) {
            held.session.leave(now);
            self.state.follow_session(session);
        }
    }

    /// Says a heartbeat over a link (V-6.1), with where each of its sessions stands.
    pub fn heartbeat(&mut self, now: Now, link: LinkNumber) {
        self.state.now.advance(now);
        self.state.links.say_heartbeat(link, false);
    }

    /// The streams, for their producers: whoever answers claims a stream, appends to it and ends it
    /// there. Their events and messages are those of the sessions.
    pub const fn streams(&mut self) -> &mut Streams {
        &mut self.state.streams
    }

    /// What happened.
    pub fn poll_event(&mut self) -> Option<SessionsEvent<'_>> {
        let event = self.take_event()?;
        Some(self.lent.insert(event).lend())
    }

    /// As [`poll_event`](Self::poll_event), for a machine that keeps what it is told.
    pub(crate) fn take_event(&mut self) -> Option<Lent> {
        loop {
            if let Some(event) = self.state.events.pop_front() {
                return Some(event);
            }
            if let Some(event) = self.state.streams.poll_event() {
                let event = self.state.handle_stream_event(event);
                self.state.events.extend(event);
                continue;
            }
            let number = *self.state.eventful.front()?;
            if let Some(event) = self.state.next_event(number) {
                return Some(event);
            }
        }
    }

    /// The next link that has something to carry. It is named once, and again after
    /// [`poll_message`](Self::poll_message) has said that there is nothing left.
    pub fn poll_ready(&mut self) -> Option<LinkNumber> {
        while let Some(reader) = self.state.streams.poll_ready() {
            self.state.stir(SessionNumber::of(reader.number()));
        }
        self.state.links.pop_ready()
    }

    /// Appends the next envelope that a link is to carry, as text: whether there is one. What its
    /// sessions have to say, it carries in turn.
    pub fn poll_message(&mut self, link: LinkNumber, out: &mut String) -> bool {
        self.state.say(link, out)
    }

    /// Another process has changed a stream in the log; see [`Streams::handle_news`].
    pub fn handle_news(&mut self, now: Now, key: &StreamKey) {
        self.state.now.advance(now);
        self.state.streams.handle_news(now, key);
    }

    /// News may have been missed; see [`Streams::handle_missed_news`].
    pub fn handle_missed_news(&mut self, now: Now) {
        self.state.now.advance(now);
        self.state.streams.handle_missed_news(now);
    }

    /// What is asked of the log next; see [`Streams::poll_log`].
    pub fn poll_log(&mut self) -> Option<LogRequest> {
        self.state.streams.poll_log()
    }

    /// Asks a log that answers at once, until there is nothing to ask: whether there was anything,
    /// from which events may follow.
    pub fn settle(&mut self, now: Now, log: &mut MemoryLog) -> bool {
        let mut has_asked = false;
        while self.state.streams.request_now(now, log) {
            self.state.now.advance(now);
            has_asked = true;
        }
        has_asked
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        Deadline::earlier(self.state.table.first_due(), self.state.streams.poll_timeout())
    }

    /// How many sessions there are, those included that have ended and whose events wait.
    pub fn len(&self) -> usize {
        self.state.table.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.state.table.len() == 0
    }

    /// The sessions of a user, the oldest first.
    pub fn of_user(&self, user: &str) -> impl Iterator<Item = SessionNumber> {
        self.state.table.of_user(user)
    }

    /// All sessions that have not ended, the oldest first.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = SessionNumber> {
        self.state.table.numbers()
    }

    /// The sessions that a link carries.
    pub(crate) fn over(&self, link: LinkNumber) -> Vec<SessionNumber> {
        let sessions = self.state.links.sessions(link).into_iter();
        sessions.map(|(_, session)| session).collect()
    }

    /// Over which link a session goes now, and in which of its channels.
    pub fn link_of(&self, session: SessionNumber) -> Option<(LinkNumber, Channel)> {
        self.state.table.get(session)?.over
    }

    /// Envelopes that had no effect: of types of the future, or for channels that were closed.
    pub const fn ignored(&self) -> u64 {
        self.state.ignored
    }

    /// What is counted and is no event.
    pub(crate) const fn counters(&self) -> &Counters {
        &self.state.counters
    }

    /// As [`counters`](Self::counters), of streams.
    pub(crate) const fn stream_counters(&self) -> &stream::Counters {
        self.state.streams.counters()
    }

    /// Bytes held by the sessions and their streams, but for what waits to be polled. It visits each.
    /// The most is [`ceiling`](Self::ceiling).
    pub fn memory(&self) -> usize {
        let State { table, links, streams, eventful, .. } = &self.state;
        let line = eventful.capacity() * size_of::<SessionNumber>();
        table.memory() + links.memory() + streams.allocated() + line
    }

    /// The most bytes that they hold with a configuration, if there are no more links than sessions
    /// and users' names are no longer than those of streams, but for what waits to be polled.
    pub fn ceiling(config: &SessionsConfig) -> usize {
        let config = config.clone().within_bounds();
        let each = config.session.ceiling().saturating_add(Table::MOST_BESIDE + Links::CEILING);
        let streams = Streams::ceiling(&config.streams);
        config.max_sessions.saturating_mul(each).saturating_add(streams)
    }

    /// How many streams have a producer or a reader here.
    pub(crate) fn stream_count(&self) -> usize {
        self.state.streams.len()
    }

    /// What comes for a session that a link carries.
    fn handle_message(&mut self, number: SessionNumber, message: &Message<'_>) {
        let Some(held) = self.state.table.get_mut(number) else { return };
        held.session.handle_message(self.state.now, message);
        if held.session.is_open() {
            let reader = number.reader();
            let key = |stream: &Name<'_>| StreamKey::new(Arc::clone(&held.user), stream);
            let taken = match message {
                Message::Follow(it) => {
                    let key = key(&it.stream);
                    self.state.streams.follow(self.state.now, reader, &key, it.received, it.offset)
                }
                Message::Read(it) => {
                    self.state.streams.read(self.state.now, reader, &key(&it.stream), it.received)
                }
                Message::Unfollow(it) => {
                    self.state.streams.unfollow(self.state.now, reader, &key(&it.stream));
                    Ok(())
                }
                // Of the session.
                _ => Ok(()),
            };
            if let Err(fault) = taken {
                held.session.handle_fault(self.state.now, fault);
            }
        }
        self.state.follow_session(number);
    }

    fn handle_heartbeat(&mut self, link: LinkNumber, user: &str, said: &Heartbeat) {
        for it in &said.channels {
            let Some(Use::Session(number)) = self.state.links.channel(link, it.channel) else {
                continue;
            };
            let Some(held) = self.state.table.get_mut(number) else { continue };
            if held.over == Some((link, it.channel)) && *held.user == *user {
                // Answered by the link, for all its sessions together.
                let own = Heartbeat { channels: vec![it.clone()], reply: true };
                held.session.handle_message(self.state.now, &Message::Heartbeat(own));
                self.state.follow_session(number);
            }
        }
        if !said.reply {
            self.state.links.say_heartbeat(link, true);
        }
    }
}
