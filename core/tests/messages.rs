//! A transport that speaks WebSocket itself changes nothing but the transport.

use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{Client, ClientConfig, Event as ClientEvent};
use pamlink::envelope::Chat;
use pamlink::frame::{CloseCode, Incoming, Outgoing};
use pamlink::hub::{Auth, Event as HubEvent, Hub, HubConfig, LinkId, Proof, Reply, RequestId};
use pamlink::link::{AuthError, Claims, ClientLinkEvent, Endpoint, State, Token, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use proptest::prelude::*;

const START: i64 = 1_800_000_000;

/// What the two ends of the conversation talk over.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    Bytes,
    Messages,
    /// Messages that the hosts lend.
    Lent,
}

/// Believes a token that is the user's name, for an hour.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, _: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, Wall::from_unix_secs(START + 3_600)))
    }
}

#[derive(Clone, Debug)]
enum Act {
    Ask(u8),
    Piece,
    Reply,
    Push,
    Pass(u16),
    Cut,
    SendAway,
    Disconnect,
    Connect,
    Wake,
    Garbage,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => any::<u8>().prop_map(Act::Ask),
        3 => Just(Act::Piece),
        4 => Just(Act::Reply),
        2 => Just(Act::Push),
        3 => (0u16..40_000).prop_map(Act::Pass),
        2 => Just(Act::Cut),
        1 => Just(Act::SendAway),
        1 => Just(Act::Disconnect),
        2 => Just(Act::Connect),
        1 => Just(Act::Wake),
        1 => Just(Act::Garbage),
    ]
}

struct World {
    over: Over,
    now: Now,
    hub: Hub,
    client: Client,
    /// The hub's end of the present transport.
    link: Option<LinkId>,
    requests: Vec<RequestId>,
    /// What the client wants done.
    wants: Wants,
    /// The events of both hosts and what both peers read, in words.
    log: Vec<String>,
}

impl World {
    fn new(over: Over) -> Self {
        let auth = Auth::Verifier(Box::new(ByName));
        let hub =
            Hub::new(HubConfig::default(), auth, Arc::new(Table::default()), Seed::from_number(1));
        let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(START));
        let client =
            Client::new(ClientConfig::default(), endpoint, Seed::from_number(2), now).unwrap();
        Self {
            over,
            now,
            hub,
            client,
            link: None,
            requests: Vec::new(),
            wants: Wants::default(),
            log: Vec::new(),
        }
    }

    fn apply(&mut self, act: &Act) {
        match act {
            Act::Ask(number) => {
                let text = format!("what about {number}?");
                // Every other one is to be answered in pieces.
                let stream = (number % 2 == 0).then_some(true);
                let chat = Chat { message: Some(text.as_str().into()), stream, ..Chat::default() };
                let asked = self.client.ask(self.now, &chat);
                self.log.push(format!("asked {asked:?}"));
            }
            Act::Piece | Act::Reply if self.requests.is_empty() => {}
            Act::Piece => {
                let delivered = self.hub.piece(self.now, self.requests[0], "like ");
                self.log.push(format!("piece {delivered:?}"));
            }
            Act::Reply => {
                let request = self.requests.remove(0);
                let delivered = self.hub.reply(self.now, request, &Reply::text("like this"));
                self.log.push(format!("replied {delivered:?}"));
            }
            Act::Push => {
                let pushed = self.hub.push(self.now, "ada", r#"{"type":"proactive_alert","n":1}"#);
                self.log.push(format!("pushed {}", pushed.is_ok()));
            }
            Act::Pass(millis) => self.pass(Duration::from_millis((*millis).into())),
            Act::Cut => self.cut(),
            Act::SendAway => {
                if let Some(link) = self.link {
                    self.hub.disconnect(self.now, link, CloseCode::new(1012), "elsewhere");
                }
            }
            Act::Disconnect => self.client.disconnect(self.now),
            Act::Connect => self.client.connect(self.now),
            Act::Wake => self.client.wake(self.now),
            Act::Garbage => {
                let sent = self.client.send(self.now, r#"{"type":"no_such_thing"}"#);
                self.log.push(format!("sent {}", sent.is_ok()));
            }
        }
        self.settle();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        loop {
            let dues = [self.client.poll_timeout(), self.hub.poll_timeout()];
            let due = dues.into_iter().flatten().map(|due| due.at).filter(|at| *at <= end).min();
            let at = due.unwrap_or(end).max(self.now.mono);
            self.now = Now::new(at, self.now.wall + at.saturating_since(self.now.mono));
            self.client.handle_timeout(self.now);
            self.hub.handle_timeout(self.now);
            self.settle();
            if due.is_none() {
                return;
            }
        }
    }

    /// The transport breaks, for both ends.
    fn cut(&mut self) {
        if let Some(link) = self.link.take() {
            self.hub.handle_closed(self.now, link);
            self.client.handle_closed(self.now);
        }
    }

    /// Carries everything to and fro until no event is left, nor anything to write.
    fn settle(&mut self) {
        while self.client_events() | self.hub_events() | self.client_output() | self.hub_output() {}
    }

    fn client_events(&mut self) -> bool {
        let before = self.log.len();
        while let Some(event) = self.client.poll_event() {
            self.log.push(self.wants.note(&event));
        }
        let Wants { dial, token, close_transport } = std::mem::take(&mut self.wants);
        if token {
            let token = Token::with_dates("ada", None, Wall::from_unix_secs(START + 1_000_000));
            self.client.provide_token(self.now, token).unwrap();
        }
        if close_transport {
            self.client_output();
            // What came is drained before its transport ends.
            self.hub_events();
            if let Some(link) = self.link.take() {
                self.hub.handle_closed(self.now, link);
            }
        }
        if dial {
            self.cut();
            match self.over {
                Over::Bytes => {
                    self.link = self.hub.accept(self.now).ok();
                    self.client.handle_dialed(self.now);
                }
                Over::Messages | Over::Lent => {
                    let proof = Proof::Token(Token::new("ada"));
                    self.link = self.hub.accept_opened(self.now, "ada", proof, None).ok();
                    self.client.handle_opened(self.now, None);
                }
            }
        }
        self.log.len() > before
    }

    fn hub_events(&mut self) -> bool {
        let before = self.log.len();
        while let Some(event) = self.hub.poll_event() {
            note(&event, &mut self.requests, &mut self.log);
        }
        self.log.len() > before
    }

    fn client_output(&mut self) -> bool {
        let (mut any, mut out) = (false, Vec::new());
        match self.over {
            Over::Bytes => {
                let _ = self.client.poll_transmit(&mut out);
                any = !out.is_empty();
                if let Some(link) = self.link {
                    // The hub may have closed it already.
                    let _ = self.hub.handle_bytes(self.now, link, &out);
                }
            }
            Over::Messages | Over::Lent => {
                while let Some(outgoing) = self.client.poll_message(&mut out) {
                    any = true;
                    if let Some(link) = self.link {
                        let message = incoming(outgoing, &out).unwrap();
                        if self.over == Over::Messages {
                            let _ = self.hub.handle_message(self.now, link, message);
                        } else if let Ok(Some(event)) =
                            self.hub.lend_message(self.now, link, message)
                        {
                            note(&event, &mut self.requests, &mut self.log);
                        }
                    }
                    out.clear();
                }
            }
        }
        any
    }

    fn hub_output(&mut self) -> bool {
        let mut any = false;
        while let Some(link) = self.hub.poll_writable() {
            any = true;
            let ours = Some(link) == self.link;
            let mut out = Vec::new();
            let mut close_transport = false;
            match self.over {
                Over::Bytes => {
                    close_transport = self.hub.poll_transmit(link, &mut out).close_transport;
                    if ours {
                        self.client.handle_bytes(self.now, &out).unwrap();
                    }
                }
                Over::Messages | Over::Lent => {
                    while let Some(outgoing) = self.hub.poll_message(link, &mut out) {
                        let Some(message) = incoming(outgoing, &out) else {
                            close_transport = true;
                            break;
                        };
                        if ours && self.over == Over::Messages {
                            self.client.handle_message(self.now, message).unwrap();
                        } else if ours {
                            let event = self.client.lend_message(self.now, message).unwrap();
                            self.log.extend(event.map(|event| self.wants.note(&event)));
                        }
                        out.clear();
                    }
                }
            }
            if close_transport && ours {
                while self.client_events() {}
                self.link = None;
                self.client.handle_closed(self.now);
            }
        }
        any
    }
}

/// What the events of a client want done.
#[derive(Clone, Copy, Default)]
struct Wants {
    dial: bool,
    token: bool,
    close_transport: bool,
}

impl Wants {
    /// An event in words.
    fn note(&mut self, event: &ClientEvent<'_>) -> String {
        self.dial |= matches!(event, ClientEvent::Link(ClientLinkEvent::Dial(_)));
        self.token |= matches!(event, ClientEvent::Link(ClientLinkEvent::NeedToken(_)));
        self.close_transport |= matches!(event, ClientEvent::Link(ClientLinkEvent::CloseTransport));
        match event {
            ClientEvent::Link(ClientLinkEvent::StateChanged { from, to, .. }) => {
                format!("client: {from} to {to}")
            }
            event => format!("client: {event:?}"),
        }
    }
}

/// Notes an event of the hub in words, and its request.
fn note(event: &HubEvent<'_>, requests: &mut Vec<RequestId>, log: &mut Vec<String>) {
    if let HubEvent::Request(request) = event {
        requests.push(request.request);
    }
    log.push(format!("hub: {event:?}"));
}

/// What the other end's transport makes of it; nothing for the end.
fn incoming(outgoing: Outgoing, out: &[u8]) -> Option<Incoming<'_>> {
    let text = std::str::from_utf8(out).unwrap();
    match outgoing {
        Outgoing::Text => Some(Incoming::Text(text)),
        Outgoing::Close(CloseCode::NO_STATUS) => Some(Incoming::Close(None, "")),
        Outgoing::Close(code) => Some(Incoming::Close(Some(code), text)),
        Outgoing::CloseTransport => None,
    }
}

fn conversation(over: Over, acts: &[Act]) -> Vec<String> {
    let mut world = World::new(over);
    world.apply(&Act::Connect);
    for act in acts {
        world.apply(act);
    }
    world.log
}

proptest! {
    #[test]
    fn the_same_conversation_over_bytes_and_over_messages(
        acts in prop::collection::vec(act(), 0..40),
    ) {
        let bytes = conversation(Over::Bytes, &acts);
        let messages = conversation(Over::Messages, &acts);
        prop_assert_eq!(&bytes, &messages);
        // What is lent is told at once, so each end is compared by itself.
        let lent = conversation(Over::Lent, &acts);
        prop_assert_eq!(of_client(&lent), of_client(&bytes));
        prop_assert_eq!(of_hub(&lent), of_hub(&bytes));
    }
}

fn of_client(log: &[String]) -> Vec<&String> {
    let own =
        |said: &&String| ["client: ", "asked ", "sent "].iter().any(|it| said.starts_with(it));
    log.iter().filter(own).collect()
}

fn of_hub(log: &[String]) -> Vec<&String> {
    let clients = of_client(log);
    log.iter().filter(|said| !clients.contains(said)).collect()
}

#[test]
fn a_conversation_over_messages_goes_through_cuts() {
    let mut world = World::new(Over::Messages);
    world.apply(&Act::Connect);
    assert_eq!(world.client.state(), State::Open);
    world.apply(&Act::Ask(1));
    world.apply(&Act::Cut);
    world.apply(&Act::Pass(40_000));
    world.apply(&Act::Reply);
    let log = world.log.join("\n");
    assert!(log.contains("Duplicate"), "the request is sent again: {log}");
    assert_eq!(log.matches("client: Answer").count(), 1, "{log}");
}

#[test]
fn pieces_come_before_their_answer_by_either_way() {
    for over in [Over::Bytes, Over::Messages, Over::Lent] {
        let mut world = World::new(over);
        world.apply(&Act::Connect);
        for act in [Act::Ask(2), Act::Ask(3), Act::Piece, Act::Piece, Act::Reply] {
            world.apply(&act);
        }
        // The other one has not asked for any.
        for act in [Act::Piece, Act::Reply] {
            world.apply(&act);
        }
        let events = world.log.iter().filter(|said| {
            ["piece ", "client: Piece", "client: Answer"].iter().any(|it| said.starts_with(it))
        });
        let events: Vec<_> = events.map(|said| said.split(", text").next().unwrap()).collect();
        let expected = [
            "piece Ok(Queued(LinkId(0.0)))",
            "client: Piece { request: RequestId(0)",
            "piece Ok(Queued(LinkId(0.0)))",
            "client: Piece { request: RequestId(0)",
            "client: Answer { request: RequestId(0)",
            "piece Ok(Whole)",
            "client: Answer { request: RequestId(1)",
        ];
        assert_eq!(events, expected, "{over:?}");
    }
}

#[test]
fn after_a_cut_the_whole_answer_comes_and_no_rest_of_its_pieces() {
    for over in [Over::Bytes, Over::Messages, Over::Lent] {
        let mut world = World::new(over);
        world.apply(&Act::Connect);
        world.apply(&Act::Ask(2));
        world.apply(&Act::Piece);
        world.apply(&Act::Cut);
        world.apply(&Act::Piece);
        world.apply(&Act::Pass(40_000));
        world.apply(&Act::Piece);
        world.apply(&Act::Reply);
        let log = world.log.join("\n");
        assert!(log.contains("piece Ok(Kept)") && log.contains("piece Ok(Whole)"), "{log}");
        assert_eq!(log.matches("client: Piece").count(), 1, "{log}");
        assert_eq!(log.matches("client: Answer").count(), 1, "{log}");
    }
}

fn opened(auth: Auth, proof: Proof) -> (Hub, LinkId, Now) {
    let mut config = HubConfig::default();
    config.link.frames.max_message = 1_024;
    config.link.frames.max_frame = 1_024;
    let mut hub = Hub::new(config, auth, Arc::new(Table::default()), Seed::from_number(1));
    let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(START));
    let link = hub.accept_opened(now, "ada", proof, None).unwrap();
    (hub, link, now)
}

/// Everything that a link has to say, in words.
fn said(hub: &mut Hub, link: LinkId) -> Vec<String> {
    while hub.poll_event().is_some() {}
    let mut said = Vec::new();
    while let Some(writable) = hub.poll_writable() {
        assert_eq!(writable, link);
        let mut out = Vec::new();
        while let Some(outgoing) = hub.poll_message(link, &mut out) {
            said.push(format!("{outgoing:?} {}", String::from_utf8(out.split_off(0)).unwrap()));
        }
    }
    said
}

#[test]
fn who_proves_nothing_is_closed_with_4001() {
    let late = Claims::new("ada", Wall::from_unix_secs(START));
    let other = Claims::new("ben", Wall::from_unix_secs(START + 9));
    for (proof, reason) in [
        (Proof::None, "missing token"),
        (Proof::Token(Token::new("")), "missing token"),
        (Proof::Token(Token::new("ben")), "wrong subject"),
        (Proof::Claims(late), "token expired"),
        (Proof::Claims(other), "wrong subject"),
    ] {
        let (mut hub, link, _) = opened(Auth::Verifier(Box::new(ByName)), proof);
        assert_eq!(said(&mut hub, link), [format!("Close(CloseCode(4001)) {reason}")]);
    }
    let (mut hub, _, now) = opened(Auth::Verifier(Box::new(ByName)), Proof::None);
    let long = "x".repeat(257);
    let claims = Claims::new(long.as_str(), Wall::from_unix_secs(START + 9));
    let link = hub.accept_opened(now, &long, Proof::Claims(claims), None).unwrap();
    let mut out = Vec::new();
    assert_eq!(hub.poll_message(link, &mut out), Some(Outgoing::Close(CloseCode::new(4001))));
}

#[test]
fn a_transport_is_to_be_closed_once() {
    let closed = Outgoing::Close(CloseCode::new(4001));
    for event_first in [true, false] {
        let (mut hub, link, now) = opened(Auth::Verifier(Box::new(ByName)), Proof::None);
        let mut out = Vec::new();
        assert_eq!(hub.poll_message(link, &mut out), Some(closed));
        // Its peer says nothing to that.
        let late = Duration::from_secs(60);
        hub.handle_timeout(Now::new(now.mono + late, now.wall + late));
        while event_first && hub.poll_event().is_some() {}
        for is_first in [true, false, false] {
            let wanted = is_first.then_some(Outgoing::CloseTransport);
            assert_eq!(hub.poll_message(link, &mut out), wanted, "{event_first}");
        }
        while hub.poll_event().is_some() {}
        assert_eq!((hub.links(), hub.poll_message(link, &mut out)), (0, None));
    }
    let (mut hub, link, now) = opened(Auth::Verifier(Box::new(ByName)), Proof::None);
    hub.handle_closed(now, link);
    assert_eq!(hub.poll_message(link, &mut Vec::new()), None, "the host has closed it");
}

#[test]
fn claims_of_the_host_need_no_verdict_and_are_renewed_by_it() {
    let until = |secs| Claims::new("ada", Wall::from_unix_secs(START + secs));
    let (mut hub, link, now) = opened(Auth::Host, Proof::Claims(until(100)));
    let words = said(&mut hub, link);
    assert!(words.len() == 1 && words[0].contains(r#""status":"connected""#), "{words:?}");
    hub.handle_message(now, link, Incoming::Text(r#"{"type":"auth","token":"t"}"#)).unwrap();
    let event = hub.poll_event().unwrap();
    let HubEvent::Authorize { user: "ada", token, .. } = event else { panic!("{event:?}") };
    assert_eq!(token.expose(), "t");
    hub.authorize(now, link, Ok(until(200))).unwrap();
    assert_eq!(said(&mut hub, link), [""; 0], "a renewal is not answered");
}

#[test]
fn a_token_waits_for_the_hosts_verdict() {
    let (mut hub, link, now) = opened(Auth::Host, Proof::Token(Token::new("t")));
    hub.handle_message(now, link, Incoming::Text(r#"{"type":"chat","id":1,"message":"x"}"#))
        .unwrap();
    let event = hub.poll_event().unwrap();
    assert!(matches!(event, HubEvent::Authorize { user: "ada", .. }), "{event:?}");
    assert!(hub.poll_event().is_none(), "nothing is looked at before");
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 100));
    hub.authorize(now, link, Ok(claims)).unwrap();
    let event = hub.poll_event().unwrap();
    assert!(matches!(event, HubEvent::Opened { user: "ada", .. }), "{event:?}");
    let event = hub.poll_event().unwrap();
    assert!(matches!(event, HubEvent::Request(_)), "{event:?}");

    said(&mut hub, link);
    let early = format!(r#"{{"type":"chat","message":"{}"}}"#, "x".repeat(900));
    let link = hub.accept_opened(now, "ada", Proof::Token(Token::new("t")), None).unwrap();
    for _ in 0..20 {
        hub.handle_message(now, link, Incoming::Text(&early)).unwrap();
    }
    let flooded = said(&mut hub, link);
    assert!(flooded.iter().any(|it| it.starts_with("Close(CloseCode(1008))")), "{flooded:?}");
}

#[test]
fn bounds_hold_for_messages_as_for_frames() {
    let token = || Proof::Token(Token::new("ada"));
    let long = "x".repeat(1_025);
    for (message, close) in [
        (Incoming::Text(long.as_str()), "Close(CloseCode(1009))"),
        (Incoming::Binary(long.as_bytes()), "Close(CloseCode(1009))"),
        (Incoming::Close(Some(CloseCode::new(1006)), ""), "Close(CloseCode(1002))"),
        (Incoming::Close(Some(CloseCode::new(4321)), long.as_str()), "Close(CloseCode(4321))"),
        (Incoming::Close(None, long.as_str()), "Close(CloseCode(1005))"),
    ] {
        let (mut hub, link, now) = opened(Auth::Verifier(Box::new(ByName)), token());
        said(&mut hub, link);
        hub.handle_message(now, link, message).unwrap();
        let words = said(&mut hub, link);
        assert!(words[0].starts_with(close), "{words:?}");
        assert_eq!(words[1..], ["CloseTransport "]);
        assert_eq!(hub.links(), 0);
    }
}

#[test]
fn the_heartbeat_pings_in_a_message_and_takes_any_answer() {
    let (mut hub, link, now) =
        opened(Auth::Verifier(Box::new(ByName)), Proof::Token(Token::new("ada")));
    said(&mut hub, link);
    let later =
        |secs| Now::new(now.mono + Duration::from_secs(secs), now.wall + Duration::from_secs(secs));
    hub.handle_timeout(later(20));
    let words = said(&mut hub, link);
    assert!(words.len() == 1 && words[0].contains(r#""type":"ping""#), "{words:?}");
    hub.handle_message(later(25), link, Incoming::Text(r#"{"type":"pong"}"#)).unwrap();
    hub.handle_timeout(later(31));
    assert_eq!(said(&mut hub, link), [""; 0], "it lives");
    hub.handle_timeout(later(50));
    hub.handle_timeout(later(61));
    let words = said(&mut hub, link);
    assert!(words.iter().any(|it| it == "Close(CloseCode(1001)) Ping timeout"), "{words:?}");
}
