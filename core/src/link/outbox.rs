//! Backpressure: what waits to be written, bounded in bytes, with a policy at the bound.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::{OutboxConfig, Overflow};
use super::event::{Overflowed, SendError};
use crate::frame::{Header, Opcode, server_header};

/// Empty queues keep room for this many frames.
const KEEP: usize = 4;

#[derive(Default)]
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Messages and bytes that the policy kept out since the last report; boxed because most
    /// links never need it.
    lost: Option<Box<(u64, u64)>>,
}

/// A message that waits. A text gets its header, and with compression its form, when it leaves.
pub(crate) enum Frame {
    /// A whole frame with its header, masked.
    Masked(Vec<u8>),
    /// A text.
    Text(Vec<u8>),
    /// A text that others hold too.
    Shared(Arc<[u8]>),
}

impl Frame {
    /// What comes before the payload.
    pub(super) fn header(&self) -> Option<Header> {
        match self {
            Self::Masked(_) => None,
            Self::Text(text) => Some(text_header(text.len())),
            Self::Shared(text) => Some(text_header(text.len())),
        }
    }

    /// The text, or the whole masked frame.
    pub(super) fn payload(&self) -> &[u8] {
        match self {
            Self::Masked(bytes) | Self::Text(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }

    /// Bytes of the frame, before it is compressed.
    pub(super) fn len(&self) -> usize {
        self.header().map_or(0, |header| header.as_bytes().len()) + self.payload().len()
    }
}

/// Bytes of the frame of a text of this length.
pub(super) fn framed(text: usize) -> usize {
    text_header(text).as_bytes().len() + text
}

const fn text_header(len: usize) -> Header {
    server_header(Opcode::Text, true, len)
}

impl Outbox {
    /// Queues a whole data frame. On `Full` under [`Overflow::Close`] the caller closes the link.
    pub(super) fn push(&mut self, frame: Frame, config: &OutboxConfig) -> Result<(), SendError> {
        let len = frame.len();
        let bound = config.max_bytes;
        while !self.fits(len, config) {
            if config.overflow != Overflow::DropOldest {
                self.lose(len);
                return Err(SendError::Full { bytes: len, bound });
            }
            let Some(oldest) = self.frames.pop_front() else { break };
            let dropped = oldest.len();
            self.bytes -= dropped;
            self.lose(dropped);
        }
        self.bytes += len;
        self.frames.push_back(frame);
        Ok(())
    }

    /// Whether a frame of this length may wait. The bound is for a peer that does not read, so it
    /// counts what waits beside one message: the oldest, which is being written, or the new one, if
    /// that is longer. What waits alone always fits, however long a message may be.
    pub(super) fn fits(&self, len: usize, config: &OutboxConfig) -> bool {
        let oldest = self.frames.front().map_or(0, Frame::len);
        let beside = self.bytes.saturating_add(len).saturating_sub(oldest.max(len));
        beside <= config.max_bytes
    }

    /// The oldest frame.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()?;
        self.bytes -= frame.len();
        if self.frames.is_empty() && self.frames.capacity() > KEEP {
            self.frames = VecDeque::new();
        }
        Some(frame)
    }

    /// Forgets everything that waits; tells how many messages that were.
    pub(super) fn clear(&mut self) -> usize {
        self.bytes = 0;
        core::mem::take(&mut self.frames).len()
    }

    /// What the policy did since the last call.
    pub(super) fn take_overflow(&mut self, policy: Overflow) -> Option<Overflowed> {
        let (messages, bytes) = *self.lost.take()?;
        Some(Overflowed { policy, messages, bytes })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes on the heap, shared frames not counted.
    pub(super) fn memory(&self) -> usize {
        let owned = |frame: &Frame| match frame {
            Frame::Masked(bytes) | Frame::Text(bytes) => bytes.capacity(),
            Frame::Shared(_) => 0,
        };
        let queue = self.frames.capacity() * size_of::<Frame>();
        queue + self.frames.iter().map(owned).sum::<usize>()
    }

    fn lose(&mut self, bytes: usize) {
        let lost = self.lost.get_or_insert_default();
        lost.0 += 1;
        lost.1 += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn config(overflow: Overflow) -> OutboxConfig {
        OutboxConfig { max_bytes: 10, overflow }
    }

    fn owned(len: u8) -> Frame {
        Frame::Masked(vec![len; usize::from(len)])
    }

    fn drained(outbox: &mut Outbox) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(frame) = outbox.pop() {
            out.extend_from_slice(frame.payload());
        }
        out
    }

    #[test]
    fn what_does_not_fit_is_refused_and_counted() {
        for overflow in [Overflow::Reject, Overflow::Close] {
            let mut outbox = Outbox::default();
            outbox.push(owned(6), &config(overflow)).unwrap();
            outbox.push(owned(6), &config(overflow)).unwrap();
            let full = Err(SendError::Full { bytes: 5, bound: 10 });
            assert_eq!(outbox.push(owned(5), &config(overflow)), full);
            outbox.push(Frame::Shared(Arc::from([4; 2])), &config(overflow)).unwrap();
            let lost = Overflowed { policy: overflow, messages: 1, bytes: 5 };
            assert_eq!(outbox.take_overflow(overflow), Some(lost));
            assert_eq!(outbox.take_overflow(overflow), None);
            assert_eq!(drained(&mut outbox), [6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4, 4]);
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let config = config(Overflow::DropOldest);
        let mut outbox = Outbox::default();
        for len in [3, 4, 2, 5] {
            outbox.push(owned(len), &config).unwrap();
        }
        outbox.push(owned(7), &config).unwrap();
        assert_eq!(outbox.bytes(), 14);
        let lost = outbox.take_overflow(Overflow::DropOldest).unwrap();
        assert_eq!((lost.messages, lost.bytes), (2, 7));
        assert_eq!(drained(&mut outbox), [2, 2, 5, 5, 5, 5, 5, 7, 7, 7, 7, 7, 7, 7]);
        assert!(outbox.is_empty() && outbox.bytes() == 0);
    }

    #[test]
    fn what_waits_alone_always_fits_and_what_is_beside_it_is_bounded() {
        let config = config(Overflow::Close);
        for lens in [[200, 10], [10, 200]] {
            let mut outbox = Outbox::default();
            for len in lens {
                outbox.push(owned(len), &config).unwrap();
            }
            assert!(outbox.push(owned(1), &config).is_err(), "{lens:?}");
            assert!(outbox.push(owned(200), &config).is_err(), "{lens:?}");
            outbox.pop();
            outbox.pop();
            outbox.push(owned(255), &config).unwrap();
        }
    }

    #[test]
    fn an_empty_one_gives_memory_back() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            let room = OutboxConfig { max_bytes: 1_000, overflow: Overflow::Reject };
            outbox.push(owned(5), &room).unwrap();
        }
        assert!(outbox.pop().is_some() && outbox.bytes() == 495);
        assert!(outbox.frames.capacity() > KEEP);
        assert_eq!(drained(&mut outbox).len(), 495);
        assert!(outbox.frames.capacity() <= KEEP);
    }
}
