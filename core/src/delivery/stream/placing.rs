//! Where a reader goes on: the five answers to a `follow` (V-7.7, V-7.13).

use super::interface::{Read, Record, State};
use crate::envelope::v1::{Answer, Epoch, How, Position};

/// What a reader has of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// The last record.
    pub(super) at: Position,
    /// How long its text is.
    pub(super) offset: u64,
}

/// What a reader is told of where it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) answer: Answer,
    /// Where it goes on.
    pub(super) from: Place,
    /// After a gap, how many bytes are missing before `from`.
    pub(super) lost: Option<u64>,
    /// After a gap, why.
    pub(super) reason: Option<&'static str>,
    /// Of a stream that has ended, how.
    pub(super) how: Option<How<'static>>,
}

impl Placed {
    /// The answer of a stream that is not there.
    pub(super) const fn unknown(epoch: Epoch) -> Self {
        let from = Place { at: Position::start(epoch), offset: 0 };
        Self { answer: Answer::Unknown, from, lost: None, reason: None, how: None }
    }

    /// A gap of the text up to `offset`, behind a record that is still the reader's last.
    pub(super) const fn hole(place: Place, offset: u64) -> Self {
        let from = Place { at: place.at, offset };
        let lost = Some(offset.saturating_sub(place.offset));
        Self { answer: Answer::Gap, from, lost, reason: Some("evicted"), how: None }
    }
}

/// Where a reader goes on that has come to `place`, by what the log has behind it.
pub(super) fn place(place: Place, epoch: Epoch, read: &Read) -> Placed {
    let how = match &read.status.state {
        State::Ended(end) => Some(end.how.clone()),
        State::Pending { .. } | State::Running { .. } => None,
    };
    match gap(place, epoch, read) {
        Some((reason, lost)) => {
            let at = Position::new(epoch, read.base.sequence);
            let from = Place { at, offset: read.base.offset };
            Placed { answer: Answer::Gap, from, lost: Some(lost), reason: Some(reason), how }
        }
        None => {
            let answer = match &read.status.state {
                State::Pending { .. } => Answer::Pending,
                State::Running { .. } => Answer::Resumed,
                State::Ended(_) => Answer::Ended,
            };
            let from = Place { at: Position::new(epoch, place.at.sequence), offset: place.offset };
            Placed { answer, from, lost: None, reason: None, how }
        }
    }
}

/// Why a reader does not get all that it lacks, and how many bytes it does not.
fn gap(place: Place, epoch: Epoch, read: &Read) -> Option<(&'static str, u64)> {
    let (base, status) = (read.base, &read.status);
    // Nothing of what the reader has is of this stream.
    let nothing = place.at.sequence == 0 && place.offset == 0;
    if place.at.epoch != epoch && !nothing {
        return Some(("foreign_epoch", base.offset));
    }
    // Of what the reader has, a restart that is given up may have made a part void.
    let valid = match base.restart {
        Some((sequence, offset)) if place.at.sequence < sequence => place.offset.min(offset),
        Some(_) | None => place.offset,
    };
    if place.at.sequence > status.sequence || is_ahead(Place { offset: valid, ..place }, read) {
        return Some(("ahead", base.offset));
    }
    (place.at.sequence < base.sequence && valid < base.offset)
        .then(|| ("evicted", base.offset - valid))
}

/// Whether the reader has more text than the stream, and no restart behind it says why.
fn is_ahead(place: Place, read: &Read) -> bool {
    let is_over = |record: &Record| record.restart && record.offset <= place.offset;
    let mut behind = read.records.iter().filter(|it| it.sequence > place.at.sequence);
    place.offset > read.status.offset && !behind.any(is_over)
}
