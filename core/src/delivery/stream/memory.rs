//! The log in memory: what a single server needs, gone with its process.

use core::fmt;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::config::{LogConfig, RECORD_BYTES};
use super::interface::{
    Answer, Base, End, Ended, Generation, LogAnswer, LogRequest, Read, Record, Refusal, Request,
    State, Status, StreamKey, bytes,
};
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
}

impl MemoryLog {
    /// What a stream takes beside its text, its name and the body of its end.
    const STREAM_BYTES: usize = Keyed::<Kept>::SLOT_BYTES + size_of::<(Mono, StreamKey)>();

    /// An empty log of an epoch, which must be of no log before it.
    pub fn new(config: LogConfig, epoch: Epoch) -> Self {
        let config = config.within_bounds();
        Self { config, epoch, streams: Keyed::new(), ended: BTreeSet::new(), size: 0 }
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
        self.streams.insert(key.clone(), Kept::new(of, until)).ok_or(Refusal::Full)?;
        Ok(Answer::Begun { first: true })
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

/// One stream.
#[derive(Clone, Debug)]
struct Kept {
    /// The item that asked for it.
    of: Position,
    generation: Generation,
    /// The number of the newest producer's next record.
    next: u64,
    /// When the producer, or the wait for the first, is over.
    lease: Mono,
    /// The number of the last record.
    sequence: u64,
    /// How long the text is.
    offset: u64,
    base: Base,
    segments: VecDeque<Segment>,
    /// The bytes of their texts, of the end, and what keeping them takes.
    size: usize,
    end: Option<Ended>,
    /// When it is forgotten, once it has ended.
    forgotten: Mono,
}

impl Kept {
    /// The bytes up to which appended text is joined to a segment.
    const SEGMENT_BYTES: usize = 4 * 1024;
    /// The most segments, which only a text of many restarts has.
    const SEGMENTS: usize = 1_024;

    fn new(of: Position, lease: Mono) -> Self {
        Self {
            of,
            generation: Generation::NONE,
            next: 0,
            lease,
            sequence: 0,
            offset: 0,
            base: Base::default(),
            segments: VecDeque::new(),
            size: 0,
            end: None,
            forgotten: Mono::END,
        }
    }

    fn handle_request(
        &mut self,
        now: Mono,
        request: &Request,
        most: usize,
    ) -> Result<Answer, Refusal> {
        match request {
            Request::ClaimProducer { lease } => {
                self.check(None)?;
                self.generation = self.generation.next();
                self.next = 0;
                self.lease = now + *lease;
                Ok(Answer::Claimed { generation: self.generation, offset: self.offset })
            }
            Request::Renew { generation, lease } => {
                self.check(Some(*generation))?;
                self.lease = now + *lease;
                Ok(Answer::Renewed)
            }
            Request::Append { generation, sequence, offset, text } => {
                self.check(Some(*generation))?;
                if *generation == Generation::NONE {
                    return Err(Refusal::Fenced { generation: self.generation });
                }
                if *sequence >= self.next {
                    self.append(*sequence, *offset, text)?;
                    self.give_up(|it| it.text() > most || it.segments.len() > Self::SEGMENTS);
                }
                Ok(Answer::Appended { sequence: self.sequence, offset: self.offset })
            }
            Request::ReadAfter { sequence, most } => {
                Ok(Answer::Read(self.read(now, *sequence, *most)))
            }
            Request::Status => Ok(Answer::Status(self.status(now))),
            // The log does them: they change its tables.
            Request::ClaimEffect { .. } | Request::Finish { .. } | Request::Discard => {
                Ok(Answer::Unavailable)
            }
        }
    }

    fn finish(
        &mut self,
        by: Option<Generation>,
        end: &Arc<End>,
        forgotten: Mono,
    ) -> Result<Ended, Refusal> {
        self.check(by)?;
        self.forgotten = forgotten;
        self.sequence += 1;
        let ended = Ended::new(self.sequence, self.offset, Arc::clone(end));
        self.end = Some(ended.clone());
        self.size += end.size();
        Ok(ended)
    }

    /// The bytes of its texts alone.
    fn text(&self) -> usize {
        let end = self.end.as_ref().map_or(0, |ended| ended.end.size());
        self.size - self.segments.len() * Segment::COST - end
    }

    fn allocated(&self) -> usize {
        let body = self.end.as_ref().map_or(0, |ended| ended.end.size());
        let texts: usize = self.segments.iter().map(|segment| segment.text.capacity()).sum();
        self.segments.capacity() * size_of::<Segment>() + texts + body
    }

    /// Whether the stream goes on, and this producer is its newest.
    fn check(&self, by: Option<Generation>) -> Result<(), Refusal> {
        match &self.end {
            Some(ended) => Err(Refusal::Ended(ended.clone())),
            None if by.is_some_and(|by| by != self.generation) => {
                Err(Refusal::Fenced { generation: self.generation })
            }
            None => Ok(()),
        }
    }

    fn append(&mut self, sequence: u64, offset: u64, text: &str) -> Result<(), Refusal> {
        let is_boundary = offset == self.offset || offset < self.offset && self.is_boundary(offset);
        if sequence != self.next || !is_boundary {
            return Err(Refusal::Misplaced { offset: self.offset });
        }
        let restart = offset < self.offset;
        if restart {
            self.void(offset);
        }
        self.next += 1;
        self.sequence += 1;
        self.offset = offset + bytes(text.len());
        self.size += text.len();
        match self.segments.back_mut() {
            Some(last) if !restart && last.takes(text) => {
                last.text.push_str(text);
                last.sequence = self.sequence;
            }
            _ => {
                if let Some(last) = self.segments.back_mut() {
                    last.text.shrink_to_fit();
                }
                let text = text.to_owned();
                let sequence = self.sequence;
                self.size += Segment::COST;
                self.segments.push_back(Segment { sequence, offset, text, restart });
            }
        }
        Ok(())
    }

    /// Whether a character is known to begin there.
    fn is_boundary(&self, offset: u64) -> bool {
        if offset < self.base.offset {
            return offset == 0;
        }
        let within = |segment: &Segment| {
            let inside = offset.checked_sub(segment.offset)?;
            let inside = usize::try_from(inside).ok()?;
            (inside < segment.text.len()).then(|| segment.text.is_char_boundary(inside))
        };
        self.segments.iter().find_map(within).unwrap_or(true)
    }

    /// Gives up the text from `offset` on, in whose place other text comes.
    fn void(&mut self, offset: u64) {
        while let Some(last) = self.segments.pop_back_if(|last| last.offset >= offset) {
            self.size -= last.size();
        }
        if let Some(last) = self.segments.back_mut() {
            let kept = usize::try_from(offset - last.offset).unwrap_or(last.text.len());
            self.size -= last.text.len() - kept;
            last.text.truncate(kept);
            last.text.shrink_to_fit();
        }
        if offset < self.base.offset {
            self.base.offset = offset;
            self.base.sequence = self.sequence;
        }
    }

    /// Gives up the beginning of the text while it is too much, but for the newest record.
    fn give_up(&mut self, is_too_much: impl Fn(&Self) -> bool) {
        while self.segments.len() > 1 && is_too_much(self) {
            let Some(first) = self.segments.pop_front() else { return };
            self.size -= first.size();
            self.base.sequence = first.sequence;
            self.base.offset = first.offset + bytes(first.text.len());
            if first.restart {
                let lowest = self.base.restart.map_or(first.offset, |(_, at)| at.min(first.offset));
                self.base.restart = Some((first.sequence, lowest));
            }
        }
        if self.segments.capacity() > Segment::PLACES * self.segments.len() {
            self.segments.shrink_to(Segment::PLACES / 2 * self.segments.len());
        }
    }

    fn read(&self, now: Mono, after: u64, most: usize) -> Read {
        let mut records = Vec::new();
        let mut size = 0;
        for segment in self.segments.iter().filter(|segment| segment.sequence > after) {
            size += segment.text.len();
            if size > most && !records.is_empty() {
                break;
            }
            records.push(segment.to_record());
        }
        Read::new(self.status(now), self.base, records)
    }

    fn status(&self, now: Mono) -> Status {
        let lease = self.lease.saturating_since(now);
        let state = match (&self.end, self.generation) {
            (Some(ended), _) => State::Ended(Arc::clone(&ended.end)),
            (None, Generation::NONE) => State::Pending { lease },
            (None, generation) => State::Running { generation, lease },
        };
        Status::new(self.sequence, self.offset, state)
    }
}

/// Text that stands together: records that were joined.
#[derive(Clone, Debug)]
struct Segment {
    /// The number of the last record in it.
    sequence: u64,
    offset: u64,
    text: String,
    restart: bool,
}

const _: () = assert!(Segment::PLACES * size_of::<Segment>() <= Segment::COST);

impl Segment {
    /// The places of a queue for each segment in it, at the most.
    const PLACES: usize = 4;
    /// What keeping one takes beside its text, the same on every machine.
    const COST: usize = Self::PLACES * 64;

    const fn size(&self) -> usize {
        Self::COST + self.text.len()
    }

    fn takes(&self, text: &str) -> bool {
        !self.restart && self.text.len() + text.len() <= Kept::SEGMENT_BYTES
    }

    fn to_record(&self) -> Record {
        Record::new(self.sequence, self.offset, self.text.as_str().into(), self.restart)
    }
}
