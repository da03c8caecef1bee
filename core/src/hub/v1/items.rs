//! Items of sessions: each is examined as a message of the `pam` dialect is.

use super::askers::Untold;
use super::ending::code_of;
use super::place::ItemPlace;
use super::state::V1;
use crate::dedup::{Duplicate, First, Key};
use crate::hub::Hub;
use crate::hub::admission::{Action, Sender};
use crate::hub::envelopes::Own;
use crate::hub::event::{Repeat, Unlent};
use crate::hub::ids::RequestId;
use crate::hub::index::{Index, LinkIndex, UserIndex};
use crate::hub::inline_text::InlineText;
use crate::hub::refusal_reason::RefusalReason;
use crate::hub::requests::{Awaited, Running};
use crate::link::ServerClose;
use crate::routing::{Choice, Ticket};

/// An item that is examined.
struct Examined {
    place: ItemPlace,
    user: UserIndex,
    body: Box<str>,
}

impl Hub {
    /// An item has come: the admission decides, and what follows is carried out.
    pub(super) fn item(
        &mut self,
        owner: &str,
        place: ItemPlace,
        agent: Option<&str>,
        body: Box<str>,
    ) -> Option<Unlent> {
        let user = self.users.enter(owner, self.requests.user_key(owner));
        let running = self.v1.as_ref()?.askers.running(place.session);
        let sender = Sender {
            now: self.now,
            user: self.users.get(user)?.key,
            free: running < self.config.max_requests_per_link,
            turn: self.turn_of(user),
            agent,
        };
        let (scan, requests) = (&mut self.scan, &mut self.requests);
        let action = self.admission.examine(sender, &body, scan, requests, &mut self.metrics);
        let item = Examined { place, user, body };
        let event = match action {
            Action::Life | Action::Pong => self.settle_item(&item.place, None),
            Action::Ping { id } => {
                self.settle_item(&item.place, Some(&Own::Pong { reply_to: id.as_ref() }))
            }
            Action::Message { acknowledge, id } => {
                let done = Own::ContextUpdated { reply_to: id.as_ref() };
                self.settle_item(&item.place, acknowledge.then_some(&done));
                let session = item.place.session;
                self.v1.as_mut()?.lent = item.body;
                Some(Unlent::SessionMessage { session, user })
            }
            Action::Request { choice, key, id, pieces: _ } => self.ask(item, choice, key, id),
            Action::Wait { key, id, pieces: _ } => {
                let request = self.enter_item(&item, None, key, id)?;
                self.v1.as_mut()?.add_asker(self.now, request.index, item.place, None);
                self.wait_for_turn(request, item.body, agent);
                None
            }
            Action::Repeat { key, id: _, first, pieces: _ } => self.repeat_item(&item, key, first),
            // A token has an envelope of its own.
            Action::Renewal { .. } => self.refuse_item(&item, &RefusalReason::UnknownType),
            Action::Refuse { reason, id: _ } => self.refuse_item(&item, &reason),
        };
        match event {
            // The event may still name the user.
            Some(_) => self.last_event.user = user,
            None => self.users.leave_if_idle(user),
        }
        event
    }

    /// A request was admitted: it runs from here on, and the host hears of it once the hub is the
    /// producer of its stream.
    fn ask(
        &mut self,
        item: Examined,
        choice: Choice,
        key: Option<Key>,
        id: Option<InlineText>,
    ) -> Option<Unlent> {
        self.make_way(item.user);
        let request = self.enter_item(&item, choice.ticket, key, id)?;
        let v1 = self.v1.as_mut()?;
        let Examined { place, user: _, body } = item;
        let session = place.session;
        let Some(stream) = place.stream.clone() else {
            v1.add_asker(self.now, request.index, place, None);
            v1.lent = body;
            return Some(Unlent::SessionRequest { session, request, choice });
        };
        let untold = Some(Box::new(Untold { choice, body }));
        v1.add_asker(self.now, request.index, place, untold);
        // It has just begun, so it can be claimed.
        let _ = v1.sessions.streams().claim(self.now, &stream);
        None
    }

    /// An item was admitted as a request: it runs, or waits for its turn, without a ticket.
    fn enter_item(
        &mut self,
        item: &Examined,
        ticket: Option<Ticket>,
        key: Option<Key>,
        id: Option<InlineText>,
    ) -> Option<RequestId> {
        let mut running = Running::new(LinkIndex::NONE, item.user, self.now.mono);
        running.key = key;
        running.id = id;
        running.ticket = ticket;
        running.sessions = match &item.place.stream {
            Some(_) => Awaited::Stream,
            None => Awaited::Answer,
        };
        // There is room: the admission has looked.
        self.requests.enter(running, &mut self.users)
    }

    /// A repeat has come: it gets the result of the first request.
    fn repeat_item(&mut self, item: &Examined, key: Key, first: First) -> Option<Unlent> {
        let place = &item.place;
        let (counted, first, reason) = match first {
            First::Result(frame) => {
                let text = str::from_utf8(&frame).unwrap_or_default();
                self.v1.as_mut()?.settle_item(self.now, place, text);
                (Duplicate::Repeated, Repeat::Answered, None)
            }
            First::Pending => {
                let user = self.users.get(item.user)?;
                let joined = self.requests.join(key, user).filter(|request| {
                    let add = |v1: &mut Box<V1>| {
                        v1.add_asker(self.now, request.index, place.clone(), None)
                    };
                    self.v1.as_mut().is_some_and(add)
                });
                match joined {
                    Some(request) => (Duplicate::Attached, Repeat::Running(request), None),
                    None => (Duplicate::Forgotten, Repeat::Forgotten, Some(RefusalReason::Busy)),
                }
            }
            First::Forgotten => {
                (Duplicate::Forgotten, Repeat::Forgotten, Some(RefusalReason::Forgotten))
            }
        };
        self.metrics.duplicates.increment(counted);
        if let Some(reason) = reason {
            self.refuse_item(item, &reason);
        }
        Some(Unlent::Duplicate { link: self.link_index_of(place), first })
    }

    /// Rejects an item, counts it, and closes the link if the user has used up its violations.
    fn refuse_item(&mut self, item: &Examined, reason: &RefusalReason) -> Option<Unlent> {
        let key = self.users.get(item.user).map(|user| user.key);
        let refusal = self.admission.refuse(self.now.mono, key, reason, &mut self.metrics);
        let (code, retry_after) = (refusal.code, refusal.retry_after);
        let link = self.link_index_of(&item.place);
        if let Some(word) = code_of(&code) {
            self.v1.as_mut()?.reject(self.now, &item.place, word, retry_after);
        }
        if let Some(what) = refusal.close {
            self.carry();
            self.close(link, ServerClose::Refusals(what, &refusal.message));
        }
        let (left, closing) = (refusal.left.unwrap_or(0), refusal.left.is_none());
        Some(Unlent::Refused { link, code, retry_after, left, closing })
    }

    /// Answers an item that is no request with a frame of the hub's own, or with nothing.
    fn settle_item(&mut self, place: &ItemPlace, own: Option<&Own<'_>>) -> Option<Unlent> {
        let text = own.map_or("", |own| self.envelopes.own(self.now.wall, own));
        self.v1.as_mut()?.settle_item(self.now, place, text);
        None
    }

    /// The place of the link that carries the session of an item.
    fn link_index_of(&self, place: &ItemPlace) -> LinkIndex {
        self.v1.as_ref().map_or(LinkIndex::NONE, |v1| v1.link_named(place.session).index)
    }
}
