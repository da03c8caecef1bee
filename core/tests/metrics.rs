//! Every metric moves: a hub and a client feed each family by what their hosts see them do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{self, Client, ClientConfig};
use pamlink::envelope::Chat;
use pamlink::frame::Writer;
use pamlink::hub::{self, Auth, Hub, HubConfig, LinkId, Reply, RequestId};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{
    AuthError, Claims, ClientLinkEvent, CloseClass, Endpoint, Overflow, Token, Verify,
};
use pamlink::metrics::{SampleValue, Snapshot};
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

/// A client and its host.
struct App {
    client: Client,
    token: &'static str,
    link: Option<LinkId>,
    second: Option<LinkId>,
}

/// A hub and its clients with nothing between them, in virtual time.
struct World {
    hub: Hub,
    now: Now,
    apps: Vec<App>,
    requests: Vec<RequestId>,
    /// What was not zero at some moment, in the hub and in the clients.
    moved: [BTreeSet<&'static str>; 2],
}

impl World {
    fn new(config: HubConfig) -> Self {
        let auth = Auth::Verifier(Box::new(ByName));
        let (table, seed) = (Arc::new(Table::default()), Seed::from_number(1));
        Self {
            hub: Hub::new(config, auth, table, seed),
            now: Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000)),
            apps: Vec::new(),
            requests: Vec::new(),
            moved: Default::default(),
        }
    }

    /// A client that connects, and comes as far as its token lets it.
    fn connect(&mut self, user: &'static str, token: &'static str, config: ClientConfig) -> usize {
        self.connect_to(Endpoint::pam("ws://hub.test", user).unwrap(), token, config)
    }

    fn connect_to(
        &mut self,
        endpoint: Endpoint,
        token: &'static str,
        config: ClientConfig,
    ) -> usize {
        let seed = Seed::from_number(self.apps.len() as u64 + 2);
        let mut client = Client::new(config, endpoint, seed, self.now).unwrap();
        client.connect(self.now);
        self.apps.push(App { client, token, link: None, second: None });
        self.settle();
        self.apps.len() - 1
    }

    fn ask(&mut self, app: usize, text: &str) {
        let chat = Chat { message: Some(text.into()), ..Chat::default() };
        self.apps[app].client.ask(self.now, &chat).unwrap();
        self.settle();
    }

    fn send(&mut self, app: usize, text: &str) {
        self.apps[app].client.send(self.now, text).unwrap();
        self.settle();
    }

    fn reply(&mut self) {
        for request in std::mem::take(&mut self.requests) {
            self.now.mono = self.now.mono + Duration::from_millis(5);
            self.hub.reply(self.now, request, &Reply::text("done")).unwrap();
        }
        self.settle();
    }

    /// The transport of a client breaks.
    fn cut(&mut self, app: usize) {
        self.apps[app].client.handle_closed(self.now);
        if let Some(link) = self.apps[app].link.take() {
            self.hub.handle_closed(self.now, link);
        }
        self.settle();
    }

    /// Time passes, with every deadline kept.
    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.now.mono < end {
            let clients = self.apps.iter().filter_map(|app| app.client.poll_timeout());
            let due = clients.chain(self.hub.poll_timeout()).map(|due| due.at).min();
            let at = due.unwrap_or(end).clamp(self.now.mono, end);
            self.now = Now::new(at, self.now.wall + at.saturating_since(self.now.mono));
            self.hub.handle_timeout(self.now);
            for app in &mut self.apps {
                app.client.handle_timeout(self.now);
            }
            self.settle();
        }
    }

    /// Carries bytes until nobody has any.
    fn settle(&mut self) {
        self.look();
        let mut busy = true;
        while busy {
            busy = false;
            for app in 0..self.apps.len() {
                busy |= self.serve_client(app);
            }
            busy |= self.serve_hub();
        }
        self.look();
    }

    fn serve_client(&mut self, app: usize) -> bool {
        let App { client, token, link, second } = &mut self.apps[app];
        let (mut dial, mut want, mut close_transport) = (false, false, false);
        let (mut dial_second, mut close_second) = (false, false);
        while let Some(event) = client.poll_event() {
            match &event {
                client::Event::SecondLink(ClientLinkEvent::Dial(_)) => dial_second = true,
                client::Event::SecondLink(ClientLinkEvent::CloseTransport) => close_second = true,
                client::Event::ChangedPlaces => core::mem::swap(link, second),
                _ => {}
            }
            dial |= matches!(event, client::Event::Link(ClientLinkEvent::Dial(_)));
            want |= matches!(event, client::Event::Link(ClientLinkEvent::NeedToken(_)));
            close_transport |=
                matches!(event, client::Event::Link(ClientLinkEvent::CloseTransport));
        }
        if want {
            client.provide_token(self.now, Token::new(*token)).unwrap();
        }
        if dial {
            match self.hub.accept(self.now) {
                Ok(made) => {
                    *link = Some(made);
                    client.handle_dialed(self.now);
                }
                Err(_) => client.handle_dial_failed(self.now, CloseClass::ServerUnavailable),
            }
        }
        if dial_second {
            *second = self.hub.accept(self.now).ok();
            client.second_link().handle_dialed(self.now);
        }
        let mut beside = Vec::new();
        let _ = client.second_link().poll_transmit(&mut beside);
        if let Some(link) = *second {
            let _ = self.hub.handle_bytes(self.now, link, &beside);
        }
        if close_second && let Some(link) = second.take() {
            self.hub.handle_closed(self.now, link);
        }
        let mut bytes = Vec::new();
        let _ = client.poll_transmit(&mut bytes);
        if let Some(link) = *link {
            // A link that has ended takes nothing, and says so.
            let _ = self.hub.handle_bytes(self.now, link, &bytes);
        }
        if close_transport && let Some(link) = link.take() {
            self.hub.handle_closed(self.now, link);
        }
        let busy = want || dial || close_transport || dial_second || close_second;
        busy || !bytes.is_empty() || !beside.is_empty()
    }

    fn serve_hub(&mut self) -> bool {
        let mut busy = false;
        while let Some(event) = self.hub.poll_event() {
            busy = true;
            if let hub::Event::Request(request) = event {
                self.requests.push(request.request);
            }
        }
        while let Some(link) = self.hub.poll_writable() {
            busy = true;
            let mut bytes = Vec::new();
            let transmit = self.hub.poll_transmit(link, &mut bytes);
            if let Some(app) = self.apps.iter_mut().find(|app| app.second == Some(link)) {
                app.client.second_link().handle_bytes(self.now, &bytes).unwrap();
                continue;
            }
            let Some(app) = self.apps.iter_mut().find(|app| app.link == Some(link)) else {
                continue;
            };
            app.client.handle_bytes(self.now, &bytes).unwrap();
            if transmit.close_transport {
                app.client.handle_closed(self.now);
                app.link = None;
            }
        }
        busy
    }

    /// Takes note of what is not zero.
    fn look(&mut self) {
        let clients = self.apps.iter().map(|app| (1, app.client.metrics()));
        for (side, snapshot) in std::iter::once((0, self.hub.metrics())).chain(clients) {
            self.moved[side].extend(moved(&snapshot));
        }
    }
}

/// A client of `pamlink.v1` that says envelopes by hand.
struct Scripted {
    link: LinkId,
    writer: Writer,
}

impl Scripted {
    const OPENING: &str = "GET /api/v1/pam/ws/ann HTTP/1.1\r\nHost: hub.test\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: pamlink.v1\r\n\r\n";
    const HELLO: &str = r#"{"type":"hello","versions":[1,1],"features":0,"limits":{"message":1048576},"token":"ann"}"#;

    /// One that is welcomed.
    fn welcomed(world: &mut World) -> Self {
        let link = world.hub.accept(world.now).unwrap();
        world.hub.handle_bytes(world.now, link, Self::OPENING.as_bytes()).unwrap();
        let mut scripted = Self { link, writer: Writer::client(Seed::from_number(9)) };
        let welcome = scripted.say(world, Self::HELLO);
        assert!(welcome.contains(r#""type":"welcome""#), "{welcome}");
        scripted
    }

    /// Says an envelope, and reads what is answered: the frames of a server, which show their text.
    fn say(&mut self, world: &mut World, text: &str) -> String {
        let mut frame = Vec::new();
        self.writer.text(text, &mut frame).unwrap();
        world.hub.handle_bytes(world.now, self.link, &frame).unwrap();
        while let Some(event) = world.hub.poll_event() {
            if let hub::Event::Request(request) = event {
                world.requests.push(request.request);
            }
        }
        let mut bytes = Vec::new();
        while world.hub.poll_transmit(self.link, &mut bytes).more {}
        world.look();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A session with an answer that is cancelled, over three links, of which the client forgets what it
/// has sent over the first.
fn a_session(world: &mut World) {
    let mut first = Scripted::welcomed(world);
    let opened = first.say(world, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
    let (_, rest) = opened.split_once(r#""session":""#).unwrap();
    let session = &rest[..32];
    let (_, rest) = opened.split_once(r#""from":"#).unwrap();
    let from = &rest[..22];
    let item = r#"{"type":"chat","id":"s","message":"log 40 for fuel"}"#;
    let item =
        format!(r#"{{"type":"item","at":["c1a5e00000000001",1],"stream":"s","body":{item}}}"#);
    first.say(world, &item);
    let cancel = r#"{"type":"cancel","at":["c1a5e00000000001",2],"scope":"all"}"#;
    first.say(world, cancel);
    world.reply();
    world.hub.handle_closed(world.now, first.link);
    let mut second = Scripted::welcomed(world);
    let sent = r#""sent":["c1a5e00000000001",2]"#;
    let open = format!(r#"{{"type":"open","session":"{session}","received":{from},{sent}}}"#);
    let resumed = second.say(world, &open);
    assert!(resumed.contains("cancel_result"), "it is sent again: {resumed}");
    let anew = r#"{"type":"continue","from":["c1a5e00000000002",0],"reason":"ahead"}"#;
    second.say(world, anew);
    world.hub.handle_closed(world.now, second.link);
    world.settle();
}

fn moved(snapshot: &Snapshot) -> impl Iterator<Item = &'static str> {
    let not_zero = snapshot.iter().filter(|(_, sample)| match &sample.value {
        SampleValue::Counter(count) => *count > 0,
        SampleValue::Gauge(value) => *value != 0,
        SampleValue::Histogram(buckets) => buckets.count > 0,
    });
    not_zero.map(|(family, _)| family.name)
}

fn config() -> HubConfig {
    let mut config = HubConfig::default();
    config.window.max_entries = 2;
    config
}

/// A day in the life of a good client on a bad network.
fn a_day() -> World {
    let mut world = World::new(config());
    let ann = world.connect("ann", "ann", ClientConfig::default());
    for text in ["one", "two", "three"] {
        world.ask(ann, text);
        world.reply();
    }
    for _ in 0..2 {
        world.send(ann, r#"{"type":"chat","id":"own","message":"log 40 for fuel"}"#);
    }
    world.reply();
    world.send(ann, r#"{"type":"telepathy","id":"of the future"}"#);
    let _ = world.hub.push(world.now, "nobody", r#"{"type":"note"}"#).unwrap();
    world.apps[ann].client.wake(world.now);
    world.settle();
    world.pass(Duration::from_secs(25));
    world.apps[ann].client.provide_token(world.now, Token::new("ann")).unwrap();
    world.settle();
    world.cut(ann);
    world.pass(Duration::from_secs(3));
    assert!(world.apps[ann].client.is_welcomed());
    world
}

/// The same day, and a session.
fn a_day_in_both_dialects() -> World {
    let mut world = a_day();
    a_session(&mut world);
    world
}

/// Everybody does something wrong, or finds no room.
fn a_bad_day() -> World {
    let mut config = config();
    config.max_links = 2;
    config.rates.max_users = 1;
    config.rates = config.rates.with(RateClass::Message, Rate::new(2, Duration::from_secs(60)));
    config.link.outbox.max_bytes = 1_000;
    config.link.outbox.overflow = Overflow::Reject;
    let mut world = World::new(config);
    let liar = world.hub.accept(world.now).unwrap();
    world.hub.handle_bytes(world.now, liar, b"garbage\r\n\r\n").unwrap();
    world.settle();
    let ann = world.connect("ann", "ann", ClientConfig::default());
    world.connect("ben", "bob", ClientConfig::default());
    world.connect("eve", "eve", ClientConfig::default());
    for text in ["one", "two", "three"] {
        world.ask(ann, text);
    }
    let (_, _) = (world.hub.accept(world.now), world.hub.accept(world.now));
    let note = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(400));
    for _ in 0..4 {
        let _ = world.hub.push(world.now, "ann", &note).unwrap();
    }
    world.settle();
    // Of a type for which the server states no limit.
    let large = format!(r#"{{"type":"blob","id":"q","a":"{}"}}"#, "x".repeat(140_000));
    for _ in 0..6 {
        let _ = world.apps[ann].client.send(world.now, &large);
        world.settle();
    }
    world.pass(Duration::from_secs(60));
    world
}

/// Links are cut when nothing was said over them for 6 s.
fn a_day_on_a_quiet_way() -> World {
    let mut world = World::new(config());
    let mut client = ClientConfig::default();
    client.link.proven = Duration::from_secs(1);
    let ann = world.connect("ann", "ann", client);
    // In between the hub pings by itself, and then the way is not quiet for so long.
    for _ in 0..12 {
        world.send(ann, r#"{"type":"ping"}"#);
        world.pass(Duration::from_secs(6));
        world.cut(ann);
        world.pass(Duration::from_secs(3));
    }
    world
}

/// A link is to move to another one.
fn a_day_with_a_planned_change() -> World {
    let mut world = World::new(config());
    let mut client = ClientConfig::default();
    client.two_links = true;
    let endpoint = Endpoint::v1("ws://hub.test", "ann").unwrap();
    let ann = world.connect_to(endpoint, "ann", client);
    assert_eq!(world.hub.rotate_user(world.now, "ann", Duration::from_secs(10)), 1);
    world.pass(Duration::from_secs(10));
    assert!(world.apps[ann].client.is_welcomed());
    world
}

#[test]
fn every_family_is_fed() {
    let worlds = [
        a_day_in_both_dialects(),
        a_bad_day(),
        a_day_on_a_quiet_way(),
        a_day_with_a_planned_change(),
    ];
    let all: BTreeSet<_> = worlds[0].hub.metrics().families.iter().map(|it| it.name).collect();
    let fed: BTreeSet<_> =
        worlds.iter().flat_map(|it| it.moved.iter().flatten().copied()).collect();
    assert_eq!(all.difference(&fed).collect::<Vec<_>>(), [&""; 0], "families that nobody feeds");
}

/// Only a client asks and dials; only a hub admits. The rest both feed.
#[test]
fn either_side_feeds_its_own() {
    let world = a_day_in_both_dialects();
    let only_hub = [
        "pamlink_cancels_total",
        "pamlink_duplicates_total",
        "pamlink_pushes_total",
        "pamlink_refusals_total",
        "pamlink_routes_total",
        "pamlink_session_gaps_total",
        "pamlink_session_opens_total",
        "pamlink_session_replayed_bytes_total",
        "pamlink_sessions_active",
        "pamlink_streams_active",
        "pamlink_streams_ended_total",
        "pamlink_users_active",
        "pamlink_window_bytes",
        "pamlink_window_entries",
        "pamlink_window_evictions_total",
    ];
    let only_client = ["pamlink_requests_total", "pamlink_dials_total", "pamlink_reconnects_total"];
    let [hub, client] = &world.moved;
    let both: BTreeSet<_> = hub.union(client).copied().collect();
    let without = |names: &[&str]| both.iter().copied().filter(|it| !names.contains(it)).collect();
    let (of_hub, of_client): (BTreeSet<_>, BTreeSet<_>) =
        (without(&only_client), without(&only_hub));
    assert_eq!((hub, client), (&of_hub, &of_client));
}

#[test]
fn counts_are_what_happened() {
    let world = a_day();
    let count = |snapshot: &Snapshot, name: &str, labels: &[&str]| {
        let samples = &snapshot.family(name).unwrap().samples;
        let of = |sample: &&pamlink::metrics::Sample| {
            labels.iter().all(|label| sample.labels.iter().any(|(_, value)| value == label))
        };
        let sample = samples.iter().find(of).unwrap();
        match &sample.value {
            SampleValue::Counter(count) => *count,
            SampleValue::Gauge(value) => value.unsigned_abs(),
            SampleValue::Histogram(buckets) => buckets.count,
        }
    };
    let (hub, client) = (world.hub.metrics(), world.apps[0].client.metrics());
    for (name, labels, of_hub, of_client) in [
        ("pamlink_dials_total", &[][..], 0, 2),
        ("pamlink_connections_total", &[], 2, 2),
        ("websocket_connections_active", &[], 1, 1),
        ("pamlink_reconnects_total", &["network"], 0, 1),
        ("pamlink_closes_total", &["network"], 1, 1),
        ("pamlink_connection_duration_seconds", &[], 1, 1),
        ("pamlink_requests_total", &["answered"], 0, 3),
        ("pamlink_request_latency_seconds", &[], 4, 3),
        ("pamlink_token_renewals_total", &[], 1, 1),
        ("pamlink_requests_active", &[], 0, 0),
        ("websocket_messages_total", &["chat", "outbound"], 0, 5),
        ("websocket_messages_total", &["chat", "inbound"], 5, 0),
        // The probe of the client, and the heartbeat of the server. After each of two upgrades
        // the server sends a pong that nobody asked for.
        ("pamlink_pings_total", &["outbound"], 1, 1),
        ("pamlink_pings_total", &["inbound"], 1, 1),
        ("pamlink_pongs_total", &["outbound"], 3, 1),
        ("pamlink_pongs_total", &["inbound"], 1, 3),
        ("pamlink_round_trip_seconds", &[], 1, 1),
        ("websocket_messages_total", &["ping", "outbound"], 1, 1),
        ("websocket_messages_total", &["pong", "inbound"], 1, 1),
        ("websocket_messages_total", &["auth", "inbound"], 1, 0),
        ("websocket_messages_total", &["auth", "outbound"], 0, 1),
    ] {
        assert_eq!(count(&hub, name, labels), of_hub, "{name} {labels:?} of the hub");
        assert_eq!(count(&client, name, labels), of_client, "{name} {labels:?} of the client");
    }
    let bytes = |snapshot, direction| count(snapshot, "pamlink_bytes_total", &[direction]);
    assert_eq!(bytes(&hub, "inbound"), bytes(&client, "outbound"));
    assert_eq!(bytes(&hub, "outbound"), bytes(&client, "inbound"));
}

/// Dashboards and alerts are built on these: a name that is not in the file is announced in the
/// changelog before it is written there.
#[test]
fn the_names_of_metrics_and_labels_stay() {
    let snapshot = World::new(HubConfig::default()).hub.metrics();
    let mut names = Vec::new();
    for family in &snapshot.families {
        let kind = format!("{:?}", family.kind).to_lowercase();
        if family.samples.is_empty() {
            names.push(format!("{} {kind}", family.name));
        }
        for sample in &family.samples {
            let labels = sample.labels.iter().map(|(label, text)| format!("{label}=\"{text}\""));
            let labels = labels.collect::<Vec<_>>().join(",");
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            names.push(format!("{}{labels} {kind}", family.name));
        }
    }
    names.sort();
    let held: Vec<&str> = include_str!("metric_names.txt").lines().collect();
    let new: Vec<&String> = names.iter().filter(|name| !held.contains(&name.as_str())).collect();
    let gone: Vec<&&str> = held.iter().filter(|name| !names.iter().any(|it| it == *name)).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:?}, gone: {gone:?}");
    assert_eq!(names, held, "sorted, each once");
}
