//! Requests that come to their turn, or have lost their place to another.

use super::Hub;
use super::backlog::Waiting;
use super::event::Unlent;
use super::ids::RequestId;
use super::refusal_reason::RefusalReason;
use super::requests::Awaited;
use crate::envelope::Envelope;
use crate::routing::Outcome;

impl Hub {
    /// The next event of requests that have come to their turn or have lost their place.
    pub(super) fn next_of_backlog(&mut self) -> Option<Unlent> {
        if let Some((request, user)) = self.backlog.next_replaced() {
            return Some(Unlent::Cancelled { request, user });
        }
        while let Some(request) = self.backlog.next_due() {
            let user = self.requests.find(request).map(|running| running.user);
            // Of one that finds an answer running again, the end of that lets it come.
            if user.is_some_and(|user| !self.is_answering(user))
                && let Some(waiting) = self.backlog.take(request.index)
                && let Some(event) = self.come_to_turn(request, waiting)
            {
                return Some(event);
            }
        }
        None
    }

    /// The host hears of a request that has waited, once an agent has a place for it and its stream
    /// has the hub for a producer.
    fn come_to_turn(&mut self, request: RequestId, waiting: Waiting) -> Option<Unlent> {
        let Waiting { text, agent } = waiting;
        Envelope::scan_into(&mut self.scan, &text, self.config.sizes.depth).ok()?;
        let said = (&*text, agent.as_deref());
        let now = self.now.mono;
        let choice = match self.admission.route_in_turn(now, said, &self.scan, &mut self.metrics) {
            Ok(choice) => choice,
            Err(reason) => {
                self.refuse_in_turn(request, &reason);
                return None;
            }
        };
        self.requests.begin_turn(request, now, choice.ticket, &self.users);
        if self.requests.find(request)?.sessions == Awaited::Stream
            && let Some(v1) = &mut self.v1
            && v1.claim(self.now, request.index, choice, &text)
        {
            return None;
        }
        self.backlog.lend(text);
        Some(Unlent::TurnCame { request, choice })
    }

    /// No agent has a place for a request whose turn has come: it may be tried again under its id.
    fn refuse_in_turn(&mut self, request: RequestId, reason: &RefusalReason) {
        let Some(running) = self.requests.find(request) else { return };
        let (user, key) = (running.user, running.key);
        let (code, message) = (reason.code(), reason.to_string());
        self.end_with(request, &code, &message, reason.retry_after(), Outcome::Abandoned);
        if let Some(key) = key {
            self.requests.forget(key);
        }
        self.users.leave_if_idle(user);
    }
}
