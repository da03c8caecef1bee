//! Who appends to a stream: its generation, its lease, and its text on the way into the log.

use std::sync::Arc;

use thiserror::Error;

use super::coalescing::{Coalescing, Pace};
use super::interface::{Generation, bytes};
use crate::time::Mono;

/// Why text of a producer is not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProducerError {
    /// The producer is none any more: another has claimed the stream, or it has ended or is about
    /// to (V-7.5, V-8.5). An event has said which.
    #[error("the producer is fenced")]
    Fenced,
    /// As much text as there may be is on its way into the log: an event says when there is room.
    #[error("the log has not taken the text before it yet")]
    Full,
    /// The text lies beyond what has been appended, or not at the beginning of a character.
    #[error("no character of the stream's text begins at this offset")]
    Misplaced,
    /// The text, or the body of an end, is larger than it may be.
    #[error("more than {most} bytes")]
    TooLarge {
        /// The most that it may be.
        most: usize,
    },
    /// The body of an end is no JSON, or nested too deep.
    #[error("the body is no JSON that is nested at most 10 deep")]
    NoJson,
}

/// Text on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Flight {
    /// Which of the producer's records.
    pub(super) sequence: u64,
    /// Where in the stream's text.
    pub(super) offset: u64,
    pub(super) text: Arc<str>,
}

/// The newest producer of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Producer {
    generation: Generation,
    /// The number of its next record.
    next: u64,
    /// Where in the stream's text what waits begins.
    offset: u64,
    waiting: Coalescing,
    flight: Option<Flight>,
    /// Until when it is taken for alive.
    lease: Mono,
    /// Whether it was told that there is no room.
    is_full: bool,
}

impl Producer {
    /// A producer that goes on where the stream's text ends.
    pub(super) fn new(generation: Generation, offset: u64, lease: Mono) -> Self {
        let waiting = Coalescing::default();
        Self { generation, next: 0, offset, waiting, flight: None, lease, is_full: false }
    }

    /// Takes text, if no more than `most` bytes are on their way with it.
    pub(super) fn append(
        &mut self,
        now: Mono,
        text: &str,
        most: usize,
    ) -> Result<(), ProducerError> {
        if text.len() > most {
            return Err(ProducerError::TooLarge { most });
        }
        if self.size() + text.len() > most {
            self.is_full = true;
            return Err(ProducerError::Full);
        }
        self.waiting.push(now, text);
        Ok(())
    }

    /// Lets what is appended from now on stand from `offset` on, in the place of what does.
    pub(super) fn restart_from(&mut self, offset: u64) -> Result<(), ProducerError> {
        let inside = offset.saturating_sub(self.offset);
        let inside = usize::try_from(inside).map_err(|_| ProducerError::Misplaced)?;
        if inside > self.waiting.len() || !self.waiting.truncate(inside) {
            return Err(ProducerError::Misplaced);
        }
        self.offset = self.offset.min(offset);
        Ok(())
    }

    /// The producer is alive.
    pub(super) fn renew(&mut self, lease: Mono) {
        self.lease = lease;
    }

    /// The record that goes next, if one is due or `at_once`, and none is on its way.
    pub(super) fn send(&mut self, now: Mono, pace: Pace, most: usize, at_once: bool) -> bool {
        let is_due = at_once || self.waiting.due(pace).is_some_and(|due| due <= now);
        if self.flight.is_some() || !is_due {
            return false;
        }
        let Some(text) = self.waiting.take(most) else { return false };
        let sequence = self.next;
        let offset = self.offset;
        self.next += 1;
        self.offset += bytes(text.len());
        self.flight = Some(Flight { sequence, offset, text });
        true
    }

    /// The log has what was on its way.
    pub(super) fn sent(&mut self) -> Option<Flight> {
        self.flight.take()
    }

    /// Whether it was told that there is no room, and half of `most` is free again: then it is
    /// told so, once.
    pub(super) fn has_room_again(&mut self, most: usize) -> bool {
        let again = self.is_full && self.size() <= most / 2;
        self.is_full &= !again;
        again
    }

    pub(super) const fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) const fn flight(&self) -> Option<&Flight> {
        self.flight.as_ref()
    }

    /// When text is due to go; nothing while some is on its way.
    pub(super) fn due(&self, pace: Pace) -> Option<Mono> {
        if self.flight.is_some() { None } else { self.waiting.due(pace) }
    }

    /// How many bytes its text takes.
    pub(super) fn allocated(&self) -> usize {
        self.waiting.allocated() + self.flight.as_ref().map_or(0, |flight| flight.text.len())
    }

    pub(super) const fn lease(&self) -> Mono {
        self.lease
    }

    /// Whether the log has all of its text.
    pub(super) fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// How many bytes are on their way.
    fn size(&self) -> usize {
        self.waiting.len() + self.flight.as_ref().map_or(0, |flight| flight.text.len())
    }
}
