//! Readers and streams that have much hold up none that has little.

use super::super::*;
use super::support::{World, key, reader};
use crate::delivery::Fault;
use crate::envelope::v1::{How, Message};

#[test]
fn a_chatty_stream_starves_no_other_of_its_reader() {
    let mut world = World::new();
    let chatty = world.running("a-chatty", 1);
    let quiet = world.running("b-quiet", 1);
    world.leave(1);
    for _ in 0..4 {
        world.append("a-chatty", chatty, &"a".repeat(60_000));
        world.settle();
    }
    world.follow(1, "a-chatty").unwrap();
    world.follow(1, "b-quiet").unwrap();
    world.deliver_some(6);
    world.said(1);
    world.append("b-quiet", quiet, "40 liters");
    world.pass(40);
    world.append("a-chatty", chatty, &"a".repeat(60_000));
    world.settle();
    world.deliver_some(2);
    assert!(world.said(1).iter().any(|said| said.starts_with("b-quiet piece")));
}

#[test]
fn readers_take_turns() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    for number in 2..=4 {
        world.follow(number, "q-1").unwrap();
    }
    world.deliver();
    for _ in 0..3 {
        world.append("q-1", by, "40 liters");
        world.pass(40);
        let ready: Vec<_> = std::iter::from_fn(|| world.streams.poll_ready()).collect();
        assert_eq!(ready, [1, 2, 3, 4].map(reader), "each once");
        for by in ready {
            while world.take(by) {}
        }
    }
}

#[test]
fn a_reader_that_takes_nothing_holds_up_no_other() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.outrun_a_reader(by);
    assert_eq!(world.had(1, "q-1").text.len(), 160_000);
    assert!(world.had(1, "q-1").ended.is_some());
    let slow = world.had(2, "q-1");
    assert!((60_000..=65_536).contains(&slow.text.len()), "64 KiB ahead: {}", slow.text.len());
    let at = slow.at;
    // Once it confirms, what it lacks is read from the log.
    let slow = world.readers.get_mut(&reader(2)).unwrap();
    slow.is_slow = false;
    slow.confirmed("q-1");
    world.streams.read(world.now, reader(2), &key("q-1"), at).unwrap();
    world.deliver();
    assert_eq!(world.had(2, "q-1").text.len(), 160_000);
    assert!(world.had(2, "q-1").ended.is_some());
}

#[test]
fn a_reader_that_confirms_what_it_was_never_sent_is_at_fault() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.follow(2, "q-1").unwrap();
    world.append("q-1", by, "40 liters");
    world.pass(40);
    world.deliver();
    let mut at = world.had(2, "q-1").at;
    at.sequence += 1;
    let fault = world.streams.read(world.now, reader(2), &key("q-1"), at);
    assert_eq!(fault, Err(Fault::Ahead));
}

#[test]
fn what_one_reader_brought_may_be_confirmed_to_the_next_that_an_item_makes() {
    let log = LogConfig { owner_streams: 1, ..LogConfig::default() };
    let mut world = World::with(StreamsConfig::default(), log);
    // An `open` follows the stream that it asks for, whose item is on its way again.
    let by = world.running("q-1", 2);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.follow(1, "q-1").unwrap();
    world.readers.get_mut(&reader(1)).unwrap().is_slow = true;
    world.deliver();
    let (at, ended) = (world.had(1, "q-1").at, &world.had(1, "q-1").ended);
    assert_eq!((at.sequence, ended), (2, &Some(How::Done)));
    // The log has no room for the stream any more, and the item begins it again.
    let by = world.running("q-2", 2);
    world.finish("q-2", by);
    world.settle();
    assert!(matches!(world.begin("q-1", Some(1))[..], [Event::Begun { .. }]));
    assert_eq!(world.streams.read(world.now, reader(1), &key("q-1"), at), Ok(()));
    // That was nothing that it was sent: it has not been given room by it.
    let by = world.claim("q-1").0;
    for _ in 0..40 {
        world.append("q-1", by, &"a".repeat(4_000));
        world.settle();
        world.deliver();
    }
    let sent = world.had(1, "q-1").text.len();
    assert!((60_000..=65_536).contains(&sent), "64 KiB ahead: {sent}");
}

#[test]
fn a_stream_has_16_readers_and_a_reader_64_streams() {
    let mut world = World::new();
    world.running("q-1", 1);
    for number in 2..=16 {
        world.follow(number, "q-1").unwrap();
    }
    assert_eq!(world.follow(17, "q-1"), Err(Fault::TooMany));
    assert_eq!(world.follow(16, "q-1"), Ok(()), "again is not one more");
    for number in 2..=64 {
        world.follow(1, &format!("q-{number}")).unwrap();
    }
    assert_eq!(world.follow(1, "q-65"), Err(Fault::TooMany));
    world.streams.unfollow(world.now, reader(1), &key("q-2"));
    assert_eq!(world.follow(1, "q-65"), Ok(()));
}

#[test]
fn a_reader_that_comes_and_goes_leaves_nothing_behind() {
    let mut world = World::new();
    world.running("q-1", 1);
    world.deliver();
    let before = (world.streams.allocated(), world.streams.poll_timeout().map(|it| it.reason));
    for number in 2..1_000 {
        world.follow(number, "q-1").unwrap();
        world.settle();
        world.leave(number);
    }
    let after = (world.streams.allocated(), world.streams.poll_timeout().map(|it| it.reason));
    assert_eq!(before, after);
    assert_eq!(world.streams.poll_ready(), None);
    let message: Option<Message<'_>> = world.streams.poll_message(world.now, reader(2));
    assert_eq!(message, None);
}
