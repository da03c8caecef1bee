//! One stream at this server: what is written of it and who reads it, with one log behind both.

use super::audience::Audience;
use super::config::StreamsConfig;
use super::event::{CancelId, Cancelled, Event};
use super::interface::{Answer, Ended, Generation, Record, Refusal, Request, State, Status};
use super::keyed::StreamIndex;
use super::outputs::Turn;
use super::readers::ReaderId;
use super::saying::Saying;
use super::turns::{Line, Lines};
use super::writer::Writer;
use crate::envelope::v1::Epoch;
use crate::time::{Deadline, Mono, TimerReason};

/// One stream.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) agent: Option<Box<str>>,
    pub(super) writer: Writer,
    pub(super) audience: Audience,
    /// Where a log in memory had it last.
    pub(super) kept_at: Option<StreamIndex>,
    /// Until when the log is not asked, since it was unavailable.
    paused: Option<Mono>,
    /// The last record that was known when the log was last asked where the stream stands: unless it
    /// has lost some, it says no less.
    known: u64,
    /// When its timers stand: that of its text, and that of all else.
    pub(super) text_timer: Option<Mono>,
    pub(super) timer: Option<Mono>,
}

impl Entry {
    pub(super) fn new(epoch: Epoch) -> Self {
        let (writer, audience) = (Writer::default(), Audience::new(epoch));
        Self {
            agent: None,
            writer,
            audience,
            kept_at: None,
            paused: None,
            known: 0,
            text_timer: None,
            timer: None,
        }
    }

    /// The stream is to end by a cancel.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>, cancel: CancelId) {
        match self.audience.ended() {
            Some(ended) => turn.cancelled(cancel, Cancelled::late(turn.key, ended)),
            None => self.writer.cancel(turn, cancel),
        }
    }

    /// The stream is forgotten as if it had never begun.
    pub(super) fn withdraw(&mut self, turn: &mut Turn<'_>) {
        self.writer.withdraw(turn);
        self.audience.handle_unknown();
    }

    /// What the log says to what it was asked, for a reader where it was to read.
    pub(super) fn handle_answer(
        &mut self,
        turn: &mut Turn<'_>,
        lines: &mut Lines,
        (id, reader, request): (u64, Option<ReaderId>, Request),
        answer: Answer,
    ) {
        if reader.is_some_and(|reader| !self.audience.awaits(reader, id)) {
            return;
        }
        match request {
            _ if answer == Answer::Unavailable => {
                turn.event(Event::Unavailable { key: turn.key.clone() });
                self.writer.handle_unavailable(turn, &request);
                self.paused = Some(turn.now + turn.config.log_retry);
            }
            Request::ClaimEffect { .. } => self.handle_begun(turn, lines, answer),
            Request::ClaimProducer { .. } => self.handle_claimed(turn, answer),
            Request::Renew { generation: of, .. } => {
                self.writer.handle_renewed();
                if let Answer::Refused(refusal) = answer {
                    self.handle_refusal(turn, of, refusal);
                }
            }
            Request::Append { generation: of, offset, text, .. } => match answer {
                Answer::Appended { sequence, offset: end } => {
                    self.writer.handle_appended(turn, of);
                    let restart = offset < self.audience.offset();
                    let record = Record::new(sequence, offset, text, restart);
                    debug_assert!(record.end() == end, "one record is on its way");
                    self.audience.handle_record(record, turn.config.held_bytes);
                }
                Answer::Refused(refusal) => self.handle_refusal(turn, of, refusal),
                _ => {}
            },
            Request::Finish { by, .. } => match answer {
                Answer::Finished(ended) => self.handle_end(turn, ended, true),
                Answer::Refused(refusal) => {
                    self.handle_refusal(turn, by.unwrap_or_default(), refusal);
                }
                _ => {}
            },
            Request::ReadAfter { .. } => match (answer, reader) {
                (Answer::Read(read), Some(reader)) => {
                    if self.audience.is_anew(reader, &read.status) {
                        self.begin_anew();
                    }
                    self.handle_status(turn, &read.status);
                    self.audience.handle_read(reader, read);
                }
                (_, Some(reader)) if !self.writer.is_own() => self.audience.handle_unread(reader),
                _ => self.handle_unknown(turn),
            },
            Request::Status => {
                self.writer.handle_checked();
                match answer {
                    Answer::Status(status) => {
                        if !self.writer.is_own() {
                            self.audience.handle_status(&status, self.known, turn);
                        }
                        self.handle_status(turn, &status);
                    }
                    _ => self.handle_unknown(turn),
                }
            }
            Request::Discard => {}
        }
    }

    /// Another process may have changed the stream in the log.
    pub(super) fn look_again(&mut self) {
        self.writer.look_again();
    }

    /// The time has come for something.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>, lines: &mut Lines) {
        self.audience.handle_timeout(turn, lines);
        if self.audience.ended().is_none() {
            self.writer.handle_timeout(turn);
        }
    }

    /// What a reader takes next, and whether it leaves with that. No other has anything of it, nor has
    /// the writer.
    pub(super) fn take(
        &mut self,
        reader: ReaderId,
        turn: &mut Turn<'_>,
        line: &mut Line,
        text: &mut String,
    ) -> Option<(Saying, bool)> {
        let may_read = self.paused.is_none() && !self.writer.is_beginning();
        self.audience.take(reader, turn, line, (text, may_read))
    }

    /// Asks the log for what its producer wants: after an input of that, which is nothing to readers
    /// until the log has it.
    pub(super) fn proceed_writing(&mut self, turn: &mut Turn<'_>, lines: &mut Lines) {
        match self.paused {
            None => self.ask(turn),
            Some(_) => self.proceed(turn, lines),
        }
    }

    /// Asks the log for all that is to be done, and puts readers in line: after every other input.
    pub(super) fn proceed(&mut self, turn: &mut Turn<'_>, lines: &mut Lines) {
        let may_request = self.paused.is_none_or(|until| until <= turn.now);
        if may_request {
            self.paused = None;
            self.ask(turn);
        }
        self.audience.proceed(turn, lines, may_request && !self.writer.is_beginning());
    }

    fn ask(&mut self, turn: &mut Turn<'_>) {
        if self.writer.looks_again() {
            self.known = self.audience.last();
        }
        self.writer.ask(turn);
    }

    /// When text of its producer is due.
    pub(super) fn text_due(&self, config: &StreamsConfig) -> Option<Mono> {
        // A log that is not asked takes no text.
        if self.paused.is_some() { None } else { self.writer.text_due(config) }
    }

    /// Whether its text waits for no more than the time for which its timer stands, or for the log.
    pub(super) fn is_coalescing(&self, now: Mono, config: &StreamsConfig) -> bool {
        let due = self.text_due(config);
        self.paused.is_none() && due == self.text_timer && due.is_none_or(|due| due > now)
    }

    /// When it is to be given the time for anything else.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let paused = self.paused.map(|until| Deadline::new(until, TimerReason::LogRetry));
        let readers = self.audience.lease();
        let readers = readers.map(|at| Deadline::new(at, TimerReason::ReaderLease));
        Deadline::earlier(paused, Deadline::earlier(self.writer.deadline(), readers))
    }

    /// Whether nothing goes on here, and it may be forgotten.
    pub(super) fn is_idle(&self) -> bool {
        self.writer.is_idle() && self.audience.is_empty()
    }

    fn handle_begun(&mut self, turn: &mut Turn<'_>, lines: &mut Lines, answer: Answer) {
        match answer {
            Answer::Begun { first } => {
                let is_known = first || self.writer.is_own();
                let reader = self.writer.handle_begun(turn, first);
                let has_ended = self.audience.ended().is_some();
                if first || has_ended && self.writer.is_own() {
                    self.begin_anew();
                }
                if let Some(reader) = reader {
                    self.audience.add_beginning(reader, !is_known, turn, lines);
                }
            }
            Answer::Refused(Refusal::Full) => {
                self.writer.handle_not_begun(turn, "too_many_streams");
            }
            _ => self.writer.handle_not_begun(turn, "stream_exists"),
        }
    }

    /// The log has forgotten a stream of this name, and has another: nothing that was known holds.
    fn begin_anew(&mut self) {
        self.writer.begin_anew();
        self.audience.begin_anew();
    }

    fn handle_claimed(&mut self, turn: &mut Turn<'_>, answer: Answer) {
        match (answer, self.audience.ended()) {
            (Answer::Claimed { generation, offset }, None) => {
                self.writer.handle_claimed(turn, generation, offset);
            }
            (Answer::Refused(Refusal::Ended(ended)), _) => {
                self.writer.handle_not_claimed(turn, Some(&ended));
                self.handle_end(turn, ended, false);
            }
            (_, ended) => self.writer.handle_not_claimed(turn, ended),
        }
    }

    fn handle_refusal(&mut self, turn: &mut Turn<'_>, of: Generation, why: Refusal) {
        match why {
            Refusal::Fenced { generation } => self.writer.handle_fenced(turn, of, generation),
            Refusal::Ended(ended) => self.handle_end(turn, ended, false),
            Refusal::Misplaced { .. } => self.writer.handle_misplaced(turn, of),
            Refusal::Unknown => self.handle_unknown(turn),
            Refusal::Exists | Refusal::Full => {}
        }
    }

    fn handle_status(&mut self, turn: &mut Turn<'_>, status: &Status) {
        if self.audience.ended().is_some() {
            return;
        }
        match &status.state {
            State::Ended(end) => {
                let ended = Ended::new(status.sequence, status.offset, end.clone());
                self.handle_end(turn, ended, false);
            }
            State::Pending { lease } => {
                self.writer.handle_lease(turn, Generation::NONE, turn.now + *lease);
            }
            State::Running { generation, lease } => {
                self.writer.handle_lease(turn, *generation, turn.now + *lease);
            }
        }
    }

    fn handle_end(&mut self, turn: &mut Turn<'_>, ended: Ended, finished: bool) {
        // Of one that nothing was known of, the end is news to whoever wants something of it alone.
        let was_running = finished || self.writer.is_running();
        self.writer.handle_end(turn, &ended, finished);
        if self.audience.ended().is_none() {
            self.audience.handle_end(&ended);
            if was_running {
                turn.event(Event::Ended { key: turn.key.clone(), ended });
            }
        }
    }

    fn handle_unknown(&mut self, turn: &mut Turn<'_>) {
        self.writer.handle_unknown(turn);
        self.audience.handle_unknown();
    }
}
