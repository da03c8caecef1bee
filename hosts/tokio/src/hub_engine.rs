//! The engine of a server, and the one place at which what it is given and says can be recorded.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::SendOptions;
use pamlink::delivery::stream::{LogAnswer, LogRequest, StreamKey};
use pamlink::frame::CloseCode;
use pamlink::hub::{
    Delivered, Event, Full, Hub, InputError, LinkId, Push, PushError, ReplyError, RequestId,
    RespondError, UnknownLink,
};
use pamlink::link::{AuthError, Claims, Gather, Transmit};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Deadline, Now};

use crate::handler::{HttpResponse, Reply};
use crate::recording::hub::{Input, Recording, nanos, said};

/// A hub whose inputs and outputs pass through here. What changes nothing is the hub's own.
#[derive(Debug)]
pub(crate) struct HubEngine {
    hub: Hub,
    /// None where nothing is recorded, or no more.
    recording: Option<Box<Recording>>,
}

impl HubEngine {
    pub(crate) fn new(hub: Hub, recording: Option<Recording>) -> Self {
        Self { hub, recording: recording.map(Box::new) }
    }

    pub(crate) fn accept_from(&mut self, now: Now, from: IpAddr) -> Result<LinkId, Full> {
        self.note(now, || Input::Accept(from));
        let result = self.hub.accept_from(now, from);
        self.said(|| said::accepted(&result));
        result
    }

    pub(crate) fn handle_bytes(
        &mut self,
        now: Now,
        link: LinkId,
        bytes: &[u8],
    ) -> Result<(), InputError> {
        self.note(now, || Input::Bytes { link: link.as_u64(), bytes: bytes.to_owned() });
        let result = self.hub.handle_bytes(now, link, bytes);
        self.said(|| said::done(&result));
        result
    }

    pub(crate) fn handle_closed(&mut self, now: Now, link: LinkId) {
        self.note(now, || Input::Closed(link.as_u64()));
        self.hub.handle_closed(now, link);
        if let Some(recording) = &mut self.recording {
            recording.closed(link);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Now) {
        self.note(now, || Input::Timeout);
        self.hub.handle_timeout(now);
    }

    pub(crate) fn handle_exhausted(&mut self, now: Now) -> bool {
        self.note(now, || Input::Exhausted);
        let makes_way = self.hub.handle_exhausted(now);
        self.said(|| said::flag(makes_way));
        makes_way
    }

    /// The program's verdict, which may not have held the token against the clock.
    pub(crate) fn authorize(
        &mut self,
        now: Now,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        self.judge(now, link, false, &verdict);
        let result = self.hub.authorize(now, link, verdict);
        self.said(|| said::done(&result));
        result
    }

    /// A verifier's verdict.
    pub(crate) fn verified(
        &mut self,
        now: Now,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        self.judge(now, link, true, &verdict);
        let result = self.hub.verified(now, link, verdict);
        self.said(|| said::done(&result));
        result
    }

    /// Answers a plain request.
    pub(crate) fn respond(
        &mut self,
        now: Now,
        link: LinkId,
        response: &HttpResponse,
    ) -> Result<(), RespondError> {
        let HttpResponse { status, content_type, headers, body } = response;
        let mut all = vec![("Content-Type", *content_type)];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
        let result = self.hub.respond(now, link, *status, &all, body);
        // It asks for nothing else, so what came of it may be known before.
        self.note(now, || Input::Respond {
            link: link.as_u64(),
            status: if result.is_ok() { *status } else { 0 },
            headers: all.iter().map(|(name, value)| ((*name).to_owned(), value.len())).collect(),
            body: body.len(),
        });
        result
    }

    pub(crate) fn reply(
        &mut self,
        now: Now,
        request: RequestId,
        reply: &Reply,
    ) -> Result<Delivered, ReplyError> {
        self.note(now, || Input::reply(request, reply));
        let result = reply.with(|reply| self.hub.reply(now, request, reply));
        self.said(|| said::delivered(&result));
        result
    }

    pub(crate) fn piece(
        &mut self,
        now: Now,
        request: RequestId,
        text: &str,
    ) -> Result<Delivered, ReplyError> {
        self.note(now, || Input::Piece { request: request.as_u64(), text: text.to_owned() });
        let result = self.hub.piece(now, request, text);
        self.said(|| said::delivered(&result));
        result
    }

    pub(crate) fn push_with(
        &mut self,
        now: Now,
        user: &str,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<Push, PushError> {
        self.note(now, || Input::push(user, text, &options));
        let result = self.hub.push_with(now, user, text, options);
        self.said(|| said::pushed(&result));
        result
    }

    pub(crate) fn broadcast(&mut self, now: Now, text: &str) -> Result<Push, PushError> {
        self.note(now, || Input::Broadcast(text.to_owned()));
        let result = self.hub.broadcast(now, text);
        self.said(|| said::pushed(&result));
        result
    }

    pub(crate) fn disconnect_user(
        &mut self,
        now: Now,
        user: &str,
        code: CloseCode,
        reason: &str,
    ) -> u32 {
        self.note(now, || Input::DisconnectUser {
            user: user.to_owned(),
            code: code.as_u16(),
            reason: reason.to_owned(),
        });
        let links = self.hub.disconnect_user(now, user, code, reason);
        self.said(|| said::links(links));
        links
    }

    pub(crate) fn rotate_user(&mut self, now: Now, user: &str, within: Duration) -> u32 {
        self.note(now, || Input::RotateUser { user: user.to_owned(), within: nanos(within) });
        let links = self.hub.rotate_user(now, user, within);
        self.said(|| said::links(links));
        links
    }

    /// What the log of the host's own is asked next. A hub that has one is not recorded, nor is what
    /// it is answered.
    pub(crate) fn poll_log(&mut self) -> Option<LogRequest> {
        self.hub.poll_log()
    }

    pub(crate) fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        self.hub.handle_log(now, answer);
    }

    pub(crate) fn handle_news(&mut self, now: Now, key: &StreamKey) {
        self.hub.handle_news(now, key);
    }

    pub(crate) fn handle_missed_news(&mut self, now: Now) {
        self.hub.handle_missed_news(now);
    }

    pub(crate) fn drain(&mut self, now: Now, spread: Duration) {
        self.note(now, || Input::Drain(nanos(spread)));
        self.hub.drain(now, spread);
    }

    pub(crate) fn replace_routes(&mut self, now: Now, routes: Arc<Table>) {
        self.note(now, || Input::Routes(routes.as_json().to_owned()));
        let _ = self.hub.replace_routes(routes);
    }

    /// Begins again in the child of a fork, which is not recorded: the file is its parent's.
    pub(crate) fn reseed(&mut self, seed: Seed) -> bool {
        if let Some(recording) = self.recording.take() {
            recording.abandon();
        }
        self.hub.reseed(seed)
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event<'_>> {
        let event = self.hub.poll_event();
        if let Some(recording) = &mut self.recording {
            match &event {
                Some(event) => recording.event(event),
                None => recording.drained(),
            }
        }
        event
    }

    /// The next link with output: asking for it changes nothing else, and is not recorded.
    pub(crate) fn poll_writable(&mut self) -> Option<LinkId> {
        self.hub.poll_writable()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout): not recorded either.
    pub(crate) fn poll_timeout(&mut self) -> Option<Deadline> {
        self.hub.poll_timeout()
    }

    /// Puts what waits to be written into what is empty.
    pub(crate) fn poll_transmit_vectored(&mut self, link: LinkId, out: &mut Gather) -> Transmit {
        let transmit = self.hub.poll_transmit_vectored(link, out);
        if let Some(recording) = &mut self.recording {
            recording.sent(link, &transmit, out);
        }
        transmit
    }

    /// Nothing follows any more.
    pub(crate) fn end_recording(&mut self) {
        self.recording = None;
    }

    fn judge(
        &mut self,
        now: Now,
        link: LinkId,
        in_time: bool,
        verdict: &Result<Claims, AuthError>,
    ) {
        self.note(now, || Input::verdict(link, in_time, verdict));
        if let Some(recording) = &mut self.recording {
            recording.judged(link, verdict);
        }
    }

    /// Notes an input before the hub has it.
    fn note(&mut self, now: Now, input: impl FnOnce() -> Input) {
        self.recording.take_if(|recording| !recording.input(now, input()));
    }

    fn said(&mut self, said: impl FnOnce() -> Option<String>) {
        if let Some(recording) = &mut self.recording {
            recording.said(said());
        }
    }
}

impl Deref for HubEngine {
    type Target = Hub;

    fn deref(&self) -> &Hub {
        &self.hub
    }
}
