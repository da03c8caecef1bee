//! Sessions that share a link take turns in it.

use proptest::prelude::*;

use super::*;
use crate::delivery::{Priority, SendOptions};

/// The channel of what was said, and its bytes.
fn said_where(text: &str) -> (u16, usize) {
    let envelope = Envelope::parse(text, v1::DEPTH).unwrap();
    let (channel, _) = v1::Message::read(&envelope).unwrap().unwrap();
    (channel.0, text.len())
}

fn body(bytes: usize) -> String {
    format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(bytes))
}

impl World {
    /// The client submits an item of this size, and nothing is taken of it yet.
    fn submit(&mut self, session: SessionNumber, bytes: usize, priority: Priority) {
        let options = SendOptions { priority, ..SendOptions::default() };
        self.client.submit_in(self.now, session, &body(bytes), options).unwrap();
    }

    /// What the client says next.
    fn next_said(&mut self) -> Option<String> {
        let mut out = Vec::new();
        self.client.poll_message(&mut out)?;
        Some(String::from_utf8(out).unwrap())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However much each session has to say, and in envelopes of whatever size: as long as two of
    /// them have something to say, they have said as much, but for an envelope of each.
    #[test]
    fn sessions_share_a_link_by_bytes(
        work in prop::collection::vec((1..40_usize, 1..6_000_usize), 2..5),
    ) {
        let mut world = World::welcomed();
        let mut sessions = vec![SessionNumber::FIRST];
        for _ in 1..work.len() {
            sessions.push(world.open_session());
        }
        world.said.clear();
        for (session, (items, bytes)) in sessions.iter().zip(&work) {
            for item in 0..*items {
                let priority = [Priority::Urgent, Priority::Normal, Priority::Bulk][item % 3];
                world.submit(*session, bytes + item, priority);
            }
        }
        let mut left: Vec<usize> = work.iter().map(|(items, _)| *items).collect();
        let mut said = vec![0; work.len()];
        let mut largest = vec![0; work.len()];
        while let Some(text) = world.next_said() {
            let (channel, bytes) = said_where(&text);
            let place = usize::from(channel);
            left[place] -= 1;
            said[place] += bytes;
            largest[place] = bytes.max(largest[place]);
            for other in (0..left.len()).filter(|it| left[*it] > 0 && left[place] > 0) {
                let most = largest[place].max(bytes) + largest[other].max(work[other].1 + 300);
                prop_assert!(said[place].abs_diff(said[other]) <= most, "{:?} {:?}", said, left);
            }
        }
        prop_assert_eq!(left, vec![0; work.len()]);
    }
}

#[test]
fn one_that_says_much_starves_none_that_says_little() {
    let mut world = World::welcomed();
    let second = world.open_session();
    world.said.clear();
    for _ in 0..200 {
        world.submit(SessionNumber::FIRST, 1_000, Priority::Urgent);
    }
    for _ in 0..40 {
        assert!(world.next_said().is_some());
    }
    world.submit(second, 100, Priority::Bulk);
    // What waits in the link already goes before it.
    let before = (0..200).position(|_| said_where(&world.next_said().unwrap()).0 == 1);
    assert!(before.is_some_and(|it| it <= 17), "{before:?}");
}

#[test]
fn a_session_whose_window_is_full_holds_up_none() {
    let mut world = World::welcomed();
    let second = world.open_session();
    world.said.clear();
    for _ in 0..60 {
        world.submit(SessionNumber::FIRST, 10_000, Priority::Normal);
    }
    // Nothing is acknowledged: the window of 256 KiB is full.
    let mut said = 0;
    while world.next_said().is_some() {
        said += 1;
    }
    assert!((20..30).contains(&said), "{said}");
    world.submit(second, 100, Priority::Bulk);
    assert_eq!(said_where(&world.next_said().unwrap()).0, 1);
}

#[test]
fn what_is_urgent_in_one_session_goes_before_what_others_have_to_say() {
    let mut world = World::welcomed();
    let second = world.open_session();
    let request = world.request_in(second, "range?");
    world.settle();
    world.said.clear();
    // The second has said much more than the first: its next turn is far away.
    world.submit(second, 100_000, Priority::Normal);
    world.submit(second, 1_000, Priority::Normal);
    for _ in 0..200 {
        world.submit(SessionNumber::FIRST, 1_000, Priority::Urgent);
    }
    while world.next_said().is_some_and(|text| text.len() < 100_000) {}
    for _ in 0..17 {
        assert!(world.next_said().is_some_and(|text| said_where(&text).0 == 0));
    }
    world.client.cancel(world.now, request).unwrap();
    let third = world.client.open_session(world.now).unwrap();
    let said: Vec<_> = (0..19).map(|_| world.next_said().unwrap()).collect();
    let place = |what: &str| said.iter().position(|it| it.starts_with(what));
    assert!(place(r#"{"type":"cancel","channel":1"#).is_some());
    assert!(place(r#"{"type":"open","channel":2"#).is_some());
    assert_eq!(third.as_u64(), 2);
}

#[test]
fn a_heartbeat_goes_before_all_that_sessions_have_to_say() {
    let mut world = World::welcomed();
    world.open_session();
    world.said.clear();
    for _ in 0..100 {
        world.submit(SessionNumber::FIRST, 1_000, Priority::Urgent);
    }
    for _ in 0..20 {
        assert!(world.next_said().is_some());
    }
    world
        .client
        .handle_message(world.now, Incoming::Text(r#"{"type":"heartbeat","channels":[]}"#))
        .unwrap();
    while world.client.poll_event().is_some() {}
    let said: Vec<_> = (0..19).map(|_| world.next_said().unwrap()).collect();
    assert!(said.iter().any(|it| it.starts_with(r#"{"type":"heartbeat""#)));
}
