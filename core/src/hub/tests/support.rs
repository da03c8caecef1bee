//! A host with peers that speak by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use core::net::IpAddr;
use core::time::Duration;

use crate::frame::handshake::{
    HandshakeConfig, ResponseReader, Upgrade, WebSocketKey, write_request,
};
use crate::frame::{DeflateConfig, FrameConfig, FrameEvent, Reader, Role, Writer};
use crate::hub::{Auth, Delivered, Event, Hub, HubConfig, LinkId, Reply, RequestId};
use crate::link::{AuthError, Claims, Verify};
use crate::routing::Table;
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

/// The wall clock at the start of every test.
pub(super) const START: i64 = 1_800_000_000;

/// Believes a token that is the user's name, for an hour from the start, and 10 s of leeway.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        if token.starts_with("bad") {
            return Err(AuthError::BadSignature);
        }
        let (name, life) = token.split_once('+').unwrap_or((token, "3600"));
        let life: i64 = life.parse().map_err(|_| AuthError::Malformed)?;
        let expires = Wall::from_unix_secs(START + life);
        if now >= expires + Duration::from_secs(10) {
            return Err(AuthError::Expired);
        }
        Ok(Claims::new(name, expires))
    }
}

/// One end of a connection to the hub.
pub(super) struct Peer {
    pub(super) writer: Writer,
    response: Option<ResponseReader>,
    pub(super) reader: Reader,
    offers: Option<DeflateConfig>,
    /// Bytes that came.
    pub(super) came: usize,
    /// Texts that came and were not looked at.
    pub(super) texts: Vec<String>,
    /// Payloads of pongs that came.
    pub(super) pongs: Vec<Vec<u8>>,
    /// The close frame that came.
    pub(super) closed: Option<(u16, String)>,
    /// The status of a response other than 101.
    pub(super) head: Vec<u8>,
    pub(super) transport_closed: bool,
}

/// A hub, its peers, and its events.
pub(super) struct Host {
    pub(super) hub: Hub,
    pub(super) now: Now,
    pub(super) peers: BTreeMap<LinkId, Peer>,
    /// Events in words.
    pub(super) events: Vec<String>,
    /// Requests that were not answered yet, oldest first.
    pub(super) requests: Vec<RequestId>,
    /// What peers offer that dial from now on.
    pub(super) offers: Option<DeflateConfig>,
    /// The subprotocols that they offer.
    pub(super) subprotocols: Vec<&'static str>,
    /// The value of their `Authorization`.
    pub(super) authorization: Option<&'static str>,
}

impl Host {
    pub(super) fn new() -> Self {
        Self::with(HubConfig::default())
    }

    pub(super) fn with(config: HubConfig) -> Self {
        Self::with_auth(config, Auth::Verifier(Box::new(ByName)))
    }

    pub(super) fn with_auth(config: HubConfig, auth: Auth) -> Self {
        let table = Arc::new(Table::default());
        Self {
            hub: Hub::new(config, auth, table, Seed::from_number(7)),
            now: Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(START)),
            peers: BTreeMap::new(),
            events: Vec::new(),
            requests: Vec::new(),
            offers: None,
            subprotocols: Vec::new(),
            authorization: None,
        }
    }

    /// Connects a user with its name for a token, and reads the welcome.
    pub(super) fn open(&mut self, user: &str) -> LinkId {
        let link = self.dial(&format!("/api/v1/pam/ws/{user}?token={user}"));
        assert!(self.text(link).contains("\"status\":\"connected\""));
        link
    }

    /// Connects and asks for a target.
    pub(super) fn dial(&mut self, target: &str) -> LinkId {
        let link = self.hub.accept(self.now).unwrap();
        self.ask(link, target);
        link
    }

    /// The same from an address.
    pub(super) fn dial_from(&mut self, target: &str, from: IpAddr) -> LinkId {
        let link = self.hub.accept_from(self.now, from).unwrap();
        self.ask(link, target);
        link
    }

    fn ask(&mut self, link: LinkId, target: &str) {
        let key = WebSocketKey::from_seed(Seed::from_number(1));
        let authorization = self.authorization.map(|value| ("Authorization", value));
        let upgrade = Upgrade {
            host: "localhost",
            target,
            key: &key,
            subprotocols: &self.subprotocols,
            deflate: self.offers.as_ref(),
            origin: None,
            headers: authorization.as_slice(),
        };
        let mut request = Vec::new();
        write_request(&upgrade, &mut request).unwrap();
        let response = ResponseReader::new(HandshakeConfig::default(), &key, &self.subprotocols);
        let peer = Peer {
            writer: Writer::client(Seed::from_number(2)),
            response: Some(match self.offers {
                Some(config) => response.with_deflate(config),
                None => response,
            }),
            offers: self.offers,
            came: 0,
            reader: Reader::new(Role::Client, FrameConfig::default()),
            texts: Vec::new(),
            pongs: Vec::new(),
            closed: None,
            head: Vec::new(),
            transport_closed: false,
        };
        self.peers.insert(link, peer);
        self.bytes(link, &request);
    }

    /// A peer says something.
    pub(super) fn say(&mut self, link: LinkId, text: &str) {
        let mut frame = Vec::new();
        let peer = self.peers.get_mut(&link).unwrap();
        peer.writer.text(text, &mut frame).unwrap();
        self.bytes(link, &frame);
    }

    pub(super) fn bytes(&mut self, link: LinkId, bytes: &[u8]) {
        self.hub.handle_bytes(self.now, link, bytes).unwrap();
        self.drain();
    }

    /// The next text that a peer has read.
    pub(super) fn text(&mut self, link: LinkId) -> String {
        let peer = self.peers.get_mut(&link).unwrap();
        assert!(!peer.texts.is_empty(), "nothing came; events: {:?}", self.events);
        peer.texts.remove(0)
    }

    /// Time passes, with every deadline kept.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        loop {
            let due = self.hub.poll_timeout().map(|due| due.at).filter(|at| *at <= end);
            let at = due.unwrap_or(end).max(self.now.mono);
            let step = at.saturating_since(self.now.mono);
            self.now = Now::new(at, self.now.wall + step);
            self.hub.handle_timeout(self.now);
            self.drain();
            if due.is_none() {
                return;
            }
        }
    }

    /// Polls everything.
    pub(super) fn drain(&mut self) {
        while let Some(event) = self.hub.poll_event() {
            if let Event::Request(request) = &event {
                self.requests.push(request.request);
            }
            self.events.push(words(&event));
        }
        while let Some(link) = self.hub.poll_writable() {
            let mut out = Vec::new();
            let transmit = self.hub.poll_transmit(link, &mut out);
            if let Some(peer) = self.peers.get_mut(&link) {
                peer.transport_closed |= transmit.close_transport;
                peer.read(&out);
            }
        }
    }

    /// The host answers its oldest request.
    pub(super) fn reply(&mut self, text: &str) -> Delivered {
        let request = self.requests.remove(0);
        let delivered = self.hub.reply(self.now, request, &Reply::text(text)).unwrap();
        self.drain();
        delivered
    }

    /// The host sends the next piece of the answer to its oldest request.
    pub(super) fn piece(&mut self, text: &str) -> Delivered {
        let delivered = self.hub.piece(self.now, self.requests[0], text).unwrap();
        self.drain();
        delivered
    }

    /// The transport of a link breaks.
    pub(super) fn cut(&mut self, link: LinkId) {
        self.hub.handle_closed(self.now, link);
        self.drain();
    }

    /// The events since the last look.
    pub(super) fn events(&mut self) -> Vec<String> {
        core::mem::take(&mut self.events)
    }
}

impl Peer {
    fn read(&mut self, mut bytes: &[u8]) {
        self.came += bytes.len();
        if let Some(response) = &mut self.response {
            self.head.extend_from_slice(bytes);
            let taken = response.handle_bytes(bytes);
            match response.poll_event() {
                Some(Ok(opened)) => {
                    self.response = None;
                    if let (Some(config), Some(agreed)) = (&self.offers, opened.deflate()) {
                        self.writer.deflate(config, agreed);
                        self.reader.inflate(config, agreed);
                    }
                }
                _ => return,
            }
            bytes = &bytes[taken..];
        }
        self.reader.handle_bytes(bytes).unwrap();
        while let Some(event) = self.reader.poll_event() {
            match event {
                FrameEvent::Text(text) => self.texts.push(text.to_owned()),
                FrameEvent::Pong(payload) => self.pongs.push(payload.to_vec()),
                FrameEvent::Close(frame) => {
                    let frame = frame.map(|it| (it.code.as_u16(), it.reason.to_owned()));
                    self.closed = Some(frame.unwrap_or_default());
                }
                other => panic!("unexpected: {other:?}"),
            }
        }
    }

    /// The status line of an answer that is no upgrade.
    pub(super) fn status(&self) -> &str {
        core::str::from_utf8(&self.head).unwrap().lines().next().unwrap_or("")
    }
}

/// An event in words.
fn words(event: &Event<'_>) -> String {
    match event {
        Event::Http { request, .. } => format!("http {}", request.path()),
        Event::Authorize { user, .. } => format!("authorize {user}"),
        Event::Opened { user, links_of_user, .. } => format!("opened {user} {links_of_user}"),
        Event::Request(request) => {
            let pieces = if request.wants_pieces { " in pieces" } else { "" };
            format!("request {} -> {}{pieces}", request.user, request.decision.agent.id)
        }
        Event::Message { user, envelope, .. } => format!("message {user} {}", envelope.kind()),
        Event::Duplicate { user, first, .. } => {
            let first = format!("{first:?}");
            format!("duplicate {user} {}", first.split('(').next().unwrap())
        }
        Event::Refused(it) => format!("refused {} {} {}", it.user, it.code, it.closing),
        Event::Expired { user, .. } => format!("expired {user}"),
        Event::Overflowed { overflowed, .. } => format!("overflowed {}", overflowed.messages),
        Event::Closed { user, closed, running, links_of_user, .. } => {
            format!("closed {user} {} running {running} left {links_of_user}", closed.code)
        }
        Event::Cancelled { user, .. } => format!("cancelled {user}"),
        Event::Undelivered { push, user, outcome } => {
            format!("undelivered {} {user} {outcome:?}", push.as_u64())
        }
        Event::Drained => "drained".to_owned(),
    }
}
