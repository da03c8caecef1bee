//! The links of a hub: which are there, which are to be looked at, which have something to write,
//! and when each wants to be woken.
//!
//! The machine knows no requests and decides nothing about messages: the hub says what to queue and
//! which link to close, and the machine keeps the bounds of links, of links without a good token
//! and of what waits to be written.

mod answer_order;
mod entering;
mod sending;
mod slot;
mod strangers;
mod timers;

use core::iter;
use std::collections::VecDeque;
use std::sync::Arc;

use ahash::RandomState;

pub(super) use self::slot::{Agreed, Claim, Phase, Slot, Stage};
use self::strangers::Strangers;
use self::timers::Timers;
use super::config::HubConfig;
use super::ids::LinkId;
use super::index::{Index, LinkIndex, UserIndex};
use super::slab::Slab;
use super::users::User;
use crate::fifo::Fifo;
use crate::frame::{DeflatePool, Item};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// Events of one link in a row before the next link has its turn.
const TURN: u32 = 16;

/// Links beyond the bound of all that were sent away for another and whose transport the host has
/// not dropped yet.
const LEAVING: u32 = 64;

/// All links from accepting to the end.
#[derive(Debug)]
pub(super) struct Links {
    config: Arc<HubConfig>,
    slots: Slab<LinkIndex, Box<Slot>>,
    /// Links that have shown no good token, in order of coming.
    strangers: Strangers,
    /// Links that made way for others and still have their slot, in order of leaving.
    leaving: Fifo<LinkIndex>,
    /// Links whose token waits for the host's verdict.
    authorizing: u32,
    /// Bytes that wait to be written, over all links.
    buffered: usize,
    timers: Timers,
    /// Links with input to read, in turn; an entry without the slot's flag is of a link that is
    /// gone.
    ready: VecDeque<LinkIndex>,
    /// Events that the first of `ready` has had in this turn.
    turn: u32,
    /// Links with something to write, confirmed in the same way.
    writable: VecDeque<LinkIndex>,
    /// What links with compression share.
    pool: DeflatePool,
}

impl Links {
    pub(super) fn new(config: &Arc<HubConfig>, hasher: RandomState) -> Self {
        Self {
            slots: Slab::new(config.max_links.saturating_add(LEAVING)),
            strangers: Strangers::new(config.ipv6_prefix, hasher),
            leaving: Fifo::new(),
            authorizing: 0,
            buffered: 0,
            timers: Timers::default(),
            ready: VecDeque::new(),
            turn: 0,
            writable: VecDeque::new(),
            pool: DeflatePool::with_kept(config.max_compressors as usize),
            config: Arc::clone(config),
        }
    }

    // Links with input.

    /// The link whose input is read next: the same one until it [has no more](Self::mark_idle) or
    /// has given as many events as one turn allows.
    pub(super) fn next_ready(&mut self) -> Option<LinkIndex> {
        while let Some(&index) = self.ready.front() {
            if self.slots.get(index).is_some_and(|slot| slot.ready) {
                return Some(index);
            }
            // An entry of a link that is gone.
            self.turn = 0;
            self.ready.pop_front();
        }
        None
    }

    /// The front link has given an event: after [`TURN`] of them the next link comes first.
    pub(super) fn event_taken(&mut self) {
        self.turn += 1;
        if self.turn >= TURN {
            self.turn = 0;
            self.ready.rotate_left(1);
        }
    }

    /// The front link has no more events.
    pub(super) fn mark_idle(&mut self, index: LinkIndex) {
        self.turn = 0;
        self.ready.pop_front();
        if let Some(slot) = self.slots.get_mut(index) {
            slot.ready = false;
        }
    }

    /// Puts a link into the list of links with input.
    pub(super) fn mark_ready(&mut self, index: LinkIndex) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if !slot.ready {
            slot.ready = true;
            self.ready.push_back(index);
        }
    }

    /// Puts a link into the list of links to write to, if it has something.
    pub(super) fn mark_writable(&mut self, index: LinkIndex) {
        let Some(slot) = self.get_mut(index) else { return };
        if !slot.writable && !slot.detached && slot.link.wants_transmit() {
            slot.writable = true;
            self.writable.push_back(index);
        }
    }

    /// Counts what waits to be written to a link into the sum over all.
    fn weigh(&mut self, index: LinkIndex) {
        let Some(slot) = self.get_mut(index) else { return };
        let weight = slot.link.queued();
        let before = core::mem::replace(&mut slot.weight, weight);
        self.buffered = self.buffered + weight - before;
    }

    /// The state of a link has changed: it is listed as ready and writable, and its deadline is
    /// set.
    pub(super) fn touch(&mut self, index: LinkIndex) {
        self.mark_ready(index);
        self.mark_writable(index);
        self.arm(index);
    }

    // Time passes.

    /// The next link whose deadline has come. The caller sees to what is the hub's own, and then
    /// lets the link [see to its own](Self::handle_timeout).
    pub(super) fn next_due(&mut self, now: Mono) -> Option<LinkIndex> {
        while let Some((at, index)) = self.timers.first() {
            // The end of time never comes: a deadline that has saturated there would be due again
            // and again.
            if at > now || at == Mono::END {
                break;
            }
            match self.slots.get(index).and_then(|slot| slot.next_deadline()) {
                Some(due) if due.at > now => self.timers.set(index, due.at),
                Some(_) => return Some(index),
                None => self.timers.remove(index),
            }
        }
        None
    }

    /// The earliest of the hub's own deadlines for a link, if it has come. It comes once.
    pub(super) fn take_deadline(&mut self, index: LinkIndex, now: Mono) -> Option<Deadline> {
        let slot = self.slots.get_mut(index)?;
        let of_move = slot.leaves.map(|at| Deadline::new(at, TimerReason::Drain));
        let due = Deadline::earlier(slot.deadline, of_move).filter(|due| due.at <= now)?;
        if Some(due) == of_move {
            slot.leaves = None;
        } else {
            slot.deadline = None;
        }
        Some(due)
    }

    /// When the next link wants to be woken.
    pub(super) fn poll_timeout(&mut self) -> Option<Deadline> {
        loop {
            let (at, index) = self.timers.first()?;
            match self.slots.get(index).and_then(|slot| slot.next_deadline()) {
                Some(due) if due.at <= at => return Some(due),
                Some(due) => self.timers.set(index, due.at),
                None => self.timers.remove(index),
            }
        }
    }

    /// A link's own deadline has come, if it has: the link sees to it, and is woken at the next.
    /// Whether it is to be given a heartbeat of `pamlink.v1`.
    pub(super) fn handle_timeout(&mut self, index: LinkIndex, now: Now) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        if slot.link.poll_timeout().is_some_and(|due| due.at <= now.mono) {
            slot.link.timeout(now, Some(&mut self.pool));
        }
        match slot.next_deadline() {
            Some(due) => self.timers.set(index, due.at),
            None => self.timers.remove(index),
        }
        let wants_heartbeat = slot.v1.is_some() && slot.link.take_ping();
        self.mark_ready(index);
        self.mark_writable(index);
        wants_heartbeat
    }

    /// Sees to it that a link is woken in time.
    pub(super) fn arm(&mut self, index: LinkIndex) {
        if let Some(due) = self.slots.get(index).and_then(|slot| slot.next_deadline()) {
            self.timers.no_later_than(index, due.at);
        }
    }

    // Views.

    pub(super) fn get(&self, index: LinkIndex) -> Option<&Slot> {
        self.slots.get(index).map(|slot| &**slot)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: LinkIndex) -> Option<&mut Slot> {
        self.slots.get_mut(index).map(|slot| &mut **slot)
    }

    /// A link, and what it shares with others to read.
    #[inline]
    pub(super) fn reading(&mut self, index: LinkIndex) -> Option<(&mut Slot, &mut DeflatePool)> {
        Some((self.slots.get_mut(index)?, &mut self.pool))
    }

    /// The text of a message: of the link's reader, or the one that the host has `lent`.
    #[inline]
    pub(super) fn text<'a>(
        &'a mut self,
        index: LinkIndex,
        text: Item,
        lent: &'a str,
    ) -> Option<&'a str> {
        if text.is_lent() {
            return Some(lent);
        }
        // If it is not UTF-8 the link's next step says so.
        self.slots.get_mut(index)?.link.text(text, Some(&self.pool)).ok()
    }

    /// Whether a text of this length that came now over this link, whole, would be read next: the
    /// link is welcomed, and nothing that came before waits at any.
    pub(super) fn takes_next(&mut self, link: LinkId, length: usize) -> bool {
        self.next_ready().is_none()
            && self.slots.find(link.index, link.generation).is_some_and(|slot| {
                slot.phase == Phase::Open && !slot.untold && slot.link.takes_next(length)
            })
    }

    /// The link of an id that is not stale.
    pub(super) fn find_mut(&mut self, link: LinkId) -> Option<&mut Slot> {
        self.slots.find_mut(link.index, link.generation).map(|slot| &mut **slot)
    }

    pub(super) fn id(&self, index: LinkIndex) -> LinkId {
        LinkId::new(index, self.slots.generation(index))
    }

    /// The user of a link; none before it is welcomed.
    pub(super) fn user(&self, index: LinkIndex) -> UserIndex {
        self.slots.get(index).map_or(UserIndex::NONE, |slot| slot.user)
    }

    /// The links of a user, newest first.
    pub(super) fn of_user<'a>(&'a self, user: &User) -> impl Iterator<Item = LinkIndex> + use<'a> {
        let next = |index: &LinkIndex| self.slots.get(*index).map(|slot| slot.next_of_user);
        iter::successors(Some(user.first_link), next).take_while(|index| *index != LinkIndex::NONE)
    }

    /// All places, in order; not each holds a link.
    pub(super) fn places(&self) -> impl Iterator<Item = LinkIndex> + use<> {
        self.slots.range()
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Bytes that wait to be written, over all links.
    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    /// Bytes held. Looks at every link.
    pub(super) fn memory(&self) -> usize {
        let slots = self.slots.places().filter_map(|index| self.slots.get(index));
        let links: usize =
            slots.map(|slot| size_of::<Slot>() + slot.heap() + slot.link.memory()).sum();
        links
            + self.slots.memory()
            + self.strangers.memory()
            + self.leaving.allocated()
            + self.timers.memory()
            + self.pool.memory()
            + (self.ready.capacity() + self.writable.capacity()) * size_of::<LinkIndex>()
    }
}

#[cfg(test)]
mod tests;
