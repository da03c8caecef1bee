//! The engine of a client, and the one place at which what it is given and says can be recorded.

use std::ops::Deref;

use pamlink::client::{
    CancelError, Client, Event, RequestError, RequestId, SendError, SessionError,
};
use pamlink::delivery::{CommandId, SendOptions, SessionNumber, SnapshotError};
use pamlink::envelope::Chat;
use pamlink::frame::NotDrained;
use pamlink::link::{DialFailed, Gather, Token, TokenError, Transmit};
use pamlink::time::Now;

use crate::recording::client::{Input, Recording, asked, opened, submitted};
use crate::recording::outcome;

/// A client whose inputs and outputs pass through here. What changes nothing is the client's own.
#[derive(Debug)]
pub(crate) struct Engine {
    client: Client,
    /// None where nothing is recorded, or no more.
    recording: Option<Box<Recording>>,
}

impl Engine {
    pub(crate) fn new(client: Client, recording: Option<Recording>) -> Self {
        Self { client, recording: recording.map(Box::new) }
    }

    pub(crate) fn connect(&mut self, now: Now) {
        self.note(now, || Input::Connect);
        self.client.connect(now);
    }

    pub(crate) fn disconnect(&mut self, now: Now) {
        self.note(now, || Input::Disconnect);
        self.client.disconnect(now);
    }

    pub(crate) fn handle_dialed(&mut self, now: Now) {
        self.note(now, || Input::Dialed);
        self.client.handle_dialed(now);
    }

    pub(crate) fn handle_dial_failed(&mut self, now: Now, failed: DialFailed<'_>) {
        self.note(now, || Input::dial_failed(failed));
        self.client.handle_dial_failed(now, failed);
    }

    pub(crate) fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        self.note(now, || Input::Bytes(bytes.to_owned()));
        let result = self.client.handle_bytes(now, bytes);
        self.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn handle_closed(&mut self, now: Now) {
        self.note(now, || Input::Closed);
        self.client.handle_closed(now);
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        self.note(now, || Input::Timeout);
        self.client.handle_timeout(now);
    }

    pub(crate) fn provide_token(&mut self, now: Now, token: Token) -> Result<(), TokenError> {
        if let Some(recording) = &mut self.recording {
            recording.learn(token.expose());
        }
        self.note(now, || Input::token(&token));
        let result = self.client.provide_token(now, token);
        self.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn token_failed(&mut self, now: Now, error: TokenError) {
        self.note(now, || Input::no_token(error));
        self.client.token_failed(now, error);
    }

    pub(crate) fn wake(&mut self, now: Now) {
        self.note(now, || Input::Wake);
        self.client.wake(now);
    }

    pub(crate) fn network_changed(&mut self, now: Now) {
        self.note(now, || Input::NetworkChanged);
        self.client.network_changed(now);
    }

    pub(crate) fn open_session(&mut self, now: Now) -> Result<SessionNumber, SessionError> {
        self.note(now, || Input::OpenSession);
        let result = self.client.open_session(now);
        self.said(|| outcome(&result, opened));
        result
    }

    pub(crate) fn leave_session(
        &mut self,
        now: Now,
        session: SessionNumber,
    ) -> Result<(), SessionError> {
        self.note(now, || Input::LeaveSession(session.as_u64()));
        let result = self.client.leave_session(now, session);
        self.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn ask(
        &mut self,
        now: Now,
        session: SessionNumber,
        chat: &Chat<'_>,
    ) -> Result<RequestId, RequestError> {
        self.note(now, || Input::ask(session, chat));
        let result = self.client.request_in(now, session, chat);
        self.said(|| outcome(&result, asked));
        result
    }

    pub(crate) fn forget(&mut self, now: Now, request: RequestId) {
        self.note(now, || Input::Forget(request.as_u64()));
        self.client.forget(now, request);
    }

    pub(crate) fn abandon(&mut self, now: Now, request: RequestId) {
        self.note(now, || Input::Abandon(request.as_u64()));
        self.client.abandon(now, request);
    }

    pub(crate) fn cancel(&mut self, now: Now, request: RequestId) -> Result<(), CancelError> {
        self.note(now, || Input::Cancel(request.as_u64()));
        let result = self.client.cancel(now, request);
        self.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn send(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
    ) -> Result<(), SendError> {
        self.note(now, || Input::send(session, text));
        let result = self.client.send_in(now, session, text);
        self.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn submit(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.note(now, || Input::submit(session, text, &options));
        let result = self.client.submit_in(now, session, text, options);
        self.said(|| outcome(&result, submitted));
        result
    }

    /// Takes a snapshot, where all events are taken.
    pub(crate) fn snapshot(&mut self, now: Now) -> Result<Vec<u8>, SnapshotError> {
        self.note(now, || Input::Snapshot);
        let mut snapshot = Vec::new();
        let result = self.client.snapshot(&mut snapshot);
        if let Some(recording) = &mut self.recording {
            recording.took(&result, &snapshot);
        }
        result.map(|()| snapshot)
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event<'_>> {
        let event = self.client.poll_event();
        if let Some(recording) = &mut self.recording {
            match &event {
                Some(event) => recording.event(event),
                None => recording.drained(),
            }
        }
        event
    }

    pub(crate) fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        let transmit = self.client.poll_transmit_vectored(out);
        if let Some(recording) = &mut self.recording {
            recording.wrote(&transmit);
        }
        transmit
    }

    /// The doors of the second link.
    pub(crate) const fn second_link(&mut self) -> SecondLink<'_> {
        SecondLink { engine: self }
    }

    /// Nothing follows any more.
    pub(crate) fn end_recording(&mut self) {
        self.recording = None;
    }

    /// Notes an input before the client has it.
    fn note(&mut self, now: Now, input: impl FnOnce() -> Input) {
        self.recording.take_if(|recording| !recording.input(now, input()));
    }

    fn said(&mut self, said: impl FnOnce() -> Option<String>) {
        if let Some(recording) = &mut self.recording {
            recording.said(said());
        }
    }
}

/// The doors of a client's second link, as far as this host knocks at them.
#[derive(Debug)]
pub(crate) struct SecondLink<'e> {
    engine: &'e mut Engine,
}

impl SecondLink<'_> {
    pub(crate) fn handle_dialed(&mut self, now: Now) {
        self.engine.note(now, || Input::Dialed.over_second());
        self.engine.client.second_link().handle_dialed(now);
    }

    pub(crate) fn handle_dial_failed(&mut self, now: Now, failed: DialFailed<'_>) {
        self.engine.note(now, || Input::dial_failed(failed).over_second());
        self.engine.client.second_link().handle_dial_failed(now, failed);
    }

    pub(crate) fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        self.engine.note(now, || Input::Bytes(bytes.to_owned()).over_second());
        let result = self.engine.client.second_link().handle_bytes(now, bytes);
        self.engine.said(|| outcome(&result, |()| None));
        result
    }

    pub(crate) fn handle_closed(&mut self, now: Now) {
        self.engine.note(now, || Input::Closed.over_second());
        self.engine.client.second_link().handle_closed(now);
    }

    pub(crate) fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        let transmit = self.engine.client.second_link().poll_transmit_vectored(out);
        if let Some(recording) = &mut self.engine.recording {
            recording.wrote_second(&transmit);
        }
        transmit
    }
}

impl Deref for Engine {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
