//! Requests on their way: sent as far as the link takes them, ended where no answer comes.

use core::time::Duration;
use std::sync::Arc;

use super::Client;
use super::event::RequestId;
use super::requests::Unanswered;
use super::unlent::Unlent;
use crate::delivery::{ClientSendError, SendError, SendOptions, SessionNumber};
use crate::envelope::v1::Name;
use crate::envelope::{ErrorCode, Id, Kind, write};
use crate::metric_families::RequestOutcome;
use crate::metrics::Direction;
use crate::time::Wall;

impl Client {
    /// Sends what has not gone over this link yet, as far as the link takes it.
    pub(super) fn flush(&mut self) {
        // A server that goes away would not answer any more; sessions go on elsewhere.
        let is_left = self.link.is_leaving() && !self.server.is_v1;
        if !self.server.welcomed || self.server.unsure || is_left {
            return;
        }
        // Those of sessions that take no more now, or nothing any more.
        let mut held: Vec<_> = self.conversations.iter().flat_map(|it| it.left()).collect();
        while let Some((request, text, taken)) = self.requests.next_to_send(&held) {
            let (bytes, limit) = (text.len(), self.server.largest(&self.config));
            let refused = if taken {
                None
            } else if bytes > limit {
                let why =
                    format!("a request of {bytes} bytes is over the server's limit of {limit}");
                Some((ErrorCode::MessageTooLarge, why))
            } else {
                let refusal = self.server.takes_text(text).err();
                refusal.map(|refusal| (ErrorCode::from(refusal.code.as_str()), refusal.to_string()))
            };
            if let Some((code, why)) = refused {
                if self.requests.answer(request).is_some() {
                    self.turn_down(request, &code, &why);
                }
                continue;
            }
            if self.server.is_v1 {
                let text = Arc::clone(text);
                let session = self.requests.session(request).unwrap_or(SessionNumber::FIRST);
                if !self.enter_session(session, request, &text) {
                    held.push(session);
                    continue;
                }
            } else if self.link.send_shared(self.now, Arc::clone(text).into()).is_ok() {
                self.requests.sent(request);
            } else {
                return;
            }
            self.counters.metrics.messages.increment(Kind::Chat, Direction::Outbound);
        }
    }

    /// Hands a request to its session, as the item that asks for a stream of its id. Whether another
    /// may follow there now.
    fn enter_session(&mut self, session: SessionNumber, request: RequestId, text: &str) -> bool {
        let stream = Name::new(self.id(request).as_str().to_owned());
        let conversations = self.conversations.as_deref_mut();
        let Some(conversation) = conversations.and_then(|it| it.get_mut(session)) else {
            return false;
        };
        let options = SendOptions { stream, ..SendOptions::default() };
        match conversation.session.send(self.now, text, options) {
            Ok(command) => {
                conversation.items.push((command, request));
                self.requests.entered_session(request);
            }
            Err(ClientSendError::Send(SendError::Body(error))) => {
                if self.requests.answer(request).is_some() {
                    self.turn_down(request, &error.code(), &error.to_string());
                }
            }
            Err(ClientSendError::Send(SendError::TooLarge { bytes, limit })) => {
                let why = format!("a request of {bytes} bytes is over the limit of {limit}");
                if self.requests.answer(request).is_some() {
                    self.turn_down(request, &ErrorCode::MessageTooLarge, &why);
                }
            }
            // There will be room.
            Err(ClientSendError::Send(_) | ClientSendError::Follow(_)) => return false,
        }
        true
    }

    /// Opens the sessions ahead of the welcome of a link that speaks `pamlink.v1`, and after it
    /// moves what they have to say into it.
    pub(super) fn pump(&mut self) {
        let Some(conversations) = &mut self.conversations else { return };
        if self.link.awaits_welcome_v1() {
            conversations.open_ahead(self.now, &mut self.link);
        } else if self.link.is_welcomed_v1()
            && conversations.pump(self.now, &mut self.link, self.server.batches)
        {
            self.counters.metrics.pings.increment(Direction::Outbound);
        }
    }

    /// Ends the next request that waits in vain.
    pub(super) fn give_up(&mut self) -> Option<Unlent> {
        while let Some(request) = self.requests.expire(self.now.mono, !self.server.correlates) {
            self.counters.metrics.requests.increment(RequestOutcome::Expired);
            self.ended_unanswered(request.id);
            if !request.forgotten {
                return Some(Unlent::Expired(request.id));
            }
        }
        if let Some(event) = self.next_turned_down().or_else(|| self.settled_cancels.pop_front()) {
            return Some(event);
        }
        // The session is left behind with what it has begun.
        while self.server.welcomed
            && !self.server.is_v1
            && let Some(request) = self.requests.give_up_in_session()
        {
            if let Some(event) = self.gave_up(request) {
                return Some(event);
            }
        }
        while self.stopped
            && let Some(request) = self.requests.give_up()
        {
            if let Some(event) = self.gave_up(request) {
                return Some(event);
            }
        }
        while self.server.unsure {
            match self.requests.give_up_unsure() {
                Some(request) => {
                    if let Some(event) = self.gave_up(request) {
                        return Some(event);
                    }
                }
                None => {
                    self.server.unsure = false;
                    self.flush();
                }
            }
        }
        None
    }

    pub(super) fn gave_up(&mut self, request: Unanswered) -> Option<Unlent> {
        let outcome = if request.sent { RequestOutcome::Unknown } else { RequestOutcome::Unsent };
        self.counters.metrics.requests.increment(outcome);
        self.ended_unanswered(request.id);
        let event =
            if request.sent { Unlent::Unknown(request.id) } else { Unlent::Unsent(request.id) };
        (!request.forgotten).then_some(event)
    }

    /// The id of a request, which is the name of its stream as well.
    pub(super) fn id(&self, request: RequestId) -> Id<'static> {
        Id::from(format!("{}{}", self.prefix, request.as_u64()))
    }

    /// Tells of a request that has ended here, as the server would: with an `error` that says why.
    pub(super) fn turn_down(&mut self, request: RequestId, code: &ErrorCode<'_>, message: &str) {
        let error = rejection(&self.prefix, self.now.wall, request, code, message, None);
        self.turned_down.push_back((request, error));
    }

    /// The next request that has ended here.
    fn next_turned_down(&mut self) -> Option<Unlent> {
        let (request, error) = self.turned_down.pop_front()?;
        self.counters.metrics.requests.increment(RequestOutcome::Rejected);
        self.text = error;
        Some(Unlent::TurnedDown(request))
    }
}

/// An `error` as a server would have it, for a request that ends here.
pub(super) fn rejection(
    prefix: &str,
    now: Wall,
    request: RequestId,
    code: &ErrorCode<'_>,
    message: &str,
    retry_after: Option<Duration>,
) -> String {
    let id = Id::from(format!("{prefix}{}", request.as_u64()));
    let failure = write::Failure { code, message, retry_after, reply_to: Some(&id) };
    let mut error = String::new();
    write::error(&mut error, now, &failure);
    error
}
