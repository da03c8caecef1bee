//! What a host can ask of a hub without changing it.

use super::index::{Index, LinkIndex};
use super::slot::Slot;
use super::{Hub, LinkId};
use crate::metrics::Snapshot;
use crate::routing::Router;

impl Hub {
    /// Links that have not ended.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Links that were welcomed and have not ended.
    pub fn links_welcomed(&self) -> usize {
        usize::try_from(self.metrics.connections_active.value()).unwrap_or(0)
    }

    /// Users with a link or a running request.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// Running requests.
    pub fn requests(&self) -> usize {
        self.requests.len()
    }

    /// The welcomed links of a user, newest first.
    pub fn links_of(&self, user: &str) -> impl Iterator<Item = LinkId> + '_ {
        let first = self.users.find(user).and_then(|user| self.users.get(user));
        self.links_from(first.map_or(LinkIndex::NONE, |user| user.first_link))
            .map(|slot| self.id(slot))
    }

    /// The router: which table decides, and how its agents are doing.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// All that was counted.
    pub fn metrics(&self) -> Snapshot {
        let mut metrics = self.metrics.clone();
        self.gauge(&mut metrics);
        metrics.snapshot()
    }

    /// Bytes held by the hub and its links. Looks at every link: for tests and reports, not for
    /// what is asked every second.
    pub fn memory(&self) -> usize {
        let links: usize = self
            .links
            .places()
            .filter_map(|slot| self.links.get(slot))
            .map(|slot| size_of::<Slot>() + slot.heap() + slot.link.memory())
            .sum();
        links
            + self.links.memory()
            + self.strangers.memory()
            + self.users.memory()
            + self.requests.memory()
            + self.timers.memory()
            + self.pool.memory()
            + self.window.memory()
            + self.rates.memory()
            + self.violations.memory()
            + (self.ready.capacity() + self.writable.capacity()) * size_of::<LinkIndex>()
            + self.text.capacity()
            + self.frame.capacity()
    }
}
