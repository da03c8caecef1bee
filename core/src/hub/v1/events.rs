//! What happens in sessions, and what of it the host hears.

use super::place::ItemPlace;
use crate::delivery::stream::{Event, Fence, Generation, StreamKey};
use crate::delivery::{LinkNumber, SessionNumber, SessionUnlent, SessionsUnlent};
use crate::envelope::v1::How;
use crate::envelope::{Envelope, ErrorCode};
use crate::hub::Hub;
use crate::hub::envelopes::Own;
use crate::hub::event::Unlent;
use crate::hub::ids::LinkId;
use crate::hub::links::Stage;
use crate::link::ServerClose;
use crate::routing::Outcome;

impl Hub {
    /// Works through what has happened in the sessions until there is an event for the host.
    /// Once all is quiet, the links get what is to be said.
    pub(in crate::hub) fn next_of_sessions(&mut self) -> Option<Unlent> {
        loop {
            let v1 = self.v1.as_mut().filter(|v1| v1.is_stirred())?;
            let Some(event) = v1.next_event(self.now) else {
                self.carry();
                continue;
            };
            let event = match event {
                SessionsUnlent::Session(session, owner, event) => match event {
                    SessionUnlent::Item { at, of: _, stream, agent, body } => {
                        let stream = stream.map(|name| StreamKey::new(owner.clone(), &name));
                        let place = ItemPlace { session, at, stream };
                        self.item(&owner, place, agent.as_deref(), body)
                    }
                    SessionUnlent::Opened(answer) => {
                        self.metrics.session_opens.increment(answer);
                        self.session_opened(session)
                    }
                    SessionUnlent::Outcome(command, end) => {
                        self.command_ended(session, owner, command, end)
                    }
                    SessionUnlent::Gap(..) => {
                        self.metrics.session_gaps.increment();
                        None
                    }
                    _ => None,
                },
                SessionsUnlent::Stream(event) => self.stream_event(event),
                SessionsUnlent::Overrun(LinkNumber(number)) => {
                    self.close(LinkId::from_u64(number).index, ServerClose::TooSlow);
                    None
                }
                SessionsUnlent::Refused(..) | SessionsUnlent::Evicted(..) => None,
            };
            if event.is_some() {
                return event;
            }
        }
    }

    /// A session goes on over a link. Of its first one the host hears that the link is open: what it
    /// pushes then has somebody to take it.
    fn session_opened(&mut self, session: SessionNumber) -> Option<Unlent> {
        let link = self.v1.as_ref()?.link_of(session)?.index;
        let agreed = self.links.agreed(link)?;
        if agreed.is_announced || agreed.stage == Stage::Parted {
            return None;
        }
        agreed.is_announced = true;
        agreed.stage = agreed.stage.max(Stage::Known);
        Some(Unlent::Opened(link))
    }

    fn stream_event(&mut self, event: Event) -> Option<Unlent> {
        match event {
            Event::Claimed { key, generation, .. } => self.claimed(&key, generation),
            Event::NotClaimed { key, .. } => self.not_claimed(&key),
            Event::Fenced { key, why, .. } => self.fenced(&key, &why),
            Event::Ended { key, ended } => {
                self.metrics.streams_ended.increment(&ended.end.how);
                self.ended_in_waiting(&key)
            }
            _ => None,
        }
    }

    /// The hub is the producer of a stream that was asked for: the host hears of the request.
    fn claimed(&mut self, key: &StreamKey, generation: Generation) -> Option<Unlent> {
        let v1 = self.v1.as_mut()?;
        let (request, asker) = v1.askers.of_stream(key)?;
        asker.generation = generation;
        let session = asker.item.session;
        let untold = v1.askers.take_untold(request)?;
        let depth = self.config.sizes.depth;
        Envelope::scan_into(&mut self.scan, &untold.body, depth).ok()?;
        v1.lent = untold.body;
        let request = self.requests.id(request);
        Some(Unlent::SessionRequest { session, request, choice: untold.choice })
    }

    /// There is nothing to append to: the request ends before the host has heard of it.
    fn not_claimed(&mut self, key: &StreamKey) -> Option<Unlent> {
        let v1 = self.v1.as_mut()?;
        let (request, asker) = v1.askers.of_stream(key)?;
        asker.is_over = true;
        v1.askers.take_untold(request)?;
        let request = self.requests.id(request);
        let user = self.requests.find(request)?.user;
        let (code, message) = (&ErrorCode::RequestExpired, "the stream ended before it began");
        let frame = self.share(&Own::Error { code, message, retry_after: None, reply_to: None });
        self.conclude(request, frame, Outcome::Failure);
        self.users.leave_if_idle(user);
        None
    }

    /// The stream of a request that waits for its turn has ended: where nobody else waits for the
    /// answer, the request has ended with it.
    fn ended_in_waiting(&mut self, key: &StreamKey) -> Option<Unlent> {
        let (request, asker) = self.v1.as_mut()?.askers.of_stream(key)?;
        if !self.backlog.is_waiting(request) {
            return None;
        }
        asker.is_over = true;
        if !self.is_awaited(request) {
            let request = self.requests.id(request);
            let user = self.requests.find(request)?.user;
            self.conclude(request, self.envelopes.nothing(), Outcome::Abandoned);
            self.users.leave_if_idle(user);
        }
        None
    }

    /// A stream that the hub answers has ended by something else than its answer.
    fn fenced(&mut self, key: &StreamKey, why: &Fence) -> Option<Unlent> {
        let v1 = self.v1.as_mut()?;
        let (request, asker) = v1.askers.of_stream(key)?;
        if core::mem::replace(&mut asker.is_over, true) || *why != Fence::Ended(How::Cancelled) {
            return None;
        }
        if self.is_awaited(request) {
            return None;
        }
        let request = self.requests.id(request);
        let user = self.requests.find(request)?.user;
        self.leave_turn(request.index, user);
        Some(Unlent::Cancelled { request, user })
    }
}
