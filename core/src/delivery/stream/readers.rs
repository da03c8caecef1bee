//! Who reads a stream: what it has, what it may be sent, and what it is told next.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::{PIECE_BYTES, RECORD_BYTES};
use super::credit::{self, Credit};
use super::interface::{Ended, Read, Record, State, bytes};
use super::placing::{Place, Placed, place};
use super::saying::Saying;
use super::tail::Tail;
use crate::delivery::Fault;
use crate::envelope::v1::{Answer, Epoch, Position};
use crate::time::Mono;

/// Who reads: a number that the caller chooses, one for each session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderId(u64);

impl ReaderId {
    /// The reader of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What a reader reads of, beside the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'s> {
    pub(super) tail: &'s Tail,
    pub(super) epoch: Epoch,
    pub(super) end: Option<&'s Ended>,
    /// How many bytes a reader is sent beyond what it has confirmed.
    pub(super) credit: usize,
}

impl Source<'_> {
    /// The number of the last record that is text.
    fn last_text(&self) -> u64 {
        match self.end {
            Some(ended) => ended.sequence.saturating_sub(1),
            None => self.tail.last(),
        }
    }
}

/// One reader of one stream.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    /// Until when it is one, if nothing is heard of it.
    pub(super) lease: Mono,
    /// Whether it stands in the line of those that have something to take.
    pub(super) is_queued: bool,
    /// Whether its client may confirm what this reader was never sent: it may have that of a reader
    /// before it, or from before a gap.
    may_have_more: bool,
    /// Whether what it is sent was there before it came, until it is told that it has caught up.
    replays: bool,
    /// The log is to be asked what the stream has, of which nothing is known here.
    is_unread: bool,
    stage: Stage,
    /// What it has, with all that it was sent.
    place: Place,
    /// What it is to be told of where it goes on.
    placed: Option<Box<Placed>>,
    /// It is told that it has caught up once it has this number.
    mark: Option<u64>,
    /// What was read from the log for it.
    fetched: VecDeque<Record>,
    /// The number behind which the log was asked for records.
    asked_after: u64,
    /// Whether the end was known then.
    knew_end: bool,
    credit: Credit,
}

/// What a reader awaits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// To be placed, by what the log has: it has not been asked yet,
    Unplaced,
    /// or it has, with this id.
    Placing(u64),
    /// Nothing: it knows where it goes on.
    Placed,
    /// Records of the log, which has been asked for them with this id.
    Reading(u64),
    /// Nothing, for ever: of the end, or that there is no such stream, it is or was told.
    Done,
}

/// What comes next for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    Placed,
    Fetched,
    CaughtUp,
    Held,
    End,
}

impl Reader {
    /// The most that one takes.
    pub(super) const CEILING: usize = 2 * size_of::<(ReaderId, Self)>()
        + size_of::<Placed>()
        + 2 * Credit::CEILING
        + PIECE_BYTES
        + RECORD_BYTES
        + PIECE_BYTES / RECORD_BYTES * 8 * size_of::<Record>();

    /// A reader that goes on from a place, as a `following` will say.
    pub(super) fn following(from: Place, lease: Mono) -> Self {
        Self {
            lease,
            is_queued: false,
            may_have_more: false,
            replays: false,
            is_unread: false,
            stage: Stage::Unplaced,
            place: from,
            placed: None,
            mark: None,
            fetched: VecDeque::new(),
            asked_after: 0,
            knew_end: false,
            credit: Credit::default(),
        }
    }

    /// A reader from the beginning, which knows that it is one (V-7.12). The item that makes it one
    /// may come behind the `follow` of an `open`, and what that has brought is confirmed after it.
    /// Where the item has begun the stream before, there may be text already (`is_unread`).
    pub(super) fn beginning(epoch: Epoch, lease: Mono, is_unread: bool) -> Self {
        let from = Place { at: Position::start(epoch), offset: 0 };
        let placed =
            Self { stage: Stage::Placed, may_have_more: true, ..Self::following(from, lease) };
        Self { is_unread, ..placed }
    }

    /// It says what it has.
    ///
    /// # Errors
    ///
    /// [`Fault::Ahead`]: it was never sent that.
    pub(super) fn confirm(&mut self, received: Position, lease: Mono) -> Result<(), Fault> {
        self.lease = lease;
        // A position of another epoch crossed the `following` that said so.
        if received.epoch == self.place.at.epoch {
            let checked = credit::check(received.sequence, self.place.at.sequence);
            if checked.is_err() && self.may_have_more {
                return Ok(());
            }
            checked?;
            self.credit.confirm(received.sequence);
        }
        Ok(())
    }

    /// Whether the log is to be asked for what is behind this number, and for how many bytes.
    pub(super) fn wants(&self, source: Source<'_>) -> Option<(u64, usize)> {
        let after = self.place.at.sequence;
        let room = self.credit.room(source.credit).min(PIECE_BYTES);
        match self.stage {
            Stage::Unplaced if self.place.at.epoch == source.epoch => Some((after, room)),
            Stage::Unplaced => Some((0, room)),
            Stage::Placed if self.place.at.epoch != source.epoch => Some((0, room)),
            Stage::Placed if self.is_unread => Some((after, room)),
            Stage::Placed => {
                let lacks = self.fetched.is_empty() && after < source.last_text() && room > 0;
                (lacks && source.tail.next(after).is_none()).then_some((after, room))
            }
            Stage::Placing(_) | Stage::Reading(_) | Stage::Done => None,
        }
    }

    /// The log has been asked, when the end was known or not.
    pub(super) fn asked(&mut self, id: u64, after: u64, knew_end: bool) {
        (self.asked_after, self.knew_end) = (after, knew_end);
        self.stage = match self.stage {
            Stage::Unplaced | Stage::Placing(_) => Stage::Placing(id),
            Stage::Placed | Stage::Reading(_) => Stage::Reading(id),
            Stage::Done => Stage::Done,
        };
    }

    /// Whether it awaits the answer to this request, which it then awaits no more.
    pub(super) fn awaits(&mut self, id: u64) -> bool {
        let (awaited, before) = match self.stage {
            Stage::Placing(awaited) => (awaited, Stage::Unplaced),
            Stage::Reading(awaited) => (awaited, Stage::Placed),
            Stage::Unplaced | Stage::Placed | Stage::Done => return false,
        };
        if awaited == id {
            self.stage = before;
        }
        awaited == id
    }

    /// There is no such stream, or none any more.
    pub(super) fn handle_unknown(&mut self, epoch: Epoch) {
        self.placed = Some(Box::new(Placed::unknown(epoch)));
        self.stage = Stage::Done;
    }

    /// The log has what is behind its place, as it awaited.
    pub(super) fn handle_read(&mut self, epoch: Epoch, read: Read) {
        let is_new = self.stage == Stage::Unplaced || self.place.at.epoch != epoch;
        (self.stage, self.is_unread) = (Stage::Placed, false);
        let placed = place(self.place, epoch, &read);
        if is_new || placed.answer == Answer::Gap {
            self.place = placed.from;
            // Of a stream that has ended the end says that all has come.
            self.mark = placed.how.is_none().then_some(read.status.sequence);
            self.replays = true;
            if placed.answer == Answer::Gap {
                self.credit.clear();
            }
            self.placed = Some(Box::new(placed));
        }
        let last_text = match read.status.state {
            State::Ended(_) => read.status.sequence.saturating_sub(1),
            State::Pending { .. } | State::Running { .. } => read.status.sequence,
        };
        if self.place.at.sequence < self.asked_after {
            // After a gap it goes on before what was read.
            return;
        }
        self.fetched = behind(self.place, self.mark, read.records);
        if self.fetched.is_empty() {
            // Of the records up to there nothing is text that it lacks.
            self.place.at.sequence = self.place.at.sequence.max(last_text);
        }
    }

    /// The number up to which it needs no more of what is held: it was sent that. While it awaits
    /// where it goes on it may need all.
    pub(super) const fn has_up_to(&self) -> u64 {
        match self.stage {
            Stage::Unplaced | Stage::Placing(_) => 0,
            Stage::Placed | Stage::Reading(_) => self.place.at.sequence,
            Stage::Done => u64::MAX,
        }
    }

    /// The log has lost some of what it has: it is told where the text goes on.
    pub(super) fn place_anew(&mut self, lease: Mono) {
        let is_queued = self.is_queued;
        *self = Self::following(self.place, lease);
        (self.is_queued, self.may_have_more) = (is_queued, true);
    }

    /// What there is for it to take.
    pub(super) fn next(&self, source: Source<'_>) -> Next {
        if self.placed.is_some() {
            return Next::Placed;
        }
        if !self.is_placed() || self.place.at.epoch != source.epoch {
            return Next::Nothing;
        }
        let at = self.place.at.sequence;
        let fits = |record: &Record| record.text.len() <= self.credit.room(source.credit);
        if self.mark.is_some_and(|mark| mark <= at) {
            Next::CaughtUp
        } else if let Some(first) = self.fetched.front() {
            if fits(first) { Next::Fetched } else { Next::Nothing }
        } else if at < source.last_text() {
            if source.tail.next(at).is_some_and(fits) { Next::Held } else { Next::Nothing }
        } else if source.end.is_some() {
            Next::End
        } else {
            Next::Nothing
        }
    }

    /// What it takes next; the text of a piece goes into `text`.
    pub(super) fn take(&mut self, source: Source<'_>, text: &mut String) -> Option<Saying> {
        match self.next(source) {
            Next::Nothing => None,
            Next::Placed => self.placed.take().map(Saying::Following),
            Next::Fetched => {
                let fetched = std::mem::take(&mut self.fetched);
                let saying = self.join(fetched.iter(), source, text);
                let had = self.place.at.sequence;
                self.fetched = fetched;
                self.fetched.retain(|record| record.sequence > had);
                Some(saying)
            }
            Next::CaughtUp => {
                (self.mark, self.replays) = (None, false);
                Some(Saying::CaughtUp(self.place.at))
            }
            Next::Held => {
                let held = source.tail.after(self.place.at.sequence)?;
                Some(self.join(held, source, text))
            }
            Next::End => {
                self.stage = Stage::Done;
                let ended = source.end?;
                Some(Saying::End(Position::new(source.epoch, ended.sequence), ended.clone()))
            }
        }
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        let texts: usize = self.fetched.iter().map(|record| record.text.len()).sum();
        let places = self.fetched.capacity() * size_of::<Record>();
        let placed = self.placed.as_ref().map_or(0, |_| size_of::<Placed>());
        self.credit.allocated() + places + texts + placed
    }

    /// Whether it knows where in a stream it goes on.
    pub(super) const fn is_placed(&self) -> bool {
        matches!(self.stage, Stage::Placed | Stage::Reading(_))
    }

    /// Whether what it is sent next was there before it came.
    pub(super) const fn replays(&self) -> bool {
        self.replays
    }

    /// Whether the end was known when the log was asked for it last.
    pub(super) const fn knew_end(&self) -> bool {
        self.knew_end
    }

    /// Whether it was told of the end, or is or was told that there is no such stream.
    pub(super) fn is_done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Joins records that go on from where it is, as far as its credit and the bound of a piece
    /// allow, and no further than the mark of its replay.
    fn join<'r>(
        &mut self,
        records: impl Iterator<Item = &'r Record>,
        source: Source<'_>,
        text: &mut String,
    ) -> Saying {
        text.clear();
        let most = self.credit.room(source.credit).min(PIECE_BYTES);
        let mut piece = Place { at: self.place.at, offset: 0 };
        let mut restart = false;
        for record in records {
            let end = piece.offset + bytes(text.len());
            if text.is_empty() {
                if record.offset > self.place.offset {
                    let placed = Placed::hole(self.place, record.offset);
                    self.place = placed.from;
                    return Saying::Following(Box::new(placed));
                }
                restart = record.offset < self.place.offset;
                piece.offset = record.offset;
            } else if record.offset != end {
                break;
            }
            let passes_mark = self.mark.is_some_and(|mark| record.sequence > mark);
            if !text.is_empty() && (text.len() + record.text.len() > most || passes_mark) {
                break;
            }
            text.push_str(&record.text);
            piece.at.sequence = record.sequence;
        }
        self.credit.spend(piece.at.sequence, text.len());
        self.place = Place { at: piece.at, offset: piece.offset + bytes(text.len()) };
        Saying::Piece { place: piece, restart }
    }
}

/// The records behind a place, each from where the one before it ends, or a restart; joined as far
/// as they are small and do not pass the mark.
///
/// One that the log joined may begin before the place, and one that was cut short by a restart may
/// end before it.
fn behind(mut place: Place, mark: Option<u64>, records: Vec<Record>) -> VecDeque<Record> {
    let mut behind = VecDeque::new();
    let mut text = String::new();
    let mut begun: Option<Record> = None;
    for record in records {
        if record.sequence <= place.at.sequence {
            continue;
        }
        let is_next = record.offset >= place.offset || record.restart;
        let passed = if is_next { 0 } else { place.offset - record.offset };
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let Some(rest) = record.text.get(passed..).filter(|rest| !rest.is_empty()) else {
            continue;
        };
        let offset = if is_next { record.offset } else { place.offset };
        let fits = text.len() + rest.len() <= RECORD_BYTES && offset == place.offset;
        let passes = mark.is_some_and(|mark| record.sequence > mark && place.at.sequence <= mark);
        if let Some(first) = begun.as_mut().filter(|_| fits && !passes) {
            first.sequence = record.sequence;
        } else {
            behind.extend(begun.take().map(|first| with_text(first, &mut text)));
            let restart = record.restart && offset < place.offset;
            begun = Some(Record::new(record.sequence, offset, Arc::default(), restart));
        }
        text.push_str(rest);
        let at = Position::new(place.at.epoch, record.sequence);
        place = Place { at, offset: offset + bytes(rest.len()) };
    }
    behind.extend(begun.map(|first| with_text(first, &mut text)));
    behind
}

fn with_text(record: Record, text: &mut String) -> Record {
    let joined = Arc::from(text.as_str());
    text.clear();
    Record { text: joined, ..record }
}
