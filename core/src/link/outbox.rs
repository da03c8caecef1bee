//! Backpressure: what waits to be written, bounded in bytes, with a policy at the bound.

use std::collections::VecDeque;
use std::sync::Arc;

use super::config::{OutboxConfig, Overflow};
use super::event::{LinkSendError, Overflowed};
use crate::frame::{Opcode, server_header};

/// Empty queues keep room for this many texts.
const KEEP: usize = 4;
/// The two counts before a shared text.
const SHARED_HEADER: usize = 2 * size_of::<usize>();

/// The texts that wait. Each may be held by others too; it gets its header, its mask and its
/// compressed form when it leaves.
#[derive(Default)]
pub(super) struct Outbox {
    texts: VecDeque<Arc<[u8]>>,
    bytes: usize,
    /// Messages and bytes that the policy kept out since the last report; boxed because most
    /// links never need it.
    lost: Option<Box<(u64, u64)>>,
}

/// Bytes of the unmasked frame of a text of this length. What waits is counted so for bytes and
/// whole messages, for either role.
fn framed(text: usize) -> usize {
    server_header(Opcode::Text, true, text).as_bytes().len() + text
}

impl Outbox {
    /// Queues a text. On `Full` under [`Overflow::Close`] the caller closes the link.
    pub(super) fn push(
        &mut self,
        text: Arc<[u8]>,
        config: &OutboxConfig,
    ) -> Result<(), LinkSendError> {
        let (bytes, bound) = (framed(text.len()), config.max_bytes);
        while !self.fits(text.len(), config) {
            if config.overflow != Overflow::DropOldest {
                self.lose(bytes);
                return Err(LinkSendError::Full { bytes, bound });
            }
            let Some(oldest) = self.texts.pop_front() else { break };
            let dropped = framed(oldest.len());
            self.bytes -= dropped;
            self.lose(dropped);
        }
        self.bytes += bytes;
        self.texts.push_back(text);
        Ok(())
    }

    /// Whether a text of this length may wait. The bound is for a peer that does not read, so it
    /// counts what waits beside one message: the oldest, which is being written, or the new one, if
    /// that is longer. What waits alone always fits, however long a message may be.
    pub(super) fn fits(&self, text: usize, config: &OutboxConfig) -> bool {
        let len = framed(text);
        let oldest = self.texts.front().map_or(0, |oldest| framed(oldest.len()));
        let beside = self.bytes.saturating_add(len).saturating_sub(oldest.max(len));
        beside <= config.max_bytes
    }

    /// The oldest text.
    pub(super) fn pop(&mut self) -> Option<Arc<[u8]>> {
        let text = self.texts.pop_front()?;
        self.bytes -= framed(text.len());
        if self.texts.is_empty() && self.texts.capacity() > KEEP {
            self.texts = VecDeque::new();
        }
        Some(text)
    }

    /// Forgets everything that waits; tells how many messages that were.
    pub(super) fn clear(&mut self) -> usize {
        self.bytes = 0;
        core::mem::take(&mut self.texts).len()
    }

    /// What the policy did since the last call.
    pub(super) fn take_overflow(&mut self, policy: Overflow) -> Option<Overflowed> {
        let (messages, bytes) = *self.lost.take()?;
        Some(Overflowed { policy, messages, bytes })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes on the heap; texts that others hold too are not counted.
    pub(super) fn memory(&self) -> usize {
        let own = self.texts.iter().filter(|text| Arc::strong_count(text) == 1);
        self.texts.capacity() * size_of::<Arc<[u8]>>()
            + own.map(|text| SHARED_HEADER + text.len()).sum::<usize>()
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

    /// A text whose frame has this length.
    fn framed_in(len: usize) -> Arc<[u8]> {
        let head = if len < 128 { 2 } else { 4 };
        vec![0; len - head].into()
    }

    /// The lengths of the frames.
    fn drained(outbox: &mut Outbox) -> Vec<usize> {
        core::iter::from_fn(|| outbox.pop()).map(|text| framed(text.len())).collect()
    }

    #[test]
    fn what_does_not_fit_is_refused_and_counted() {
        for overflow in [Overflow::Reject, Overflow::Close] {
            let mut outbox = Outbox::default();
            outbox.push(framed_in(6), &config(overflow)).unwrap();
            outbox.push(framed_in(6), &config(overflow)).unwrap();
            let full = Err(LinkSendError::Full { bytes: 5, bound: 10 });
            assert_eq!(outbox.push(framed_in(5), &config(overflow)), full);
            outbox.push(framed_in(4), &config(overflow)).unwrap();
            let lost = Overflowed { policy: overflow, messages: 1, bytes: 5 };
            assert_eq!(outbox.take_overflow(overflow), Some(lost));
            assert_eq!(outbox.take_overflow(overflow), None);
            assert_eq!(drained(&mut outbox), [6, 6, 4]);
        }
    }

    #[test]
    fn the_oldest_make_room() {
        let config = config(Overflow::DropOldest);
        let mut outbox = Outbox::default();
        for len in [3, 4, 2, 5] {
            outbox.push(framed_in(len), &config).unwrap();
        }
        outbox.push(framed_in(7), &config).unwrap();
        assert_eq!(outbox.bytes(), 14);
        let lost = outbox.take_overflow(Overflow::DropOldest).unwrap();
        assert_eq!((lost.messages, lost.bytes), (2, 7));
        assert_eq!(drained(&mut outbox), [2, 5, 7]);
        assert!(outbox.is_empty() && outbox.bytes() == 0);
    }

    #[test]
    fn what_waits_alone_always_fits_and_what_is_beside_it_is_bounded() {
        let config = config(Overflow::Close);
        for lens in [[200, 10], [10, 200]] {
            let mut outbox = Outbox::default();
            for len in lens {
                outbox.push(framed_in(len), &config).unwrap();
            }
            assert!(outbox.push(framed_in(2), &config).is_err(), "{lens:?}");
            assert!(outbox.push(framed_in(200), &config).is_err(), "{lens:?}");
            outbox.pop();
            outbox.pop();
            outbox.push(framed_in(255), &config).unwrap();
        }
    }

    #[test]
    fn an_empty_one_gives_memory_back() {
        let mut outbox = Outbox::default();
        for _ in 0..100 {
            let room = OutboxConfig { max_bytes: 1_000, overflow: Overflow::Reject };
            outbox.push(framed_in(5), &room).unwrap();
        }
        assert!(outbox.pop().is_some() && outbox.bytes() == 495);
        assert!(outbox.texts.capacity() > KEEP);
        assert_eq!(drained(&mut outbox), [5; 99]);
        assert!(outbox.texts.capacity() <= KEEP);
    }
}
