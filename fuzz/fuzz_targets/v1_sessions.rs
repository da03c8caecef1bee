//! Any order of calls to clients and to the sessions of a server, over links that are cut and
//! half-open, with envelopes that are changed, lost, doubled and made up on their way: whatever is
//! sent ends once, nothing grows beyond its bound, every deadline comes to an end, and the same
//! input gives the same outputs. As long as nobody lies, nobody is told of a fault, what is
//! acknowledged was heard once, and the text of a stream is what was appended.
//!
//! An input is a list of steps: what, which, a length, and as many bytes.

#![no_main]

#[path = "v1_sessions/checks.rs"]
mod checks;
#[path = "common/steps.rs"]
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use checks::{Produced, Read, hear, is_said, judge, note};
use libfuzzer_sys::fuzz_target;
use pamlink::delivery::stream::{
    self, End, Generation, LogConfig, MemoryLog, StreamKey, Streams, StreamsConfig,
};
use pamlink::delivery::{
    ClientEvent, ClientSession, CommandId, Event, Fault, LinkNumber, Priority, SendOptions,
    SessionConfig, SessionNumber, Sessions, SessionsConfig, SessionsEvent, Target,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Channel, Code, DEPTH, Epoch, How, Message, Name, Position};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use steps::steps;

/// Who has each device.
const USERS: [&str; 4] = ["ann", "ann", "ann", "bob"];
const MAX_SESSIONS: usize = 6;
/// Deadlines that may come while a minute passes.
const MAX_DEADLINES: usize = 20_000;

fuzz_target!(|input: &[u8]| {
    let first = World::new().run(input);
    assert_eq!(first, World::new().run(input), "the same inputs, other outputs");
});

struct World {
    sessions: Sessions,
    log: MemoryLog,
    devices: Vec<Device>,
    links: Vec<Link>,
    millis: u64,
    /// Nobody has said what its end did not say, and nobody has forgotten anything.
    honest: bool,
    /// What was sent so far: the body of each is its number.
    sent: u64,
    /// How often each was heard.
    heard: BTreeMap<u64, u32>,
    /// What the server's host has sent and has no outcome.
    open: BTreeMap<(SessionNumber, CommandId), Option<u64>>,
    known: Vec<SessionNumber>,
    items: Vec<(SessionNumber, Position, Option<StreamKey>)>,
    /// The streams that items have asked for.
    begun: Vec<StreamKey>,
    producers: Vec<(StreamKey, Generation)>,
    texts: BTreeMap<StreamKey, Produced>,
    outputs: Vec<String>,
}

/// One device of a user.
struct Device {
    user: &'static str,
    session: ClientSession,
    link: Option<usize>,
    open: BTreeMap<CommandId, Option<u64>>,
    items: Vec<Position>,
    texts: BTreeMap<String, Read>,
    snapshot: Option<(Vec<u8>, BTreeMap<CommandId, Option<u64>>)>,
}

/// A link, which one end may hold for open when the other does not.
struct Link {
    user: &'static str,
    is_open: bool,
    to_server: VecDeque<String>,
    to_client: VecDeque<String>,
}

fn session_config() -> SessionConfig {
    let mut config = SessionConfig::default();
    config.window_envelopes = 6;
    config.window_bytes = 1_024;
    config.queue_envelopes = 5;
    config.queue_bytes = 1_024;
    config.max_cancels = 3;
    config.keep = Duration::from_secs(8);
    config
}

fn streams_config() -> StreamsConfig {
    StreamsConfig { producer_bytes: 2_048, cancels: 2, ..StreamsConfig::default() }
}

impl World {
    fn new() -> Self {
        let config = SessionsConfig {
            session: session_config(),
            streams: streams_config(),
            max_sessions: MAX_SESSIONS,
            user_sessions: 3,
            ..SessionsConfig::default()
        };
        let log = LogConfig { owner_streams: 3, stream_bytes: 16_384, ..LogConfig::default() };
        let log = MemoryLog::new(log, Epoch::from_bits(0x109e));
        let devices = USERS.iter().zip(10..).map(|(user, seed)| Device {
            user,
            session: ClientSession::new(session_config(), Seed::from_number(seed)),
            link: None,
            open: BTreeMap::new(),
            items: Vec::new(),
            texts: BTreeMap::new(),
            snapshot: None,
        });
        Self {
            sessions: Sessions::new(config, log.epoch(), Seed::from_number(5)),
            log,
            devices: devices.collect(),
            links: Vec::new(),
            millis: 0,
            honest: true,
            sent: 0,
            heard: BTreeMap::new(),
            open: BTreeMap::new(),
            known: Vec::new(),
            items: Vec::new(),
            begun: Vec::new(),
            producers: Vec::new(),
            texts: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }

    fn run(mut self, input: &[u8]) -> Vec<String> {
        for (what, which, data) in steps(input) {
            self.step(what, which, data);
            self.settle();
        }
        self.end();
        self.outputs
    }

    fn now(&self) -> Now {
        let passed = Duration::from_millis(self.millis);
        Now::new(Mono::from_millis(self.millis), Wall::from_unix_secs(1_800_000_000) + passed)
    }

    fn step(&mut self, what: u8, which: usize, data: &[u8]) {
        let now = self.now();
        let device = which % self.devices.len();
        let first = data.first().copied().unwrap_or_default();
        // One that was asked for, or one that may yet be.
        let stream = pick(&self.begun, usize::from(first));
        let stream = stream.map_or_else(|| format!("q-{}", first % 4), |key| key.name.to_string());
        let name = Name::new(stream.clone()).expect("a name");
        match what % 22 {
            0 => self.connect(device),
            1 => self.cut(device, true),
            2 => self.cut(device, false),
            3 => self.send(device, data),
            4 => {
                let target = match first % 3 {
                    0 => Target::Stream(name),
                    1 => Target::Agent(Name::new("agent").expect("a name")),
                    _ => Target::All,
                };
                let it = &mut self.devices[device];
                if let Ok(command) = it.session.cancel(now, target) {
                    it.open.insert(command, None);
                }
            }
            5 => {
                let it = &mut self.devices[device];
                if data.len() % 2 == 0 {
                    let followed = it.session.follow(now, &name, None);
                    self.outputs.push(format!("{followed:?}"));
                } else {
                    it.session.unfollow(now, &stream);
                }
            }
            6 => {
                let it = &mut self.devices[device];
                if let Some(at) = it.items.pop()
                    && let Ok(command) = it.session.reject(now, at, busy(), None)
                {
                    it.open.insert(command, None);
                }
            }
            7 => {
                if let Some(session) = pick(&self.known, which) {
                    self.sent += 1;
                    let body = body(self.sent, data);
                    let sent = self.sessions.send(now, session, &body, options(data, None));
                    if let Ok(command) = sent {
                        self.open.insert((session, command), Some(self.sent));
                    }
                }
            }
            8 => {
                if let Some((session, at, asked)) = self.items.pop()
                    && let Ok(command) = self.sessions.reject(now, session, at, busy(), None)
                {
                    self.open.insert((session, command), None);
                    if let Some(key) = asked {
                        self.sessions.unfollow(now, session, &key);
                    }
                }
            }
            9 => {
                let named = StreamKey::new(USERS[device], &name);
                let key = pick(&self.begun, self.begun.len().saturating_sub(1 + which % 2));
                let key = key.unwrap_or(named);
                let claimed = self.sessions.streams().claim(now, &key);
                self.outputs.push(format!("{claimed:?}"));
            }
            10..=13 => self.produce(what % 22, which, data),
            14 => self.client_says(device),
            15 => self.server_says(),
            16 => {
                // That of a device, or one that may be left.
                let own = self.devices[device].link.filter(|_| data.len() % 4 != 3);
                self.carry(own.unwrap_or(which), data.len() + 1);
            }
            17 => self.pass(u64::from(first).pow(2) / 4 + data.len() as u64),
            18 => self.meddle(which, data),
            19 => {
                let Some(place) = which.checked_rem(self.links.len()) else { return };
                let link = &mut self.links[place];
                let text = String::from_utf8_lossy(data).into_owned();
                let queue = if which % 2 == 0 { &mut link.to_server } else { &mut link.to_client };
                queue.push_front(text);
                self.honest = false;
            }
            20 => {
                let it = &mut self.devices[device];
                match &it.snapshot {
                    Some((bytes, open)) if data.len() % 2 == 0 => {
                        let seed = Seed::from_number(1_000 + self.sent);
                        let restored = ClientSession::restore(session_config(), bytes, seed, now);
                        it.session = restored.expect("a snapshot of this version");
                        it.open = open.clone();
                        it.items.clear();
                        it.link = None;
                        self.honest = false;
                    }
                    _ => {
                        let mut bytes = Vec::new();
                        it.session.snapshot(&mut bytes).expect("its events are taken");
                        it.snapshot = Some((bytes, it.open.clone()));
                    }
                }
            }
            _ => match (first % 3, pick(&self.known, which)) {
                (0, _) => self.devices[device].session.leave(now),
                (1, Some(session)) => self.sessions.leave(now, session),
                _ if self.links.is_empty() => {}
                _ => {
                    let link = LinkNumber((which % self.links.len()) as u64);
                    if self.links[which % self.links.len()].is_open {
                        self.sessions.heartbeat(now, link);
                    }
                }
            },
        }
    }

    fn connect(&mut self, device: usize) {
        let now = self.now();
        let it = &mut self.devices[device];
        it.session.attach(now, Channel((device % 3) as u16)).expect("its events are taken");
        it.link = Some(self.links.len());
        self.links.push(Link {
            user: it.user,
            is_open: true,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
        });
    }

    /// The link of a device is gone; the server hears of it, or does not yet.
    fn cut(&mut self, device: usize, is_heard: bool) {
        let now = self.now();
        let it = &mut self.devices[device];
        it.session.detach(now);
        if let Some(link) = it.link.take()
            && is_heard
        {
            self.close(link);
        }
    }

    fn close(&mut self, link: usize) {
        let it = &mut self.links[link];
        it.is_open = false;
        it.to_server.clear();
        it.to_client.clear();
        self.sessions.handle_link_closed(self.now(), LinkNumber(link as u64));
    }

    fn send(&mut self, device: usize, data: &[u8]) {
        let now = self.now();
        self.sent += 1;
        let body = body(self.sent, data);
        // Nearly always under a name of its own.
        let name = |first: &u8| format!("q-{}", if first % 16 == 0 { 0 } else { self.sent });
        let stream = data.first().filter(|first| *first % 2 == 0).map(name);
        let it = &mut self.devices[device];
        if let Ok(command) = it.session.send(now, &body, options(data, stream)) {
            it.open.insert(command, Some(self.sent));
        }
    }

    fn produce(&mut self, what: u8, which: usize, data: &[u8]) {
        let now = self.now();
        let newest = self.producers.len().saturating_sub(1 + which % 3);
        let Some((key, by)) = pick(&self.producers, newest) else { return };
        let streams = self.sessions.streams();
        let produced = self.texts.entry(key.clone()).or_default();
        match what {
            10 => {
                let text = String::from_utf8_lossy(data).repeat(1 + data.len() % 5 * 40);
                if streams.append(now, &key, by, &text).is_ok() && !text.is_empty() {
                    if let Some(offset) = produced.restart.take() {
                        produced.text.truncate(offset);
                    }
                    produced.text.push_str(&text);
                }
            }
            11 => {
                let offset = data.len().min(produced.text.len());
                if streams.restart_from(now, &key, by, offset as u64).is_ok() {
                    produced.unsure |= !produced.text.is_char_boundary(offset);
                    produced.restart = Some(offset);
                }
            }
            12 => drop(streams.renew(now, &key, by)),
            _ => {
                if streams.finish(now, &key, by, End::new(How::Done)).is_ok() {
                    produced.unsure |= produced.restart.is_some();
                }
            }
        }
    }

    /// What a device has to say is on its way.
    fn client_says(&mut self, device: usize) {
        let it = &mut self.devices[device];
        let mut text = String::new();
        while it.session.poll_message(&mut text) {
            is_said(&text, true);
            let text = std::mem::take(&mut text);
            self.outputs.push(text.clone());
            // A client says its last over a link that it has left no more.
            if let Some(link) = it.link {
                self.links[link].to_server.push_back(text);
            }
        }
    }

    fn server_says(&mut self) {
        while let Some(link) = self.sessions.poll_ready() {
            let mut text = String::new();
            while self.sessions.poll_message(link, &mut text) {
                is_said(&text, false);
                let text = std::mem::take(&mut text);
                self.outputs.push(text.clone());
                let it = &mut self.links[link.0 as usize];
                assert!(it.is_open, "said over a link that is gone: {text}");
                it.to_client.push_back(text);
            }
        }
    }

    /// Some of what is on its way over a link arrives, in either direction.
    fn carry(&mut self, link: usize, most: usize) {
        let Some(place) = link.checked_rem(self.links.len()) else { return };
        for _ in 0..most {
            let now = self.now();
            if let Some(text) = self.links[place].to_server.pop_front()
                && self.links[place].is_open
            {
                let number = LinkNumber(place as u64);
                match Envelope::parse(&text, DEPTH) {
                    Ok(envelope) => {
                        let user = self.links[place].user;
                        self.sessions.handle_envelope(now, number, user, &envelope);
                    }
                    Err(_) => self.close(place),
                }
                self.settle();
            }
            let Some(text) = self.links[place].to_client.pop_front() else { continue };
            let device = self.devices.iter_mut().find(|device| device.link == Some(place));
            let Some(device) = device else { continue };
            match Envelope::parse(&text, DEPTH).as_ref().map(Message::read) {
                Ok(Ok(Some((_, message)))) => device.session.handle_message(now, &message),
                Ok(Ok(None)) => {}
                Ok(Err(_)) | Err(_) => device.session.handle_fault(now, Fault::Malformed),
            }
            self.settle();
        }
    }

    /// The first of what is on its way is changed, lost, doubled, or comes over another link.
    fn meddle(&mut self, which: usize, data: &[u8]) {
        let Some(place) = which.checked_rem(self.links.len()) else { return };
        let Some((at, bytes)) = data.split_first() else { return };
        let link = &mut self.links[place];
        let queue = if which % 2 == 0 { &mut link.to_server } else { &mut link.to_client };
        let Some(text) = queue.pop_front() else { return };
        self.honest = false;
        match bytes {
            [] => {}
            [_] => queue.extend([text.clone(), text]),
            [to, _] => {
                let to = usize::from(*to) % self.links.len();
                self.links[to].to_server.push_back(text);
            }
            bytes => {
                let mut changed = text.into_bytes();
                let at = usize::from(*at) % (changed.len() + 1);
                let end = (at + bytes.len() / 2).min(changed.len());
                changed.splice(at..end, bytes.iter().copied());
                queue.push_front(String::from_utf8_lossy(&changed).into_owned());
            }
        }
    }

    fn pass(&mut self, millis: u64) {
        let to = self.millis + millis;
        for _ in 0..MAX_DEADLINES {
            let devices = self.devices.iter().filter_map(|it| it.session.poll_timeout());
            let server = [self.sessions.poll_timeout(), self.log.poll_timeout()];
            let due = devices.chain(server.into_iter().flatten()).map(|it| it.at).min();
            let due = due.map(|at| at.as_nanos().div_ceil(1_000_000)).filter(|due| *due <= to);
            let Some(due) = due else {
                self.millis = to;
                return;
            };
            self.millis = self.millis.max(due);
            let now = self.now();
            self.log.handle_timeout(now);
            self.sessions.handle_timeout(now);
            self.devices.iter_mut().for_each(|it| it.session.handle_timeout(now));
            self.settle();
            // An acknowledgement that is due waits for its link.
            (0..self.devices.len()).for_each(|device| self.client_says(device));
            self.server_says();
        }
        panic!("deadlines that never are over");
    }

    /// All hosts take what there is to take.
    fn settle(&mut self) {
        loop {
            self.server_events();
            if !self.sessions.settle(self.now(), &mut self.log) {
                break;
            }
        }
        for device in 0..self.devices.len() {
            self.client_events(device);
            let session = self.devices[device].session.session();
            assert!(session.memory() <= session_config().ceiling(), "{}", session.memory());
        }
        assert!(self.sessions.len() <= MAX_SESSIONS, "{} sessions", self.sessions.len());
        let allocated = self.sessions.streams().allocated();
        assert!(allocated <= Streams::ceiling(&streams_config()), "{allocated} bytes of streams");
    }

    fn server_events(&mut self) {
        while let Some(event) = self.sessions.poll_event() {
            self.outputs.push(format!("{event:?}"));
            match event {
                SessionsEvent::Session { session, event, user } => {
                    if !self.known.contains(&session) {
                        self.known.push(session);
                    }
                    match event {
                        Event::Item { at, body, stream, .. } => {
                            let asked = stream.map(|stream| StreamKey::new(user, &stream));
                            self.begun.extend(asked.clone());
                            self.items.push((session, at, asked));
                            note(&mut self.heard, body.as_json(), self.honest);
                        }
                        Event::Outcome { command, outcome } => {
                            let sent = self.open.remove(&(session, command));
                            let sent = sent.expect("the outcome of what was sent, once");
                            judge(&self.heard, sent, &outcome, self.honest);
                        }
                        Event::Fault(fault) => assert!(!self.honest, "{fault:?}"),
                        _ => {}
                    }
                }
                SessionsEvent::Stream(stream::Event::Claimed { key, generation, .. }) => {
                    let text = self.texts.entry(key.clone()).or_default();
                    // What the one before had appended may not be in the log.
                    text.unsure |= generation.number() > 1;
                    self.producers.push((key, generation));
                }
                _ => {}
            }
        }
    }

    fn client_events(&mut self, device: usize) {
        let it = &mut self.devices[device];
        while let Some(event) = it.session.poll_event() {
            self.outputs.push(format!("{event:?}"));
            match event {
                ClientEvent::Session(Event::Item { at, body, .. }) => {
                    it.items.push(at);
                    note(&mut self.heard, body.as_json(), self.honest);
                }
                ClientEvent::Session(Event::Outcome { command, outcome }) => {
                    let sent =
                        it.open.remove(&command).expect("the outcome of what was sent, once");
                    judge(&self.heard, sent, &outcome, self.honest);
                }
                ClientEvent::Session(Event::CancelResult { command, .. }) => {
                    it.open.remove(&command).expect("the result of what was sent, once");
                }
                ClientEvent::Session(Event::Fault(fault)) => assert!(!self.honest, "{fault:?}"),
                ClientEvent::Stream(event) if self.honest => {
                    hear(&mut it.texts, &self.texts, it.user, &event);
                }
                _ => {}
            }
        }
    }

    /// All leave, and everything comes to its end.
    fn end(&mut self) {
        for device in 0..self.devices.len() {
            let now = self.now();
            self.devices[device].session.leave(now);
            self.settle();
            let open = &self.devices[device].open;
            assert!(open.is_empty(), "without an outcome: {open:?}");
        }
        for link in 0..self.links.len() {
            if self.links[link].is_open {
                self.close(link);
                self.settle();
            }
        }
        self.pass(130_000);
        assert!(self.sessions.is_empty(), "a session outlived its time");
        assert!(self.open.is_empty(), "without an outcome: {:?}", self.open);
    }
}

fn options(data: &[u8], stream: Option<String>) -> SendOptions<'static> {
    let pick = data.get(1).copied().unwrap_or_default();
    SendOptions {
        priority: [Priority::Normal, Priority::Urgent, Priority::Bulk][usize::from(pick % 3)],
        key: if pick % 16 == 9 { Name::new("key") } else { None },
        time_to_live: (pick % 4 == 1).then(|| Duration::from_millis(u64::from(pick) * 20)),
        stream: stream.and_then(Name::new),
        agent: if pick % 8 < 4 { Name::new("agent") } else { None },
        ..SendOptions::default()
    }
}

/// A body that says its number, and is longer or shorter.
fn body(number: u64, data: &[u8]) -> String {
    format!("\"{number} {}\"", "x".repeat(data.len() * 8))
}

fn busy() -> Code<'static> {
    Code::new("busy").expect("a code")
}

fn pick<T: Clone>(among: &[T], which: usize) -> Option<T> {
    among.get(which.checked_rem(among.len())?).cloned()
}
