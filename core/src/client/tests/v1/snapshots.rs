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

    let snapshot = world.snapshot();
    world.restart(&snapshot);
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
fn what_waits_to_be_taken_is_in_no_snapshot() {
    let mut world = World::new();
    let unsent = world.ask("fuel?");
    world.client.cancel(world.now, unsent).unwrap();
    assert_eq!(world.client.snapshot(&mut Vec::new()), Err(SnapshotError::NotDrained));
    world.drain();
    assert!(world.client.snapshot(&mut Vec::new()).is_ok());
}

#[test]
fn what_is_no_snapshot_makes_no_client() {
    let mut world = World::welcomed();
    world.ask("fuel?");
    world.ask("range?");
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
    later[0] = 2;
    assert_eq!(fault(&later), Err(SnapshotError::Version(2).into()));
    let small = ClientConfig { max_requests: 1, ..ClientConfig::default() };
    let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
    let refused = Client::restore(small, endpoint, &snapshot, Seed::from_number(7), world.now);
    assert!(refused.is_err());
    let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
    let config = ClientConfig::default();
    let refused = Client::restore(config, endpoint, &snapshot, Seed::from_number(7), world.now);
    assert!(refused.is_err());
}
