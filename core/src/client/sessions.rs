//! The sessions of a client: opened and left, and what is asked and sent in them.

use core::fmt::Write as _;

use super::Client;
use super::error::{RequestError, SendError, SessionError};
use super::event::RequestId;
use crate::delivery::{CommandId, SendOptions, SessionNumber};
use crate::envelope::{Chat, Envelope, Id};
use crate::metrics::Direction;
use crate::time::Now;

impl Client {
    /// Opens another session over `pamlink.v1`: a conversation of its own with the same server, which
    /// goes over the same link as the others and outlives it as they do. It takes commands at once,
    /// connected or not. Over a link that speaks the `pam` dialect its requests go as those of the
    /// first, in the order of asking.
    ///
    /// # Errors
    ///
    /// [`SessionError::Full`] at the bound, which is
    /// [`max_sessions`](super::ClientConfig::max_sessions); [`SessionError::Dialect`] where the
    /// client offers no `pamlink.v1`.
    pub fn open_session(&mut self, now: Now) -> Result<SessionNumber, SessionError> {
        self.set_now(now);
        let conversations = self.conversations.as_deref_mut().ok_or(SessionError::Dialect)?;
        let over_link = self.link.is_welcomed_v1();
        conversations.begin(self.config.max_sessions, over_link).ok_or(SessionError::Full)
    }

    /// Leaves a session: it ends at both ends, without a link only here, and at the server in its
    /// time. A request in it that has not ended ends as [`Unsent`](super::Event::Unsent) where it
    /// was never sent, and else as [`Unknown`](super::Event::Unknown); what was submitted has its
    /// [`Outcome`](super::Event::Outcome). What the server has begun for it goes on there: whoever
    /// does not want that cancels first. The others go on.
    ///
    /// # Errors
    ///
    /// [`SessionError`]: it is the first, or none.
    pub fn leave_session(&mut self, now: Now, session: SessionNumber) -> Result<(), SessionError> {
        self.set_now(now);
        let conversations = self.conversations.as_deref_mut().ok_or(SessionError::Dialect)?;
        if session == SessionNumber::FIRST {
            return Err(SessionError::First);
        }
        let conversation = conversations.get_mut(session).ok_or(SessionError::NoSession)?;
        conversation.leave(self.now, &mut self.link);
        Ok(())
    }

    /// Sends a request, now or as soon as there is a link. The client gives it its `id`.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: it was not taken.
    pub fn ask(&mut self, now: Now, chat: &Chat<'_>) -> Result<RequestId, RequestError> {
        self.request_in(now, SessionNumber::FIRST, chat)
    }

    /// As [`ask`](Self::ask), in a session.
    ///
    /// # Errors
    ///
    /// [`RequestError`]: it was not taken.
    pub fn request_in(
        &mut self,
        now: Now,
        session: SessionNumber,
        chat: &Chat<'_>,
    ) -> Result<RequestId, RequestError> {
        self.set_now(now);
        if self.stopped {
            return Err(RequestError::Stopped);
        }
        if !self.goes_on(session) {
            return Err(RequestError::NoSession);
        }
        let request = RequestId(self.next);
        self.text.clear();
        let named = write!(self.text, "{}{}", self.prefix, request.0);
        debug_assert!(named.is_ok(), "a String takes everything");
        let chat = Chat { id: Some(Id::from(core::mem::take(&mut self.text))), ..chat.clone() };
        chat.encode(&mut self.text);
        let text = core::mem::take(&mut self.text);
        let (bytes, limit) =
            (text.len(), self.server.largest(&self.config).min(self.config.max_request_bytes));
        if bytes > limit {
            return Err(RequestError::TooLarge { bytes, limit });
        }
        self.server.takes_text(&text).map_err(|refusal| match refusal.bytes() {
            Some((bytes, limit)) => RequestError::TooLarge { bytes, limit },
            None => RequestError::Member(refusal),
        })?;
        if !self.requests.fits(bytes) {
            return Err(RequestError::Full);
        }
        self.next += 1;
        // What no server has said yet is looked at when it is sent.
        self.requests.push(self.now.mono, request, session, text.into(), self.server.welcomed);
        self.flush();
        Ok(request)
    }

    /// Sends any other envelope, if the link is open. Nothing says what becomes of it: over `pam`
    /// it is neither kept nor sent again, over `pamlink.v1` its session sends it again over the
    /// next link.
    ///
    /// # Errors
    ///
    /// [`SendError`]: it was not sent.
    pub fn send(&mut self, now: Now, text: &str) -> Result<(), SendError> {
        self.send_in(now, SessionNumber::FIRST, text)
    }

    /// As [`send`](Self::send), in a session.
    ///
    /// # Errors
    ///
    /// [`SendError`]: it was not sent.
    pub fn send_in(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
    ) -> Result<(), SendError> {
        self.set_now(now);
        let envelope = Envelope::parse(text, Envelope::DEPTH)?;
        if self.stopped {
            return Err(SendError::Stopped);
        }
        if !self.goes_on(session) {
            return Err(SendError::NoSession);
        }
        self.server.takes_size(text.len(), &self.config)?;
        self.server.takes(&envelope).map_err(|refusal| match refusal.bytes() {
            Some((bytes, limit)) => SendError::TooLarge { bytes, limit },
            None => SendError::Member(refusal),
        })?;
        let over_v1 = self.conversations.as_deref_mut().filter(|_| self.server.is_v1);
        if let Some(conversation) = over_v1.and_then(|it| it.get_mut(session)) {
            conversation.send(self.now, text, SendOptions::default())?;
        } else {
            self.link.send_text(self.now, text)?;
        }
        self.counters.metrics.messages.increment(envelope.kind(), Direction::Outbound);
        Ok(())
    }

    /// As [`submit`](Self::submit), in a session. The command is that session's: another one may have
    /// given the same id.
    ///
    /// # Errors
    ///
    /// [`SendError`]: it was not taken.
    pub fn submit_in(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.set_now(now);
        if self.stopped {
            return Err(SendError::Stopped);
        }
        let conversations = self.conversations.as_deref_mut().ok_or(SendError::Dialect)?;
        let conversation = conversations.get_mut(session).ok_or(SendError::NoSession)?;
        self.server.takes_size(text.len(), &self.config)?;
        let options = SendOptions { stream: None, ..options };
        let command = conversation.send(self.now, text, options)?;
        conversation.sent.push(command);
        Ok(command)
    }

    /// The sessions that there are and that were not left, the first first. A client that speaks the
    /// `pam` dialect alone has the first alone.
    pub fn sessions(&self) -> impl Iterator<Item = SessionNumber> {
        let first = self.conversations.is_none().then_some(SessionNumber::FIRST);
        let table = self.conversations.as_deref().into_iter().flat_map(|it| it.iter());
        first.into_iter().chain(table.filter(|it| !it.is_left()).map(|it| it.number))
    }

    /// Whether there is such a session that was not left.
    fn goes_on(&self, session: SessionNumber) -> bool {
        self.sessions().any(|it| it == session)
    }
}
