//! What is written of one stream: its beginning, its producers' text and its end, each asked of
//! the log until that has answered.

use super::config::{RECORD_BYTES, StreamsConfig};
use super::ending::Ending;
use super::event::{CancelId, Event, Fence};
use super::interface::{End, Ended, Generation, Request};
use super::outputs::{Step, Turn};
use super::producer::{Flight, Producer, ProducerError};
use super::readers::ReaderId;
use crate::envelope::v1::{Code, How, Position};
use crate::time::{Deadline, Mono, TimerReason};

/// The writing half of one stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Writer {
    /// Whether the stream goes on here: who is to claim it, or has, is watched here.
    is_own: bool,
    /// The newest that is known.
    generation: Generation,
    /// Until when the log's word of a lease holds that is not the producer's here.
    lease: Option<Mono>,
    begin: Option<Begin>,
    claim: Step,
    renew: Step,
    /// Whether a lease elsewhere is to be looked up.
    check: Step,
    /// It is to be looked up once more after that.
    check_again: bool,
    producer: Option<Producer>,
    is_appending: bool,
    pub(super) ending: Ending,
}

/// The item that asks for the stream.
#[derive(Clone, Copy, Debug)]
struct Begin {
    of: Position,
    reader: Option<ReaderId>,
    step: Step,
    /// How often the log was unavailable.
    failures: u8,
}

impl Writer {
    /// How often a log may be unavailable before an item is rejected for it.
    const MOST_FAILURES: u8 = 3;

    /// An item asks for the stream; whether none does already.
    pub(super) fn begin(&mut self, of: Position, reader: Option<ReaderId>) -> bool {
        let is_free = self.begin.is_none();
        if is_free {
            self.begin = Some(Begin { of, reader, step: Step::Wanted, failures: 0 });
        }
        is_free
    }

    /// Somebody wants to be its producer; whether nobody else does, and it is not about to end.
    pub(super) fn claim(&mut self) -> bool {
        let is_free = self.claim == Step::No && !self.ending.is_wanted();
        if is_free {
            self.claim = Step::Wanted;
        }
        is_free
    }

    /// The producer of this generation, unless it is fenced.
    pub(super) fn producer(&mut self, by: Generation) -> Result<&mut Producer, ProducerError> {
        let is_over = self.ending.is_wanted();
        let producer = self.producer.as_mut().filter(|it| it.generation() == by && !is_over);
        producer.ok_or(ProducerError::Fenced)
    }

    /// The producer of this generation, or who is to begin the stream, is alive.
    pub(super) fn renew(&mut self, by: Generation, until: Mono) -> Result<(), ProducerError> {
        if self.is_awaited(by) {
            self.lease = Some(until);
        } else {
            self.producer(by)?.renew(until);
        }
        if self.renew == Step::No {
            self.renew = Step::Wanted;
        }
        Ok(())
    }

    /// The producer of this generation, or who was to begin the stream, ends it.
    pub(super) fn finish(&mut self, by: Generation, end: End) -> Result<(), ProducerError> {
        if !self.is_awaited(by) {
            self.producer(by)?;
        }
        self.ending.begin(Some(by), end);
        Ok(())
    }

    /// The stream is to end by a cancel.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>, cancel: CancelId) {
        if self.ending.cancel(turn, cancel) {
            self.fence_event(turn, Fence::Ended(How::Cancelled));
        }
    }

    /// Asks the log for what is to be done next.
    pub(super) fn ask(&mut self, turn: &mut Turn<'_>) {
        let lease = turn.config.producer_lease;
        if let Some(begin) = &mut self.begin
            && begin.step.take()
        {
            turn.ask(Request::ClaimEffect { of: begin.of, lease });
        }
        // Answers may come in any order: what is not begun yet is neither claimed nor ended.
        let has_begun = self.begin.is_none();
        if has_begun && self.claim.take() {
            turn.ask(Request::ClaimProducer { lease });
        }
        if self.renew.take() {
            turn.ask(Request::Renew { generation: self.generation, lease });
        }
        if self.check.take() {
            turn.ask(Request::Status);
        }
        self.send_text(turn);
        let is_written = self.producer.as_ref().is_none_or(Producer::is_empty);
        if has_begun && is_written && !self.is_appending {
            self.ending.ask(turn);
        }
    }

    fn send_text(&mut self, turn: &mut Turn<'_>) {
        let Some(producer) = self.producer.as_mut().filter(|_| !self.is_appending) else { return };
        let is_last = self.ending.is_wanted();
        if producer.flight().is_none() {
            producer.send(turn.now, turn.config.pace(), RECORD_BYTES, is_last);
        }
        if let Some(flight) = producer.flight().cloned() {
            let generation = producer.generation();
            let Flight { sequence, offset, text } = flight;
            turn.ask(Request::Append { generation, sequence, offset, text });
            self.is_appending = true;
        }
    }

    /// The log was unavailable for this.
    pub(super) fn handle_unavailable(&mut self, turn: &mut Turn<'_>, request: &Request) {
        match request {
            Request::ClaimEffect { .. } => {
                let Some(begin) = &mut self.begin else { return };
                begin.failures += 1;
                begin.step = Step::Wanted;
                if begin.failures >= Self::MOST_FAILURES {
                    self.handle_not_begun(turn, "unavailable");
                }
            }
            Request::ClaimProducer { .. } => self.claim = Step::Wanted,
            Request::Renew { generation, .. } if *generation == self.generation => {
                self.renew = Step::Wanted;
            }
            Request::Append { generation, .. } if *generation == self.generation => {
                self.is_appending = false;
            }
            Request::Finish { by, .. } => self.ending.handle_unavailable(*by),
            Request::Status => self.check = Step::Wanted,
            Request::Renew { .. }
            | Request::Append { .. }
            | Request::ReadAfter { .. }
            | Request::Discard => {}
        }
    }

    /// The stream has begun; `first` unless the same item had begun it before. Who reads it from
    /// the beginning: an item that comes again, in another session, has its sender as a reader there
    /// (V-7.12).
    pub(super) fn handle_begun(&mut self, turn: &mut Turn<'_>, first: bool) -> Option<ReaderId> {
        let begin = self.begin.take()?;
        let (key, of) = (turn.key.clone(), begin.of);
        // An answer that never came may have been the first.
        if first || begin.failures > 0 {
            self.is_own = true;
            self.lease = Some(turn.now + turn.config.producer_lease);
            turn.event(Event::Begun { key, of });
        } else {
            turn.event(Event::Repeated { key, of });
        }
        begin.reader
    }

    /// The log counts generations from the first again.
    pub(super) const fn begin_anew(&mut self) {
        self.generation = Generation::NONE;
    }

    /// The stream does not begin.
    pub(super) fn handle_not_begun(&mut self, turn: &mut Turn<'_>, code: &'static str) {
        let begin = self.begin.take();
        if let (Some(Begin { of, .. }), Some(code)) = (begin, Code::new(code)) {
            turn.event(Event::NotBegun { key: turn.key.clone(), of, code });
        }
    }

    /// The stream has a new producer.
    pub(super) fn handle_claimed(&mut self, turn: &mut Turn<'_>, by: Generation, offset: u64) {
        self.claim = Step::No;
        // What was known of it before its answer is no other's.
        let before = self.producer.as_ref().map_or(Generation::NONE, Producer::generation);
        if by < self.generation || by <= before {
            return;
        }
        self.fence_event(turn, Fence::Claimed { by });
        if let Some(of) = self.ending.by().filter(|of| *of < by) {
            self.ending.handle_claimed(of, by);
        }
        let lease = turn.now + turn.config.producer_lease;
        self.producer = Some(Producer::new(by, offset, lease));
        self.is_own = true;
        self.is_appending = false;
        self.generation = by;
        self.lease = None;
        turn.event(Event::Claimed { key: turn.key.clone(), generation: by, offset });
        if let Some(how) = self.ending.how() {
            self.fence_event(turn, Fence::Ended(how));
        }
    }

    /// The stream has no new producer.
    pub(super) fn handle_not_claimed(&mut self, turn: &mut Turn<'_>, ended: Option<&Ended>) {
        self.claim = Step::No;
        let (key, ended) = (turn.key.clone(), ended.cloned());
        turn.event(Event::NotClaimed { key, ended });
    }

    /// A lease is renewed, or was not.
    pub(super) fn handle_renewed(&mut self) {
        self.renew = Step::No;
    }

    /// Another process may have changed the stream in the log, also since that was last asked.
    pub(super) fn look_again(&mut self) {
        // What is being begun is not to be found unknown.
        if self.begin.is_none() {
            self.check_again = self.check == Step::Asked;
            if self.check == Step::No {
                self.check = Step::Wanted;
            }
        }
    }

    /// Whether the log is about to be asked where the stream stands.
    pub(super) fn looks_again(&self) -> bool {
        self.check == Step::Wanted
    }

    /// A lease elsewhere was looked up.
    pub(super) fn handle_checked(&mut self) {
        let again = core::mem::take(&mut self.check_again);
        self.check = if again { Step::Wanted } else { Step::No };
    }

    /// The log has a record of a producer.
    pub(super) fn handle_appended(&mut self, turn: &mut Turn<'_>, by: Generation) {
        if let Some(producer) = self.producer.as_mut().filter(|it| it.generation() == by) {
            producer.sent();
            self.is_appending = false;
            if producer.has_room_again(turn.config.producer_bytes) {
                turn.event(Event::Room { key: turn.key.clone(), generation: by });
            }
        }
    }

    /// The log takes nothing of this generation any more, but of another.
    pub(super) fn handle_fenced(&mut self, turn: &mut Turn<'_>, of: Generation, by: Generation) {
        if of == Generation::NONE && self.claim != Step::No {
            // It may be its own claim, whose answer says so.
            return;
        }
        self.drop_producer(turn, of, Fence::Claimed { by });
        // A log that has lost its claim knows an older one.
        if by > self.generation || of == self.generation {
            self.generation = by;
            self.is_own = false;
            self.lease = Some(turn.now);
        }
        self.ending.handle_fenced(of);
    }

    /// The log has no place for the text of a producer.
    pub(super) fn handle_misplaced(&mut self, turn: &mut Turn<'_>, of: Generation) {
        self.lease = self.producer.as_ref().map(Producer::lease).or(self.lease);
        self.drop_producer(turn, of, Fence::Misplaced);
    }

    /// The stream has ended, `finished` if the log was asked for it here.
    pub(super) fn handle_end(&mut self, turn: &mut Turn<'_>, ended: &Ended, finished: bool) {
        if !self.ending.is_wanted() {
            self.fence_event(turn, Fence::Ended(ended.end.how.clone()));
        }
        self.ending.handle_end(turn, ended, finished);
        self.let_go();
    }

    /// The log has lost the stream, or never had it.
    pub(super) fn handle_unknown(&mut self, turn: &mut Turn<'_>) {
        if !self.ending.is_wanted() {
            self.fence_event(turn, Fence::Lost);
        }
        if self.is_own {
            turn.event(Event::Lost { key: turn.key.clone() });
        }
        self.ending.handle_unknown(turn);
        self.let_go();
    }

    /// The stream is forgotten as if it had never begun.
    pub(super) fn withdraw(&mut self, turn: &mut Turn<'_>) {
        self.begin = None;
        self.ending.handle_unknown(turn);
        self.let_go();
    }

    /// What the log says of whose stream it is, if it goes on elsewhere.
    pub(super) fn handle_lease(&mut self, turn: &Turn<'_>, by: Generation, until: Mono) {
        if self.is_own {
            return;
        }
        self.generation = self.generation.max(by);
        if until > turn.now {
            self.lease = Some(until);
        } else if !self.ending.is_wanted() {
            self.ending.begin(Some(by), End::new(How::Orphaned));
        }
    }

    /// Ends the stream if whose it is has not been heard of.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>) {
        if self.ending.is_wanted() || self.lapse().is_none_or(|lapse| lapse > turn.now) {
            return;
        }
        if self.is_own {
            self.ending.begin(Some(self.generation), End::new(How::Orphaned));
            self.fence_event(turn, Fence::Ended(How::Orphaned));
        } else if self.check == Step::No {
            self.check = Step::Wanted;
            self.lease = None;
        }
    }

    /// When text is due to go into the log.
    pub(super) fn text_due(&self, config: &StreamsConfig) -> Option<Mono> {
        let producer = self.producer.as_ref().filter(|_| !self.is_appending);
        producer.and_then(|producer| producer.due(config.pace()))
    }

    /// When it is to be looked whether the producer is heard of.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let lapse = self.lapse().filter(|_| !self.ending.is_wanted());
        lapse.map(|at| Deadline::new(at, TimerReason::ProducerLease))
    }

    /// Whether readers are to wait until it is known whether there is a stream.
    pub(super) const fn is_beginning(&self) -> bool {
        self.begin.is_some()
    }

    /// Whether the stream goes on here.
    pub(super) const fn is_own(&self) -> bool {
        self.is_own
    }

    /// Whether it was known to go on, here or elsewhere.
    pub(super) fn is_running(&self) -> bool {
        self.is_own || self.lapse().is_some()
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        self.producer.as_ref().map_or(0, Producer::allocated) + self.ending.allocated()
    }

    /// Whether nothing of the stream is written here.
    pub(super) fn is_idle(&self) -> bool {
        let is_asking = self.begin.is_some() || self.ending.is_wanted() || self.is_appending;
        !self.is_own && !is_asking && self.claim == Step::No && self.check == Step::No
    }

    /// Whether the stream awaits its first producer, who comes from here.
    fn is_awaited(&self, by: Generation) -> bool {
        by == Generation::NONE && by == self.generation && self.is_own && !self.ending.is_wanted()
    }

    fn lapse(&self) -> Option<Mono> {
        self.producer.as_ref().map(Producer::lease).or(self.lease)
    }

    fn drop_producer(&mut self, turn: &mut Turn<'_>, of: Generation, why: Fence) {
        if self.producer.as_ref().is_some_and(|producer| producer.generation() == of) {
            if !self.ending.is_wanted() {
                self.fence_event(turn, why);
            }
            self.producer = None;
            self.is_appending = false;
        }
    }

    fn fence_event(&self, turn: &mut Turn<'_>, why: Fence) {
        if let Some(producer) = &self.producer {
            let (key, generation) = (turn.key.clone(), producer.generation());
            turn.event(Event::Fenced { key, generation, why });
        }
    }

    fn let_go(&mut self) {
        self.producer = None;
        self.is_appending = false;
        self.is_own = false;
        self.lease = None;
        self.claim = Step::No;
        self.renew = Step::No;
        self.check = Step::No;
    }
}
