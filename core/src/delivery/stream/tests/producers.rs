//! Producers: generations, leases, and what becomes of a stream without one.

use super::super::*;
use super::support::{World, key};
use crate::envelope::v1::{Code, Epoch, How, Position};

fn fenced(by: Generation, why: Fence) -> Event {
    Event::Fenced { key: key("q-1"), generation: by, why }
}

#[test]
fn a_stream_survives_its_producer_under_its_name() {
    let mut world = World::new();
    let first = world.running("q-1", 1);
    world.append("q-1", first, "40 li");
    world.pass(40);
    let (second, offset) = world.claim("q-1");
    assert_eq!((second.number(), offset), (2, 5), "it goes on where the text ends");
    world.append("q-1", second, "ters");
    world.finish("q-1", second);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters");
}

#[test]
fn two_producers_never_append_beside_each_other() {
    let mut world = World::new();
    let first = world.running("q-1", 1);
    world.append("q-1", first, "late ");
    world.streams.claim(world.now, &key("q-1")).unwrap();
    let events = world.settle();
    let second = Generation::from_number(2);
    assert_eq!(events[0], fenced(first, Fence::Claimed { by: second }));
    for _ in 0..2 {
        let late = world.streams.append(world.now, &key("q-1"), first, "later");
        assert_eq!(late, Err(ProducerError::Fenced));
        world.append("q-1", second, "40 liters");
        world.pass(40);
    }
    let late = world.streams.finish(world.now, &key("q-1"), first, End::new(How::Failed));
    assert_eq!(late, Err(ProducerError::Fenced));
    world.finish("q-1", second);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters40 liters");
    assert_eq!(world.had(1, "q-1").ended, Some(How::Done));
}

#[test]
fn a_producer_that_begins_anew_replaces_what_the_one_before_it_wrote() {
    let mut world = World::new();
    let first = world.running("q-1", 1);
    world.append("q-1", first, "40 liters");
    world.pass(40);
    world.deliver();
    let (second, _) = world.claim("q-1");
    world.streams.restart_from(world.now, &key("q-1"), second, 0).unwrap();
    world.append("q-1", second, "fifty");
    world.finish("q-1", second);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "fifty");
    let said = ["q-1 piece 1 at 0 of 9", "q-1 piece 2 at 0 of 5", "q-1 end 3 at 5: done"];
    assert_eq!(world.said(1), said);
}

#[test]
fn a_producer_elsewhere_fences_the_one_here() {
    let mut world = World::new();
    let first = world.running("q-1", 1);
    let mut elsewhere = Streams::new(StreamsConfig::default(), world.log.epoch());
    elsewhere.claim(world.now, &key("q-1")).unwrap();
    elsewhere.settle(world.now, &mut world.log);
    world.append("q-1", first, "late");
    let events = world.pass(40);
    assert_eq!(events, [fenced(first, Fence::Claimed { by: Generation::from_number(2) })]);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "");
}

#[test]
fn silence_of_a_tool_is_no_end_and_text_is_no_heartbeat() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    for _ in 0..10 {
        world.pass(29_000);
        world.streams.renew(world.now, &key("q-1"), by).unwrap();
        world.settle();
    }
    world.follow(1, "q-1").unwrap();
    world.append("q-1", by, "still here");
    world.pass(40);
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, None);
    for _ in 0..3 {
        world.append("q-1", by, ".");
        world.pass(9_990);
    }
    assert_eq!(world.had(1, "q-1").ended, None);
    world.pass(30);
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, Some(How::Orphaned));
    assert_eq!(world.had(1, "q-1").text(), "still here...");
}

#[test]
fn of_a_lapsed_lease_reader_producer_and_log_learn() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 li");
    let events = world.pass(30_000);
    let ended = Ended::new(2, 5, End::new(How::Orphaned).into());
    assert_eq!(
        events,
        [fenced(by, Fence::Ended(How::Orphaned)), Event::Ended { key: key("q-1"), ended }],
    );
    world.deliver();
    assert_eq!(world.said(1), ["q-1 piece 1 at 0 of 5", "q-1 end 2 at 5: orphaned"]);
    assert_eq!(
        world.streams.append(world.now, &key("q-1"), by, "ters"),
        Err(ProducerError::Fenced),
    );
    assert_eq!(world.streams.poll_timeout(), None, "no heartbeat goes on for it");
}

#[test]
fn a_claim_in_time_keeps_a_stream_from_being_orphaned() {
    let mut world = World::new();
    world.running("q-1", 1);
    world.pass(29_999);
    let (second, _) = world.claim("q-1");
    world.pass(29_999);
    world.append("q-1", second, "40 liters");
    world.finish("q-1", second);
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, Some(How::Done));
}

#[test]
fn a_stream_that_nobody_claims_is_orphaned_too() {
    let mut world = World::new();
    world.begin("q-1", Some(1));
    world.pass(29_000);
    world.streams.renew(world.now, &key("q-1"), Generation::NONE).unwrap();
    world.pass(29_000);
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, None, "whoever is to begin it has a lease");
    world.pass(1_000);
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, Some(How::Orphaned));
}

#[test]
fn a_producer_whose_text_has_no_place_is_fenced() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "é");
    world.pass(40);
    let beyond = world.streams.restart_from(world.now, &key("q-1"), by, 3);
    assert_eq!(beyond, Err(ProducerError::Misplaced));
    // Of what is in the log only the log knows where characters begin.
    world.streams.restart_from(world.now, &key("q-1"), by, 1).unwrap();
    world.append("q-1", by, "e");
    assert_eq!(world.pass(40), [fenced(by, Fence::Misplaced)]);
    world.pass(30_000);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "é");
    assert_eq!(world.had(1, "q-1").ended, Some(How::Orphaned));
}

#[test]
fn an_item_that_comes_again_starts_no_second_work() {
    let mut world = World::new();
    let of = Position::new(Epoch::from_bits(7), 1);
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    // Another server takes the session over, and gets the item again.
    let mut elsewhere = Streams::new(StreamsConfig::default(), world.log.epoch());
    elsewhere.begin(world.now, &key("q-1"), None, of, None).unwrap();
    elsewhere.settle(world.now, &mut world.log);
    assert_eq!(elsewhere.poll_event(), Some(Event::Repeated { key: key("q-1"), of }));
    let of = Position::new(Epoch::from_bits(7), 2);
    elsewhere.begin(world.now, &key("q-1"), None, of, None).unwrap();
    elsewhere.settle(world.now, &mut world.log);
    let code = Code::new("stream_exists").unwrap();
    assert_eq!(elsewhere.poll_event(), Some(Event::NotBegun { key: key("q-1"), of, code }));
    assert!(elsewhere.is_empty());
}

#[test]
fn an_item_that_comes_again_in_another_session_is_answered_there() {
    for is_known in [true, false] {
        let mut world = World::new();
        let of = Position::new(Epoch::from_bits(7), 1);
        let by = world.running("q-1", 1);
        world.append("q-1", by, "40 liters");
        world.finish("q-1", by);
        world.deliver();
        if !is_known {
            // Nobody reads it any more, so nothing is known of it here.
            world.leave(1);
            world.pass(1_000);
            assert!(world.streams.is_empty());
        }
        // A client that was restored sends what an older snapshot does not know as sent.
        world.items = 0;
        let repeated = Event::Repeated { key: key("q-1"), of };
        assert_eq!(world.begin("q-1", Some(2)), [repeated]);
        world.deliver();
        let had = world.had(2, "q-1");
        assert_eq!((had.text(), &had.ended), ("40 liters", &Some(How::Done)), "{is_known}");
    }
}
