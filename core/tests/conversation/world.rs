//! A client and a hub with nothing between them but a link that breaks.

use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{Client, ClientConfig, Event, RequestId};
use pamlink::envelope::Chat;
use pamlink::hub::{self, Auth, Hub, HubConfig, LinkId, Reply};
use pamlink::link::{AuthError, Claims, ClientLinkEvent, Endpoint, State, Token, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

/// The token of a user is its name.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, _: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, Wall::from_unix_secs(4_000_000_000)))
    }
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) client: Client,
    link: Option<LinkId>,
    pub(crate) now: Now,
    /// What the hub's host was asked.
    pub(crate) requests: Vec<hub::RequestId>,
    /// What the hub's host was told of cancels.
    pub(crate) cancelled: Vec<hub::RequestId>,
    /// What the client's host has heard of its requests and pushes, as lines.
    heard: Vec<String>,
    /// The envelopes that either host was given as they are, as text.
    pub(crate) messages: Vec<String>,
}

impl World {
    /// Both speak `pamlink.v1`.
    pub(crate) fn new() -> Self {
        Self::with(HubConfig::default(), Endpoint::v1("ws://hub.test", "ada").unwrap())
    }

    pub(crate) fn with(config: HubConfig, endpoint: Endpoint) -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let auth = Auth::Verifier(Box::new(ByName));
        let table = Arc::new(Table::default());
        let mut world = Self {
            hub: Hub::new(config, auth, table, Seed::from_number(1)),
            client: Client::new(ClientConfig::default(), endpoint, Seed::from_number(2), now)
                .unwrap(),
            link: None,
            now,
            requests: Vec::new(),
            cancelled: Vec::new(),
            heard: Vec::new(),
            messages: Vec::new(),
        };
        world.client.connect(now);
        world.settle();
        assert_eq!(world.client.state(), State::Open);
        world
    }

    pub(crate) fn ask(&mut self, text: &str) -> RequestId {
        let chat = Chat { message: Some(text.into()), stream: Some(true), ..Chat::default() };
        let request = self.client.ask(self.now, &chat).unwrap();
        self.settle();
        request
    }

    pub(crate) fn piece(&mut self, text: &str) {
        let request = *self.requests.last().unwrap();
        self.hub.piece(self.now, request, text).unwrap();
        self.pass(100);
    }

    pub(crate) fn reply(&mut self, text: &str) {
        let request = *self.requests.last().unwrap();
        self.hub.reply(self.now, request, &Reply::text(text)).unwrap();
        self.settle();
    }

    pub(crate) fn cut(&mut self) {
        self.client.handle_closed(self.now);
        if let Some(link) = self.link.take() {
            self.hub.handle_closed(self.now, link);
        }
    }

    pub(crate) fn settle(&mut self) {
        while self.serve_client() | self.serve_hub() {}
    }

    fn serve_client(&mut self) -> bool {
        let (mut dial, mut want, mut close) = (false, false, false);
        while let Some(event) = self.client.poll_event() {
            match &event {
                Event::Link(ClientLinkEvent::Dial(dialed)) => {
                    // The token is in the URL of `pam` alone.
                    let offered = (dialed.token.is_some(), dialed.subprotocol);
                    assert!(matches!(offered, (false, Some("pamlink.v1")) | (true, None)));
                    dial = true;
                }
                Event::Link(ClientLinkEvent::NeedToken(_)) => want = true,
                Event::Link(ClientLinkEvent::CloseTransport) => close = true,
                Event::Message { envelope, .. } => {
                    self.messages.push(envelope.as_str().to_owned());
                    self.heard.extend(line(&event));
                }
                _ => self.heard.extend(line(&event)),
            }
        }
        if want {
            self.client.provide_token(self.now, Token::new("ada")).unwrap();
        }
        if dial {
            self.link = Some(self.hub.accept(self.now).unwrap());
            self.client.handle_dialed(self.now);
        }
        let mut bytes = Vec::new();
        let _ = self.client.poll_transmit(&mut bytes);
        if let Some(link) = self.link {
            // A link that has ended takes nothing, and says so.
            let _ = self.hub.handle_bytes(self.now, link, &bytes);
        }
        if close && let Some(link) = self.link.take() {
            self.hub.handle_closed(self.now, link);
        }
        want || dial || close || !bytes.is_empty()
    }

    fn serve_hub(&mut self) -> bool {
        let mut busy = false;
        while let Some(event) = self.hub.poll_event() {
            busy = true;
            match event {
                hub::Event::Request(asked) => self.requests.push(asked.request),
                hub::Event::Cancelled { request, .. } => self.cancelled.push(request),
                hub::Event::Message { envelope, .. } => {
                    self.messages.push(envelope.as_str().to_owned());
                }
                _ => {}
            }
        }
        while let Some(link) = self.hub.poll_writable() {
            busy = true;
            let mut bytes = Vec::new();
            let transmit = self.hub.poll_transmit(link, &mut bytes);
            if self.link == Some(link) {
                self.client.handle_bytes(self.now, &bytes).unwrap();
                if transmit.close_transport {
                    self.client.handle_closed(self.now);
                    self.link = None;
                }
            }
        }
        busy
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now.mono + Duration::from_millis(millis);
        self.settle();
        while self.now.mono < end {
            let due = [self.client.poll_timeout(), self.hub.poll_timeout()];
            let due = due.into_iter().flatten().map(|due| due.at).min();
            let at = due.unwrap_or(end).clamp(self.now.mono, end);
            self.now = Now::new(at, self.now.wall + at.saturating_since(self.now.mono));
            self.hub.handle_timeout(self.now);
            self.client.handle_timeout(self.now);
            self.settle();
        }
    }

    pub(crate) fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.heard)
    }
}

/// An event of a request or a push.
fn line(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Piece { request, text, restart, .. } => {
            format!("{} {request} {text}", if *restart { "restart" } else { "piece" })
        }
        Event::Answer { request, text, in_pieces, .. } => {
            format!("answer {request} {text} ({in_pieces})")
        }
        Event::Rejected { request, code, .. } => {
            format!("rejected {request} {}", code.as_ref().map_or("", |code| code.as_str()))
        }
        Event::Cancelled { request } => format!("cancelled {request}"),
        Event::CancelResult { request, outcome, .. } => {
            format!("result {request} {}", outcome.as_ref().map_or("", |it| it.as_str()))
        }
        Event::Message { envelope, .. } => format!("push {}", envelope.kind()),
        Event::Expired { request } => format!("expired {request}"),
        Event::Unknown { request } => format!("unknown {request}"),
        Event::Unsent { request } => format!("unsent {request}"),
        Event::Late { .. } => "late".to_owned(),
        Event::Repeated { .. } => "repeated".to_owned(),
        Event::Unreadable { error, .. } => format!("unreadable {error}"),
        Event::Gap { reason, .. } => format!("gap {reason}"),
        _ => return None,
    })
}
