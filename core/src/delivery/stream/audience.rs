//! The readers of one stream, and its newest text for them.

use std::collections::BTreeMap;

use super::event::Event;
use super::interface::{Ended, Read, Record, Request, State};
use super::outputs::{Purpose, Turn};
use super::readers::{Reader, ReaderId, Source};
use super::saying::Saying;
use super::tail::Tail;
use super::turns::Lines;
use crate::delivery::Fault;
use crate::envelope::v1::{Epoch, Position};
use crate::time::Mono;

/// Who reads a stream.
#[derive(Clone, Debug)]
pub(super) struct Audience {
    epoch: Epoch,
    readers: BTreeMap<ReaderId, Reader>,
    tail: Tail,
    /// How long the text is, as far as is known.
    offset: u64,
    ended: Option<Ended>,
}

impl Audience {
    pub(super) fn new(epoch: Epoch) -> Self {
        Self { epoch, readers: BTreeMap::new(), tail: Tail::default(), offset: 0, ended: None }
    }

    /// What an answer says of the log's epoch: of another one, nothing that was known holds.
    pub(super) fn handle_epoch(&mut self, epoch: Epoch) {
        if epoch != self.epoch {
            self.epoch = epoch;
            self.tail.reset(0);
            self.offset = 0;
        }
    }

    /// A reader comes, in the place of the same one before; unless there are as many as may be.
    pub(super) fn add(
        &mut self,
        id: ReaderId,
        mut reader: Reader,
        turn: &Turn<'_>,
        lines: &mut Lines,
    ) -> bool {
        if !self.readers.contains_key(&id)
            && self.readers.len() >= turn.config.stream_readers as usize
        {
            return false;
        }
        // The place of the one before in the line is that of the new one.
        reader.is_queued = self.readers.get(&id).is_some_and(|before| before.is_queued);
        if self.readers.insert(id, reader).is_none() {
            lines.follows(id, turn.index);
        }
        true
    }

    /// The item that begins the stream has a reader, who knows it (V-7.12).
    pub(super) fn add_beginning(&mut self, id: ReaderId, turn: &Turn<'_>, lines: &mut Lines) {
        if !self.has(id) {
            let lease = turn.now + turn.config.reader_lease;
            let reader = Reader::beginning(self.epoch, lease);
            self.add(id, reader, turn, lines);
        }
    }

    /// A reader leaves.
    pub(super) fn remove(&mut self, id: ReaderId, turn: &Turn<'_>, lines: &mut Lines) -> bool {
        let known = self.readers.remove(&id).is_some();
        if known {
            lines.leaves(id, turn.index);
        }
        if self.readers.is_empty() {
            self.tail.clear();
        }
        known
    }

    /// A reader says what it has.
    pub(super) fn confirm(
        &mut self,
        id: ReaderId,
        received: Position,
        lease: Mono,
    ) -> Result<(), Fault> {
        // What a reader confirms of a stream that it was told the end of has crossed it.
        self.readers.get_mut(&id).map_or(Ok(()), |reader| reader.confirm(received, lease))
    }

    /// A record is in the log.
    pub(super) fn handle_record(&mut self, record: Record, held_bytes: usize) {
        self.offset = record.end();
        if self.readers.is_empty() {
            self.tail.note(record.sequence);
        } else {
            self.tail.push(record, held_bytes);
        }
    }

    /// The stream has ended.
    pub(super) fn handle_end(&mut self, ended: &Ended) {
        self.tail.note(ended.sequence.saturating_sub(1));
        self.offset = ended.offset;
        self.ended = Some(ended.clone());
    }

    /// There is no such stream, or none any more.
    pub(super) fn handle_unknown(&mut self) {
        self.readers.values_mut().for_each(|reader| reader.handle_unknown(self.epoch));
    }

    /// Whether a reader awaits this answer.
    pub(super) fn awaits(&mut self, id: ReaderId, request: u64) -> bool {
        self.readers.get_mut(&id).is_some_and(|reader| reader.awaits(request))
    }

    /// The answer that a reader awaited: records,
    pub(super) fn handle_read(&mut self, id: ReaderId, read: Read) {
        if !matches!(read.status.state, State::Ended(_)) {
            self.tail.note(read.status.sequence);
        }
        if read.status.sequence >= self.tail.last() {
            self.offset = read.status.offset;
        }
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.handle_read(self.epoch, read);
        }
    }

    /// or that there is no such stream.
    pub(super) fn handle_unread(&mut self, id: ReaderId) {
        if let Some(reader) = self.readers.get_mut(&id) {
            reader.handle_unknown(self.epoch);
        }
    }

    /// Lets the readers go of which nothing was heard.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>, lines: &mut Lines) {
        while let Some((&id, _)) = self.readers.iter().find(|(_, it)| it.lease <= turn.now) {
            self.remove(id, turn, lines);
            turn.event(Event::ReaderLapsed { key: turn.key.clone(), reader: id });
        }
    }

    /// Asks the log for what readers lack.
    pub(super) fn ask(&mut self, turn: &mut Turn<'_>) {
        let source = source(&self.tail, self.epoch, self.ended.as_ref(), turn);
        for (&id, reader) in &mut self.readers {
            if let Some((sequence, most)) = reader.wants(source) {
                let request = turn.ask(Purpose::Read(id), Request::ReadAfter { sequence, most });
                reader.asked(request, sequence);
            }
        }
    }

    /// Puts the readers in line that have something to take.
    pub(super) fn queue(&mut self, turn: &Turn<'_>, lines: &mut Lines) {
        let source = source(&self.tail, self.epoch, self.ended.as_ref(), turn);
        for (&id, reader) in &mut self.readers {
            if !reader.is_queued && reader.has_next(source) {
                reader.is_queued = true;
                lines.push(id, turn.index);
            }
        }
    }

    /// What a reader takes next, and has left the line for. Of a piece the text goes into `text`.
    pub(super) fn take(
        &mut self,
        id: ReaderId,
        turn: &Turn<'_>,
        lines: &mut Lines,
        text: &mut String,
    ) -> Option<Saying> {
        let source = source(&self.tail, self.epoch, self.ended.as_ref(), turn);
        let reader = self.readers.get_mut(&id)?;
        reader.is_queued = false;
        let saying = reader.take(source, text);
        if reader.is_done() {
            self.remove(id, turn, lines);
        }
        saying
    }

    pub(super) fn has(&self, id: ReaderId) -> bool {
        self.readers.contains_key(&id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        let readers: usize = self.readers.values().map(Reader::allocated).sum();
        let end = self.ended.as_ref().map_or(0, |ended| ended.end.size());
        readers + self.tail.size() + end
    }

    /// When the next reader goes of which nothing is heard.
    pub(super) fn lease(&self) -> Option<Mono> {
        self.readers.values().map(|reader| reader.lease).min()
    }

    pub(super) const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// How long the text is, as far as is known.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }
}

fn source<'s>(tail: &'s Tail, epoch: Epoch, end: Option<&'s Ended>, turn: &Turn<'_>) -> Source<'s> {
    Source { tail, epoch, end, credit: turn.config.reader_credit }
}
