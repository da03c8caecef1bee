//! A hub and its clients over a network that breaks, in virtual time.
//!
//! Everything random comes from one seed; nothing reads a clock. Bytes travel in chunks with
//! latency, in order. Each batch that either side writes breaks its connection with the given
//! chance, at any byte; each side learns of it in its own time, or only by its heartbeat.

mod host;
mod network;
mod random;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{Client, ClientConfig, Event as ClientEvent, RequestId};
use pamlink::envelope::Chat;
use pamlink::hub::{Auth, Hub, HubConfig};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{AuthError, Claims, ClientLinkEvent, CloseClass, Endpoint, Token, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use self::host::Host;
use self::network::{Action, Network, Side};
use self::random::Random;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Fixes every random choice.
    pub(crate) seed: u64,
    /// How many clients.
    pub(crate) clients: usize,
    /// How many requests each client makes.
    pub(crate) requests: usize,
    /// The chance in percent that a batch breaks its connection.
    pub(crate) cuts: u32,
    /// How often the hub dies and begins again from nothing.
    pub(crate) restarts: u64,
    /// Whether requests wait for ever, or as long as they do by default.
    pub(crate) patient: bool,
}

/// What came of it, counted outside the engine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How often each request took effect.
    pub(crate) effects: BTreeMap<String, u32>,
    /// How often each request ended, with its answer or otherwise.
    pub(crate) answered: BTreeMap<String, u32>,
    /// Requests that ended otherwise, in words.
    pub(crate) otherwise: Vec<String>,
    /// Connections that were cut.
    pub(crate) cuts: u32,
    /// Repeats that the hub recognised.
    pub(crate) repeats: u32,
    /// Pieces of answers that came.
    pub(crate) pieces: u32,
    /// The most that the hub held, in bytes.
    pub(crate) memory: usize,
    /// All bytes and events in order, hashed.
    pub(crate) transcript: u64,
    /// How long it took, in virtual time.
    pub(crate) took: Duration,
}

/// Runs a plan to its end: until every request has ended, or for a virtual day.
pub(crate) fn run(plan: Plan) -> Outcome {
    World::new(plan).run()
}

/// The token of a user is its name.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, _: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, Wall::from_unix_secs(4_000_000_000)))
    }
}

struct User {
    name: String,
    client: Client,
    /// The texts of the requests under way.
    asked: BTreeMap<RequestId, String>,
    /// What has come of their answers.
    grown: BTreeMap<RequestId, String>,
    to_send: usize,
}

fn new_hub(config: &HubConfig, random: &mut Random) -> Hub {
    let seed = Seed::from_number(random.next());
    let auth = Auth::Verifier(Box::new(ByName));
    Hub::new(config.clone(), auth, Arc::new(Table::default()), seed)
}

struct World {
    plan: Plan,
    config: HubConfig,
    now: Now,
    hub: Hub,
    host: Host,
    users: Vec<User>,
    network: Network,
    random: Random,
    outcome: Outcome,
}

impl World {
    fn new(plan: Plan) -> Self {
        let mut random = Random::new(plan.seed);
        let now = Now::new(Mono::from_millis(5_000), Wall::from_unix_secs(1_800_000_000));
        let mut config = HubConfig::default();
        // The requests wait for as long as it takes, and so do the window and the rates.
        let plenty = Rate::new(1_000_000, Duration::from_secs(1));
        config.rates = config.rates.with(RateClass::Connect, plenty);
        config.rates = config.rates.with(RateClass::Message, plenty);
        config.window.max_entries = 4_096;
        if plan.patient {
            config.window.max_age = Duration::from_secs(2 * 86_400);
        }
        let hub = new_hub(&config, &mut random);
        let mut network = Network::new(plan.cuts);
        let users = (0..plan.clients)
            .map(|number| {
                let name = format!("user-{number}");
                let mut config = ClientConfig::default();
                if plan.patient {
                    config.request_timeout = Duration::from_secs(86_400);
                }
                let endpoint = Endpoint::pam("ws://hub.test", &name).unwrap();
                let seed = Seed::from_number(random.next());
                let client = Client::new(config, endpoint, seed, now).unwrap();
                for _ in 0..plan.requests {
                    let at = now.mono + Duration::from_millis(random.below(30_000));
                    network.at(at, Action::Ask(number));
                }
                User {
                    name,
                    client,
                    asked: BTreeMap::new(),
                    grown: BTreeMap::new(),
                    to_send: plan.requests,
                }
            })
            .collect();
        for number in 1..=plan.restarts {
            let at = now.mono + Duration::from_secs(number * 30_000 / (plan.restarts + 1) / 1_000);
            network.at(at, Action::Restart);
        }
        let (host, outcome) = (Host::default(), Outcome::default());
        Self { plan, config, now, hub, host, users, network, random, outcome }
    }

    fn run(mut self) -> Outcome {
        let start = self.now.mono;
        for number in 0..self.users.len() {
            self.users[number].client.connect(self.now);
            self.drain_client(number);
        }
        while self.users.iter().any(|user| user.to_send > 0 || !user.asked.is_empty()) {
            let Some(at) = self.next_moment() else { break };
            if at.saturating_since(start) > Duration::from_secs(86_400) {
                break;
            }
            let step = at.saturating_since(self.now.mono);
            self.now = Now::new(self.now.mono.max(at), self.now.wall + step);
            self.move_on();
        }
        self.outcome.took = self.now.mono.saturating_since(start);
        self.outcome
    }

    /// The next moment at which anything happens.
    fn next_moment(&mut self) -> Option<Mono> {
        let clients = self.users.iter().filter_map(|user| user.client.poll_timeout());
        let timers = clients.chain(self.hub.poll_timeout()).map(|due| due.at);
        timers.chain(self.network.next()).min()
    }

    fn move_on(&mut self) {
        while let Some(action) = self.network.due(self.now.mono) {
            self.act(action);
        }
        if self.hub.poll_timeout().is_some_and(|due| due.at <= self.now.mono) {
            self.hub.handle_timeout(self.now);
            self.drain_hub();
        }
        for number in 0..self.users.len() {
            let client = &mut self.users[number].client;
            if client.poll_timeout().is_some_and(|due| due.at <= self.now.mono) {
                client.handle_timeout(self.now);
                self.drain_client(number);
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Ask(number) => self.ask(number),
            Action::Restart => self.restart(),
            Action::Dialed { user, connection } => {
                if self.network.is_current(user, connection) {
                    let link = self.hub.accept(self.now).unwrap();
                    self.network.connected(connection, link);
                    self.users[user].client.handle_dialed(self.now);
                    self.drain_client(user);
                }
            }
            Action::DialFailed { user, connection } => {
                if self.network.is_current(user, connection) {
                    self.users[user].client.handle_dial_failed(self.now, CloseClass::Network);
                    self.drain_client(user);
                }
            }
            Action::Deliver { connection, to, bytes } => {
                self.outcome.note(&bytes);
                match (to, self.network.link(connection), self.network.user(connection)) {
                    (Side::Hub, Some(link), _) => {
                        // A link that has ended takes nothing, and says so.
                        let _ = self.hub.handle_bytes(self.now, link, &bytes);
                        self.drain_hub();
                    }
                    (Side::Client, _, Some(user)) => {
                        self.users[user].client.handle_bytes(self.now, &bytes).unwrap();
                        self.drain_client(user);
                    }
                    _ => {}
                }
            }
            Action::Closed { connection, side } => {
                match (side, self.network.link(connection), self.network.user(connection)) {
                    (Side::Hub, Some(link), _) => {
                        self.hub.handle_closed(self.now, link);
                        self.drain_hub();
                    }
                    (Side::Client, _, Some(user)) => {
                        self.users[user].client.handle_closed(self.now);
                        self.drain_client(user);
                    }
                    _ => {}
                }
            }
            Action::Piece(request) => {
                self.host.piece(&mut self.hub, self.now, request);
                self.drain_hub();
            }
            Action::Reply(request) => {
                self.host.reply(&mut self.hub, self.now, request);
                self.drain_hub();
            }
        }
    }

    /// The server's process dies, with all it knew, and another one begins.
    fn restart(&mut self) {
        self.hub = new_hub(&self.config, &mut self.random);
        self.host = Host::default();
        self.network.forget_links(self.now.mono, &mut self.random);
    }

    fn ask(&mut self, number: usize) {
        let user = &mut self.users[number];
        let text = format!("request {} of {}", user.to_send, user.name);
        user.to_send -= 1;
        let message = Some(text.as_str().into());
        let chat = Chat { message, stream: Some(true), ..Chat::default() };
        let request = user.client.ask(self.now, &chat).expect("fewer requests than fit");
        user.asked.insert(request, text);
        self.drain_client(number);
    }

    fn drain_hub(&mut self) {
        while let Some(event) = self.hub.poll_event() {
            self.outcome.note(format!("{event:?}").as_bytes());
            let delay = Duration::from_millis(self.random.below(2_000));
            if let Some(request) = self.host.take(&event, &mut self.outcome) {
                for third in 1..3 {
                    self.network.at(self.now.mono + delay * third / 3, Action::Piece(request));
                }
                self.network.at(self.now.mono + delay, Action::Reply(request));
            }
        }
        while let Some(link) = self.hub.poll_writable() {
            let Some(connection) = self.network.of_link(link) else { continue };
            loop {
                let mut bytes = Vec::new();
                let transmit = self.hub.poll_transmit(link, &mut bytes);
                self.send(connection, Side::Client, bytes);
                if transmit.close_transport {
                    self.network.close_transport(
                        self.now.mono,
                        connection,
                        Side::Hub,
                        &mut self.random,
                    );
                }
                if !transmit.more {
                    break;
                }
            }
        }
        self.outcome.memory = self.outcome.memory.max(self.hub.memory());
    }

    fn drain_client(&mut self, number: usize) {
        let user = &mut self.users[number];
        let mut close_transport = false;
        let mut want_token = false;
        while let Some(event) = user.client.poll_event() {
            self.outcome.note(format!("{event:?}").as_bytes());
            match event {
                ClientEvent::Link(ClientLinkEvent::Dial(_)) => {
                    let failed = self.random.below(100) < u64::from(self.plan.cuts);
                    self.network.dial(self.now.mono, number, failed, &mut self.random);
                }
                ClientEvent::Link(ClientLinkEvent::NeedToken(_)) => want_token = true,
                ClientEvent::Link(ClientLinkEvent::CloseTransport) => close_transport = true,
                ClientEvent::Piece { request, text, restart, .. } => {
                    let grown = user.grown.entry(request).or_default();
                    if restart {
                        grown.clear();
                    }
                    grown.push_str(&text);
                    let whole = host::answer_to(&user.asked[&request]);
                    assert!(whole.starts_with(&*grown), "no beginning of the answer: {grown}");
                    self.outcome.pieces += 1;
                }
                ClientEvent::Answer { request, text: answer, in_pieces, restart, .. } => {
                    let text = user.asked.remove(&request).expect("a request ends once");
                    assert_eq!(answer, host::answer_to(&text));
                    let grown = user.grown.remove(&request).unwrap_or_default();
                    assert!(
                        !restart && answer[..in_pieces] == *grown,
                        "{answer}: {in_pieces}, {grown}"
                    );
                    *self.outcome.answered.entry(text).or_default() += 1;
                }
                ClientEvent::Rejected { request, .. }
                | ClientEvent::Expired { request }
                | ClientEvent::Unknown { request }
                | ClientEvent::Unsent { request } => {
                    let text = user.asked.remove(&request).expect("a request ends once");
                    self.outcome.otherwise.push(format!("{text}: {event:?}"));
                }
                _ => {}
            }
        }
        if want_token {
            user.client.provide_token(self.now, Token::new(user.name.as_str())).unwrap();
            return self.drain_client(number);
        }
        let connection = self.network.current(number);
        loop {
            let mut bytes = Vec::new();
            let transmit = self.users[number].client.poll_transmit(&mut bytes);
            if let Some(connection) = connection {
                self.send(connection, Side::Hub, bytes);
            }
            if !transmit.more {
                break;
            }
        }
        if let Some(connection) = connection.filter(|_| close_transport) {
            self.network.close_transport(self.now.mono, connection, Side::Client, &mut self.random);
        }
    }

    fn send(&mut self, connection: usize, to: Side, bytes: Vec<u8>) {
        let cut = self.network.send(self.now.mono, connection, to, &bytes, &mut self.random);
        self.outcome.cuts += u32::from(cut);
    }
}

impl Outcome {
    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.transcript = (self.transcript ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
