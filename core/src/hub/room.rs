//! What fits where: the largest message of a peer, and answers that wait for room.

use core::fmt::Write as _;
use std::sync::Arc;

use super::Hub;
use super::index::{Index, LinkIndex};
use super::inline::InlineText;
use crate::envelope::{ErrorCode, Kind};
use crate::frame::payload_of;
use crate::metrics::Direction;

impl Hub {
    /// The largest message that anybody is sent, in bytes: as large as one that is taken.
    pub(super) fn largest(&self) -> usize {
        self.link_config.frames.max_message
    }

    /// The largest message that the peer of a link takes; of a link that has ended, anybody's.
    pub(super) fn largest_of(&self, index: LinkIndex) -> usize {
        let stated = self.links.get(index).map(|slot| slot.max_message);
        stated.unwrap_or(usize::MAX).min(self.largest())
    }

    /// Makes the `error` that stands for an answer of so many bytes, of which so many are taken.
    pub(super) fn write_too_large(&mut self, bytes: usize, limit: usize, id: Option<&InlineText>) {
        let mut message = String::new();
        let written = write!(
            message,
            "the answer has {bytes} bytes, more than the {limit} of the largest message"
        );
        debug_assert!(written.is_ok(), "a String takes everything");
        self.write_error(&ErrorCode::MessageTooLarge, &message, None, id);
        self.metrics.messages.increment(Kind::Error, Direction::Outbound);
    }

    /// The answer, or the `error` in its place if the peer of this link takes no message as large.
    pub(super) fn fitting(
        &mut self,
        index: LinkIndex,
        id: Option<&InlineText>,
        frame: Arc<[u8]>,
    ) -> Arc<[u8]> {
        let (bytes, limit) = (payload_of(&frame).len(), self.largest_of(index));
        if bytes <= limit {
            return frame;
        }
        self.write_too_large(bytes, limit, id);
        self.take_frame()
    }

    /// Hands a whole answer to a link. If too much waits to be written already the answer waits for
    /// room: that answers are ready together is no fault of the peer that asked for them. As many
    /// wait as the link may ask for twice over; whoever does not read even then is too slow.
    pub(super) fn send_answer(&mut self, index: LinkIndex, frame: Arc<[u8]>) -> bool {
        let most = 2 * self.config.max_requests_per_link as usize;
        let Some(slot) = self.links.get_mut(index) else { return false };
        let room = slot.waiting.is_empty() && slot.link.has_room(frame.len());
        if frame.is_empty() || room || !slot.is_open() || slot.waiting.len() >= most {
            return self.send_frame(index, frame);
        }
        slot.waiting.push_back(frame);
        true
    }

    /// Something was written to a link: there may be room for what waits.
    pub(super) fn room_made(&mut self, index: LinkIndex) {
        while let Some(slot) = self.links.get_mut(index)
            && let Some(frame) = slot.waiting.front()
            && slot.link.has_room(frame.len())
            && let Some(frame) = slot.waiting.pop_front()
        {
            if slot.waiting.is_empty() {
                slot.waiting = Default::default();
            }
            self.send_frame(index, frame);
        }
    }

    /// A link is about to end: what waits goes out before the goodbye, or counts as left behind.
    pub(super) fn give_room(&mut self, index: LinkIndex) {
        if index == LinkIndex::NONE {
            return;
        }
        let Some(slot) = self.links.get_mut(index) else { return };
        for frame in core::mem::take(&mut slot.waiting) {
            slot.link.send_anyway(frame);
        }
    }
}
