//! The table of all streams, and what follows from every input to one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::config::StreamsConfig;
use super::entry::Entry;
use super::event::{CancelId, Cancelled};
use super::interface::{Answer, LogAnswer, Request, StreamKey};
use super::outputs::{Outputs, Purpose, Turn};
use super::producer::ProducerError;
use super::readers::ReaderId;
use super::turns::Lines;
use crate::envelope::v1::{Code, Epoch};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// The streams that have a producer or a reader here, or something that is asked of the log.
#[derive(Clone, Debug)]
pub(super) struct Table {
    config: StreamsConfig,
    epoch: Epoch,
    /// The latest time that was given.
    now: Mono,
    entries: BTreeMap<StreamKey, Entry>,
    timers: BTreeSet<(Mono, StreamKey)>,
    pub(super) outputs: Outputs,
    pub(super) lines: Lines,
}

impl Table {
    /// What a stream takes beside its names and texts, in the table and among the timers.
    pub(super) const ENTRY_BYTES: usize =
        size_of::<(StreamKey, Entry)>() + size_of::<(Mono, StreamKey)>();

    pub(super) fn new(config: StreamsConfig, epoch: Epoch) -> Self {
        Self {
            config,
            epoch,
            now: Mono::ZERO,
            entries: BTreeMap::new(),
            timers: BTreeSet::new(),
            outputs: Outputs::default(),
            lines: Lines::default(),
        }
    }

    /// What the log answers.
    pub(super) fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        let Some((key, purpose)) = self.outputs.answered(answer.id) else { return };
        let LogAnswer { id, epoch, answer } = answer;
        if answer != Answer::Unavailable {
            self.epoch = epoch;
        }
        let epoch = self.epoch;
        self.known(now, &key, |entry, turn, lines| {
            entry.audience.handle_epoch(epoch);
            entry.handle_answer(turn, lines, (id, purpose), answer);
        });
    }

    /// The time has come for what is due.
    pub(super) fn handle_timeout(&mut self, now: Now) {
        let due = self.timers.iter().take_while(|(at, _)| *at <= now.mono);
        let due: Vec<StreamKey> = due.map(|(_, key)| key.clone()).collect();
        for key in &due {
            self.known(now, key, Entry::handle_timeout);
        }
    }

    /// An input to a stream, if it is there.
    pub(super) fn known<R>(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        self.now = self.now.max(now.mono);
        let entry = self.entries.get_mut(key)?;
        let (config, out) = (&self.config, &mut self.outputs);
        let mut turn = Turn { now: self.now, key, config, out };
        let result = input(entry, &mut turn, &mut self.lines);
        entry.proceed(&mut turn, &mut self.lines);
        let is_idle = entry.is_idle();
        let at = entry.deadline(config).map(|deadline| deadline.at).filter(|_| !is_idle);
        if entry.timer != at {
            if let Some(before) = entry.timer {
                self.timers.remove(&(before, key.clone()));
            }
            self.timers.extend(at.map(|at| (at, key.clone())));
            entry.timer = at;
        }
        if is_idle {
            self.entries.remove(key);
        }
        Some(result)
    }

    /// An input to a stream, which is made if it is not there; unless there are too many.
    pub(super) fn open<R>(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &mut Turn<'_>, &mut Lines) -> R,
    ) -> Option<R> {
        if !self.entries.contains_key(key) {
            if self.entries.len() >= self.config.max_streams as usize {
                return None;
            }
            self.entries.insert(key.clone(), Entry::new(self.epoch));
        }
        self.known(now, key, input)
    }

    /// What a producer of a stream does.
    pub(super) fn produce(
        &mut self,
        now: Now,
        key: &StreamKey,
        input: impl FnOnce(&mut Entry, &Turn<'_>) -> Result<(), ProducerError>,
    ) -> Result<(), ProducerError> {
        let done = self.known(now, key, |entry, turn, _| input(entry, turn));
        done.unwrap_or(Err(ProducerError::Fenced))
    }

    /// Asks the log to forget a stream, unless something goes on with it here.
    pub(super) fn discard(&mut self, key: &StreamKey) -> bool {
        let is_idle = !self.entries.contains_key(key);
        if is_idle {
            self.forget(key);
        }
        is_idle
    }

    /// Asks the log to forget a stream.
    pub(super) fn forget(&mut self, key: &StreamKey) {
        self.outputs.ask(key, Purpose::Discard, Request::Discard);
    }

    /// Whether a cancel of the stream awaits its outcome.
    pub(super) fn is_cancelling(&self, key: &StreamKey) -> bool {
        self.entries.get(key).is_some_and(|entry| entry.writer.ending.is_cancelled())
    }

    /// There is no room to ask what has become of a stream.
    pub(super) fn refuse_cancel(&mut self, key: &StreamKey, cancel: CancelId) {
        let refused = Code::new("too_many").map(|code| Cancelled::refused(key, code));
        self.outputs.cancelled.extend(refused.map(|refused| (cancel, key.clone(), refused)));
    }

    /// The streams of an owner that go on here, those of an agent or all.
    pub(super) fn running(&self, owner: &str, agent: Option<&str>) -> Vec<StreamKey> {
        let first = StreamKey { owner: Arc::from(owner), name: "".into() };
        let own = self.entries.range(first..).take_while(|(key, _)| &*key.owner == owner);
        let of_agent = |entry: &Entry| agent.is_none() || entry.agent.as_deref() == agent;
        let running = own.filter(|(_, entry)| entry.writer.is_own() && of_agent(entry));
        running.map(|(key, _)| key.clone()).collect()
    }

    /// The streams that a reader follows.
    pub(super) fn followed_by(&self, reader: ReaderId) -> Vec<StreamKey> {
        let followed = self.entries.iter().filter(|(_, entry)| entry.audience.has(reader));
        followed.map(|(key, _)| key.clone()).collect()
    }

    /// How many streams a reader follows.
    pub(super) fn followed(&self, reader: ReaderId) -> u32 {
        self.lines.followed(reader)
    }

    /// When the next stream is to be given the time.
    pub(super) fn deadline(&self) -> Option<Deadline> {
        let (at, key) = self.timers.first()?;
        let deadline = self.entries.get(key).and_then(|entry| entry.deadline(&self.config));
        let reason = deadline.map_or(TimerReason::StreamText, |deadline| deadline.reason);
        Some(Deadline::new(*at, reason))
    }

    /// How many bytes it takes, but for what waits to be polled.
    pub(super) fn allocated(&self) -> usize {
        let of = |(key, entry): (&StreamKey, &Entry)| {
            let names = key.owner.len() + key.name.len();
            Self::ENTRY_BYTES + names + entry.writer.allocated() + entry.audience.allocated()
        };
        self.entries.iter().map(of).sum()
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
