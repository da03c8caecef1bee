//! The client, with its host.

use std::sync::Arc;

use pamlink::client::{Client, ClientConfig, Event};
use pamlink::envelope::Chat;
use pamlink::frame::{CloseCode, Incoming, Outgoing};
use pamlink::link::{ClientLinkEvent, Endpoint, Token};
use pamlink::seed::Seed;

use super::link::Part;
use super::{millis_of, now_at};
use crate::digest;

/// The engine's own client by what it was given, and a host that takes what it is told at once.
#[derive(Clone, Debug)]
pub(super) struct ClientEnd {
    /// What its process has begun with.
    began: Arc<Began>,
    /// What it was given in it, and when.
    given: Vec<(u64, Input)>,
    pub(super) host: Host,
    /// What a restart goes back to.
    saved: Option<Arc<Saved>>,
    is_open: bool,
    due: Option<u64>,
    digest: u64,
}

/// What a client is given.
#[derive(Clone, Debug)]
pub(super) enum Input {
    Connect,
    /// The link that it wanted is there.
    Opened,
    Part(Part),
    Closed,
    Timeout,
    /// Its host asks.
    Ask(u8),
}

/// What its host knows, which goes back with it to a snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    /// The requests, each with its number.
    pub(super) asked: Vec<(u64, u8)>,
    /// What has become of them.
    pub(super) ends: Vec<(u64, End)>,
    /// It is asked for a link.
    is_dialing: bool,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    Answered(String),
    Other,
}

/// What a step has come to.
pub(super) struct Given {
    pub(super) said: Vec<Part>,
    /// It has dropped its transport.
    pub(super) closes: bool,
}

#[derive(Clone, Debug)]
struct Began {
    at: u64,
    life: u64,
    snapshot: Option<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Saved {
    bytes: Vec<u8>,
    host: Host,
}

impl ClientEnd {
    pub(super) fn new() -> Self {
        let began = Began { at: 0, life: 0, snapshot: None };
        let mut it = Self {
            began: Arc::new(began),
            given: Vec::new(),
            host: Host::default(),
            saved: None,
            is_open: false,
            due: None,
            digest: 0,
        };
        it.give(0, Input::Connect);
        it
    }

    /// It is given this, behind all that it was given; nothing if it does not take it.
    pub(super) fn give(&mut self, millis: u64, input: Input) -> Option<Given> {
        let mut client = self.client()?;
        let mut given = Given { said: Vec::new(), closes: false };
        if !self.host.step(&mut client, millis, &input, &mut given) {
            return None;
        }
        self.digest = digest::of(&[&self.digest, &millis, &input]);
        self.given.push((millis, input));
        self.is_open = client.is_welcomed();
        self.due = client.poll_timeout().map(|due| millis_of(due.at));
        Some(given)
    }

    /// What a restart goes back to is what is here now; whether it can be.
    pub(super) fn save(&mut self) -> bool {
        let mut bytes = Vec::new();
        let is_saved = self.client().is_some_and(|client| client.snapshot(&mut bytes).is_ok());
        if is_saved {
            self.digest = digest::of(&[&self.digest, &bytes]);
            self.saved = Some(Arc::new(Saved { bytes, host: self.host.clone() }));
        }
        is_saved
    }

    /// Another process begins with what was saved.
    pub(super) fn restore(&mut self, at: u64, life: u64) {
        let Some(saved) = self.saved.clone() else { return };
        let snapshot = Some(saved.bytes.clone());
        self.began = Arc::new(Began { at, life, snapshot });
        (self.given, self.host) = (Vec::new(), saved.host.clone());
        (self.host.is_dialing, self.is_open) = (false, false);
        self.digest = digest::of(&[&self.began]);
    }

    /// Its host takes the end of a link for the end of what it has asked.
    pub(super) fn give_up(&mut self) {
        for (request, _) in self.host.asked.clone() {
            if !self.host.ends.iter().any(|(ended, _)| *ended == request) {
                self.host.ends.push((request, End::Other));
            }
        }
    }

    pub(super) fn is_saved(&self) -> bool {
        self.saved.is_some()
    }

    pub(super) const fn is_dialing(&self) -> bool {
        self.host.is_dialing
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) const fn due(&self) -> Option<u64> {
        self.due
    }

    pub(super) fn digest(&self) -> u64 {
        digest::of(&[&self.digest, &self.host])
    }

    /// The machine, where it has come to.
    fn client(&self) -> Option<Client> {
        let Began { at, life, snapshot } = &*self.began;
        let (seed, now) = (Seed::from_number(100 + life), now_at(*at));
        let endpoint = Endpoint::v1("ws://hub.test", "ann").ok()?;
        let config = ClientConfig::default();
        let mut client = match snapshot {
            Some(bytes) => Client::restore(config, endpoint, bytes, seed, now).ok()?,
            None => Client::new(config, endpoint, seed, now).ok()?,
        };
        let mut host = Host::default();
        for (millis, input) in &self.given {
            let mut given = Given { said: Vec::new(), closes: false };
            host.step(&mut client, *millis, input, &mut given);
        }
        Some(client)
    }
}

impl Host {
    /// One step of the machine, with all that comes of it; whether it took the input.
    fn step(&mut self, client: &mut Client, at: u64, input: &Input, given: &mut Given) -> bool {
        let now = now_at(at);
        match input {
            Input::Connect => client.connect(now),
            Input::Opened => {
                self.is_dialing = false;
                client.handle_opened(now, Some("pamlink.v1"));
            }
            Input::Closed => client.handle_closed(now),
            Input::Part(part) => match part.incoming() {
                Some(message) if client.handle_message(now, message).is_err() => return false,
                Some(_) => {}
                None => client.handle_closed(now),
            },
            Input::Timeout => client.handle_timeout(now),
            Input::Ask(number) => {
                let message = Some(format!("ask {number}").into());
                let Ok(request) = client.ask(now, &Chat { message, ..Chat::default() }) else {
                    return false;
                };
                self.asked.push((request.as_u64(), *number));
            }
        }
        loop {
            let (mut any, mut needs_token) = (false, false);
            while let Some(event) = client.poll_event() {
                any = true;
                let end = match event {
                    Event::Link(ClientLinkEvent::Dial(_)) => {
                        self.is_dialing = true;
                        continue;
                    }
                    Event::Link(ClientLinkEvent::NeedToken(_)) => {
                        needs_token = true;
                        continue;
                    }
                    Event::Link(ClientLinkEvent::CloseTransport) => {
                        given.closes = !self.is_dialing;
                        self.is_dialing = false;
                        continue;
                    }
                    Event::Answer { request, text, .. } => {
                        (request, End::Answered(text.into_owned()))
                    }
                    Event::Rejected { request, .. }
                    | Event::Expired { request }
                    | Event::Unknown { request }
                    | Event::Unsent { request }
                    | Event::Cancelled { request } => (request, End::Other),
                    _ => continue,
                };
                self.ends.push((end.0.as_u64(), end.1));
            }
            if needs_token {
                any |= client.provide_token(now, Token::new("ann")).is_ok();
            }
            let mut out = Vec::new();
            while let Some(outgoing) = client.poll_message(&mut out) {
                any = true;
                let said = core::mem::take(&mut out);
                given.said.extend(Part::of(outgoing, said));
            }
            if !any {
                return true;
            }
        }
    }
}

impl Part {
    /// What it is to a machine over such a transport; nothing for its end.
    pub(super) fn incoming(&self) -> Option<Incoming<'_>> {
        match self {
            Self::Text(text) => Some(Incoming::Text(text)),
            Self::Close(code) => Some(Incoming::Close(Some(CloseCode::new(*code)), "")),
            Self::End => None,
        }
    }

    /// What a machine says over a transport that has whole messages.
    pub(super) fn of(outgoing: Outgoing, said: Vec<u8>) -> Option<Self> {
        match outgoing {
            Outgoing::Text => String::from_utf8(said).ok().map(|text| Self::Text(text.into())),
            Outgoing::Close(code) => Some(Self::Close(code.as_u16())),
            Outgoing::CloseTransport => Some(Self::End),
        }
    }
}
