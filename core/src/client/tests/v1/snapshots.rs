//! A client that goes on in another process.

use super::*;
use crate::client::RestoreError;
use crate::delivery::{SendOptions, SnapshotError};

impl World {
    fn snapshot(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.client.snapshot(&mut out).unwrap();
        out
    }

    /// Another process has only the snapshot.
    fn restart(&mut self, snapshot: &[u8]) {
        self.sessions.handle_link_closed(self.now, LinkNumber(self.link));
        self.serve();
        self.said.clear();
        self.client = restored(snapshot, self.now).unwrap();
        self.client.connect(self.now);
        self.drain();
        self.client.provide_token(self.now, Token::new("t")).unwrap();
        self.drain();
        self.open(Some("pamlink.v1"));
        self.welcome();
    }
}

/// A request that somebody waits for, and its message.
fn requests(client: &Client) -> Vec<(RequestId, bool)> {
    client.requests().map(|(id, envelope)| (id, envelope.contains(r#""type":"chat""#))).collect()
}

fn restored(snapshot: &[u8], now: Now) -> Result<Client, RestoreError> {
    let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
    let seed = Seed::from_number(77);
    Client::restore(ClientConfig::default(), endpoint, snapshot, seed, now)
}

#[test]
fn requests_go_on_in_another_process_and_are_asked_once() {
    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.append("40 liters");
    world.pass(2_000);
    world.cut();
    let waiting = world.ask("range?");
    let sent = world.client.submit(world.now, r#"{"type":"feedback"}"#, SendOptions::default());
    let sent = sent.unwrap();
    world.drain();
    world.events.clear();
    let left = world.ask("never mind");
    world.client.forget(world.now, left);
    let open = requests(&world.client);
    assert_eq!(open, [(running, true), (waiting, true)]);

    let snapshot = world.snapshot();
    world.restart(&snapshot);
    assert_eq!(requests(&world.client), open);
    world.pass(2_000);
    assert_eq!(world.client.pending(), 2);
    assert_eq!(world.asked.len(), 3, "{:?}", world.asked);
    let events = world.events();
    assert!(events.contains(&format!("piece {running} 40 liters")), "{events:?}");
    assert!(events.contains(&format!("outcome {sent} Acknowledged")), "{events:?}");
    for (text, request) in [("fuel?", running), ("range?", waiting)] {
        let place = world.asked.iter().position(|it| it.1.contains(text)).unwrap();
        let asked = world.asked.remove(place);
        world.asked.push(asked);
        let body = world.answer("done");
        world.finish(How::Done, Some(&body));
        world.events.retain(|event| event.starts_with("answer"));
        let ends = world.events();
        assert!(ends.len() == 1 && ends[0].starts_with(&format!("answer {request} ")), "{ends:?}");
    }
    let next = world.ask("again?");
    assert!(next > waiting);
}

#[test]
fn all_sessions_go_on_in_another_process() {
    let mut world = World::welcomed();
    let second = world.client.open_session(world.now).unwrap();
    let left = world.client.open_session(world.now).unwrap();
    let there = world.request_in(second, "range?");
    world.settle();
    let here = world.ask("fuel?");
    world.client.leave_session(world.now, left).unwrap();
    // What follows from that is yet to be told.
    assert_eq!(world.client.snapshot(&mut Vec::new()), Err(SnapshotError::NotDrained));
    world.drain();
    let snapshot = world.snapshot();
    world.restart(&snapshot);
    world.answer_to("range?", "300");
    world.answer_to("fuel?", "40");
    let mut events = world.events();
    events.retain(|event| event.starts_with("answer"));
    assert_eq!(events, [format!("answer {there} 300"), format!("answer {here} 40")]);
    assert_eq!(world.asked.len(), 2);
    assert_eq!(world.client.sessions().collect::<Vec<_>>(), [SessionNumber::FIRST, second]);
    // Neither the number of the one that was left is given again, nor its channel.
    assert_eq!(world.client.open_session(world.now).unwrap().as_u64(), 3);
    world.drain();
    assert_eq!(world.said.iter().filter(|it| it.contains(r#""channel":3"#)).count(), 1);
}

/// What the first version has stored: a request that is in the session, with its cancel and a
/// command of the host's, and one that was never sent.
const VERSION_1: &str = include_str!("snapshot_1.hex");
/// The same in the second version, with a request in a second session; each session in its own first
/// version.
const VERSION_2: &str = include_str!("snapshot_2.hex");
/// The same with each session in its second version.
const VERSION_2_2: &str = include_str!("snapshot_2_2.hex");

fn to_bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|it| it.to_digit(16)).collect();
    digits.chunks(2).map(|it| u8::try_from(it[0] * 16 + it[1]).unwrap()).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    let line = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>() + "\n";
    bytes.chunks(48).map(line).collect()
}

#[test]
fn a_snapshot_of_every_version_is_restored() {
    let now = World::new().now;
    let mut client = restored(&to_bytes(VERSION_1), now).unwrap();
    assert_eq!((client.pending(), client.sessions().count()), (2, 1));
    let second = client.open_session(now).unwrap();
    let chat = Chat { message: Some("wipers?".into()), ..Chat::default() };
    let request = client.request_in(now, second, &chat).unwrap();
    assert_eq!(request.as_u64(), 2);
    let mut snapshot = Vec::new();
    client.snapshot(&mut snapshot).unwrap();
    assert_eq!(to_hex(&snapshot), VERSION_2_2);

    for bytes in [to_bytes(VERSION_2), snapshot] {
        let mut client = restored(&bytes, now).unwrap();
        assert_eq!((client.pending(), client.sessions().count()), (3, 2));
        assert_eq!(client.requests.session(request), Some(second));
        assert_eq!(client.open_session(now).unwrap().as_u64(), 2);
    }
    // It takes the session up where the first version had it.
    let mut world = World::new();
    world.client = restored(&to_bytes(VERSION_1), now).unwrap();
    world.client.connect(now);
    world.drain();
    world.client.provide_token(now, Token::new("t")).unwrap();
    world.drain();
    world.open(Some("pamlink.v1"));
    let _hello = world.said.pop_front();
    let open = world.said.pop_front().unwrap();
    let session = r#"{"type":"open","session":"9f2c4e6a8b0d1f3557799bbddff01234","#;
    assert!(open.starts_with(session), "{open}");
    assert!(open.contains(r#""sent":["00188c8ba14d1c27",3],"follow":[{"stream":"#), "{open}");
}

#[test]
fn what_waits_to_be_taken_is_in_no_snapshot() {
    let mut world = World::new();
    let unsent = world.ask("fuel?");
    world.client.cancel(world.now, unsent).unwrap();
    assert_eq!(world.client.snapshot(&mut Vec::new()), Err(SnapshotError::NotDrained));
    world.drain();
    assert!(world.client.snapshot(&mut Vec::new()).is_ok());
}

#[test]
fn after_a_client_of_pam_alone_one_begins_anew() {
    let now = World::new().now;
    let make = |endpoint, snapshot: Option<&[u8]>| {
        let (config, seed) = (ClientConfig::default(), Seed::from_number(7));
        match snapshot {
            Some(bytes) => Client::restore(config, endpoint, bytes, seed, now),
            None => Ok(Client::new(config, endpoint, seed, now).unwrap()),
        }
    };
    let pam = || Endpoint::pam("ws://server.test", "ada").unwrap();
    let mut snapshot = Vec::new();
    make(pam(), None).unwrap().snapshot(&mut snapshot).unwrap();
    for endpoint in [pam(), Endpoint::v1("ws://server.test", "ada").unwrap()] {
        assert_eq!(make(endpoint, Some(&snapshot)).unwrap().pending(), 0);
    }
    for cut in 0..snapshot.len() {
        assert!(make(pam(), Some(&snapshot[..cut])).is_err(), "{cut}");
    }
}

#[test]
fn what_is_no_snapshot_makes_no_client() {
    let mut world = World::welcomed();
    let second = world.open_session();
    world.ask("fuel?");
    world.request_in(second, "range?");
    world.settle();
    let snapshot = world.snapshot();
    assert!(restored(&snapshot, world.now).is_ok());
    let fault = |bytes: &[u8]| restored(bytes, world.now).map(drop);
    for cut in 0..snapshot.len() {
        assert_eq!(fault(&snapshot[..cut]), Err(SnapshotError::Damaged.into()), "{cut}");
        let mut changed = snapshot.clone();
        changed[cut] ^= 0x40;
        assert!(fault(&changed).is_err(), "{cut}");
    }
    let mut later = snapshot.clone();
    later[0] = 3;
    assert_eq!(fault(&later), Err(SnapshotError::Version(3).into()));
    let few = ClientConfig { max_requests: 1, ..ClientConfig::default() };
    let one = ClientConfig { max_sessions: 1, ..ClientConfig::default() };
    for small in [few, one] {
        let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
        let refused = Client::restore(small, endpoint, &snapshot, Seed::from_number(7), world.now);
        assert!(refused.is_err());
    }
    let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
    let config = ClientConfig::default();
    let refused = Client::restore(config, endpoint, &snapshot, Seed::from_number(7), world.now);
    assert!(refused.is_err());
}

#[test]
fn what_has_expired_is_known_before_its_session_is_opened() {
    let mut world = World::new();
    let update = r#"{"type":"context_update","context":{}}"#;
    world.client.submit(world.now, update, SendOptions::default()).unwrap();
    // The device sleeps, and its socket is read before its timer fires.
    world.now = Now::new(world.now.mono + Duration::from_secs(400), world.now.wall);
    world.client.handle_opened(world.now, Some("pamlink.v1"));
    let mut events = Vec::new();
    while let Some(event) = world.client.poll_event() {
        events.push(format!("{event:?}"));
    }
    let expired = events.iter().filter(|event| event.contains("Expired(Age)")).count();
    assert_eq!(expired, 1, "{events:#?}");
    let mut said = Vec::new();
    while world.client.poll_message(&mut said).is_some() {}
    assert!(String::from_utf8(said).unwrap().contains(r#""type":"open""#));
    // Nothing has happened since, so there is a snapshot to be stored before that is written.
    assert_eq!(world.client.snapshot(&mut Vec::new()), Ok(()));
}
