//! The readers of one stream, and its newest text for them.

use super::event::Event;
use super::interface::{Ended, Read, Record, Request, State, Status};
use super::outputs::Turn;
use super::readers::{Next, Reader, ReaderId, Source};
use super::saying::Saying;
use super::tail::Tail;
use super::turns::{Line, Lines};
use crate::delivery::Fault;
use crate::envelope::v1::{Epoch, Position};
use crate::time::Mono;

/// Who reads a stream.
#[derive(Clone, Debug)]
pub(super) struct Audience {
    epoch: Epoch,
    /// In the order of their ids; there are few.
    readers: Vec<(ReaderId, Reader)>,
    /// When the next of them goes of which nothing is heard.
    lease: Option<Mono>,
    tail: Tail,
    /// How long the text is, as far as is known.
    offset: u64,
    ended: Option<Ended>,
}

impl Audience {
    pub(super) fn new(epoch: Epoch) -> Self {
        let (readers, tail) = (Vec::new(), Tail::default());
        Self { epoch, readers, lease: None, tail, offset: 0, ended: None }
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
        match self.place(id) {
            Ok(place) => {
                let before = &mut self.readers[place].1;
                // The place of the one before in the line is that of the new one.
                reader.is_queued = before.is_queued;
                *before = reader;
            }
            Err(_) if self.readers.len() >= turn.config.stream_readers as usize => return false,
            Err(place) => {
                if self.readers.is_empty() {
                    self.readers.reserve_exact(1);
                }
                self.readers.insert(place, (id, reader));
                lines.follows(id, turn.index);
            }
        }
        self.note_lease();
        true
    }

    /// The item that begins the stream has a reader, who knows it (V-7.12). `is_unread`: what the
    /// stream has is not known here.
    pub(super) fn add_beginning(
        &mut self,
        id: ReaderId,
        is_unread: bool,
        turn: &Turn<'_>,
        lines: &mut Lines,
    ) {
        if !self.has(id) {
            let lease = turn.now + turn.config.reader_lease;
            let reader = Reader::beginning(self.epoch, lease, is_unread);
            self.add(id, reader, turn, lines);
        }
    }

    /// A reader leaves.
    pub(super) fn remove(&mut self, id: ReaderId, turn: &Turn<'_>, lines: &mut Lines) -> bool {
        let place = self.place(id);
        if let Ok(place) = place {
            self.readers.remove(place);
            self.readers.shrink_to_fit();
            self.note_lease();
            lines.leaves(id, turn.index);
        }
        if self.readers.is_empty() {
            self.tail.clear();
        }
        place.is_ok()
    }

    /// A reader says what it has.
    pub(super) fn confirm(
        &mut self,
        id: ReaderId,
        received: Position,
        lease: Mono,
    ) -> Result<(), Fault> {
        // What a reader confirms of a stream that it was told the end of has crossed it.
        let confirmed = self.reader(id).map_or(Ok(()), |reader| reader.confirm(received, lease));
        self.note_lease();
        confirmed
    }

    /// A record is in the log.
    pub(super) fn handle_record(&mut self, record: Record, held_bytes: usize) {
        self.offset = record.end();
        let had = self.readers.iter().map(|(_, reader)| reader.has_up_to()).min();
        if let Some(had) = had {
            self.tail.forget(had);
            self.tail.push(record, held_bytes);
        } else {
            self.tail.note(record.sequence);
        }
    }

    /// Where the stream stands that is produced elsewhere, and had stood at `known` before: where the
    /// log has lost what it had, whoever has more of it is placed anew.
    pub(super) fn handle_status(&mut self, status: &Status, known: u64, turn: &Turn<'_>) {
        let is_end = matches!(status.state, State::Ended(_));
        let last_text = status.sequence.saturating_sub(u64::from(is_end));
        if self.ended.is_none() && status.sequence < known {
            self.tail.reset(last_text);
            self.offset = status.offset;
            let lease = turn.now + turn.config.reader_lease;
            let beyond =
                |reader: &&mut Reader| reader.is_placed() && reader.has_up_to() > last_text;
            for reader in self.readers.iter_mut().map(|(_, reader)| reader).filter(beyond) {
                reader.place_anew(lease);
            }
        }
        self.tail.note(last_text);
    }

    /// The stream has ended.
    pub(super) fn handle_end(&mut self, ended: &Ended) {
        self.tail.note(ended.sequence.saturating_sub(1));
        self.offset = ended.offset;
        self.ended = Some(ended.clone());
    }

    /// The stream has begun in a log that had forgotten one of its name: of that nothing holds any
    /// more, and whoever has something of it is told that there is none.
    pub(super) fn begin_anew(&mut self) {
        let (epoch, has_ended) = (self.epoch, self.ended.take().is_some());
        let of_it = self.readers.iter_mut().filter(|(_, reader)| reader.is_placed());
        for (_, reader) in of_it.filter(|(_, reader)| has_ended || reader.has_up_to() > 0) {
            reader.handle_unknown(epoch);
        }
        self.tail.reset(0);
        self.offset = 0;
    }

    /// Whether the log's answer to a reader says that the stream whose end is known is forgotten,
    /// and another of its name has begun. One that was asked for before the end says nothing.
    pub(super) fn is_anew(&mut self, id: ReaderId, status: &Status) -> bool {
        let knew_end = self.reader(id).is_some_and(|it| it.knew_end());
        knew_end && self.ended.is_some() && !matches!(status.state, State::Ended(_))
    }

    /// There is no such stream, or none any more.
    pub(super) fn handle_unknown(&mut self) {
        self.readers.iter_mut().for_each(|(_, reader)| reader.handle_unknown(self.epoch));
    }

    /// Whether a reader awaits this answer.
    pub(super) fn awaits(&mut self, id: ReaderId, request: u64) -> bool {
        self.reader(id).is_some_and(|reader| reader.awaits(request))
    }

    /// The answer that a reader awaited: records,
    pub(super) fn handle_read(&mut self, id: ReaderId, read: Read) {
        if !matches!(read.status.state, State::Ended(_)) {
            self.tail.note(read.status.sequence);
        }
        if read.status.sequence >= self.tail.last() {
            self.offset = read.status.offset;
        }
        let epoch = self.epoch;
        if let Some(reader) = self.reader(id).filter(|reader| !reader.is_done()) {
            reader.handle_read(epoch, read);
        }
    }

    /// or that there is no such stream.
    pub(super) fn handle_unread(&mut self, id: ReaderId) {
        let epoch = self.epoch;
        if let Some(reader) = self.reader(id) {
            reader.handle_unknown(epoch);
        }
    }

    /// Lets the readers go of which nothing was heard.
    pub(super) fn handle_timeout(&mut self, turn: &mut Turn<'_>, lines: &mut Lines) {
        while let Some(&(id, _)) = self.readers.iter().find(|(_, it)| it.lease <= turn.now) {
            self.remove(id, turn, lines);
            turn.event(Event::ReaderLapsed { key: turn.key.clone(), reader: id });
        }
    }

    /// Puts the readers in line that have something to take, and asks the log for what others lack
    /// if it `may_read`.
    pub(super) fn proceed(&mut self, turn: &mut Turn<'_>, lines: &mut Lines, may_read: bool) {
        let source = source(&self.tail, self.epoch, self.ended.as_ref(), turn);
        for (id, reader) in &mut self.readers {
            if proceed(*id, reader, source, turn, may_read) {
                lines.push(*id, turn.index);
            }
        }
    }

    /// What a reader takes next, and has left its line for: it stands there again if there is more.
    /// Of a piece the text goes into `text`. What the reader lacks is read from the log if it
    /// `may_read`. Whether that was the last there is for the reader, which is to be removed then.
    pub(super) fn take(
        &mut self,
        id: ReaderId,
        turn: &mut Turn<'_>,
        line: &mut Line,
        (text, may_read): (&mut String, bool),
    ) -> Option<(Saying, bool)> {
        let place = self.place(id).ok()?;
        let source = source(&self.tail, self.epoch, self.ended.as_ref(), turn);
        let (_, reader) = self.readers.get_mut(place)?;
        reader.is_queued = false;
        let is_replay = reader.replays();
        let saying = reader.take(source, text);
        if let Some(saying) = &saying {
            turn.out.counters.handle_said(saying, text, is_replay);
        }
        if proceed(id, reader, source, turn, may_read) {
            line.push(turn.index);
        }
        Some((saying?, reader.is_done()))
    }

    pub(super) fn has(&self, id: ReaderId) -> bool {
        self.place(id).is_ok()
    }

    /// How many read it.
    pub(super) fn len(&self) -> usize {
        self.readers.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.readers.is_empty()
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        let places = self.readers.capacity() * size_of::<(ReaderId, Reader)>();
        let readers: usize = self.readers.iter().map(|(_, reader)| reader.allocated()).sum();
        let end = self.ended.as_ref().map_or(0, |ended| ended.end.size());
        places + readers + self.tail.size() + end
    }

    /// When the next reader goes of which nothing is heard.
    pub(super) const fn lease(&self) -> Option<Mono> {
        self.lease
    }

    pub(super) const fn ended(&self) -> Option<&Ended> {
        self.ended.as_ref()
    }

    /// How long the text is, as far as is known.
    pub(super) const fn offset(&self) -> u64 {
        self.offset
    }

    /// The last record that is known.
    pub(super) const fn last(&self) -> u64 {
        self.tail.last()
    }

    /// Where a reader stands, or would.
    fn place(&self, id: ReaderId) -> Result<usize, usize> {
        self.readers.binary_search_by_key(&id, |(id, _)| *id)
    }

    fn reader(&mut self, id: ReaderId) -> Option<&mut Reader> {
        let place = self.place(id).ok()?;
        self.readers.get_mut(place).map(|(_, reader)| reader)
    }

    fn note_lease(&mut self) {
        self.lease = self.readers.iter().map(|(_, reader)| reader.lease).min();
    }
}

/// Whether a reader is to stand in line from now on, as it has something to take. What it lacks is
/// read from the log if it `may_read`.
fn proceed(
    id: ReaderId,
    reader: &mut Reader,
    source: Source<'_>,
    turn: &mut Turn<'_>,
    may_read: bool,
) -> bool {
    let next = reader.next(source);
    // Who has text to take lacks none before that.
    let has_text = matches!(next, Next::Held | Next::Fetched);
    if may_read
        && !has_text
        && let Some((sequence, most)) = reader.wants(source)
    {
        let request = turn.request_for(Some(id), Request::ReadAfter { sequence, most });
        reader.asked(request, sequence, source.end.is_some());
    }
    let joins = !reader.is_queued && next != Next::Nothing;
    reader.is_queued |= joins;
    joins
}

fn source<'s>(tail: &'s Tail, epoch: Epoch, end: Option<&'s Ended>, turn: &Turn<'_>) -> Source<'s> {
    Source { tail, epoch, end, credit: turn.config.reader_credit }
}
