//! Getters of a hub.

use super::Hub;
use super::ids::LinkId;
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
        let user = self.users.find(user).and_then(|user| self.users.get(user));
        let links = user.into_iter().flat_map(|user| self.links.of_user(user));
        links.map(|link| self.links.id(link))
    }

    /// The router: the table in force, and the load and health of its agents.
    pub fn router(&self) -> &Router {
        self.admission.router()
    }

    /// All that was counted.
    pub fn metrics(&self) -> Snapshot {
        let mut metrics = self.metrics.clone();
        metrics.buffered_bytes.set_size(self.links.buffered());
        metrics.users_active.set_size(self.users.len());
        self.requests.gauge(&mut metrics);
        self.admission.gauge(&mut metrics);
        if let Some(v1) = &self.v1 {
            v1.gauge(&mut metrics);
        }
        metrics.snapshot()
    }

    /// Bytes held by the hub and its links. It visits every link, so it is for tests and reports,
    /// not for every second.
    pub fn memory(&self) -> usize {
        self.links.memory()
            + self.users.memory()
            + self.requests.memory()
            + self.admission.memory()
            + self.envelopes.memory()
            + self.backlog.memory()
            + self.v1.as_ref().map_or(0, |v1| v1.memory())
    }
}
