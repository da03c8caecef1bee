//! A client's link and a server, joined by an in-memory pipe under virtual time.

use core::time::Duration;
use std::sync::Arc;

use crate::frame::{CloseCode, Writer};
use crate::link::{
    ClientLink, ClientLinkConfig, ClientLinkEvent, CloseClass, Endpoint, LinkConfig, LinkEvent,
    ServerLink, State, Token, TokenError, TokenNeed,
};
use crate::seed::{Random, Seed};
use crate::time::{Mono, Now, Wall};

const PING: &str = r#"{"type":"ping""#;
const PONG: &str = r#"{"type":"pong"}"#;
pub(super) const WELCOME: &str = r#"{"type":"connection","status":"connected"}"#;

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Service {
    Answers,
    Mute,
    Refuses(u16),
    /// Accepts, then closes with the code, as servers do that authenticate after accepting.
    Closes(u16),
    /// There is nothing to connect to.
    Down,
}

/// A transport and its far end.
struct Wire {
    server: ServerLink,
    up: Vec<u8>,
    down: Vec<u8>,
    /// Bytes vanish in both directions and neither end learns of it.
    silent: bool,
}

pub(super) struct World {
    pub(super) client: ClientLink,
    pub(super) now: Now,
    pub(super) service: Service,
    /// How long a new token lives.
    pub(super) token_life: Duration,
    pub(super) denied: bool,
    /// A server that pings as it should, or is as quiet as the dead.
    pub(super) echo: bool,
    wire: Option<Wire>,
    dialing: bool,
    random: Random,
    server_config: Arc<LinkConfig>,
    pub(super) seen: Seen,
}

/// What came of it all.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) dials: Vec<Mono>,
    pub(super) expired_dials: usize,
    pub(super) ends: Vec<CloseClass>,
    pub(super) states: Vec<(State, State)>,
    pub(super) needs: Vec<TokenNeed>,
    pub(super) retries: Vec<Duration>,
    pub(super) stops: Vec<CloseClass>,
    pub(super) texts: Vec<String>,
    pub(super) server_texts: Vec<String>,
    pub(super) servers: usize,
    pub(super) server_ends: Vec<CloseClass>,
}

impl World {
    pub(super) fn new(seed: u64, configure: impl FnOnce(&mut ClientLinkConfig)) -> Self {
        let mut random = Seed::from_number(seed).into_random();
        let mut config = ClientLinkConfig::default();
        configure(&mut config);
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let endpoint = Endpoint::pam("ws://h", "u").unwrap();
        let client = ClientLink::new(&Arc::new(config), endpoint, random.next_seed(), now);
        Self {
            client: client.unwrap(),
            now,
            service: Service::Answers,
            token_life: Duration::from_secs(3_600),
            denied: false,
            echo: false,
            wire: None,
            dialing: false,
            random,
            server_config: Arc::new(LinkConfig::server()),
            seen: Seen::default(),
        }
    }

    /// Connected, welcomed, at rest.
    pub(super) fn open(seed: u64) -> Self {
        let mut world = Self::new(seed, |_| {});
        world.client.connect(world.now);
        world.settle();
        assert!(world.client.is_welcomed(), "{:?}", world.seen);
        world
    }

    /// Everything that needs no time happens.
    pub(super) fn settle(&mut self) {
        while self.pump_client() | self.pump_server() | self.deliver() {}
        self.check();
    }

    /// Time passes, with every timer served.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now.mono + time;
        let mut idle = 0;
        loop {
            self.settle();
            let client = self.client.poll_timeout();
            let server = self.wire.as_ref().and_then(|wire| wire.server.poll_timeout());
            let next = client.into_iter().chain(server).map(|due| due.at).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.skip(end.saturating_since(self.now.mono));
                return self.settle();
            };
            // A timer that stays due after it was served would spin for ever.
            idle = if next <= self.now.mono { idle + 1 } else { 0 };
            assert!(idle < 20, "{client:?} {server:?} at {:?}", self.now);
            self.skip(next.saturating_since(self.now.mono));
            self.client.handle_timeout(self.now);
            if let Some(wire) = &mut self.wire {
                wire.server.handle_timeout(self.now);
            }
        }
    }

    /// Time passes and nobody is there to notice.
    pub(super) fn skip(&mut self, time: Duration) {
        self.now = Now::new(self.now.mono + time, self.now.wall + time);
    }

    /// The clock of whoever issues the tokens, which is right.
    fn issuer(&self) -> Wall {
        Wall::from_unix_secs(1_800_000_000)
            + self.now.mono.saturating_since(Mono::from_millis(1_000))
    }

    /// The device's wall clock is set to so many seconds ahead of the right time, or behind.
    pub(super) fn set_clock(&mut self, ahead: i64) {
        let micros = self.issuer().as_unix_micros() + ahead * 1_000_000;
        self.now = Now::new(self.now.mono, Wall::from_unix_micros(micros));
    }

    /// The transport breaks and both ends learn of it.
    pub(super) fn cut(&mut self) {
        if let Some(mut wire) = self.wire.take() {
            wire.server.handle_closed(self.now);
            drain_server(&mut wire.server, &mut self.seen);
            self.client.handle_closed(self.now);
        }
    }

    /// The transport goes dead and neither end learns of it.
    pub(super) fn silence(&mut self) {
        if let Some(wire) = &mut self.wire {
            wire.silent = true;
        }
    }

    pub(super) fn with_server(&mut self, act: impl FnOnce(&mut ServerLink, Now)) {
        if let Some(wire) = &mut self.wire {
            act(&mut wire.server, self.now);
        }
    }

    /// Bytes that no machine has made reach the client.
    pub(super) fn inject_down(&mut self, bytes: &[u8]) {
        if let Some(wire) = &mut self.wire {
            wire.down.extend_from_slice(bytes);
        }
    }

    /// Bytes that no machine has made reach the server.
    pub(super) fn inject_up(&mut self, write: impl FnOnce(&mut Writer, &mut Vec<u8>)) {
        let seed = self.random.next_seed();
        if let Some(wire) = &mut self.wire {
            write(&mut Writer::client(seed), &mut wire.up);
        }
    }

    pub(super) fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// Every link that is over has given one event of its end; one may still live.
    fn check(&self) {
        let Seen { dials, ends, servers, server_ends, .. } = &self.seen;
        let phase = self.client.phase();
        let living = usize::from(self.dialing || self.wire.is_some());
        assert!(dials.len() - ends.len() <= 1, "{phase:?} {:?}", self.seen);
        if self.client.state() == State::Closed {
            assert_eq!(dials.len(), ends.len(), "{phase:?} {:?}", self.seen);
        }
        assert!(servers - server_ends.len() <= living, "{phase:?} {:?}", self.seen);
    }

    fn pump_client(&mut self) -> bool {
        let shown = format!("{:?}", self.client);
        let secret = "115, 101, 99, 114, 101, 116, 45"; // "secret-" as a list of bytes
        assert!(!shown.contains("secret-") && !shown.contains(secret), "{shown}");
        let mut needs = None;
        let (mut dial, mut close_transport, mut welcomed) = (false, false, false);
        let (mut pinged, mut busy) = (false, false);
        let issuer = self.issuer();
        while let Some(event) = self.client.poll_event() {
            busy = true;
            match event {
                ClientLinkEvent::Dial(dial_to) => {
                    let token = dial_to.token;
                    let expired =
                        token.is_none_or(|it| it.expires().is_some_and(|at| at <= issuer));
                    self.seen.expired_dials += usize::from(expired);
                    self.seen.dials.push(self.now.mono);
                    dial = true;
                    assert!(!format!("{dial_to:?}").contains("secret"));
                }
                ClientLinkEvent::NeedToken(need) => needs = Some(need),
                ClientLinkEvent::StateChanged { from, to, .. } => self.seen.states.push((from, to)),
                ClientLinkEvent::Text(text) if text.starts_with(PING) => pinged = true,
                ClientLinkEvent::Text(text) => {
                    welcomed |= text == WELCOME;
                    self.seen.texts.push(text.to_owned());
                }
                ClientLinkEvent::Closed(closed) => self.seen.ends.push(closed.class),
                ClientLinkEvent::CloseTransport => close_transport = true,
                ClientLinkEvent::Retrying { after, .. } => self.seen.retries.push(after),
                ClientLinkEvent::Stopped { class, .. } => self.seen.stops.push(class),
                _ => {}
            }
        }
        if pinged {
            let _ = self.client.send_text(self.now, PONG);
        }
        let mut out = Vec::new();
        while self.client.poll_transmit(&mut out).more {}
        if let Some(wire) = &mut self.wire
            && !wire.silent
        {
            wire.up.append(&mut out);
        }
        if close_transport {
            self.close_transport();
        }
        if welcomed {
            self.client.welcomed(self.now);
        }
        if let Some(need) = needs {
            self.answer_need(need);
        }
        if dial {
            self.dial();
        }
        busy
    }

    fn answer_need(&mut self, need: TokenNeed) {
        self.seen.needs.push(need);
        if self.denied {
            return self.client.token_failed(self.now, TokenError::Denied);
        }
        let name = format!("secret-{}", self.seen.needs.len());
        let wall = self.issuer();
        let token = Token::with_dates(name, Some(wall), wall + self.token_life);
        let _ = self.client.provide_token(self.now, token);
    }

    fn dial(&mut self) {
        if self.service == Service::Down {
            return self.client.handle_dial_failed(self.now, CloseClass::Network);
        }
        let seed = self.random.next_seed();
        let server = ServerLink::new(&self.server_config, seed, self.now);
        self.wire = Some(Wire { server, up: Vec::new(), down: Vec::new(), silent: false });
        self.seen.servers += 1;
        self.client.handle_dialed(self.now);
    }

    /// The client's host drops the transport; what was written before still arrives.
    fn close_transport(&mut self) {
        while self.deliver_up() {
            self.pump_server();
        }
        if let Some(mut wire) = self.wire.take() {
            wire.server.handle_closed(self.now);
            drain_server(&mut wire.server, &mut self.seen);
        }
    }

    fn pump_server(&mut self) -> bool {
        let Some(wire) = &mut self.wire else { return false };
        let server = &mut wire.server;
        let (asked, mut texts) = drain_server(server, &mut self.seen);
        let busy = asked || !texts.is_empty();
        if asked {
            match self.service {
                Service::Answers | Service::Closes(_) => {
                    server.accept(self.now, None).unwrap();
                }
                Service::Refuses(status) => server.reject(self.now, status, "no").unwrap(),
                Service::Mute | Service::Down => {}
            }
            match self.service {
                Service::Answers => server.send_text(self.now, WELCOME).unwrap(),
                Service::Closes(code) => server.close(self.now, CloseCode::new(code), "no"),
                _ => {}
            }
        }
        for text in texts.drain(..) {
            if text.starts_with(PING) {
                let _ = server.send_text(self.now, PONG);
                continue;
            }
            if text == PONG {
                continue;
            }
            if self.echo {
                let _ = server.send_text(self.now, &text);
            }
            self.seen.server_texts.push(text);
        }
        let mut out = Vec::new();
        let mut transmit = server.poll_transmit(&mut out);
        while transmit.more {
            transmit = server.poll_transmit(&mut out);
        }
        if !wire.silent {
            wire.down.append(&mut out);
        }
        if transmit.close_transport && wire.down.is_empty() {
            let silent = wire.silent;
            self.wire = None;
            if !silent {
                self.client.handle_closed(self.now);
            }
            return true;
        }
        busy
    }

    /// Some bytes move, in chunks of any size.
    fn deliver(&mut self) -> bool {
        self.deliver_up() | self.deliver_down()
    }

    fn deliver_up(&mut self) -> bool {
        let Some(wire) = &mut self.wire else { return false };
        let part = take(&mut wire.up, &mut self.random);
        wire.server.handle_bytes(self.now, &part).unwrap();
        !part.is_empty()
    }

    fn deliver_down(&mut self) -> bool {
        let Some(wire) = &mut self.wire else { return false };
        let part = take(&mut wire.down, &mut self.random);
        self.client.handle_bytes(self.now, &part).unwrap();
        !part.is_empty()
    }
}

fn take(bytes: &mut Vec<u8>, random: &mut Random) -> Vec<u8> {
    let most = if random.next_u32().is_multiple_of(4) { 3 } else { 4_096 };
    let len = (random.next_u32() as usize % most + 1).min(bytes.len());
    bytes.drain(..len).collect()
}

/// Whether the server has got an opening request, and the texts that it has read.
fn drain_server(server: &mut ServerLink, seen: &mut Seen) -> (bool, Vec<String>) {
    let (mut asked, mut texts) = (false, Vec::new());
    while let Some(event) = server.poll_event() {
        match event {
            LinkEvent::Request(request) => {
                assert!(!format!("{request:?}").contains("secret"));
                asked = true;
            }
            LinkEvent::Text(text) => texts.push(text.to_owned()),
            LinkEvent::Closed(closed) => seen.server_ends.push(closed.class),
            _ => {}
        }
    }
    (asked, texts)
}
