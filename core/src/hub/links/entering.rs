//! Links come and go: from a stranger, bounded with all others, to one of a user's, to the end.

use core::net::IpAddr;

use super::{Agreed, Claim, Links, Phase, Slot};
use crate::hub::ids::LinkId;
use crate::hub::index::{Index, LinkIndex, UserIndex};
use crate::hub::users::Users;
use crate::link::ServerLink;
use crate::time::{Deadline, Mono, Now, TimerReason};

impl Links {
    /// What the bounds of strangers know an address by.
    pub(in crate::hub) fn network(&self, address: IpAddr) -> IpAddr {
        self.strangers.network(address)
    }

    /// The stranger that makes way for one more from the same network, if one has to.
    pub(in crate::hub) fn crowded_by(&self, from: Option<IpAddr>) -> Option<LinkIndex> {
        self.strangers.oldest_of(from?, self.config.max_unauthenticated_per_address)
    }

    /// The stranger that makes way for one more from anywhere, if one has to.
    pub(in crate::hub) fn crowded(&self) -> Option<LinkIndex> {
        let most = self.config.max_unauthenticated as usize;
        let crowded = self.strangers.len() >= most || self.is_full();
        self.strangers.oldest().filter(|_| crowded)
    }

    /// The stranger that has been here longest.
    pub(in crate::hub) fn oldest_stranger(&self) -> Option<LinkIndex> {
        self.strangers.oldest()
    }

    /// Whether there are as many links as may be, those that are on their way out aside.
    pub(in crate::hub) fn is_full(&self) -> bool {
        let held = self.slots.len() - self.leaving.len();
        held >= self.config.max_links as usize
    }

    /// Whether a link is on its way out for the sake of others.
    pub(in crate::hub) fn makes_way(&self) -> bool {
        self.leaving.len() > 0
    }

    /// Frees the slot that has made way longest, if no other is free: a host that is slow to drop
    /// transports keeps nobody out. The last bytes of that link are lost. It stays until the host
    /// has heard that it ended, or its transport would be kept for ever. Whether a slot is free.
    pub(in crate::hub) fn clear_the_way(&mut self) -> bool {
        if self.slots.is_full()
            && let Some(place) = self.leaving.front()
        {
            let index = *self.leaving.value(place);
            if self.get(index).is_some_and(|slot| slot.phase == Phase::Ended && !slot.writable) {
                self.free(index);
            }
        }
        !self.slots.is_full()
    }

    /// A link comes, a stranger; `None` at the bound.
    pub(in crate::hub) fn enter(
        &mut self,
        link: ServerLink,
        from: Option<IpAddr>,
        now: Mono,
    ) -> Option<LinkId> {
        let (index, generation) = self.slots.insert(Box::new(Slot::new(link, now))).ok()?;
        let place = self.strangers.enter(index, from);
        if let Some(entered) = self.slots.get_mut(index) {
            entered.place = Some(place);
        }
        self.arm(index);
        Some(LinkId::new(index, generation))
    }

    /// A link that was closed makes way for another: nobody waits for its close frame.
    pub(in crate::hub) fn hasten(&mut self, index: LinkIndex, now: Now) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.link.handle_closed(now);
        slot.leaving = Some(self.leaving.push_back(index));
        self.mark_ready(index);
        self.mark_writable(index);
    }

    /// A link is no stranger any more.
    pub(in crate::hub) fn forget_stranger(&mut self, index: LinkIndex) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        if let Some(place) = slot.place.take() {
            self.strangers.leave(place);
        }
    }

    /// A link has agreed on `pamlink.v1`, and its `hello` is to say who it is: a stranger until then.
    pub(in crate::hub) fn await_hello(&mut self, index: LinkIndex, claim: Claim, until: Mono) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.phase = Phase::Greeting;
        slot.v1 = Some(Agreed::default());
        slot.claim = Some(Box::new(claim));
        slot.deadline = Some(Deadline::new(until, TimerReason::Handshake));
        self.arm(index);
    }

    /// What a link has agreed on that speaks `pamlink.v1`.
    pub(in crate::hub) fn agreed(&mut self, index: LinkIndex) -> Option<&mut Agreed> {
        self.slots.get_mut(index)?.v1.as_mut()
    }

    /// Whether the verdict on one more token may be waited for.
    pub(in crate::hub) fn may_await_verdict(&self) -> bool {
        self.authorizing < self.config.max_unauthenticated
    }

    /// A link waits for the host's verdict on its claim: others bound how many may.
    pub(in crate::hub) fn await_verdict(
        &mut self,
        index: LinkIndex,
        mut claim: Claim,
        until: Mono,
    ) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        claim.from = slot.place.and_then(|place| self.strangers.from(place));
        slot.phase = Phase::Authorizing;
        slot.claim = Some(Box::new(claim));
        slot.deadline = Some(Deadline::new(until, TimerReason::Handshake));
        self.forget_stranger(index);
        self.authorizing += 1;
        self.arm(index);
    }

    /// The verdict has come, or nobody waits for it any more: until it is welcomed the link is a
    /// stranger again.
    pub(in crate::hub) fn end_verdict(&mut self, index: LinkIndex, from: Option<IpAddr>) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.phase = Phase::Refused;
        slot.deadline = None;
        slot.place = Some(self.strangers.enter(index, from));
        self.authorizing -= 1;
    }

    /// A link is a user's from here on.
    pub(in crate::hub) fn welcome(
        &mut self,
        index: LinkIndex,
        user: UserIndex,
        users: &mut Users,
        now: Mono,
    ) {
        self.forget_stranger(index);
        let Some(entry) = users.get_mut(user) else { return };
        let next = core::mem::replace(&mut entry.first_link, index);
        entry.links += 1;
        if let Some(next) = self.slots.get_mut(next) {
            next.previous_of_user = index;
        }
        let Some(slot) = self.slots.get_mut(index) else { return };
        slot.phase = Phase::Open;
        slot.user = user;
        slot.next_of_user = next;
        slot.previous_of_user = LinkIndex::NONE;
        slot.since = now;
        // One that carries sessions is open once it carries the first.
        slot.untold = slot.v1.is_none();
    }

    /// A link has ended: it holds nothing any more but its last bytes.
    pub(in crate::hub) fn end(&mut self, index: LinkIndex, users: &mut Users) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let phase = core::mem::replace(&mut slot.phase, Phase::Ended);
        (slot.deadline, slot.leaves) = (None, None);
        slot.claim = None;
        slot.turns.clear();
        if phase == Phase::Authorizing {
            self.authorizing -= 1;
        }
        if phase == Phase::Open {
            self.leave_user(index, users);
        }
        self.forget_stranger(index);
        self.weigh(index);
        self.timers.remove(index);
    }

    /// Takes a link out of its user's list.
    fn leave_user(&mut self, index: LinkIndex, users: &mut Users) {
        let Some(slot) = self.slots.get(index) else { return };
        let (user, next, previous) = (slot.user, slot.next_of_user, slot.previous_of_user);
        if let Some(next) = self.slots.get_mut(next) {
            next.previous_of_user = previous;
        }
        if let Some(previous) = self.slots.get_mut(previous) {
            previous.next_of_user = next;
        }
        let Some(user) = users.get_mut(user) else { return };
        user.links -= 1;
        if user.first_link == index {
            user.first_link = next;
        }
    }

    /// Frees the slot of a link that nobody needs any more.
    ///
    /// It may still be listed as ready or writable. To search the lists would take time with the
    /// square of the links that end at once, so its entries stay and mean nothing: the flags of a
    /// slot decide, also if a new link has it by then.
    pub(in crate::hub) fn free(&mut self, index: LinkIndex) {
        self.timers.remove(index);
        self.forget_stranger(index);
        let Some(slot) = self.slots.remove(index) else { return };
        self.buffered -= slot.weight;
        if let Some(place) = slot.leaving {
            self.leaving.remove(place);
        }
    }
}
