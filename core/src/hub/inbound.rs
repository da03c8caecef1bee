//! What a message leads to, once it has been examined.

use super::admission::{Admission, Finding};
use super::event::Told;
use super::index::LinkIndex;
use super::inline::InlineText;
use super::refusal::id;
use super::requests::{Pieces, Running};
use super::slot::{Phase, Turn};
use super::{Hub, RequestId};
use crate::dedup::Key;
use crate::envelope::{Kind, write};
use crate::frame::Item;
use crate::metrics::Direction;
use crate::routing::Choice;

impl Hub {
    /// A text message has come.
    pub(super) fn inbound(&mut self, index: LinkIndex, text: Item) -> Option<Told> {
        let slot = self.links.get_mut(index)?;
        if slot.phase != Phase::Open {
            return None;
        }
        let mut admission = Admission {
            now: self.now,
            user: self.users.get(slot.user)?.key,
            free: slot.running < self.config.max_requests_per_link && !self.requests.is_full(),
            sizes: &self.config.sizes,
            accepts: &self.config.accepts,
            unknown_agent: self.config.unknown_agent,
            window: &mut self.window,
            rates: &mut self.rates,
            router: &mut self.router,
            metrics: &mut self.metrics,
        };
        // If it is not UTF-8 the link's next step says so.
        let text_of = slot.link.text(text, Some(&self.pool)).ok()?;
        let finding = admission.examine(text_of, &mut self.scan);
        match finding {
            Finding::Life => None,
            Finding::Pong => {
                self.metrics.pongs.increment(Direction::Inbound);
                if let Some(time) = slot.link.ponged(self.now) {
                    self.metrics.round_trip.record(time);
                }
                None
            }
            Finding::Ping { id: asked } => {
                self.text.clear();
                let reply_to = asked.as_ref().and_then(id);
                write::pong(&mut self.text, self.now.wall, reply_to.as_ref());
                self.metrics.pings.increment(Direction::Inbound);
                self.metrics.pongs.increment(Direction::Outbound);
                self.send_text(index, Kind::Pong);
                None
            }
            Finding::Renewal { token, id } => self.renewal(index, token, id),
            Finding::Message { acknowledge, id: asked } => {
                if acknowledge {
                    self.text.clear();
                    let reply_to = asked.as_ref().and_then(id);
                    write::context_updated(&mut self.text, self.now.wall, reply_to.as_ref());
                    self.send_text(index, Kind::ContextUpdated);
                }
                Some(Told::Message { link: index, text })
            }
            Finding::Request { choice, key, id, pieces } => {
                let request = self.enter(index, &choice, key, id, pieces)?;
                Some(Told::Request { link: index, request, text, choice })
            }
            Finding::Repeat { key, id, first, pieces } => {
                self.repeat(index, key, id, first, pieces)
            }
            Finding::Fault { fault, id } => self.refuse(index, &fault, id.as_ref()),
        }
    }

    /// Enters a request among the running ones.
    fn enter(
        &mut self,
        index: LinkIndex,
        choice: &Choice,
        key: Option<Key>,
        id: Option<InlineText>,
        pieces: bool,
    ) -> Option<RequestId> {
        let slot = self.links.get_mut(index)?;
        let mut running = Running::new(index, slot.user, self.now.mono);
        let in_order = id.is_none();
        running.key = key;
        running.id = id;
        running.ticket = choice.ticket;
        if pieces {
            running.pieces = Pieces::Wanted;
        }
        let user = self.users.get_mut(slot.user)?;
        // There is room: the admission has looked.
        let (request, generation) = self.requests.insert(running, user)?;
        slot.running += 1;
        if in_order {
            slot.turns.push_back(Turn::Running(request));
        }
        Some(RequestId::new(request, generation))
    }
}
