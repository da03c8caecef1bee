//! Any order of inputs and commands to a hub: the same outputs each time, every link ends exactly
//! once, what is written can be read by a strict peer, and nothing grows beyond its bound.
//!
//! Clients of `pamlink.v1` are among them: what they are told of a session comes in its order,
//! whatever they say, and no session outlives its time.
//!
//! An input is a list of steps: what, which link, a length, and as many bytes. If the first byte is
//! 0xf0 or more, both ends compress.

#![no_main]

#[path = "hub_inputs/device.rs"]
mod device;
#[path = "common/steps.rs"]
mod steps;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use device::{Begun, Device};
use libfuzzer_sys::fuzz_target;
use pamlink::envelope::{Envelope, Kind};
use pamlink::frame::handshake::{
    HandshakeConfig, ResponseReader, Upgrade, WebSocketKey, write_request,
};
use pamlink::frame::{CloseCode, DeflateConfig, FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Reply, RequestId};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::metrics::SampleValue;
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use steps::steps;

const START: i64 = 1_800_000_000;
const MAX_LINKS: u32 = 6;
const MAX_REQUESTS: u32 = 12;
const MAX_SESSIONS: usize = 8;
/// Far above what six links, twelve requests and a small window hold; far below a leak.
const MAX_MEMORY: usize = 4 << 20;

/// Compiling a table takes far longer than a run.
static ROUTES: LazyLock<Arc<Table>> = LazyLock::new(|| Arc::new(Table::default()));

fuzz_target!(|input: &[u8]| {
    let deflate = input.first().is_some_and(|first| *first >= 0xf0).then(|| {
        let mut config = DeflateConfig::server();
        config.threshold = 16;
        config
    });
    let first = Host::new(deflate).run(input);
    assert_eq!(first, Host::new(deflate).run(input), "the same inputs, other outputs");
});

/// Believes a token that is the user's name, for ten minutes.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        let expires = Wall::from_unix_secs(START + 600);
        if now >= expires {
            return Err(AuthError::Expired);
        }
        Ok(Claims::new(token, expires))
    }
}

/// The other end of a link.
struct Peer {
    writer: Writer,
    /// Until the answer to an upgrade is read; none where raw bytes were sent instead.
    response: Option<ResponseReader>,
    reader: Option<Reader>,
    deflate: Option<DeflateConfig>,
    /// It offers `pamlink.v1`, and speaks it where the hub has taken that.
    device: Option<Device>,
    transport_closed: bool,
    closed: u32,
}

struct Host {
    hub: Hub,
    now: Now,
    deflate: Option<DeflateConfig>,
    peers: BTreeMap<LinkId, Peer>,
    /// In the order of accepting.
    links: Vec<LinkId>,
    requests: Vec<RequestId>,
    /// The sessions that were begun.
    sessions: Vec<Begun>,
    /// All that came out.
    log: Vec<String>,
}

impl Host {
    fn new(deflate: Option<DeflateConfig>) -> Self {
        let mut config = HubConfig::default();
        config.max_links = MAX_LINKS;
        config.max_links_per_user = 2;
        config.max_requests = MAX_REQUESTS;
        config.max_requests_per_link = 4;
        config.link.deflate = deflate;
        config.max_compressors = 2;
        config.window.max_entries = 16;
        config.window.max_result_bytes = 4_096;
        config.sessions.max_sessions = MAX_SESSIONS;
        config.sessions.user_sessions = 3;
        config.sessions.session.window_envelopes = 6;
        config.sessions.session.window_bytes = 1_024;
        config.sessions.session.queue_envelopes = 5;
        config.sessions.session.queue_bytes = 1_024;
        config.sessions.session.keep = Duration::from_secs(8);
        config.stream_log.owner_streams = 3;
        let auth = Auth::Verifier(Box::new(ByName));
        Self {
            hub: Hub::new(config, auth, Arc::clone(&ROUTES), Seed::from_number(5)),
            now: Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(START)),
            deflate,
            peers: BTreeMap::new(),
            links: Vec::new(),
            requests: Vec::new(),
            sessions: Vec::new(),
            log: Vec::new(),
        }
    }

    fn run(mut self, input: &[u8]) -> Vec<String> {
        for (what, which, data) in steps(input) {
            self.step(what, which, data);
            self.settle();
        }
        self.end();
        self.log
    }

    fn step(&mut self, what: u8, which: usize, data: &[u8]) {
        let now = self.now;
        let link = self.links.get(which % self.links.len().max(1)).copied();
        let text = String::from_utf8_lossy(data);
        match (what % 20, link) {
            (0, _) => drop(self.accept()),
            (1, _) => self.dial(&format!("/api/v1/pam/ws/u{0}?token=u{0}", which % 4), false),
            (2, _) => self.dial(&text, false),
            (3, Some(link)) => self.feed(link, data),
            (4 | 5, Some(link)) => self.say(link, &text),
            (6, Some(link)) => self.hub.handle_closed(now, link),
            (7, _) => self.pass(Duration::from_millis(which as u64 * 100)),
            (8, _) if !self.requests.is_empty() => {
                let request = self.requests.remove(which % self.requests.len());
                let replied = self.hub.reply(now, request, &Reply::text(&text));
                self.log.push(format!("{replied:?}"));
            }
            (9, _) => {
                let pushed = self.hub.push(now, &format!("u{}", which % 4), &alert(&text));
                self.log.push(format!("{pushed:?}"));
            }
            (10, _) => {
                let pushed = self.hub.broadcast(now, &alert(&text));
                self.log.push(format!("{pushed:?}"));
            }
            (11, Some(link)) => {
                self.hub.disconnect(now, link, CloseCode::GOING_AWAY, &text);
            }
            (12, _) => drop(self.hub.replace_routes(Arc::clone(&ROUTES))),
            (13, _) if which == 13 => self.hub.drain(now, Duration::from_millis(500)),
            (14, _) if !self.requests.is_empty() => {
                let request = self.requests[which % self.requests.len()];
                let delivered = self.hub.piece(now, request, &text);
                self.log.push(format!("{delivered:?}"));
            }
            (15, _) => {
                self.dial(&format!("/api/v1/pam/ws/u{}", which % 4), true);
                if let Some(link) = self.links.last().copied() {
                    self.say(link, &Device::hello(which));
                }
            }
            (16..=18, Some(link)) => {
                let sessions = &self.sessions;
                let peer = self.peers.get_mut(&link).expect("a link that was accepted");
                let said = peer.device.as_mut().map(|it| it.say(what % 20, which, data, sessions));
                if let Some(said) = said {
                    self.say(link, &said);
                }
            }
            (19, Some(link)) => {
                let within = Duration::from_millis(which as u64 * 50);
                let rotated = self.hub.rotate(now, link, within);
                self.log.push(format!("{rotated}"));
            }
            _ => {}
        }
    }

    fn accept(&mut self) -> Option<LinkId> {
        let link = self.hub.accept(self.now).ok()?;
        let peer = Peer {
            writer: Writer::client(Seed::from_number(6)),
            response: None,
            reader: None,
            deflate: self.deflate,
            device: None,
            transport_closed: false,
            closed: 0,
        };
        assert!(self.peers.insert(link, peer).is_none(), "an id came twice");
        self.links.push(link);
        Some(link)
    }

    fn dial(&mut self, target: &str, offers_v1: bool) {
        let key = WebSocketKey::from_seed(Seed::from_number(8));
        let offered: &[&str] = if offers_v1 { &["pamlink.v1"] } else { &[] };
        let upgrade = Upgrade {
            host: "h",
            target,
            key: &key,
            subprotocols: offered,
            deflate: self.deflate.as_ref(),
            origin: None,
            headers: &[],
        };
        let mut head = Vec::new();
        if write_request(&upgrade, &mut head).is_err() {
            return;
        }
        let Some(link) = self.accept() else { return };
        if let Some(peer) = self.peers.get_mut(&link) {
            let response = ResponseReader::new(HandshakeConfig::default(), &key, offered);
            peer.device = offers_v1.then(Device::default);
            peer.response = Some(match self.deflate {
                Some(config) => response.with_deflate(config),
                None => response,
            });
        }
        self.feed(link, &head);
    }

    fn say(&mut self, link: LinkId, text: &str) {
        let Some(peer) = self.peers.get_mut(&link) else { return };
        let mut frame = Vec::new();
        if peer.writer.text(text, &mut frame).is_ok() {
            self.feed(link, &frame);
        }
    }

    fn feed(&mut self, link: LinkId, bytes: &[u8]) {
        // A link that has ended takes nothing, which its host may learn in this way.
        let _taken = self.hub.handle_bytes(self.now, link, bytes);
    }

    fn pass(&mut self, time: Duration) {
        self.now = Now::new(self.now.mono + time, self.now.wall + time);
        self.hub.handle_timeout(self.now);
        self.settle();
        if let Some(deadline) = self.hub.poll_timeout() {
            assert!(deadline.at > self.now.mono, "a deadline that never is over: {deadline:?}");
        }
    }

    /// Drains all that there is to drain.
    fn settle(&mut self) {
        loop {
            self.events();
            let Some(link) = self.hub.poll_writable() else { break };
            let mut bytes = Vec::new();
            let transmit = self.hub.poll_transmit(link, &mut bytes);
            let peer = self.peers.get_mut(&link).expect("bytes for a link that was accepted");
            assert!(
                bytes.is_empty() || !peer.transport_closed,
                "bytes after the transport was closed"
            );
            peer.transport_closed |= transmit.close_transport;
            peer.hear(&bytes, &mut self.sessions, &mut self.log);
        }
        assert!(self.hub.links() <= MAX_LINKS as usize);
        assert!(self.hub.requests() <= MAX_REQUESTS as usize);
        assert!(self.hub.memory() <= MAX_MEMORY, "{} bytes", self.hub.memory());
    }

    fn sessions_active(&self) -> i64 {
        let metrics = self.hub.metrics();
        let family = metrics.family("pamlink_sessions_active").expect("it is counted");
        match family.samples[0].value {
            SampleValue::Gauge(count) => count,
            _ => panic!("how many there are is no gauge"),
        }
    }

    fn events(&mut self) {
        let mut plain = Vec::new();
        while let Some(event) = self.hub.poll_event() {
            self.log.push(format!("{event:?}"));
            match event {
                Event::Http { link, .. } => plain.push(link),
                Event::Request(request) => self.requests.push(request.request),
                Event::Closed { link, .. } => {
                    self.peers.get_mut(&link).expect("a link that was accepted").closed += 1;
                }
                _ => {}
            }
        }
        for link in plain {
            let responded = self.hub.respond(self.now, link, 200, &[], b"ok");
            self.log.push(format!("{responded:?}"));
        }
    }

    /// The transports end, and so does every link.
    fn end(&mut self) {
        // All metrics are made for this: looking after each step takes longer than the steps.
        assert!(self.sessions_active() <= MAX_SESSIONS as i64);
        for link in self.links.clone() {
            self.hub.handle_closed(self.now, link);
            self.settle();
        }
        assert_eq!(self.hub.links(), 0, "a link outlived its transport");
        // Past the time that a request may take.
        self.pass(Duration::from_secs(130));
        assert_eq!((self.hub.users(), self.hub.requests()), (0, 0));
        assert_eq!(self.sessions_active(), 0, "a session outlived its time");
        for (link, peer) in &self.peers {
            assert_eq!(peer.closed, 1, "{link:?} was told to be closed");
        }
    }
}

impl Peer {
    /// Reads what the hub wrote, strictly.
    fn hear(&mut self, mut bytes: &[u8], begun: &mut Vec<Begun>, log: &mut Vec<String>) {
        if let Some(response) = &mut self.response {
            let taken = response.handle_bytes(bytes);
            bytes = &bytes[taken..];
            match response.poll_event() {
                None => {}
                Some(Ok(response)) => {
                    assert!(self.device.is_none() || response.subprotocol().is_some());
                    self.response = None;
                    let mut reader = Reader::new(Role::Client, FrameConfig::default());
                    if let (Some(config), Some(agreed)) = (&self.deflate, response.deflate()) {
                        reader.inflate(config, agreed);
                        self.writer.deflate(config, agreed);
                    }
                    self.reader = Some(reader);
                }
                Some(Err(error)) => log.push(format!("{error}")),
            }
        }
        let Some(reader) = &mut self.reader else { return };
        reader.handle_bytes(bytes).expect("a reader that is drained takes bytes");
        while let Some(event) = reader.poll_event() {
            match event {
                FrameEvent::Text(text) => match &mut self.device {
                    Some(device) => device.hear(text, begun),
                    None => check(text),
                },
                FrameEvent::Failed(error) => panic!("the hub wrote what cannot be read: {error}"),
                _ => {}
            }
            log.push(format!("{event:?}"));
        }
    }
}

/// A push that keeps to the rules.
fn alert(text: &str) -> String {
    serde_json::json!({"type": "proactive_alert", "note": text}).to_string()
}

/// What a hub sends is an envelope, and only answers and errors read as such to an old client.
fn check(text: &str) {
    let envelope = Envelope::parse(text, u8::MAX).expect("the hub wrote no envelope");
    match envelope.kind() {
        Kind::ChatResponse | Kind::Error => return,
        // To those who have asked for it, under an id.
        Kind::ChatResponseDelta => return assert!(envelope.reply_to().is_some(), "{text}"),
        _ => {}
    }
    for name in ["message", "content", "response", "text", "error"] {
        assert!(envelope.field(name).is_none(), "{text}");
    }
}
