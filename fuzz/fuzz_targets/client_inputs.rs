//! Any order of inputs and commands to a client, over transports of bytes and of messages, with a
//! server that says what belongs and what does not: the same outputs each time, a request, a cancel
//! and what was submitted have one end at most, after which nothing comes of them, all that there is
//! to poll comes to its end, every deadline is over once it has come, what is held stays within a
//! bound, and in the end no request is left.
//!
//! An input is a byte of choices and a list of steps: what, which, a length, and as many bytes.

#![no_main]

#[path = "client_inputs/memory.rs"]
mod memory;
#[path = "client_inputs/server.rs"]
mod server;
#[path = "common/steps.rs"]
mod steps;
#[path = "client_inputs/transport.rs"]
mod transport;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use memory::ALLOCATED;
use pamlink::client::{Client, ClientConfig, Event, RequestId};
use pamlink::delivery::{CommandId, Priority, SendOptions, SessionNumber};
use pamlink::envelope::Chat;
use pamlink::frame::{CloseCode, Incoming, Outgoing};
use pamlink::link::{CloseClass, DialFailed, Endpoint, Token, TokenError, Transmit};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use server::Server;
use steps::steps;
use transport::Transport;

/// Far above what one input and the bounds below come to; far below a leak.
const MAX_MEMORY: usize = 8 << 20;
/// What may be taken at once, of a kind, before a client is held to go in a circle.
const MAX_POLLS: usize = 20_000;
const MAX_REQUESTS: usize = 4;
const MAX_REQUEST_BYTES: usize = 2_048;

fuzz_target!(|input: &[u8]| {
    let first = Host::new(input).run(input);
    assert_eq!(first, Host::new(input).run(input), "the same inputs, other outputs");
});

struct Host {
    client: Client,
    choices: u8,
    now: Now,
    server: Server,
    /// The transports of the first link and of the second.
    transports: [Transport; 2],
    /// The requests that have not ended, and whether their caller waits.
    open: BTreeMap<RequestId, bool>,
    /// The cancels without a result.
    cancels: BTreeSet<RequestId>,
    /// What was submitted and has no outcome.
    submitted: BTreeSet<(SessionNumber, CommandId)>,
    /// The last snapshot, with what was known then.
    saved: Option<Saved>,
    /// What was allocated before there was a client.
    allocated: usize,
    lives: u64,
    /// All that came out, by a number for each.
    log: Vec<u64>,
}

#[derive(Clone)]
struct Saved {
    bytes: Vec<u8>,
    open: BTreeMap<RequestId, bool>,
    submitted: BTreeSet<(SessionNumber, CommandId)>,
}

impl Host {
    fn new(input: &[u8]) -> Self {
        let allocated = ALLOCATED.load(Ordering::Relaxed);
        let choices = input.first().copied().unwrap_or_default();
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let client = Client::new(config(choices), endpoint(choices), Seed::from_number(1), now);
        Self {
            client: client.expect("the address is one"),
            choices,
            now,
            server: Server::default(),
            transports: Default::default(),
            open: BTreeMap::new(),
            cancels: BTreeSet::new(),
            submitted: BTreeSet::new(),
            saved: None,
            allocated,
            lives: 1,
            log: Vec::new(),
        }
    }

    fn run(mut self, input: &[u8]) -> Vec<u64> {
        for (what, which, data) in steps(input.get(1..).unwrap_or_default()) {
            self.step(what, which, data);
            self.settle();
        }
        self.end();
        self.log
    }

    fn step(&mut self, what: u8, which: usize, data: &[u8]) {
        let now = self.now;
        let text = String::from_utf8_lossy(data);
        let first = data.first().copied().unwrap_or_default();
        // The second link, where there may be one.
        let link = usize::from(what >= 128 && self.choices & 2 != 0);
        match what % 32 {
            0 => self.arrive(link),
            1 => self.dialed(link),
            2 => {
                let chosen = [Some("pamlink.v1"), None, Some("other")][which % 3];
                self.opened(link, chosen);
            }
            3 => self.dial_failed(link, which, &text),
            4 => self.answer_handshake(link, which % 2 == 0),
            5 => self.hear_bytes(link, data),
            6 => self.hear_text(link, &text),
            7..=10 => {
                let said = self.server.say(which, data);
                self.hear_text(link, &said);
            }
            11 => {
                let message = match which % 2 {
                    0 => Incoming::Binary(data),
                    _ => Incoming::Close(Some(CloseCode::new(3_900 + u16::from(first))), "bye"),
                };
                self.hear(link, message);
            }
            12 => self.closed(link),
            13 | 14 => self.pass((which as u64).pow(2) * 4),
            15 | 16 => self.request(which, &text),
            17 => {
                let request = RequestId::from_u64(which as u64 % 8);
                if self.client.cancel(now, request).is_ok() {
                    self.cancels.insert(request);
                }
            }
            18 => {
                let request = RequestId::from_u64(which as u64 % 8);
                match first % 2 {
                    0 => self.client.abandon(now, request),
                    _ => self.client.forget(now, request),
                }
                if let Some(waits) = self.open.get_mut(&request) {
                    *waits = false;
                }
            }
            19 | 20 => self.submit(which, data),
            21 => {
                let session = self.session(which);
                let said = serde_json::json!({"type": "note", "note": text}).to_string();
                let text = if which < 128 { &*said } else { &*text };
                let sent = self.client.send_in(now, session, text);
                self.note(&sent);
            }
            22 => {
                let opened = self.client.open_session(now);
                self.note(&opened);
            }
            23 => {
                let left = self.client.leave_session(now, self.session(which));
                self.note(&left);
            }
            24 => self.save(),
            25 => self.restore(data),
            26 => self.client.connect(now),
            27 if which == 27 => self.client.disconnect(now),
            27 => self.client.wake(now),
            28 | 29 => {
                let provided = self.client.provide_token(now, Token::new(&*text));
                self.note(&provided);
            }
            30 => self.client.token_failed(
                now,
                match which % 3 {
                    0 => TokenError::Unavailable,
                    1 => TokenError::Denied,
                    _ => TokenError::Malformed,
                },
            ),
            _ => self.pass(which as u64),
        }
    }

    // What happens to it.

    /// All goes well until the first session is open.
    fn arrive(&mut self, link: usize) {
        if link == 0 && matches!(self.transports[0], Transport::None) {
            self.client.connect(self.now);
            self.settle();
            let _late = self.client.provide_token(self.now, Token::new("token"));
            self.settle();
        }
        self.opened(link, Some("pamlink.v1"));
        for what in [0, 2] {
            self.settle();
            let said = self.server.say(what, &[]);
            self.hear_text(link, &said);
        }
    }

    fn dialed(&mut self, link: usize) {
        let Transport::Asked = self.transports[link] else { return };
        self.transports[link] = Transport::dialed();
        match link {
            0 => self.client.handle_dialed(self.now),
            _ => self.client.second_link().handle_dialed(self.now),
        }
    }

    fn opened(&mut self, link: usize, chosen: Option<&str>) {
        let Transport::Asked = self.transports[link] else { return };
        self.transports[link] = Transport::Whole;
        match link {
            0 => self.client.handle_opened(self.now, chosen),
            _ => self.client.second_link().handle_opened(self.now, chosen),
        }
    }

    fn dial_failed(&mut self, link: usize, which: usize, said: &str) {
        let Transport::Asked = self.transports[link] else { return };
        self.transports[link] = Transport::None;
        let failed = match which % 8 {
            0..=3 => DialFailed::Answered {
                status: [401, 404, 429, 503][which % 4],
                retry_after: (which > 127).then_some(Duration::from_secs(which as u64)),
                body: said,
            },
            4 => DialFailed::Unexplained { said },
            5 => DialFailed::Unanswered { class: CloseClass::Setup, said },
            _ => DialFailed::Unanswered { class: CloseClass::Network, said },
        };
        match link {
            0 => self.client.handle_dial_failed(self.now, failed),
            _ => self.client.second_link().handle_dial_failed(self.now, failed),
        }
    }

    fn answer_handshake(&mut self, link: usize, takes_offer: bool) {
        if let Some(answer) = self.transports[link].answer(takes_offer) {
            self.hear_bytes(link, &answer);
        }
    }

    fn hear_bytes(&mut self, link: usize, bytes: &[u8]) {
        let Transport::Bytes { .. } = self.transports[link] else { return };
        let taken = match link {
            0 => self.client.handle_bytes(self.now, bytes),
            _ => self.client.second_link().handle_bytes(self.now, bytes),
        };
        taken.expect("its events are taken");
    }

    fn hear_text(&mut self, link: usize, text: &str) {
        if let Transport::Bytes { writer, .. } = &mut self.transports[link] {
            let mut frame = Vec::new();
            writer.text(text, &mut frame).expect("it says nothing after a close");
            return self.hear_bytes(link, &frame);
        }
        self.hear(link, Incoming::Text(text));
    }

    fn hear(&mut self, link: usize, message: Incoming<'_>) {
        let Transport::Whole = self.transports[link] else { return };
        let taken = match link {
            0 => self.client.handle_message(self.now, message),
            _ => self.client.second_link().handle_message(self.now, message),
        };
        taken.expect("its events are taken");
    }

    fn closed(&mut self, link: usize) {
        if let Transport::None | Transport::Asked = self.transports[link] {
            return;
        }
        self.transports[link] = Transport::None;
        match link {
            0 => self.client.handle_closed(self.now),
            _ => self.client.second_link().handle_closed(self.now),
        }
    }

    fn pass(&mut self, millis: u64) {
        let until = self.now.mono + Duration::from_millis(millis);
        for round in 0.. {
            assert!(round < MAX_POLLS, "deadlines without an end");
            let due = self.client.poll_timeout().map(|due| due.at).filter(|at| *at <= until);
            let at = due.unwrap_or(until).max(self.now.mono);
            let passed = at.saturating_since(self.now.mono);
            self.now = Now::new(at, self.now.wall + passed);
            self.client.handle_timeout(self.now);
            self.settle();
            if let Some(next) = self.client.poll_timeout() {
                assert!(next.at > at, "a deadline that never is over: {next:?}");
            }
            if due.is_none() {
                return;
            }
        }
    }

    // What its host wants.

    /// One of its sessions, or one that there may not be.
    fn session(&self, which: usize) -> SessionNumber {
        self.client.sessions().nth(which % 4).unwrap_or(SessionNumber::FIRST)
    }

    fn request(&mut self, which: usize, text: &str) {
        let chat = Chat {
            message: Some(text.into()),
            stream: (which % 2 == 0).then_some(true),
            ..Chat::default()
        };
        let request = self.client.request_in(self.now, self.session(which / 2), &chat);
        self.note(&request);
        if let Ok(request) = request {
            assert_eq!(self.open.insert(request, true), None, "an id comes twice");
        }
    }

    fn submit(&mut self, which: usize, data: &[u8]) {
        let session = self.session(which);
        let text = serde_json::json!({"type": "note", "note": String::from_utf8_lossy(data)});
        let mut options = SendOptions::default();
        options.time_to_live = (which & 16 != 0).then_some(Duration::from_secs(which as u64 / 8));
        if which & 32 != 0 {
            options.priority = Priority::Urgent;
        }
        let sent = self.client.submit_in(self.now, session, &text.to_string(), options);
        self.note(&sent);
        if let Ok(command) = sent {
            assert!(self.submitted.insert((session, command)), "an id comes twice");
        }
    }

    fn save(&mut self) {
        let mut bytes = Vec::new();
        self.client.snapshot(&mut bytes).expect("its events are taken");
        let (open, submitted) = (self.open.clone(), self.submitted.clone());
        self.saved = Some(Saved { bytes, open, submitted });
    }

    /// Its process ends, and another goes on with the snapshot, or with some of its bytes changed.
    fn restore(&mut self, data: &[u8]) {
        let Some(saved) = self.saved.clone() else { return };
        let mut bytes = saved.bytes;
        let is_whole = data.is_empty();
        for (place, changed) in bytes.iter_mut().zip(data) {
            *place ^= changed;
        }
        self.lives += 1;
        let (config, endpoint) = (config(self.choices), endpoint(self.choices));
        let seed = Seed::from_number(self.lives);
        let Ok(client) = Client::restore(config, endpoint, &bytes, seed, self.now) else {
            assert!(!is_whole, "a snapshot of this version");
            return;
        };
        self.transports = Default::default();
        self.client = client;
        // A client of the other dialect alone keeps none.
        self.open = if self.choices & 1 == 0 { saved.open } else { BTreeMap::new() };
        self.submitted = saved.submitted;
        self.open.retain(|_, waits| *waits);
        self.cancels.clear();
        let goes_on: Vec<_> = self.client.requests().map(|(request, _)| request).collect();
        assert!(goes_on.iter().eq(self.open.keys()), "{goes_on:?} of {:?}", self.open);
    }

    // What comes of it.

    /// Takes all that there is to take.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < MAX_POLLS, "it goes in a circle");
            let events = self.events();
            let said = self.written(0) + self.written(1);
            if events + said == 0 {
                break;
            }
        }
        assert!(self.client.pending() <= MAX_REQUESTS);
        assert!(self.client.pending_bytes() <= MAX_REQUEST_BYTES);
        let held = ALLOCATED.load(Ordering::Relaxed).saturating_sub(self.allocated);
        let own = self.log.capacity() * size_of::<u64>();
        assert!(held.saturating_sub(own) <= MAX_MEMORY, "{held} bytes");
    }

    fn events(&mut self) -> usize {
        let mut count = 0;
        while let Some(event) = self.client.poll_event() {
            count += 1;
            assert!(count < MAX_POLLS, "events without an end: {event:?}");
            self.log.push(number(&format!("{event:?}")));
            match event {
                Event::Link(event) => self.transports[0].follow(&event),
                Event::SecondLink(event) => self.transports[1].follow(&event),
                Event::ChangedPlaces => self.transports.swap(0, 1),
                Event::Piece { request, .. } => {
                    assert_eq!(self.open.get(&request), Some(&true), "a piece of {request:?}");
                }
                Event::Answer { request, .. }
                | Event::Rejected { request, .. }
                | Event::Expired { request }
                | Event::Unknown { request }
                | Event::Unsent { request }
                | Event::Cancelled { request } => {
                    assert_eq!(self.open.remove(&request), Some(true), "the end of {request:?}");
                }
                Event::CancelResult { request, .. } => {
                    // Those of an earlier life are not known to its host.
                    let is_known = self.cancels.remove(&request);
                    assert!(is_known || self.lives > 1, "a result for {request:?}");
                }
                Event::Outcome { session, command, .. } => {
                    let is_known = self.submitted.remove(&(session, command));
                    assert!(is_known, "an outcome of {command:?} in {session:?}");
                }
                _ => {}
            }
        }
        count
    }

    /// What is written over a link is heard by the server; how much it was.
    fn written(&mut self, link: usize) -> usize {
        let (mut out, mut count) = (Vec::new(), 0);
        if let Transport::Whole = self.transports[link] {
            while let Some(outgoing) = match link {
                0 => self.client.poll_message(&mut out),
                _ => self.client.second_link().poll_message(&mut out),
            } {
                count += 1;
                assert!(count < MAX_POLLS, "messages without an end");
                self.log.push(number(&out));
                if outgoing == Outgoing::Text {
                    self.server.hear(str::from_utf8(&out).expect("a text"));
                }
                out.clear();
            }
            return count;
        }
        loop {
            let Transmit { written, more, close_transport, .. } = match link {
                0 => self.client.poll_transmit(&mut out),
                _ => self.client.second_link().poll_transmit(&mut out),
            };
            count += 1;
            assert!(count < MAX_POLLS, "bytes without an end");
            if close_transport {
                self.log.push(0);
            }
            if !more {
                count = written.min(1).max(count - 1);
                break;
            }
        }
        self.log.push(number(&out));
        self.transports[link].take(&out, |text| self.server.hear(text));
        count.min(out.len())
    }

    /// Its links end and no other comes, and every request has its time.
    fn end(&mut self) {
        self.client.disconnect(self.now);
        self.settle();
        self.closed(0);
        self.settle();
        self.closed(1);
        self.settle();
        self.pass(60_000);
        let waiting: Vec<_> = self.open.iter().filter(|(_, waits)| **waits).collect();
        assert!(waiting.is_empty(), "{waiting:?} never end");
        assert_eq!((self.client.pending(), self.client.pending_bytes()), (0, 0));
    }

    fn note(&mut self, came: &impl std::fmt::Debug) {
        self.log.push(number(&format!("{came:?}")));
    }
}

fn config(choices: u8) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.two_links = choices & 2 != 0;
    config.link.anonymous = choices & 4 != 0;
    if choices & 8 != 0 {
        config.max_link_age = Duration::from_secs(20);
    }
    config.max_requests = MAX_REQUESTS;
    config.max_request_bytes = MAX_REQUEST_BYTES;
    config.max_answer_bytes = 2_048;
    config.max_sessions = 3;
    config.max_seen = 4;
    config.request_timeout = Duration::from_secs(10);
    config.max_request_age = Duration::from_secs(30);
    config
}

fn endpoint(choices: u8) -> Endpoint {
    let (url, user) = ("ws://server.test", "ada");
    let endpoint =
        if choices & 1 == 0 { Endpoint::v1(url, user) } else { Endpoint::pam(url, user) };
    endpoint.expect("an address")
}

fn number(it: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    it.hash(&mut hasher);
    hasher.finish()
}
