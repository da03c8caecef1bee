//! Many streams, with their producers, readers and cancels.

use super::cancels::{Ahead, Cancelling};
use super::config::{RECORD_BYTES, StreamsConfig};
use super::counters::Counters;
use super::ending::Ending;
use super::error::{BeginError, ClaimError};
use super::event::{CancelId, Event};
use super::interface::{End, Generation, LogAnswer, LogRequest, StreamKey};
use super::memory::MemoryLog;
use super::placing::Place;
use super::producer::ProducerError;
use super::readers::{Reader, ReaderId};
use super::saying::{Lent, Said};
use super::table::Table;
use super::turns::{Line, Taken};
use crate::delivery::Fault;
use crate::envelope::Raw;
use crate::envelope::v1::{BODY_DEPTH, CancelOutcome, Channel, Code, Epoch, Message, Position};
use crate::time::{Deadline, Now};

/// The streams of a server. See the [module](super).
#[derive(Clone, Debug)]
pub struct Streams {
    table: Table,
    cancelling: Cancelling,
    ahead: Ahead,
    lent: Lent,
}

/// Which streams a cancel is about (V-8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelScope<'a> {
    /// The one of this name.
    Stream(&'a StreamKey),
    /// All of an owner that an agent answers.
    Agent {
        /// Whose.
        owner: &'a str,
        /// Which agent.
        agent: &'a str,
    },
    /// All of an owner.
    All {
        /// Whose.
        owner: &'a str,
    },
}

impl Streams {
    /// No streams yet, and a log of this epoch.
    pub fn new(config: StreamsConfig, log: Epoch) -> Self {
        Self {
            table: Table::new(config.within_bounds(), log),
            cancelling: Cancelling::default(),
            ahead: Ahead::default(),
            lent: Lent::default(),
        }
    }

    /// The most bytes that they take with a configuration, if owners' names are no longer than
    /// those of streams, but for what waits to be polled.
    pub const fn ceiling(config: &StreamsConfig) -> usize {
        let names = 3 * 128;
        let end = size_of::<End>() + 64 + config.body_bytes;
        // A text that grows may take twice its room.
        let producer = 2 * config.producer_bytes + RECORD_BYTES + Ending::MOST_CANCELS * 16;
        let reader = Reader::CEILING.saturating_mul(config.stream_readers as usize);
        let held = config.held_bytes + RECORD_BYTES;
        let stream = 2 * Table::ENTRY_BYTES + names + producer + 2 * end + held;
        let streams = (config.max_streams as usize).saturating_mul(stream.saturating_add(reader));
        streams.saturating_add(Ahead::CEILING)
    }

    /// What the log answers to a request. An answer to nothing that was asked does nothing.
    pub fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        self.table.handle_log(now, answer);
        self.handle_cancelled(now);
    }

    /// Another process has changed a stream in the log: the log is asked where it stands, its
    /// readers here read on, and its producer learns of an end. News may come late, twice or in any
    /// order. Of what nobody has here nothing follows.
    pub fn handle_news(&mut self, now: Now, key: &StreamKey) {
        self.table.known(now, key, |entry, _, _| entry.look_again());
    }

    /// News may have been missed: every stream is looked up.
    pub fn handle_missed_news(&mut self, now: Now) {
        for index in self.table.places() {
            self.table.at(now, index, |entry, _, _| entry.look_again());
        }
    }

    /// The time that [`poll_timeout`](Self::poll_timeout) named has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.table.handle_timeout(now);
    }

    /// An item asks for a stream, of an agent where that is known, and `reader` reads it from its
    /// beginning (V-7.12). What becomes of it is an event: [`Event::Begun`], [`Event::Repeated`]
    /// or [`Event::NotBegun`]. Until it is claimed it has a lease as a producer has, of
    /// [`Generation::NONE`].
    ///
    /// # Errors
    ///
    /// The item is to be rejected with the code of the error.
    pub fn begin(
        &mut self,
        now: Now,
        key: &StreamKey,
        agent: Option<&str>,
        of: Position,
        reader: Option<ReaderId>,
    ) -> Result<(), BeginError> {
        if self.ahead.has(now.mono, key) {
            return Err(BeginError::Cancelled);
        }
        if reader.is_some_and(|reader| self.table.is_full(reader)) {
            return Err(BeginError::TooMany);
        }
        if self.table.is_cancelling(key) {
            // It came ahead of the item, whatever the log is about to say of it.
            return Err(BeginError::Cancelled);
        }
        let began = self.table.open(now, key, |entry, _, _| {
            let began = entry.writer.begin(of, reader);
            if began {
                entry.agent = agent.map(Box::from);
            }
            began
        });
        match began {
            Some(true) => Ok(()),
            Some(false) => Err(BeginError::Exists),
            None => Err(BeginError::TooMany),
        }
    }

    /// Claims a stream for a new producer: [`Event::Claimed`] says as what it appends, or
    /// [`Event::NotClaimed`] that there is nothing to append to.
    ///
    /// # Errors
    ///
    /// It is being claimed, or is about to end; or there are too many streams.
    pub fn claim(&mut self, now: Now, key: &StreamKey) -> Result<(), ClaimError> {
        match self.table.open(now, key, |entry, _, _| entry.writer.claim()) {
            Some(true) => Ok(()),
            Some(false) => Err(ClaimError::Busy),
            None => Err(ClaimError::TooMany),
        }
    }

    /// Appends text of a producer. It goes on within 40 ms, together with what comes meanwhile.
    ///
    /// # Errors
    ///
    /// [`ProducerError`]; nothing of the text is taken.
    pub fn append(
        &mut self,
        now: Now,
        key: &StreamKey,
        by: Generation,
        text: &str,
    ) -> Result<(), ProducerError> {
        self.table.append(now, key, by, text)
    }

    /// Lets what a producer appends from now on stand from `offset` on, in the place of what does:
    /// with its next text what stands there is void.
    ///
    /// # Errors
    ///
    /// [`ProducerError::Fenced`]; [`ProducerError::Misplaced`] beyond the stream's text.
    pub fn restart_from(
        &mut self,
        now: Now,
        key: &StreamKey,
        by: Generation,
        offset: u64,
    ) -> Result<(), ProducerError> {
        self.table.produce(now, key, |entry, _| entry.writer.producer(by)?.restart_from(offset))
    }

    /// A producer is alive, or with [`Generation::NONE`] whoever is to begin the stream. Its text
    /// says nothing of that: one that is silent while a tool runs is alive, too.
    ///
    /// # Errors
    ///
    /// [`ProducerError::Fenced`].
    pub fn renew(
        &mut self,
        now: Now,
        key: &StreamKey,
        by: Generation,
    ) -> Result<(), ProducerError> {
        let until = now.mono + self.table.config().producer_lease;
        self.table.produce(now, key, |entry, _| entry.writer.renew(by, until))
    }

    /// Ends a stream, behind what its producer has appended; with [`Generation::NONE`] one that
    /// nobody has claimed.
    ///
    /// # Errors
    ///
    /// [`ProducerError::Fenced`]; of the body [`ProducerError::TooLarge`] or
    /// [`ProducerError::NoJson`].
    pub fn finish(
        &mut self,
        now: Now,
        key: &StreamKey,
        by: Generation,
        end: End,
    ) -> Result<(), ProducerError> {
        let most = self.table.config().body_bytes;
        let body = end.body.as_deref();
        if body.is_some_and(|body| body.len() > most) {
            return Err(ProducerError::TooLarge { most });
        }
        if body.is_some_and(|body| Raw::parse(body, BODY_DEPTH).is_err()) {
            return Err(ProducerError::NoJson);
        }
        self.table.produce(now, key, |entry, _| entry.writer.finish(by, end))
    }

    /// Lets cancels of a stream be refused with a code, or no longer.
    pub fn protect(&mut self, now: Now, key: &StreamKey, code: Option<Code<'static>>) {
        self.table.known(now, key, |entry, _, _| entry.writer.ending.protect(code));
    }

    /// Cancels streams. [`Event::Cancelled`] says what has become of each, once all have ended or
    /// it is known that they do not.
    pub fn cancel(&mut self, now: Now, scope: CancelScope<'_>) -> CancelId {
        let keys: Vec<StreamKey> = match scope {
            CancelScope::Stream(key) => vec![key.clone()],
            CancelScope::Agent { owner, agent } => self.table.running(owner, Some(agent)),
            CancelScope::All { owner } => self.table.running(owner, None),
        };
        let (cancel, event) = self.cancelling.begin(keys.len());
        self.table.outputs.events.extend(event);
        for key in &keys {
            if self.table.open(now, key, |entry, turn, _| entry.cancel(turn, cancel)).is_none() {
                self.table.refuse_cancel(key, cancel);
            }
        }
        self.handle_cancelled(now);
        cancel
    }

    /// Forgets a stream that has no producer and no reader here, and with it its text in the log.
    /// Whether it has neither.
    pub fn discard(&mut self, key: &StreamKey) -> bool {
        self.table.discard(key)
    }

    /// The item that has begun a stream is not taken after all, and nobody has claimed the stream:
    /// it is forgotten as if it had never begun, so the item may come again.
    pub fn withdraw(&mut self, now: Now, key: &StreamKey) {
        self.table.known(now, key, |entry, turn, _| entry.withdraw(turn));
        self.handle_cancelled(now);
        self.table.forget(key);
    }

    /// A reader wants a stream from where it is: `following` answers it.
    ///
    /// # Errors
    ///
    /// [`Fault::TooMany`]: the reader follows as many streams as it may, or the stream has as many
    /// readers.
    pub fn follow(
        &mut self,
        now: Now,
        reader: ReaderId,
        key: &StreamKey,
        received: Position,
        offset: u64,
    ) -> Result<(), Fault> {
        let lease = now.mono + self.table.config().reader_lease;
        let from = Place { at: received, offset };
        let is_full = self.table.is_full(reader);
        let added = self.table.open(now, key, |entry, turn, lines| {
            let is_known = entry.audience.has(reader);
            (is_known || !is_full)
                && entry.audience.add(reader, Reader::following(from, lease), turn, lines)
        });
        if added == Some(true) { Ok(()) } else { Err(Fault::TooMany) }
    }

    /// A reader says what it has of a stream.
    ///
    /// # Errors
    ///
    /// [`Fault::Ahead`]: it was never sent that.
    pub fn read(
        &mut self,
        now: Now,
        reader: ReaderId,
        key: &StreamKey,
        received: Position,
    ) -> Result<(), Fault> {
        let lease = now.mono + self.table.config().reader_lease;
        self.table
            .known(now, key, |entry, _, _| entry.audience.confirm(reader, received, lease))
            .unwrap_or(Ok(()))
    }

    /// A reader wants no more of a stream.
    pub fn unfollow(&mut self, now: Now, reader: ReaderId, key: &StreamKey) {
        self.table.known(now, key, |entry, turn, lines| entry.audience.remove(reader, turn, lines));
    }

    /// A reader wants no more of any stream.
    pub fn forget_reader(&mut self, now: Now, reader: ReaderId) {
        for index in self.table.followed_by(reader) {
            self.table
                .at(now, index, |entry, turn, lines| entry.audience.remove(reader, turn, lines));
        }
    }

    /// Asks a log that answers at once, until there is nothing to ask.
    pub fn settle(&mut self, now: Now, log: &mut MemoryLog) {
        while self.request_now(now, log) {}
    }

    /// Asks a log that answers at once: whether there was anything to ask.
    pub(in crate::delivery) fn request_now(&mut self, now: Now, log: &mut MemoryLog) -> bool {
        let has_asked = self.table.request_now(now, log);
        if has_asked {
            self.handle_cancelled(now);
        }
        has_asked
    }

    /// What is asked of the log next. Each request is answered once, in any order.
    pub fn poll_log(&mut self) -> Option<LogRequest> {
        self.table.outputs.poll_log()
    }

    /// What has happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.table.outputs.events.pop_front()
    }

    /// The next reader for whom there is a message. It is named once, and again after
    /// [`poll_message`](Self::poll_message) has said that there is none left.
    pub fn poll_ready(&mut self) -> Option<ReaderId> {
        self.table.lines.pop_reader()
    }

    /// The next message for a reader, of each of its streams in turn.
    pub fn poll_message(&mut self, now: Now, reader: ReaderId) -> Option<Message<'_>> {
        self.table.take(now, reader, &mut self.lent, |lent, said, _| lent.keep(said))?;
        self.lent.lend()
    }

    /// Appends the next message for a reader as an envelope, which is made once for all who are told
    /// the same.
    pub(in crate::delivery) fn write_message(
        &mut self,
        now: Now,
        reader: ReaderId,
        channel: Channel,
        out: &mut String,
    ) -> Taken {
        let say = |lent: &mut Lent, said: Said<'_>, line: &mut Line| match lent
            .write(&said, channel, out)
        {
            true if line.has_more() => Taken::More,
            true => Taken::Last,
            false => Taken::Nothing,
        };
        self.table.take(now, reader, &mut self.lent, say).unwrap_or(Taken::Nothing)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.table.deadline()
    }

    /// The epoch of the log, as it said last.
    pub const fn log_epoch(&self) -> Epoch {
        self.table.epoch()
    }

    /// How many bytes they take, but for what waits to be polled.
    pub fn allocated(&self) -> usize {
        self.table.allocated() + self.ahead.allocated()
    }

    /// How many streams have a producer or a reader here.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no stream has.
    pub fn is_empty(&self) -> bool {
        self.table.len() == 0
    }

    /// What is counted and is no event.
    pub(in crate::delivery) const fn counters(&self) -> &Counters {
        &self.table.outputs.counters
    }

    /// Makes events of what cancels have come to. One of a stream that nobody has asked for is kept
    /// (V-8.4).
    fn handle_cancelled(&mut self, now: Now) {
        let config = self.table.config();
        while let Some((cancel, key, what)) = self.table.outputs.cancelled.pop_front() {
            if what.outcome == CancelOutcome::NoStream {
                self.ahead.keep(now.mono, &key, now.mono + config.cancel_keep, config.cancels);
            }
            let event = self.cancelling.handle_result(cancel, what);
            self.table.outputs.events.extend(event);
        }
    }
}
