//! Whole messages of a transport that speaks WebSocket itself, until they are read.

use core::ops::Range;
use std::collections::VecDeque;

use super::message::{Incoming, close_body};
use super::room::Patience;
use super::{FrameConfig, FrameError, Header, MessageKind, Opcode, Role};

/// What has come and waits, in the order in which it came.
///
/// Text came as text and stays it: nobody checks it again, and no frame is made around it.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    /// All texts, one behind the other, and all binary messages.
    text: String,
    bytes: Vec<u8>,
    /// What of them was read.
    text_at: usize,
    bytes_at: usize,
    /// The messages that were not: their kinds and lengths.
    waiting: VecDeque<(MessageKind, usize)>,
    /// What comes after them, and nothing after it.
    last: Option<Last>,
    /// Bytes of what waits, counted as the frames that it would have come in.
    weight: usize,
    /// The most bytes there were since [`Self::settle`].
    fullest: usize,
    patience: Patience,
}

#[derive(Debug)]
enum Last {
    Close(Box<[u8]>),
    Fault(FrameError),
}

/// What is read next. A range is one of all texts or of all binary messages.
pub(super) enum Next {
    Message(MessageKind, Range<usize>),
    /// The body of a close frame is in place of the binary messages.
    Close(Range<usize>),
    Fault(FrameError),
}

impl Inbox {
    /// Takes a copy of a message. Of one that is too long, only the length is kept.
    #[inline]
    pub(super) fn push(&mut self, message: Incoming<'_>, config: &FrameConfig, weight: usize) {
        if self.last.is_some() {
            return;
        }
        self.weight += weight;
        let (kind, length) = match message {
            Incoming::Text(text) => (MessageKind::Text, text.len()),
            Incoming::Binary(bytes) => (MessageKind::Binary, bytes.len()),
            Incoming::Close(code, reason) => {
                let mut body = [0; 125];
                let body = code.map_or(&[][..], |code| close_body(code, reason, &mut body));
                self.last = Some(Last::Close(body.into()));
                return;
            }
        };
        if let Err(fault) = config.check_size(length as u64, 0) {
            self.last = Some(Last::Fault(fault));
            return;
        }
        self.forget_read();
        match message {
            Incoming::Text(text) => self.text.push_str(text),
            Incoming::Binary(bytes) => self.bytes.extend_from_slice(bytes),
            Incoming::Close(..) => {}
        }
        self.waiting.push_back((kind, length));
        self.fullest = self.fullest.max(self.text.len() + self.bytes.len());
    }

    /// Takes what comes next out of the line; it stays where it is until the next call.
    #[inline]
    pub(super) fn next(&mut self, role: Role) -> Option<Next> {
        if let Some((kind, length)) = self.waiting.pop_front() {
            self.weight -= weight(length, role);
            let at = match kind {
                MessageKind::Text => &mut self.text_at,
                MessageKind::Binary => &mut self.bytes_at,
            };
            let start = *at;
            *at += length;
            return Some(Next::Message(kind, start..*at));
        }
        self.weight = 0;
        Some(match self.last.take()? {
            Last::Fault(fault) => Next::Fault(fault),
            Last::Close(body) => {
                let start = self.bytes.len();
                self.bytes.extend_from_slice(&body);
                self.bytes_at = self.bytes.len();
                Next::Close(start..self.bytes_at)
            }
        })
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.last.is_none()
    }

    /// Bytes of what waits, counted as frames.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Bytes of memory held.
    pub(super) fn capacity(&self) -> usize {
        let waiting = self.waiting.capacity() * size_of::<(MessageKind, usize)>();
        size_of::<Self>() + self.text.capacity() + self.bytes.capacity() + waiting
    }

    /// All that came was read: gives memory above `retain` back once it was of no use for a while.
    #[inline]
    pub(super) fn settle(&mut self, retain: usize) {
        if self.text.capacity() + self.bytes.capacity() <= retain || self.fullest == 0 {
            return;
        }
        let fullest = core::mem::take(&mut self.fullest);
        let held = self.text.capacity() + self.bytes.capacity();
        if let Some(keep) = self.patience.keep(fullest, held, retain) {
            self.text.clear();
            self.bytes.clear();
            (self.text_at, self.bytes_at) = (0, 0);
            self.text.shrink_to(keep);
            self.bytes.shrink_to(keep);
        }
    }

    /// Nothing is read any more.
    pub(super) fn stop(&mut self) {
        self.waiting.clear();
        (self.last, self.weight) = (None, 0);
    }

    /// Makes room before more is taken. What was read is as long as what is moved, or longer, so
    /// time does not grow with the square.
    #[inline]
    fn forget_read(&mut self) {
        if self.text_at > 0 && self.text_at >= self.text.len() - self.text_at {
            self.text.drain(..self.text_at);
            self.text_at = 0;
        }
        if self.bytes_at > 0 && self.bytes_at >= self.bytes.len() - self.bytes_at {
            self.bytes.drain(..self.bytes_at);
            self.bytes_at = 0;
        }
    }
}

/// Bytes of the frame that a message of this length would have come in.
#[inline]
pub(super) fn weight(length: usize, role: Role) -> usize {
    let key = match role {
        Role::Server => Some([0; 4]),
        Role::Client => None,
    };
    Header::new(Opcode::Text, true, length, key).as_bytes().len() + length
}

/// A text that was read last.
#[inline]
pub(super) fn text(inbox: &Option<Box<Inbox>>, range: Range<usize>) -> &str {
    inbox.as_ref().and_then(|inbox| inbox.text.get(range)).unwrap_or_default()
}

/// What else was read last.
#[inline]
pub(super) fn bytes(inbox: &Option<Box<Inbox>>, range: Range<usize>) -> &[u8] {
    inbox.as_ref().and_then(|inbox| inbox.bytes.get(range)).unwrap_or_default()
}
