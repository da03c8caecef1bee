//! The table of all streams, and what follows from every input to one of them.

use std::collections::BTreeSet;

use super::config::StreamsConfig;
use super::entry::Entry;
use super::event::{CancelId, Cancelled};
use super::interface::{Answer, Generation, LogAnswer, Request, StreamKey};
use super::keyed::{Keyed, Slot, StreamIndex};
use super::memory::MemoryLog;
use super::outputs::{Asked, Outputs, Turn};
use super::producer::ProducerError;
use super::readers::ReaderId;
use super::saying::{Lent, Said};
use super::turns::{Line, Lines};
use crate::envelope::v1::{Code, Epoch};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// The streams that have a producer or a reader here, or something that is asked of the log.
#[derive(Clone, Debug)]
pub(super) struct Table {
    config: StreamsConfig,
    epoch: Epoch,
    /// The latest time that was given.
    now: Mono,
    entries: Keyed<Entry>,
    /// When text of producers is due, and when something else: each token sets one of the former,
    /// and most never come to one of the latter.
    text_timers: BTreeSet<(Mono, StreamIndex)>,
    timers: BTreeSet<(Mono, StreamIndex)>,
    pub(super) outputs: Outputs,
    pub(super) lines: Lines,
}

impl Table {
    /// What a stream takes beside its names and texts, in the table and among the timers.
    pub(super) const ENTRY_BYTES: usize =
        Keyed::<Entry>::SLOT_BYTES + 2 * size_of::<(Mono, StreamIndex)>();

    pub(super) fn new(config: StreamsConfig, epoch: Epoch) -> Self {
        Self {
            config,
            epoch,
            now: Mono::ZERO,
            entries: Keyed::new(),
            text_timers: BTreeSet::new(),
            timers: BTreeSet::new(),
            outputs: Outputs::default(),
            lines: Lines::default(),
        }
    }

    /// What a log that answers when it can does.
    pub(super) fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        if let Some(asked) = self.outputs.answered(answer.id) {
            self.handle_answer(now, asked, answer);
        }
    }

    /// Asks a log that answers at once: whether there was anything to ask.
    pub(super) fn request_now(&mut self, now: Now, log: &mut MemoryLog) -> bool {
        let Some((id, asked)) = self.outputs.take_request() else { return false };
        let slot = asked.index.and_then(|index| self.entries.get_mut(index));
        let mut unknown = None;
        let kept_at = slot.map_or(&mut unknown, |slot| &mut slot.value.kept_at);
        let answer = log.answer(now, &asked.key, kept_at, &asked.request);
        self.handle_answer(now, asked, LogAnswer::new(id, log.epoch(), answer));
        true
    }

    fn handle_answer(&mut self, now: Now, asked: Asked, answer: LogAnswer) {
        let Asked { key, index, reader, request } = asked;
        let LogAnswer { id, epoch, answer } = answer;
        if answer != Answer::Unavailable {
            self.epoch = epoch;
        }
        let epoch = self.epoch;
        // A place may be another stream's by now, and the stream in another.
        let index = index.filter(|index| self.entries.is_at(*index, &key));
        let Some(index) = index.or_else(|| self.entries.find(&key)) else { return };
        self.at(now, index, |entry, turn, lines| {
            entry.audience.handle_epoch(epoch);
            entry.handle_answer(turn, lines, (id, reader, request), answer);
        });
    }

    /// The time has come for what is due.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        let due = [&self.text_timers, &self.timers].into_iter();
        let due = due.flat_map(|timers| timers.iter().take_while(|(at, _)| *at <= now.mono));
        let mut due: Vec<_> = due.copied().collect();
        due.sort_unstable();
        for (_, index) in due {
            self.at(now, index, Entry::handle_timeout);
        }
    }

    /// An input to a stream, if it is there.
    pub(super) fn known<R>(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        self.at(now, self.entries.find(key)?, input)
    }

    /// An input to the stream in this place, and what follows from it.
    pub(super) fn at<R>(
        &mut self,
        now: Now,
        index: StreamIndex,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        self.input(now, index, |entry, turn, lines| {
            let result = input(entry, turn, lines);
            entry.proceed(turn, lines);
            result
        })
    }

    /// Says what a reader takes next, of the stream whose turn it is in its line. The stream is due
    /// when it was before, unless the reader leaves it.
    pub(super) fn take<R>(
        &mut self,
        now: Now,
        reader: ReaderId,
        lent: &mut Lent,
        say: impl FnOnce(&mut Lent, Said<'_>, &mut Line) -> R,
    ) -> Option<R> {
        self.now = self.now.max(now.mono);
        let line = self.lines.of(reader)?;
        loop {
            let index = line.pop()?;
            let Some(Slot { key, value: entry }) = self.entries.get_mut(index) else { continue };
            let is_shared = entry.audience.len() > 1;
            let (config, out) = (&self.config, &mut self.outputs);
            let mut turn = Turn { now: self.now, key, index, config, out };
            let taken = entry.take(reader, &mut turn, line, &mut lent.text);
            let Some((saying, leaves)) = taken else { continue };
            let said = say(lent, Said { name: &key.name, saying, is_shared }, line);
            if leaves {
                self.input(now, index, |entry, turn, lines| {
                    entry.audience.remove(reader, turn, lines)
                });
            }
            return Some(said);
        }
    }

    /// An input to a stream, which is made if it is not there; unless there are too many.
    pub(super) fn open<R>(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        let index = match self.entries.find(key) {
            Some(index) => index,
            None if self.entries.len() >= self.config.max_streams as usize => return None,
            None => self.entries.insert(key.clone(), Entry::new(self.epoch))?,
        };
        self.at(now, index, input)
    }

    /// Text of a producer of a stream. Most joins what waits already, and then nothing follows.
    pub(super) fn append(
        &mut self,
        now: Now,
        key: &StreamKey,
        by: Generation,
        text: &str,
    ) -> Result<(), ProducerError> {
        self.now = self.now.max(now.mono);
        let slot =
            self.entries.find(key).and_then(|index| Some((index, self.entries.get_mut(index)?)));
        let (index, Slot { value: entry, .. }) = slot.ok_or(ProducerError::Fenced)?;
        entry.writer.producer(by)?.append(self.now, text, self.config.producer_bytes)?;
        if !entry.is_coalescing(self.now, &self.config) {
            self.input(now, index, |entry, turn, lines| entry.proceed_writing(turn, lines));
        }
        Ok(())
    }

    /// What a producer of a stream does.
    pub(super) fn produce(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &Turn<'_>) -> Result<(), ProducerError>,
    ) -> Result<(), ProducerError> {
        let index = self.entries.find(key).ok_or(ProducerError::Fenced)?;
        let done = self.input(now, index, |entry, turn, lines| {
            let done = input(entry, turn);
            entry.proceed_writing(turn, lines);
            done
        });
        done.unwrap_or(Err(ProducerError::Fenced))
    }

    /// Asks the log to forget a stream, unless something goes on with it here.
    pub(super) fn discard(&mut self, key: &StreamKey) -> bool {
        let is_idle = self.entries.find(key).is_none();
        if is_idle {
            self.forget(key);
        }
        is_idle
    }

    /// Asks the log to forget a stream.
    pub(super) fn forget(&mut self, key: &StreamKey) {
        let (key, request) = (key.clone(), Request::Discard);
        self.outputs.ask(Asked { key, index: None, reader: None, request });
    }

    /// Whether a cancel of the stream awaits its outcome.
    pub(super) fn is_cancelling(&self, key: &StreamKey) -> bool {
        let slot = self.entries.find(key).and_then(|index| self.entries.get(index));
        slot.is_some_and(|slot| slot.value.writer.ending.is_cancelled())
    }

    /// There is no room to ask what has become of a stream.
    pub(super) fn refuse_cancel(&mut self, key: &StreamKey, cancel: CancelId) {
        let refused = Code::new("too_many").map(|code| Cancelled::refused(key, code));
        self.outputs.cancelled.extend(refused.map(|refused| (cancel, key.clone(), refused)));
    }

    /// The streams of an owner that go on here, those of an agent or all.
    pub(super) fn running(&self, owner: &str, agent: Option<&str>) -> Vec<StreamKey> {
        let own = self.entries.of_owner(owner).filter(|slot| slot.value.writer.is_own());
        let of_agent = |entry: &Entry| agent.is_none() || entry.agent.as_deref() == agent;
        let mut running: Vec<_> =
            own.filter(|slot| of_agent(&slot.value)).map(|slot| slot.key.clone()).collect();
        running.sort();
        running
    }

    /// The streams that a reader follows, in the order of their names.
    pub(super) fn followed_by(&self, reader: ReaderId) -> Vec<StreamIndex> {
        let mut followed = self.lines.followed(reader).to_vec();
        followed.sort_by_key(|index| self.entries.get(*index).map(|slot| &slot.key));
        followed
    }

    /// Where the streams are that are here.
    pub(super) fn places(&self) -> Vec<StreamIndex> {
        self.entries.places().collect()
    }

    /// Whether a reader follows as many streams as it may.
    pub(super) fn is_full(&self, reader: ReaderId) -> bool {
        self.lines.followed(reader).len() >= self.config.reader_streams as usize
    }

    /// When the next stream is to be given the time.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let text =
            self.text_timers.first().map(|(at, _)| Deadline::new(*at, TimerReason::StreamText));
        let other = self.timers.first().and_then(|(_, index)| self.entries.get(*index));
        Deadline::earlier(text, other.and_then(|slot| slot.value.deadline()))
    }

    /// How many bytes it takes, but for what waits to be polled.
    pub(super) fn allocated(&self) -> usize {
        let of = |Slot { key, value: entry }: &Slot<Entry>| {
            Self::ENTRY_BYTES + key.size() + entry.writer.allocated() + entry.audience.allocated()
        };
        self.entries.iter().map(of).sum()
    }

    /// An input to the stream in this place, and when it is to be given the time after that.
    fn input<R>(
        &mut self,
        now: Now,
        index: StreamIndex,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        self.now = self.now.max(now.mono);
        let Slot { key, value: entry } = self.entries.get_mut(index)?;
        let (config, out) = (&self.config, &mut self.outputs);
        let mut turn = Turn { now: self.now, key, index, config, out };
        let result = input(entry, &mut turn, &mut self.lines);
        let (mut text, mut other) = (None, None);
        let is_idle = entry.is_idle();
        if !is_idle {
            text = entry.text_due(config);
            other = entry.deadline().map(|deadline| deadline.at);
        }
        set(&mut self.text_timers, &mut entry.text_timer, text, index);
        set(&mut self.timers, &mut entry.timer, other, index);
        if is_idle {
            self.entries.remove(index);
        }
        Some(result)
    }

    pub(super) const fn config(&self) -> StreamsConfig {
        self.config
    }

    pub(super) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// Sets the timer of a stream anew.
fn set(
    timers: &mut BTreeSet<(Mono, StreamIndex)>,
    timer: &mut Option<Mono>,
    at: Option<Mono>,
    index: StreamIndex,
) {
    if *timer != at {
        if let Some(before) = *timer {
            timers.remove(&(before, index));
        }
        timers.extend(at.map(|at| (at, index)));
        *timer = at;
    }
}
