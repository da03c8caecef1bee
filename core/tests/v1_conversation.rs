//! A client and a hub that speak `pamlink.v1` with nothing between them but a link that breaks.

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

struct World {
    hub: Hub,
    client: Client,
    link: Option<LinkId>,
    now: Now,
    /// What the hub's host was asked.
    requests: Vec<hub::RequestId>,
    /// What the hub's host was told of cancels.
    cancelled: Vec<hub::RequestId>,
    /// What the client's host has heard of its requests and pushes, as lines.
    heard: Vec<String>,
}

impl World {
    fn new() -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let auth = Auth::Verifier(Box::new(ByName));
        let table = Arc::new(Table::default());
        let endpoint = Endpoint::v1("ws://hub.test", "ada").unwrap();
        let config = ClientConfig::default();
        let mut world = Self {
            hub: Hub::new(HubConfig::default(), auth, table, Seed::from_number(1)),
            client: Client::new(config, endpoint, Seed::from_number(2), now).unwrap(),
            link: None,
            now,
            requests: Vec::new(),
            cancelled: Vec::new(),
            heard: Vec::new(),
        };
        world.client.connect(now);
        world.settle();
        assert!(world.client.is_welcomed());
        world
    }

    fn ask(&mut self, text: &str) -> RequestId {
        let chat = Chat { message: Some(text.into()), stream: Some(true), ..Chat::default() };
        let request = self.client.ask(self.now, &chat).unwrap();
        self.settle();
        request
    }

    fn piece(&mut self, text: &str) {
        let request = *self.requests.last().unwrap();
        self.hub.piece(self.now, request, text).unwrap();
        self.pass(100);
    }

    fn reply(&mut self, text: &str) {
        let request = *self.requests.last().unwrap();
        self.hub.reply(self.now, request, &Reply::text(text)).unwrap();
        self.settle();
    }

    fn cut(&mut self) {
        self.client.handle_closed(self.now);
        if let Some(link) = self.link.take() {
            self.hub.handle_closed(self.now, link);
        }
    }

    fn settle(&mut self) {
        while self.serve_client() | self.serve_hub() {}
    }

    fn serve_client(&mut self) -> bool {
        let (mut dial, mut want, mut close) = (false, false, false);
        while let Some(event) = self.client.poll_event() {
            match &event {
                Event::Link(ClientLinkEvent::Dial(dialed)) => {
                    assert_eq!((dialed.token, dialed.subprotocol), (None, Some("pamlink.v1")));
                    dial = true;
                }
                Event::Link(ClientLinkEvent::NeedToken(_)) => want = true,
                Event::Link(ClientLinkEvent::CloseTransport) => close = true,
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

    fn pass(&mut self, millis: u64) {
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

    fn heard(&mut self) -> Vec<String> {
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
        Event::Message { envelope } => format!("push {}", envelope.kind()),
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

#[test]
fn an_answer_goes_on_in_the_middle_over_the_next_link() {
    let mut world = World::new();
    let request = world.ask("fuel so far?");
    assert_eq!(world.requests.len(), 1);
    world.piece("40 liters");
    assert_eq!(world.heard(), [format!("piece {request} 40 liters")]);

    world.cut();
    world.piece(" since");
    world.pass(3_000);
    assert_eq!(world.client.state(), State::Open);
    world.piece(" Monday");
    world.reply("40 liters since Monday");
    let heard = world.heard();
    let pieces: String = heard.iter().filter_map(|it| it.strip_prefix("piece 0")).collect();
    assert_eq!(pieces.replace("  ", " "), " since Monday", "{heard:?}");
    assert_eq!(*heard.last().unwrap(), format!("answer {request} 40 liters since Monday (22)"));
    assert_eq!(world.requests.len(), 1, "it was asked once");
    assert_eq!(world.client.pending(), 0);
}

#[test]
fn an_answer_that_comes_while_there_is_no_link_waits_for_the_next() {
    let mut world = World::new();
    let request = world.ask("range?");
    world.cut();
    world.reply("500 km");
    assert_eq!(world.heard(), [""; 0]);
    world.pass(3_000);
    assert_eq!(world.heard(), [format!("answer {request} 500 km (0)")]);
}

#[test]
fn every_cut_leaves_each_request_its_one_answer() {
    let mut world = World::new();
    for n in 0..20 {
        let request = world.ask(&format!("{n}"));
        if n % 3 == 0 {
            world.cut();
        }
        if n % 2 == 0 {
            world.pass(3_000);
        }
        // What was asked while the link broke is asked over the next.
        world.pass(if world.requests.len() == n + 1 { 0 } else { 10_000 });
        assert_eq!(world.requests.len(), n + 1);
        world.reply("done");
        world.pass(10_000);
        assert_eq!(world.heard(), [format!("answer {request} done (0)")]);
    }
}

#[test]
fn a_cancel_reaches_the_host_of_the_hub() {
    let mut world = World::new();
    let request = world.ask("fuel?");
    world.piece("40");
    world.client.cancel(world.now, request).unwrap();
    world.pass(1_000);
    let mut heard = world.heard();
    heard.sort();
    let all = ["cancelled 0", "piece 0 40", "result 0 cancelled"];
    assert_eq!(heard, all);
    assert_eq!(world.cancelled, world.requests);
    assert_eq!(world.client.pending(), 0);
}

#[test]
fn a_push_without_a_link_comes_with_the_next() {
    let mut world = World::new();
    world.cut();
    let alert = r#"{"type":"alert","text":"low fuel"}"#;
    assert!(!world.hub.push(world.now, "ada", alert).unwrap().is_absent());
    world.pass(3_000);
    assert_eq!(world.heard(), ["push alert"]);
}

#[test]
fn quiet_hours_keep_the_link() {
    let mut world = World::new();
    world.pass(3_600_000);
    assert_eq!(world.client.state(), State::Open);
    let request = world.ask("still there?");
    world.reply("yes");
    assert_eq!(world.heard(), [format!("answer {request} yes (0)")]);
}
