//! The end of a link: it is taken from its user and its requests, and the host gets one `Closed`.

use super::Hub;
use super::effects::LastEvent;
use super::event::Unlent;
use super::index::LinkIndex;
use super::links::Phase;
use crate::link::CloseClass;

impl Hub {
    /// A link has ended.
    pub(super) fn ended(&mut self, link: LinkIndex) -> Unlent {
        let Some(slot) = self.links.get_mut(link) else {
            return Unlent::Closed { link, running: 0, links_of_user: 0 };
        };
        let (phase, user, running, since) = (slot.phase, slot.user, slot.running, slot.since);
        slot.link.take_pings().add_to(&mut self.metrics);
        let closed = slot.link.closed();
        let class = closed.map_or(CloseClass::Network, |closed| closed.class);
        self.metrics.closes.increment(class);
        if phase == Phase::Opening
            && let Some(failure) = closed.and_then(|closed| closed.cause.handshake_failure())
        {
            self.metrics.handshake_failures.increment(failure);
        }
        if slot.v1.is_some() {
            let id = self.links.id(link);
            self.v1.iter_mut().for_each(|v1| v1.handle_link_closed(self.now, id));
        }
        self.links.end(link, &mut self.users);
        self.last_event = LastEvent { link, user };
        if phase != Phase::Open {
            return Unlent::Closed { link, running: 0, links_of_user: 0 };
        }
        self.metrics.connection_duration.record(self.now.mono.saturating_since(since));
        self.metrics.connections_active.add(-1);
        let user = self.users.get(user);
        if running > 0
            && let Some(user) = user
        {
            self.requests.orphan(link, user);
        }
        Unlent::Closed { link, running, links_of_user: user.map_or(0, |user| user.links) }
    }
}
