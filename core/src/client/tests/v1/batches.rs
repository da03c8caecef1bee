//! Several envelopes in one message, where both ends can (V-10.7).

use super::*;
use crate::delivery::SendOptions;

const BATCHING: &str =
    r#"{"type":"welcome","version":1,"features":1,"limits":{"message":1048576},"heartbeat":20000}"#;

impl World {
    /// A client whose session is open over a link that batches.
    fn batching() -> Self {
        let mut world = Self::new();
        world.open(Some("pamlink.v1"));
        let hello = world.said.pop_front().unwrap();
        assert!(hello.contains(r#""features":1"#), "{hello}");
        world.say(BATCHING);
        world.settle();
        world.events.clear();
        world
    }

    fn submit_text(&mut self, text: &str) {
        self.client.submit(self.now, text, SendOptions::default()).unwrap();
    }
}

#[test]
fn what_is_said_at_once_is_one_message() {
    let mut world = World::batching();
    let second = world.client.open_session(world.now).unwrap();
    world.request_in(second, "range?");
    let said = world.said();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with(r#"{"type":"open","channel":1,"#), "{said:?}");
    for number in 0..3 {
        world.submit_text(&format!(r#"{{"type":"note","number":{number}}}"#));
    }
    world.drain();
    let said = world.said();
    assert_eq!(said.len(), 1, "{said:?}");
    let parts: Vec<_> = said[0].split('\u{1e}').collect();
    assert_eq!(parts.len(), 3, "{said:?}");
    for (number, part) in parts.iter().enumerate() {
        assert!(Envelope::parse(part, v1::DEPTH).is_ok(), "{part}");
        assert!(part.contains(&format!(r#""number":{number}"#)), "{part}");
    }
}

#[test]
fn one_message_of_several_is_no_larger_than_it_may_be() {
    let mut world = World::batching();
    let text = |bytes| format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(bytes));
    for bytes in [9_000, 6_000, 9_000, 40_000, 10, 10] {
        world.submit_text(&text(bytes));
    }
    world.drain();
    let parts: Vec<_> =
        world.said().iter().map(|it| (it.split('\u{1e}').count(), it.len())).collect();
    assert_eq!(parts.iter().map(|it| it.0).collect::<Vec<_>>(), [2, 1, 1, 2]);
    assert!(parts.iter().all(|it| it.0 == 1 || it.1 <= 16 * 1024), "{parts:?}");
}

#[test]
fn nothing_is_joined_where_the_server_has_not_said_that_it_can() {
    let mut world = World::welcomed();
    world.submit_text(r#"{"type":"note","number":1}"#);
    world.submit_text(r#"{"type":"note","number":2}"#);
    world.drain();
    assert_eq!(world.said().len(), 2);
    // Nor is what it joins divided.
    world.say(
        "{\"type\":\"heartbeat\",\"channels\":[]}\u{1e}{\"type\":\"heartbeat\",\"channels\":[]}",
    );
    let events = world.events();
    assert!(events.iter().any(|it| it.starts_with("unreadable")), "{events:?}");
    assert_eq!(world.said().len(), 0);
}

/// An item of the server, with this number.
fn item(world: &World, number: u64) -> String {
    let session = world.sessions.of_user("ada").next().unwrap();
    let _ = session;
    format!(r#"{{"type":"item","at":["{}",{number}],"body":{{"type":"alert"}}}}"#, epoch(world))
}

/// The epoch in which the server numbers.
fn epoch(world: &World) -> String {
    let conversation = world.client.conversations.as_ref().unwrap().iter().next().unwrap();
    let positions = conversation.session.clone().positions().unwrap();
    positions.received.epoch.to_string()
}

#[test]
fn what_comes_joined_is_divided_up_to_what_ends_the_link() {
    let mut world = World::batching();
    let (one, two, three) = (item(&world, 1), item(&world, 2), item(&world, 3));
    world.say(&format!("{one}\u{1e}{two}"));
    assert_eq!(world.events(), ["message alert", "message alert"]);
    let goodbye = r#"{"type":"goodbye","code":"going_away","retry_after":5000}"#;
    world.say(&format!("{three}\u{1e}{goodbye}\u{1e}{}", item(&world, 4)));
    let events = world.events();
    assert_eq!(events.iter().filter(|it| *it == "message alert").count(), 1, "{events:?}");
    assert!(events.iter().any(|it| it.starts_with("retrying")), "{events:?}");
}

#[test]
fn what_is_no_envelope_harms_nothing_beside_it() {
    let mut world = World::batching();
    let (one, two) = (item(&world, 1), item(&world, 2));
    world.say(&format!("{one}\u{1e}none\u{1e}{two}"));
    let mut events = world.events();
    events.sort();
    assert_eq!(events[..2], ["message alert", "message alert"]);
    assert!(events[2].starts_with("unreadable"), "{events:?}");
}
