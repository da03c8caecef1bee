//! What leaves on a link: frames, answers in their order as the outbox has space, and the close
//! frame.

use std::sync::Arc;

use super::answer_order::Place;
use super::{Links, Phase};
use crate::frame::{CloseCode, Outgoing};
use crate::hub::ids::LinkId;
use crate::hub::index::{LinkIndex, RequestIndex};
use crate::hub::reply::Delivered;
use crate::link::{Overflow, Sink, Transmit};
use crate::metric_families::Metrics;
use crate::metrics::Direction;
use crate::time::Now;

impl Links {
    // Envelopes are queued.

    /// Queues a text. Whether the link took it.
    pub(in crate::hub) fn send_text(&mut self, index: LinkIndex, now: Now, text: &str) -> bool {
        let Some(slot) = self.get_mut(index) else { return false };
        let sent = slot.link.send_text(now, text).is_ok();
        self.queued(index, sent)
    }

    /// Queues a shared frame; an empty one is no frame. Whether the link took it.
    pub(in crate::hub) fn send_frame(
        &mut self,
        index: LinkIndex,
        now: Now,
        frame: Arc<[u8]>,
    ) -> bool {
        if frame.is_empty() {
            return true;
        }
        let Some(slot) = self.get_mut(index) else { return false };
        let sent = slot.link.send_shared(now, frame).is_ok();
        self.queued(index, sent)
    }

    /// Queues a text whatever waits: the hub gives a link no more while much does.
    pub(in crate::hub) fn send_anyway(&mut self, index: LinkIndex, text: &str) {
        let Some(slot) = self.get_mut(index) else { return };
        slot.link.send_anyway(text.as_bytes().into());
        self.queued(index, true);
    }

    fn queued(&mut self, index: LinkIndex, sent: bool) -> bool {
        self.weigh(index);
        if !sent || self.config.link.outbox.overflow == Overflow::DropOldest {
            // The link may have begun to close, or have lost an older frame: it has that to tell.
            self.mark_ready(index);
            self.arm(index);
        }
        self.mark_writable(index);
        sent
    }

    /// Queues an answer that names its request. If too much waits to be written already it waits
    /// for room: that answers are ready together is no fault of the peer. Twice as many wait as the
    /// link may have running requests; a peer that does not read even then is too slow.
    pub(in crate::hub) fn send_answer(
        &mut self,
        index: LinkIndex,
        now: Now,
        frame: Arc<[u8]>,
    ) -> bool {
        let most = self.most_waiting();
        let Some(slot) = self.get_mut(index) else { return false };
        let room = slot.waiting.is_empty() && slot.link.has_room(frame.len());
        if frame.is_empty() || room || !slot.is_open() || slot.waiting.len() >= most {
            return self.send_frame(index, now, frame);
        }
        slot.waiting.push_back(frame);
        true
    }

    /// Queues an answer after the answers to all earlier requests of a peer without ids. Bounded:
    /// a peer that sends so many requests without waiting gets the rest out of turn.
    pub(in crate::hub) fn send_in_turn(&mut self, index: LinkIndex, now: Now, frame: Arc<[u8]>) {
        let most = self.most_waiting();
        let Some(slot) = self.get_mut(index) else { return };
        if let Err(frame) = slot.turns.wait(frame, most) {
            self.send_answer(index, now, frame);
        }
    }

    /// A request of this link runs; if it is `unnamed`, its answer leaves in its turn.
    pub(in crate::hub) fn begin(&mut self, index: LinkIndex, request: RequestIndex, unnamed: bool) {
        let Some(slot) = self.get_mut(index) else { return };
        slot.running += 1;
        if unnamed {
            slot.turns.ask(request);
        }
    }

    /// The answer to a running request goes to another link.
    pub(in crate::hub) fn hand_over(&mut self, from: LinkIndex, to: LinkIndex) {
        if from == to {
            return;
        }
        if let Some(from) = self.get_mut(from) {
            from.running -= 1;
        }
        if let Some(to) = self.get_mut(to) {
            to.running += 1;
        }
    }

    /// A request of this link does not run any more: its answer leaves at once if it had an id,
    /// else in its turn.
    pub(in crate::hub) fn deliver(
        &mut self,
        index: LinkIndex,
        now: Now,
        request: RequestIndex,
        unnamed: bool,
        frame: Arc<[u8]>,
    ) -> Delivered {
        let id = self.id(index);
        let Some(slot) = self.get_mut(index) else { return Delivered::Absent };
        slot.running -= 1;
        let sent = if unnamed {
            match slot.turns.answer(request, frame) {
                None => return Delivered::Absent,
                Some(Place::Behind) => return Delivered::InOrder(id),
                Some(Place::First) => self.take_turns(index, now),
            }
        } else {
            self.send_answer(index, now, frame)
        };
        if sent { Delivered::Queued(id) } else { Delivered::Refused(id) }
    }

    /// Sends the answers whose turn has come. Whether the link took them all.
    fn take_turns(&mut self, index: LinkIndex, now: Now) -> bool {
        let mut taken = true;
        while let Some(frame) = self.get_mut(index).and_then(|slot| slot.turns.take()) {
            taken &= self.send_answer(index, now, frame);
        }
        taken
    }

    // Links are closed.

    /// Starts the close handshake of a link: what is queued goes out first.
    pub(in crate::hub) fn close(
        &mut self,
        index: LinkIndex,
        now: Now,
        code: CloseCode,
        reason: &str,
    ) {
        self.give_room(index);
        let Some(slot) = self.get_mut(index) else { return };
        slot.link.close(now, code, reason);
        if slot.phase == Phase::Greeting {
            slot.phase = Phase::Refused;
            slot.deadline = None;
        }
        if slot.phase == Phase::Authorizing {
            let from = slot.claim.take().and_then(|claim| claim.from);
            self.end_verdict(index, from);
        }
        self.touch(index);
    }

    /// The transport of a link has ended.
    pub(in crate::hub) fn detach(&mut self, link: LinkId, now: Now) {
        let Some(slot) = self.find_mut(link) else { return };
        slot.detached = true;
        if slot.phase == Phase::Ended {
            self.free(link.index);
            return;
        }
        self.give_room(link.index);
        let Some(slot) = self.find_mut(link) else { return };
        slot.link.handle_closed(now);
        self.mark_ready(link.index);
    }

    // Envelopes are written.

    /// The next link with something to write, each once until it was written to.
    pub(in crate::hub) fn next_writable(&mut self) -> Option<LinkId> {
        while let Some(index) = self.writable.pop_front() {
            if let Some(slot) = self.get_mut(index)
                && core::mem::take(&mut slot.writable)
            {
                return Some(self.id(index));
            }
        }
        None
    }

    /// Appends what waits to be written to a link.
    pub(in crate::hub) fn transmit(
        &mut self,
        link: LinkId,
        now: Now,
        out: &mut impl Sink,
        metrics: &mut Metrics,
    ) -> Transmit {
        let gone = Transmit { close_transport: true, ..Transmit::default() };
        let Self { slots, pool, .. } = self;
        let Some(slot) = slots.find_mut(link.index, link.generation) else { return gone };
        let transmit = slot.link.transmit(out, Some(pool));
        slot.link.take_pings().add_to(metrics);
        metrics.bytes.add(Direction::Outbound, transmit.written as u64);
        let ended = slot.phase == Phase::Ended;
        slot.detached |= transmit.close_transport;
        self.room_made(link.index, now);
        self.weigh(link.index);
        if transmit.more {
            self.mark_writable(link.index);
        }
        match (transmit.close_transport, ended) {
            (true, true) => self.free(link.index),
            (true, false) => self.mark_ready(link.index),
            _ => {}
        }
        transmit
    }

    /// What the transport of whole messages is to do next for a link.
    pub(in crate::hub) fn poll_message(
        &mut self,
        link: LinkId,
        now: Now,
        out: &mut Vec<u8>,
        metrics: &mut Metrics,
    ) -> Option<Outgoing> {
        let slot = self.find_mut(link).filter(|slot| !slot.detached)?;
        let before = out.len();
        let outgoing = slot.link.poll_message(out);
        slot.link.take_pings().add_to(metrics);
        metrics.bytes.add(Direction::Outbound, (out.len() - before) as u64);
        let close_transport = outgoing == Some(Outgoing::CloseTransport);
        let ended = slot.phase == Phase::Ended;
        slot.detached |= close_transport;
        self.weigh(link.index);
        match (close_transport, ended) {
            (true, true) => self.free(link.index),
            (true, false) => self.mark_ready(link.index),
            _ => self.room_made(link.index, now),
        }
        outgoing
    }

    // Room.

    /// The largest message that anybody is sent, in bytes: as large as one that is taken.
    pub(in crate::hub) fn largest(&self) -> usize {
        self.config.link.frames.max_message
    }

    /// The largest message that the peer of a link takes; of a link that has ended, anybody's.
    pub(in crate::hub) fn largest_of(&self, index: LinkIndex) -> usize {
        let stated = self.get(index).map(|slot| slot.max_message);
        stated.unwrap_or(usize::MAX).min(self.largest())
    }

    /// Queues a shared frame on a welcomed link, unless its peer takes no message as large. Whether
    /// it did; `None` for a link that is not there.
    pub(in crate::hub) fn push(
        &mut self,
        index: LinkIndex,
        now: Now,
        frame: &Arc<[u8]>,
    ) -> Option<bool> {
        let slot = self.get(index).filter(|slot| slot.is_open() && slot.v1.is_none())?;
        let fits = frame.len() <= slot.max_message;
        Some(fits && self.send_frame(index, now, Arc::clone(frame)))
    }

    /// Something was written to a link: there may be room for what waits.
    fn room_made(&mut self, index: LinkIndex, now: Now) {
        while let Some(slot) = self.get_mut(index)
            && let Some(frame) = slot.waiting.front()
            && slot.link.has_room(frame.len())
            && let Some(frame) = slot.waiting.pop_front()
        {
            if slot.waiting.is_empty() {
                slot.waiting = Default::default();
            }
            self.send_frame(index, now, frame);
        }
    }

    /// A link is about to end: what waits goes out before the close frame, or counts as left
    /// behind.
    fn give_room(&mut self, index: LinkIndex) {
        let Some(slot) = self.get_mut(index) else { return };
        for frame in core::mem::take(&mut slot.waiting) {
            slot.link.send_anyway(frame);
        }
    }

    /// Most answers that wait on one link, for their turn or for room.
    fn most_waiting(&self) -> usize {
        2 * self.config.max_requests_per_link as usize
    }
}
