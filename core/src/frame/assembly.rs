//! A message that comes in more than one piece.

use super::FrameError;
use super::room::Patience;
use super::work::looked_at;

/// What is here of the message; after its end the memory of it.
///
/// Text is checked as it comes and kept as text. So a text that cannot become UTF-8 any more fails
/// at once, and nothing is checked a second time when it is lent.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    body: Body,
    /// The first bytes of a character of the text whose others are still to come.
    cut: [u8; 4],
    cut_len: usize,
    /// The longest message since [`Self::settle`].
    longest: usize,
    patience: Patience,
}

#[derive(Debug)]
enum Body {
    Text(String),
    Bytes(Vec<u8>),
}

impl Default for Body {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Assembly {
    /// Begins a message, in the memory of the one before.
    pub(super) fn begin(&mut self, text: bool) {
        let mut memory = core::mem::take(&mut self.body).into_bytes();
        memory.clear();
        self.body = match String::from_utf8(memory) {
            Ok(memory) if text => Body::Text(memory),
            Ok(memory) => Body::Bytes(memory.into_bytes()),
            Err(_) => Body::default(),
        };
        self.cut_len = 0;
    }

    /// Takes a piece and tells how much of it: all, except that with `more` right behind it a
    /// character that is cut off at its end is left for then.
    pub(super) fn push(&mut self, bytes: &[u8], more: bool) -> Result<usize, FrameError> {
        let taken = match &mut self.body {
            Body::Bytes(body) => {
                body.extend_from_slice(bytes);
                bytes.len()
            }
            Body::Text(_) => self.push_text(bytes, more)?,
        };
        self.longest = self.longest.max(self.len());
        Ok(taken)
    }

    fn push_text(&mut self, piece: &[u8], more: bool) -> Result<usize, FrameError> {
        looked_at(piece.len());
        let Body::Text(text) = &mut self.body else { return Ok(0) };
        let mut bytes = piece;
        while self.cut_len > 0 {
            let Some((first, rest)) = bytes.split_first() else { return Ok(piece.len()) };
            bytes = rest;
            self.cut[self.cut_len] = *first;
            self.cut_len += 1;
            if let Some(character) = whole(&self.cut[..self.cut_len])? {
                text.push_str(character);
                self.cut_len = 0;
            }
        }
        let (bytes, cut) = bytes.split_at(bytes.len() - cut_off(bytes));
        let bytes = simdutf8::basic::from_utf8(bytes).map_err(|_| FrameError::TextNotUtf8)?;
        text.push_str(bytes);
        if more {
            return Ok(piece.len() - cut.len());
        }
        if whole(cut)?.is_none() {
            self.cut[..cut.len()].copy_from_slice(cut);
            self.cut_len = cut.len();
        }
        Ok(piece.len())
    }

    /// The message is here: it must not end within a character.
    pub(super) const fn end(&self) -> Result<(), FrameError> {
        if self.cut_len > 0 { Err(FrameError::TextNotUtf8) } else { Ok(()) }
    }

    /// Bytes that are here.
    pub(super) const fn len(&self) -> usize {
        self.bytes().len() + self.cut_len
    }

    /// The message, if it was begun as text.
    #[inline]
    pub(super) const fn text(&self) -> &str {
        match &self.body {
            Body::Text(text) => text.as_str(),
            Body::Bytes(_) => "",
        }
    }

    /// The message.
    #[inline]
    pub(super) const fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Text(text) => text.as_bytes(),
            Body::Bytes(bytes) => bytes.as_slice(),
        }
    }

    /// Bytes of memory held.
    pub(super) const fn capacity(&self) -> usize {
        match &self.body {
            Body::Text(text) => text.capacity(),
            Body::Bytes(bytes) => bytes.capacity(),
        }
    }

    /// Called when no message is here: gives memory above `retain` back once it was of no use for
    /// a while.
    #[inline]
    pub(super) fn settle(&mut self, retain: usize) {
        if self.capacity() > retain {
            let longest = core::mem::take(&mut self.longest);
            if let Some(keep) = self.patience.keep(longest, self.capacity(), retain) {
                self.begin(false);
                if let Body::Bytes(memory) = &mut self.body {
                    memory.shrink_to(keep);
                }
            }
        }
    }
}

impl Body {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// How many bytes at the end may be the beginning of a character that is cut off.
fn cut_off(bytes: &[u8]) -> usize {
    for (back, byte) in bytes.iter().rev().take(3).enumerate() {
        let length = match byte {
            0x80..0xc0 => continue,
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        return if back + 1 < length { back + 1 } else { 0 };
    }
    0
}

/// Whether these few bytes are text. `None`: their last character is cut off.
fn whole(bytes: &[u8]) -> Result<Option<&str>, FrameError> {
    match core::str::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.error_len().is_none() => Ok(None),
        Err(_) => Err(FrameError::TextNotUtf8),
    }
}
