//! One stream as a log in memory keeps it.

use std::collections::VecDeque;
use std::sync::Arc;

use super::interface::{
    Answer, Base, End, Ended, Generation, Read, Record, Refusal, Request, State, Status, bytes,
};
use crate::delivery::packing::{Packed, pack_list, pack_text};
use crate::envelope::v1::{MAX_NUMBER, Position};
use crate::time::Mono;

/// One stream.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The item that asked for it.
    pub(super) of: Position,
    generation: Generation,
    /// The number of the newest producer's next record.
    next: u64,
    /// When the producer, or the wait for the first, is over.
    pub(super) lease: Mono,
    /// The number of the last record.
    sequence: u64,
    /// How long the text is.
    offset: u64,
    base: Base,
    segments: VecDeque<Segment>,
    /// The bytes of their texts, of the end, and what keeping them takes.
    pub(super) size: usize,
    pub(super) end: Option<Ended>,
    /// When it is forgotten, once it has ended.
    pub(super) forgotten: Mono,
}

impl Kept {
    /// The bytes up to which appended text is joined to a segment.
    pub(super) const SEGMENT_BYTES: usize = 4 * 1024;
    /// The most segments, which only a text of many restarts has.
    pub(super) const SEGMENTS: usize = 1_024;

    pub(super) fn new(of: Position, lease: Mono) -> Self {
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

    pub(super) fn handle_request(
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

    pub(super) fn finish(
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

    pub(super) fn allocated(&self) -> usize {
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
    pub(super) fn give_up(&mut self, is_too_much: impl Fn(&Self) -> bool) {
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

/// A stream as bytes, for a log whose streams are stored: times as what is left of them.
impl Kept {
    pub(super) fn pack(&self, now: Mono, out: &mut Vec<u8>) {
        let Self { of, generation, next, lease, sequence, offset, base, end, forgotten, .. } = self;
        of.pack(out);
        generation.pack(out);
        next.pack(out);
        lease.saturating_since(now).pack(out);
        sequence.pack(out);
        offset.pack(out);
        (base.sequence, (base.offset, base.restart)).pack(out);
        pack_list(self.segments.iter(), out);
        end.is_some().pack(out);
        if let Some(ended) = end {
            ended.end.pack(out);
        }
        forgotten.saturating_since(now).pack(out);
    }

    /// Takes one from the front; nothing if it is not whole there, or is none that a log can have.
    pub(super) fn unpack(now: Mono, bytes: &mut &[u8]) -> Option<Self> {
        let of = Packed::unpack(bytes)?;
        let generation = Packed::unpack(bytes)?;
        let next = Packed::unpack(bytes)?;
        let lease = now + Packed::unpack(bytes)?;
        let (sequence, offset) = (Packed::unpack(bytes)?, Packed::unpack(bytes)?);
        let (given_up, (begins, restart)) = Packed::unpack(bytes)?;
        let base = Base::new(given_up, begins, restart);
        let segments = VecDeque::unpack(bytes)?;
        let end = Option::<End>::unpack(bytes)?.map(Arc::new);
        let forgotten = now + Packed::unpack(bytes)?;

        let end = end.map(|end| Ended::new(sequence, offset, end));
        let of_end = end.as_ref().map_or(0, |ended| ended.end.size());
        let size = of_end + segments.iter().map(Segment::size).sum::<usize>();
        let forgotten = if end.is_some() { forgotten } else { Mono::END };
        let kept = Self {
            of,
            generation,
            next,
            lease,
            sequence,
            offset,
            base,
            segments,
            size,
            end,
            forgotten,
        };
        kept.is_whole().then_some(kept)
    }

    /// Whether the texts follow each other, from where the text that is kept begins to its end, and
    /// no number is larger than any log counts.
    fn is_whole(&self) -> bool {
        if self.sequence.max(self.offset).max(self.next) > MAX_NUMBER {
            return false;
        }
        let mut at = Some((self.base.sequence, self.base.offset));
        for segment in &self.segments {
            let follows = |(sequence, offset): &(u64, u64)| {
                *sequence < segment.sequence
                    && *offset == segment.offset
                    && !segment.text.is_empty()
            };
            let end = segment.offset.checked_add(bytes(segment.text.len()));
            at = at.filter(follows).and(end).map(|end| (segment.sequence, end));
        }
        at.is_some_and(|(sequence, offset)| sequence <= self.sequence && offset == self.offset)
    }
}

impl Packed for Segment {
    fn pack(&self, out: &mut Vec<u8>) {
        self.sequence.pack(out);
        self.offset.pack(out);
        pack_text(&self.text, out);
        self.restart.pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            sequence: Packed::unpack(bytes)?,
            offset: Packed::unpack(bytes)?,
            text: Box::<str>::unpack(bytes)?.into(),
            restart: Packed::unpack(bytes)?,
        })
    }
}

impl Packed for Generation {
    fn pack(&self, out: &mut Vec<u8>) {
        self.number().pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        u64::unpack(bytes).map(Self::from_number)
    }
}

impl Packed for End {
    fn pack(&self, out: &mut Vec<u8>) {
        self.how.pack(out);
        self.code.pack(out);
        self.body.pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Some(Self {
            how: Packed::unpack(bytes)?,
            code: Packed::unpack(bytes)?,
            body: Packed::unpack(bytes)?,
        })
    }
}

/// Text that stands together: records that were joined.
#[derive(Clone, Debug)]
pub(super) struct Segment {
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
    pub(super) const COST: usize = Self::PLACES * 64;

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
