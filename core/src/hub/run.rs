//! The hub at work: which link comes next, what it says, and what is given up afterwards.

use core::iter;

use super::event::{Event, Refused, Request, Told};
use super::index::{Index, LinkIndex, UserIndex};
use super::slot::{Phase, Slot};
use super::{Hub, LinkId, Parting, TURN};
use crate::dedup::Eviction;
use crate::envelope::Envelope;
use crate::link::{Class, Overflowed, State, Step};
use crate::registry::Metrics;
use crate::time::Now;

impl Hub {
    /// Works until there is something to tell.
    pub(super) fn step(&mut self) -> Option<Told> {
        if let Some(told) = self.expire_request() {
            return Some(told);
        }
        while let Some(&index) = self.ready.front() {
            // An entry of a link that is gone is passed over when its turn comes.
            if self.links.get(index).is_some_and(|slot| slot.ready)
                && let Some(told) = self.look(index)
            {
                self.turn += 1;
                if self.turn >= TURN {
                    self.turn = 0;
                    self.ready.rotate_left(1);
                }
                return Some(told);
            }
            self.turn = 0;
            self.ready.pop_front();
            if let Some(slot) = self.links.get_mut(index) {
                slot.ready = false;
            }
        }
        self.drained()
    }

    /// The next thing that a link has to tell.
    fn look(&mut self, index: LinkIndex) -> Option<Told> {
        loop {
            let slot = self.links.get_mut(index)?;
            if core::mem::take(&mut slot.untold) {
                match slot.phase {
                    Phase::Authorizing => return Some(Told::Authorize(index)),
                    Phase::Open => return Some(Told::Opened(index)),
                    _ => {}
                }
            }
            match slot.phase {
                Phase::Ended => return None,
                Phase::Authorizing if slot.link.state() != State::Closed => return None,
                _ => {}
            }
            let Some(step) = slot.link.poll_step(Some(&mut self.pool)) else {
                slot.link.take_beats().add_to(&mut self.metrics);
                // What was read may have been a ping alone, and the pong waits.
                self.stir(index);
                return None;
            };
            let told = match step {
                Step::Request => self.opening(index),
                Step::Text(text) => self.inbound(index, text),
                Step::Binary(_) => self.refuse_binary(index),
                Step::Overflowed(overflowed) => self.overflowed(index, overflowed),
                Step::Failed(_) => None,
                Step::Closed => Some(self.ended(index)),
            };
            self.stir(index);
            if told.is_some() {
                return told;
            }
        }
    }

    /// Puts names to an event.
    pub(super) fn lend(&mut self, told: Told) -> Option<Event<'_>> {
        if let Told::Request { link, text, .. } | Told::Message { link, text, .. } = told {
            let (index, user) = (link, self.links.get(link)?.user);
            let link = self.id(index);
            let user = self.users.name(user);
            let text = self.links.get_mut(index)?.link.text(text, Some(&self.pool)).ok()?;
            let envelope = Envelope::from_scan(text, self.scan);
            return Some(match told {
                Told::Request { request, choice, .. } => Event::Request(Request {
                    request,
                    link,
                    user,
                    decision: self.router.decision(choice),
                    wants_pieces: self.requests.wants_pieces(request.index),
                    envelope,
                }),
                Told::Message { .. } => Event::Message { link, user, envelope },
                _ => return None,
            });
        }
        Some(match told {
            Told::Http(slot) => {
                Event::Http { link: self.id(slot), request: self.links.get(slot)?.link.request()? }
            }
            Told::Authorize(slot) => {
                let claim = self.links.get(slot)?.claim.as_ref()?;
                Event::Authorize { link: self.id(slot), user: &claim.user, token: &claim.token }
            }
            Told::Opened(slot) => {
                let user = self.users.get(self.links.get(slot)?.user)?;
                Event::Opened { link: self.id(slot), user: &user.name, links_of_user: user.links }
            }
            Told::Duplicate { link, first } => {
                Event::Duplicate { link: self.id(link), user: self.user_of(link), first }
            }
            Told::Refused(refusal) => Event::Refused(Refused {
                link: self.id(refusal.link),
                user: self.user_of(refusal.link),
                code: refusal.code,
                retry_after: refusal.retry_after,
                left: refusal.left,
                closing: refusal.closing,
            }),
            Told::Expired { request, user } => {
                Event::Expired { request, user: self.users.name(user) }
            }
            Told::Overflowed { link, overflowed } => {
                Event::Overflowed { link: self.id(link), user: self.user_of(link), overflowed }
            }
            Told::Closed { link, running, links_of_user } => Event::Closed {
                link: self.id(link),
                user: self.user_of(link),
                closed: self.links.get(link)?.link.closed()?,
                running,
                links_of_user,
            },
            Told::Drained => Event::Drained,
            Told::Request { .. } | Told::Message { .. } => return None,
        })
    }

    /// Gives up what only the last event still needed.
    pub(super) fn part(&mut self) {
        let Parting { link, user } = core::mem::replace(&mut self.parting, Parting::NOTHING);
        if user != UserIndex::NONE {
            self.users.leave_if_idle(user);
        }
        if link != LinkIndex::NONE && self.links.get(link).is_some_and(|slot| slot.detached) {
            self.free(link);
        }
    }

    /// Frames were lost at the bound of what waits to be written.
    fn overflowed(&mut self, index: LinkIndex, overflowed: Overflowed) -> Option<Told> {
        overflowed.add_to(&mut self.metrics);
        Some(Told::Overflowed { link: index, overflowed })
    }

    /// A link has ended: it leaves its user and its requests.
    fn ended(&mut self, index: LinkIndex) -> Told {
        let mut told = Told::Closed { link: index, running: 0, links_of_user: 0 };
        let Some(slot) = self.links.get_mut(index) else { return told };
        let (opening, welcomed) = (slot.phase == Phase::Opening, slot.phase == Phase::Open);
        slot.link.take_beats().add_to(&mut self.metrics);
        if slot.phase == Phase::Authorizing {
            self.authorizing -= 1;
        }
        slot.phase = Phase::Ended;
        slot.deadline = None;
        slot.claim = None;
        slot.turns = Default::default();
        let (user, still, since) = (slot.user, slot.running, slot.since);
        let closed = slot.link.closed();
        let class = closed.map_or(Class::Network, |closed| closed.class);
        if let Some(failure) =
            closed.filter(|_| opening).and_then(|closed| closed.cause.handshake_failure())
        {
            self.metrics.handshake_failures.increment(failure);
        }
        self.forget_stranger(index);
        self.weigh(index);
        self.timers.remove(index);
        self.metrics.closes.increment(class);
        if welcomed {
            self.metrics.connection_duration.record(self.now.mono.saturating_since(since));
            self.metrics.connections_active.add(-1);
            self.leave_user(index);
            if still > 0 {
                self.orphan_requests(index, user);
            }
            if let Told::Closed { running, links_of_user, .. } = &mut told {
                *running = still;
                *links_of_user = self.users.get(user).map_or(0, |user| user.links);
            }
        }
        self.parting = Parting { link: index, user };
        told
    }

    /// Takes a link out of its user's list.
    fn leave_user(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get(index) else { return };
        let (user, next, previous) = (slot.user, slot.next_of_user, slot.previous_of_user);
        if let Some(next) = self.links.get_mut(next) {
            next.previous_of_user = previous;
        }
        if let Some(previous) = self.links.get_mut(previous) {
            previous.next_of_user = next;
        }
        let Some(user) = self.users.get_mut(user) else { return };
        user.links -= 1;
        if user.first_link == index {
            user.first_link = next;
        }
    }

    /// The running requests of a link that has ended belong to no link until they are repeated.
    fn orphan_requests(&mut self, index: LinkIndex, user: UserIndex) {
        let Some(user) = self.users.get(user) else { return };
        let mut next = user.first_request;
        while let Some(request) = self.requests.get_mut(next) {
            next = request.next_of_user();
            if request.link == index {
                request.link = LinkIndex::NONE;
            }
        }
    }

    /// The links of a user from this one on.
    pub(super) fn links_from(&self, first: LinkIndex) -> impl Iterator<Item = LinkIndex> + '_ {
        iter::successors(Some(first), |slot| self.links.get(*slot).map(|slot| slot.next_of_user))
            .take_while(|slot| *slot != LinkIndex::NONE)
    }

    /// The deadline of a link has come.
    pub(super) fn link_timeout(&mut self, index: LinkIndex) {
        let now = self.now;
        let Some(slot) = self.links.get_mut(index) else { return };
        if slot.deadline.is_some_and(|own| own.at <= now.mono) {
            self.own_timeout(index);
        }
        let Some(slot) = self.links.get_mut(index) else { return };
        if slot.link.poll_timeout().is_some_and(|due| due.at <= now.mono) {
            slot.link.timeout(now, Some(&mut self.pool));
        }
        match slot.next_deadline() {
            Some(due) => self.timers.set(index, due.at),
            None => self.timers.remove(index),
        }
        self.wake(index);
        self.stir(index);
    }

    /// Puts a link into the list of links to look at.
    pub(super) fn wake(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get_mut(index) else { return };
        if !slot.ready {
            slot.ready = true;
            self.ready.push_back(index);
        }
    }

    /// Puts a link into the list of links to write to, if it has something.
    pub(super) fn stir(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get_mut(index) else { return };
        if !slot.writable && !slot.detached && slot.link.wants_transmit() {
            slot.writable = true;
            self.writable.push_back(index);
        }
    }

    /// Counts what waits to be written to a link into the sum over all.
    pub(super) fn weigh(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get_mut(index) else { return };
        let weight = slot.link.queued();
        let before = core::mem::replace(&mut slot.weight, weight);
        self.buffered = self.buffered + weight - before;
    }

    /// Sees to it that a link is woken in time.
    pub(super) fn arm(&mut self, index: LinkIndex) {
        if let Some(due) = self.links.get(index).and_then(|slot| slot.next_deadline()) {
            self.timers.no_later_than(index, due.at);
        }
    }

    /// Frees the slot of a link that nobody needs any more.
    ///
    /// It may still be listed as ready or writable. To search the lists would take time with the
    /// square of the links that end at once, so its entries stay and mean nothing: the flags of a
    /// slot decide, also if a new link has it by then.
    pub(super) fn free(&mut self, index: LinkIndex) {
        self.timers.remove(index);
        self.forget_stranger(index);
        let Some(slot) = self.links.remove(index) else { return };
        self.buffered -= slot.weight;
        self.leaving -= u32::from(slot.leaving);
    }

    pub(super) fn slot_mut(&mut self, link: LinkId) -> Option<&mut Slot> {
        self.links.find_mut(link.index, link.generation).map(|slot| &mut **slot)
    }

    pub(super) fn id(&self, index: LinkIndex) -> LinkId {
        LinkId::new(index, self.links.generation(index))
    }

    pub(super) fn user_of(&self, index: LinkIndex) -> &str {
        self.links.get(index).map_or("", |slot| self.users.name(slot.user))
    }

    /// Takes the host's clocks over; the monotonic one never goes back.
    pub(super) fn set_now(&mut self, now: Now) {
        self.now = Now::new(self.now.mono.max(now.mono), now.wall);
    }

    /// Fills in what is known elsewhere.
    pub(super) fn gauge(&self, metrics: &mut Metrics) {
        metrics.buffered_bytes.set_size(self.buffered);
        metrics.users_active.set_size(self.users.len());
        metrics.requests_active.set_size(self.requests.len());
        metrics.window_entries.set_size(self.window.len());
        metrics.window_memory.set_size(self.window.memory());
        let evictions = self.window.evictions();
        metrics.window_evictions.set_total(Eviction::Count, evictions.count);
        metrics.window_evictions.set_total(Eviction::Age, evictions.age);
        metrics.window_evictions.set_total(Eviction::Result, evictions.results);
        metrics.rate_crowded.set_total(self.rates.crowded());
    }
}
