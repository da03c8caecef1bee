//! The text of one stream as a host has it that does what it is told.

use super::Oracle;
use super::truth::{Found, Stream};

/// What a host has of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    bytes: Vec<u8>,
    /// What it was told is lost.
    lost: Vec<(usize, usize)>,
    has_ended: bool,
}

impl Text {
    /// How much it has, what is lost included.
    pub(crate) const fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The reader goes on elsewhere, and what lies between is lost.
    pub(crate) fn jump(&mut self, stays: u64, offset: u64) -> Result<(), Found> {
        self.goes_on()?;
        let (Ok(stays), Ok(offset)) = (usize::try_from(stays), usize::try_from(offset)) else {
            return Err(Found(Oracle::Text, "an offset that no text has"));
        };
        if stays > self.bytes.len() || stays > offset {
            return Err(Found(Oracle::Text, "more stays than there is"));
        }
        self.truncate(stays);
        if offset > stays {
            self.bytes.resize(offset, 0);
            self.lost.push((stays, offset));
        }
        Ok(())
    }

    /// Text comes.
    pub(crate) fn put(&mut self, offset: u64, text: &str, stream: &Stream) -> Result<(), Found> {
        self.goes_on()?;
        let place = usize::try_from(offset).unwrap_or(usize::MAX);
        if place > self.bytes.len() {
            return Err(Found(Oracle::Text, "text comes beyond what the reader has"));
        }
        if !stream.has_had(offset, text.as_bytes()) {
            return Err(Found(Oracle::Text, "text comes that never stood there"));
        }
        self.truncate(place);
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    /// The stream has ended for this reader.
    pub(crate) fn end(
        &mut self,
        stream: &Stream,
        says: impl Fn(&pamlink::delivery::stream::End) -> bool,
        offset: u64,
    ) -> Result<(), Found> {
        self.goes_on()?;
        self.has_ended = true;
        if offset != self.len() {
            return Err(Found(Oracle::Text, "the end is not where the reader is"));
        }
        let mut is_known = false;
        for life in stream.lives.iter().rev() {
            let Some(ended) = life.end.as_ref().filter(|ended| says(&ended.end)) else { continue };
            is_known = true;
            if ended.offset == offset && self.is_part_of(life.text.as_str()) {
                return Ok(());
            }
        }
        Err(if is_known {
            Found(Oracle::Text, "the whole text is not what the stream had")
        } else {
            Found(Oracle::End, "the stream has not ended so")
        })
    }

    /// Nothing more is heard of it, until it is followed again.
    pub(crate) const fn stop(&mut self) {
        self.has_ended = true;
    }

    fn goes_on(&self) -> Result<(), Found> {
        let heard = Found(Oracle::End, "something is heard of a stream that has ended");
        if self.has_ended { Err(heard) } else { Ok(()) }
    }

    fn truncate(&mut self, to: usize) {
        self.bytes.truncate(to);
        self.lost.retain_mut(|(from, until)| {
            *until = to.min(*until);
            *from < *until
        });
    }

    fn is_part_of(&self, text: &str) -> bool {
        let text = text.as_bytes();
        if text.len() != self.bytes.len() {
            return false;
        }
        let mut from = 0;
        let mut lost = self.lost.clone();
        lost.sort_unstable();
        for (begins, ends) in lost {
            if from < begins && self.bytes[from..begins] != text[from..begins] {
                return false;
            }
            from = from.max(ends);
        }
        self.bytes[from..] == text[from..]
    }
}
