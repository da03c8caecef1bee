//! The log in memory: what a single server needs, gone with its process.

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::config::{LogConfig, RECORD_BYTES};
use super::interface::{
    Answer, End, Generation, LogAnswer, LogRequest, Refusal, Request, StreamKey,
};
use super::kept::{Kept, Segment};
use super::keyed::{Keyed, Slot, StreamIndex};
use crate::envelope::v1::{Epoch, Position};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// A log in memory, within bounds ([`LogConfig`]).
///
/// At the bound of streams the oldest that has ended makes room, and where none has, a claim is
/// refused. Of a text beyond its bound the beginning is given up (V-7.11). Beyond the bound of all
/// texts it is the same: streams that have ended make room, then the beginning of what grows.
#[derive(Clone)]
pub struct MemoryLog {
    config: LogConfig,
    epoch: Epoch,
    streams: Keyed<Kept>,
    /// The streams that have ended, by when they are forgotten.
    ended: BTreeSet<(Mono, StreamKey)>,
    /// The bytes of all of them, each as [`Kept::size`] has it.
    size: usize,
    /// The streams that it has forgotten, for whoever stores them.
    forgotten: Option<Vec<StreamKey>>,
}

impl MemoryLog {
    /// What a stream takes beside its text, its name and the body of its end.
    const STREAM_BYTES: usize = Keyed::<Kept>::SLOT_BYTES + size_of::<(Mono, StreamKey)>();

    /// An empty log of an epoch, which must be of no log before it.
    pub fn new(config: LogConfig, epoch: Epoch) -> Self {
        let config = config.within_bounds();
        let (streams, ended) = (Keyed::new(), BTreeSet::new());
        Self { config, epoch, streams, ended, size: 0, forgotten: None }
    }

    /// From here on it says what it forgets.
    pub(super) fn say_what_is_forgotten(&mut self) {
        self.forgotten = Some(Vec::new());
    }

    /// What it has forgotten since this was last taken.
    pub(super) fn take_forgotten(&mut self) -> Vec<StreamKey> {
        self.forgotten.as_mut().map(core::mem::take).unwrap_or_default()
    }

    /// What is kept of a stream.
    pub(super) fn stream(&self, key: &StreamKey) -> Option<&Kept> {
        let slot = self.streams.find(key).and_then(|index| self.streams.get(index));
        slot.map(|slot| &slot.value)
    }

    /// When a stream that has no end is forgotten if it is taken to have ended with its lease.
    pub(super) fn lapse(&self, key: &StreamKey) -> Option<Mono> {
        let kept = self.stream(key).filter(|kept| kept.end.is_none())?;
        Some(kept.lease + self.config.keep)
    }

    /// Puts a stream in its place that another log has kept; whether there is room for it.
    pub(super) fn put(&mut self, key: &StreamKey, kept: Kept) -> bool {
        if let Some(before) = self.stream(key) {
            let before = (before.forgotten, key.clone());
            self.forget(&before);
        }
        if self.admit(key).is_err() {
            return false;
        }
        let (size, has_ended, forgotten) = (kept.size, kept.end.is_some(), kept.forgotten);
        if self.streams.insert(key.clone(), kept).is_none() {
            return false;
        }
        self.size += size;
        if has_ended {
            self.ended.insert((forgotten, key.clone()));
        }
        self.make_room(key);
        true
    }

    /// The most bytes that one takes with a configuration, if owners' names are no longer than those of
    /// streams and bodies have at most so many bytes.
    pub const fn ceiling(config: &LogConfig, body_bytes: usize) -> usize {
        let names = 2 * 128;
        // A table of maps is half full at the least, and what is joined may take twice its room
        // until it is full.
        let stream = 2 * Self::STREAM_BYTES + names + 2 * Kept::SEGMENT_BYTES;
        let end = size_of::<End>() + 64 + body_bytes;
        let one = Segment::COST + RECORD_BYTES;
        // A queue that has grown is half full at the least.
        let segments = 2 * (Kept::SEGMENTS + 1) * size_of::<Segment>();
        let whole = config.stream_bytes + RECORD_BYTES + segments;
        let count = config.max_streams as usize;
        // Each is full, or all of them together are and each has its newest record beyond that.
        let each = count.saturating_mul(stream + whole + end);
        let all = count.saturating_mul(stream + one).saturating_add(config.total_bytes);
        let all = all.saturating_add(end);
        if each < all { each } else { all }
    }

    /// Does what is asked, and answers it at once.
    pub fn handle_request(&mut self, now: Now, request: &LogRequest) -> LogAnswer {
        let answer = self.answer(now, &request.key, &mut None, &request.request);
        LogAnswer::new(request.id, self.epoch, answer)
    }

    /// As [`handle_request`](Self::handle_request), for whoever has the parts of a request, and keeps
    /// where the stream was last.
    pub(super) fn answer(
        &mut self,
        now: Now,
        key: &StreamKey,
        place: &mut Option<StreamIndex>,
        request: &Request,
    ) -> Answer {
        self.handle_timeout(now);
        let answer = match request {
            Request::ClaimEffect { of, lease } => self.begin(key, *of, now.mono + *lease),
            Request::Discard => self.discard(key),
            Request::Finish { by, end } => self.finish(now.mono, key, *by, end),
            Request::ClaimProducer { .. }
            | Request::Renew { .. }
            | Request::Append { .. }
            | Request::ReadAfter { .. }
            | Request::Status => {
                let most = self.config.stream_bytes;
                let index = self.streams.find_again(key, place);
                self.change(index, |kept| kept.handle_request(now.mono, request, most))
                    .unwrap_or(Err(Refusal::Unknown))
            }
        };
        self.make_room(key);
        answer.unwrap_or_else(Answer::Refused)
    }

    /// Forgets the streams that have ended long enough ago.
    pub fn handle_timeout(&mut self, now: Now) {
        while self.ended.first().is_some_and(|(until, _)| *until <= now.mono) {
            self.forget_oldest();
        }
    }

    /// When the next stream is forgotten.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.ended.first().map(|(until, _)| Deadline::new(*until, TimerReason::StreamKept))
    }

    /// The epoch of its numbers.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// How many streams it keeps.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// How many bytes it takes: texts, names, bodies, and what keeping them takes.
    pub fn allocated(&self) -> usize {
        let of = |Slot { key, value: kept }: &Slot<Kept>| {
            Self::STREAM_BYTES + key.size() + kept.allocated()
        };
        self.streams.iter().map(of).sum()
    }

    fn begin(&mut self, key: &StreamKey, of: Position, until: Mono) -> Result<Answer, Refusal> {
        let before = self.streams.find(key).and_then(|index| self.streams.get(index));
        if let Some(before) = before {
            let same = before.value.of == of;
            return if same { Ok(Answer::Begun { first: false }) } else { Err(Refusal::Exists) };
        }
        self.admit(key)?;
        self.streams.insert(key.clone(), Kept::new(of, until)).ok_or(Refusal::Full)?;
        Ok(Answer::Begun { first: true })
    }

    /// Makes a place for a stream that has none.
    fn admit(&mut self, key: &StreamKey) -> Result<(), Refusal> {
        let own = self.streams.of_owner(&key.owner);
        let (count, oldest) = own.fold((0, None), |(count, oldest), Slot { key, value: kept }| {
            let ended = kept.end.is_some().then(|| (kept.forgotten, key.clone()));
            (count + 1, oldest.into_iter().chain(ended).min())
        });
        if count >= self.config.owner_streams as usize {
            let oldest: (Mono, StreamKey) = oldest.ok_or(Refusal::Full)?;
            self.forget(&oldest);
        } else if self.streams.len() >= self.config.max_streams as usize && !self.forget_oldest() {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        now: Mono,
        key: &StreamKey,
        by: Option<Generation>,
        end: &Arc<End>,
    ) -> Result<Answer, Refusal> {
        let forgotten = now + self.config.keep;
        let finish = |kept: &mut Kept| kept.finish(by, end, forgotten);
        let ended = self.change(self.streams.find(key), finish).ok_or(Refusal::Unknown)??;
        self.ended.insert((forgotten, key.clone()));
        Ok(Answer::Finished(ended))
    }

    fn discard(&mut self, key: &StreamKey) -> Result<Answer, Refusal> {
        let kept = self.streams.find(key).and_then(|index| self.streams.get(index));
        let forgotten = kept.ok_or(Refusal::Unknown)?.value.forgotten;
        self.forget(&(forgotten, key.clone()));
        Ok(Answer::Discarded)
    }

    /// Gives up texts until all are within their bound; `grown` is the only one that has grown, and
    /// its newest record stays.
    fn make_room(&mut self, grown: &StreamKey) {
        let most = self.config.total_bytes;
        while self.size > most && self.ended.first().is_some_and(|(_, oldest)| oldest != grown) {
            self.forget_oldest();
        }
        if self.size > most {
            self.change(self.streams.find(grown), |kept| kept.give_up(|_| true));
        }
    }

    /// Changes the stream in a place, if there is one: the size of all follows its own.
    fn change<T>(
        &mut self,
        index: Option<StreamIndex>,
        change: impl FnOnce(&mut Kept) -> T,
    ) -> Option<T> {
        let kept = &mut self.streams.get_mut(index?)?.value;
        let before = kept.size;
        let changed = change(kept);
        self.size = self.size - before + kept.size;
        Some(changed)
    }

    /// Whether there was one.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self.ended.first().cloned();
        oldest.is_some_and(|oldest| self.forget(&oldest))
    }

    /// Whether there was such a stream.
    fn forget(&mut self, of: &(Mono, StreamKey)) -> bool {
        self.ended.remove(of);
        let kept = self.streams.find(&of.1).and_then(|index| self.streams.remove(index));
        self.size -= kept.as_ref().map_or(0, |kept| kept.value.size);
        if let (Some(forgotten), Some(_)) = (&mut self.forgotten, &kept) {
            forgotten.push(of.1.clone());
        }
        kept.is_some()
    }
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("MemoryLog");
        shown.field("epoch", &self.epoch).field("streams", &self.streams.len());
        shown.finish_non_exhaustive()
    }
}
