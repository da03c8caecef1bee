//! A hundred thousand connections in virtual time, and thousands over real sockets.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pamlink::frame::handshake;
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::metrics::SampleValue;
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use tokio::net::TcpStream;

use crate::house::{House, config, token, within};
use crate::peer::{Heard, Peer, reset, target, upgrade};

/// A hundred thousand.
const CROWD: u32 = 100_000;

/// Takes the user's name for a token.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        match token {
            "forged" => Err(AuthError::BadSignature),
            name => Ok(Claims::new(name, now + Duration::from_secs(3_600))),
        }
    }
}

/// A hub under virtual time.
struct Crowd {
    hub: Hub,
    now: Now,
    /// Links that ended, and the statuses and close codes that were written.
    closed: u32,
    written: Vec<u8>,
    transport_closed: HashSet<LinkId>,
}

impl Crowd {
    fn new() -> Self {
        let mut config = HubConfig::default();
        // The crowd has not shown a token for as long as it likes.
        config.max_unauthenticated = config.max_links;
        let auth = Auth::Verifier(Box::new(ByName));
        let hub = Hub::new(config, auth, Arc::new(Table::default()), Seed::from_number(1));
        let now = Now::new(Mono::from_millis(1), Wall::from_unix_secs(1_800_000_000));
        Self { hub, now, closed: 0, written: Vec::new(), transport_closed: HashSet::new() }
    }

    fn connect(&mut self) -> LinkId {
        self.hub.accept(self.now).unwrap()
    }

    /// Connects and is welcomed.
    fn enter(&mut self, name: &str) -> LinkId {
        let link = self.connect();
        self.say(link, upgrade(&target(name, name)).as_bytes());
        link
    }

    fn say(&mut self, link: LinkId, bytes: &[u8]) {
        self.hub.handle_bytes(self.now, link, bytes).unwrap();
    }

    /// Polls everything; each link's bytes are kept apart from the next one's only in number.
    fn drain(&mut self) {
        while let Some(event) = self.hub.poll_event() {
            if let Event::Closed { .. } = event {
                self.closed += 1;
            }
        }
        while let Some(link) = self.hub.poll_writable() {
            if self.hub.poll_transmit(link, &mut self.written).close_transport {
                self.transport_closed.insert(link);
                self.hub.handle_closed(self.now, link);
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = Now::new(self.now.mono + time, self.now.wall + time);
        self.hub.handle_timeout(self.now);
        self.drain();
    }

    fn wrote(&self, text: &[u8]) -> usize {
        self.written.windows(text.len()).filter(|window| *window == text).count()
    }

    fn count(&self, name: &str, label: &str) -> u64 {
        let snapshot = self.hub.metrics();
        let samples = &snapshot.family(name).unwrap().samples;
        let sample = samples.iter().find(|it| it.labels.iter().any(|it| it.1 == label)).unwrap();
        let SampleValue::Counter(count) = sample.value else { panic!("{name} is a counter") };
        count
    }
}

#[test]
fn a_hundred_thousand_slow_lorises_hold_little_and_all_meet_their_deadline() {
    let mut crowd = Crowd::new();
    let began = Instant::now();
    let links: Vec<_> = (0..CROWD).map(|_| crowd.connect()).collect();
    for second in 0..9 {
        for link in &links {
            crowd.say(*link, &b"GET /api/"[second..=second]);
        }
        crowd.pass(Duration::from_secs(1));
    }
    let each = crowd.hub.memory() / CROWD as usize;
    println!("a slow loris holds {each} bytes");
    assert!(each < 2_048, "{each} bytes for one");
    assert_eq!((crowd.hub.links(), crowd.closed), (CROWD as usize, 0));
    crowd.pass(Duration::from_secs(1));
    assert_eq!((crowd.hub.links(), crowd.closed), (0, CROWD));
    assert_eq!(crowd.wrote(b"HTTP/1.1 408 "), CROWD as usize);
    assert_eq!(crowd.count("pamlink_handshake_failures_total", "timeout"), u64::from(CROWD));
    assert_eq!(crowd.hub.poll_timeout(), None);
    println!("{:?} in all", began.elapsed());
}

#[test]
fn a_hundred_thousand_forged_tokens_are_refused_one_by_one() {
    let mut crowd = Crowd::new();
    let head = upgrade(&target("ann", "forged"));
    let links: Vec<_> = (0..CROWD).map(|_| crowd.connect()).collect();
    for link in links {
        crowd.say(link, head.as_bytes());
    }
    crowd.drain();
    assert_eq!(crowd.wrote(b"bad signature"), CROWD as usize);
    assert_eq!(crowd.count("pamlink_auth_failures_total", "signature"), u64::from(CROWD));
    assert_eq!(crowd.hub.users(), 0, "nobody who was not believed is a user");
    // No peer answers the close frame.
    crowd.pass(Duration::from_secs(5));
    assert_eq!((crowd.hub.links(), crowd.closed), (0, CROWD));
    let left = crowd.hub.memory();
    println!("{left} bytes are left");
    assert!(left < 32 << 20, "{left} bytes are kept of {CROWD} links that are gone");
}

#[test]
fn a_hundred_thousand_links_that_break_at_once_end_in_good_time() {
    let mut crowd = Crowd::new();
    let mut links = Vec::new();
    for user in 0..CROWD {
        links.push(crowd.enter(&format!("user-{user}")));
    }
    crowd.drain();
    assert_eq!(crowd.hub.users(), CROWD as usize);
    let each = crowd.hub.memory() / CROWD as usize;
    let (began, now) = (Instant::now(), crowd.now);
    assert!(crowd.hub.metrics().family("pamlink_users_active").is_some());
    println!("a welcomed link holds {each} bytes; a snapshot takes {:?}", began.elapsed());
    let began = Instant::now();
    let push = crowd.hub.broadcast(now, r#"{"type":"proactive_alert"}"#).unwrap();
    assert_eq!(push.queued, CROWD);
    // The network is gone before anything is written.
    for link in links {
        crowd.hub.handle_closed(now, link);
    }
    crowd.drain();
    println!("{CROWD} ends at once: {:?}", began.elapsed());
    assert_eq!((crowd.hub.links(), crowd.hub.users(), crowd.closed), (0, 0, CROWD));
    // With the square of the links this takes minutes.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    // Their places serve the next ones.
    crowd.written.clear();
    crowd.enter("next");
    crowd.drain();
    assert_eq!(crowd.wrote(b"HTTP/1.1 101 "), 1);
}

#[test]
fn one_connection_over_the_bound_is_refused_and_counted() {
    let mut crowd = Crowd::new();
    let bound = HubConfig::default().max_links;
    // Two of each user: that many users at once are more than have a rate.
    let links: Vec<_> = (0..bound).map(|at| crowd.enter(&format!("user-{}", at / 2))).collect();
    crowd.drain();
    assert_eq!((crowd.hub.users(), crowd.closed), (bound as usize / 2, 0));
    // All are in use: nobody makes way.
    assert!(crowd.hub.accept(crowd.now).is_err());
    assert_eq!(crowd.count("pamlink_connections_refused_total", "full"), 1);
    assert_eq!(crowd.hub.links(), bound as usize);
    crowd.hub.handle_closed(crowd.now, links[0]);
    crowd.drain();
    crowd.connect();
}

/// What becomes of one connection of the churn.
async fn churn(addr: std::net::SocketAddr, at: u32) {
    let Ok(socket) = TcpStream::connect(addr).await else { panic!("the port takes no more") };
    let mut peer = Peer::of(socket);
    match at % 6 {
        0 => {}
        1 => peer.reset(),
        2 => {
            peer.say(b"GET /api/v1").await.unwrap();
            reset(peer.socket);
        }
        3 => {
            peer.say(b"nonsense\r\n\r\n").await.unwrap();
            assert!(peer.answer().await.starts_with("HTTP/1.1 400 "));
        }
        4 => {
            let head = upgrade(&target("ann", "forged.forged.forged"));
            peer.say(head.as_bytes()).await.unwrap();
            assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
            assert!(matches!(peer.until_close().await.1, Heard::Close(4001, _)));
            peer.reset();
        }
        _ => {
            let user = format!("user-{at}");
            let head = upgrade(&target(&user, &token(&user, 60)));
            peer.say(head.as_bytes()).await.unwrap();
            assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
            assert!(peer.reply().await.contains("connected"));
            peer.reset();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_thousand_connections_come_and_go() {
    const CONNECTS: u32 = 6_000;
    const AT_ONCE: u32 = 64;
    let house = House::open().await;
    let began = Instant::now();
    let callers = (0..AT_ONCE).map(|caller| {
        let addr = house.addr;
        tokio::spawn(async move {
            for at in (caller..CONNECTS).step_by(AT_ONCE as usize) {
                within(churn(addr, at)).await;
            }
        })
    });
    let callers: Vec<_> = callers.collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let took = began.elapsed();
    println!("{CONNECTS} connections in {took:?}");
    house.only_the_witness().await;
    let sixth = u64::from(CONNECTS) / 6;
    house.counted("pamlink_handshake_failures_total", "malformed", sixth).await;
    house.counted("pamlink_handshake_failures_total", "ended", 3 * sixth).await;
    house.counted("pamlink_auth_failures_total", "malformed", sixth).await;
    house.counted("pamlink_connections_total", "", sixth + 1).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_that_connect_and_say_nothing_are_let_go() {
    let mut config = config();
    config.hub.link.patience.handshake = Duration::from_secs(3);
    let house = House::with(config).await;
    let mut silent = Vec::new();
    for _ in 0..2_000 {
        silent.push(within(TcpStream::connect(house.addr)).await.unwrap());
    }
    house.counted("pamlink_handshake_failures_total", "timeout", 2_000).await;
    for socket in silent {
        let answer = Peer::of(socket).answer().await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_ends_waits_for_no_handshake() {
    let mut config = config();
    config.drain_patience = Duration::from_secs(30);
    let house = House::with(config).await;
    let mut pending = Vec::new();
    for at in 0..20 {
        let mut peer = Peer::connect(house.addr).await;
        if at % 2 == 0 {
            peer.say(b"GET / HTTP/1.1\r\n").await.unwrap();
        }
        pending.push(peer);
    }
    while house.handle.links() < 21 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let began = Instant::now();
    house.end().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    for mut peer in pending {
        let answer = peer.answer().await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    }
}

/// The target of a request is the hub's; the parser of heads has nothing against it.
#[test]
fn the_heads_of_these_tests_are_sound() {
    let mut reader = handshake::RequestReader::new(handshake::HandshakeConfig::default());
    let head = upgrade(&target("ann", "x"));
    assert_eq!(reader.handle_bytes(head.as_bytes()), head.len());
    assert!(reader.poll_event().unwrap().unwrap().is_upgrade());
}
