//! Logs that answer late, in another order, or not.

use super::super::*;
use super::support::{World, key, reader};
use crate::envelope::v1::{Code, Epoch, How, Position};
use crate::time::TimerReason;

/// All that is asked of the log.
fn requests(world: &mut World) -> Vec<LogRequest> {
    std::iter::from_fn(|| world.streams.poll_log()).collect()
}

/// The log cannot be reached.
fn fail(world: &mut World) -> usize {
    let requests = requests(world);
    for request in &requests {
        let answer = LogAnswer::new(request.id, world.log.epoch(), Answer::Unavailable);
        world.streams.handle_log(world.now, answer);
    }
    requests.len()
}

#[test]
fn a_log_that_is_away_is_asked_again_after_a_second_and_text_is_appended_once() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.now.mono = world.now.mono + core::time::Duration::from_millis(40);
    world.streams.handle_timeout(world.now);
    // It did it, and its answer was lost.
    let [request] = <[LogRequest; 1]>::try_from(requests(&mut world)).unwrap();
    let _ = world.log.handle_request(world.now, &request);
    let answer = LogAnswer::new(request.id, world.log.epoch(), Answer::Unavailable);
    world.streams.handle_log(world.now, answer);
    assert_eq!(fail(&mut world), 0, "not before its time");
    let due = world.streams.poll_timeout().unwrap();
    assert_eq!(due.reason, TimerReason::LogRetry);
    assert_eq!(due.at.saturating_since(world.now.mono).as_millis(), 1_000);
    world.append("q-1", by, " since Monday");
    world.pass(1_040);
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
}

#[test]
fn an_item_that_comes_again_is_answered_by_a_log_that_was_away() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.deliver();
    world.leave(1);
    world.pass(1_000);
    assert!(world.streams.is_empty());
    // The same item, of a client that was restored. The answer that was lost may have been the first.
    world.items = 0;
    world.begins("q-1", Some(2));
    assert_eq!(fail(&mut world), 1);
    world.pass(2_000);
    world.deliver();
    let had = world.had(2, "q-1");
    assert_eq!((had.text(), &had.ended), ("40 liters", &Some(How::Done)));
}

#[test]
fn nobody_has_caught_up_while_the_log_is_silent() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    world.follow(2, "q-1").unwrap();
    for _ in 0..3 {
        assert_eq!(fail(&mut world), 1);
        assert_eq!(world.streams.poll_message(world.now, reader(2)), None);
        world.now.mono = world.now.mono + core::time::Duration::from_secs(1);
        world.streams.handle_timeout(world.now);
    }
    world.deliver();
    assert_eq!(world.had(2, "q-1").text(), "40 liters");
}

#[test]
fn an_item_is_rejected_when_the_log_stays_away() {
    let mut world = World::new();
    let of = Position::new(Epoch::from_bits(7), 1);
    world.streams.begin(world.now, &key("q-1"), None, of, None).unwrap();
    let mut events = Vec::new();
    for _ in 0..3 {
        fail(&mut world);
        events.extend(std::iter::from_fn(|| world.streams.poll_event()));
        world.now.mono = world.now.mono + core::time::Duration::from_secs(1);
        world.streams.handle_timeout(world.now);
    }
    let code = Code::new("unavailable").unwrap();
    assert_eq!(events.last(), Some(&Event::NotBegun { key: key("q-1"), of, code }));
    assert_eq!(requests(&mut world), []);
}

#[test]
fn a_read_that_overtakes_the_begin_says_nothing_of_an_absent_stream() {
    let mut world = World::new();
    let of = Position::new(Epoch::from_bits(7), 1);
    world.streams.begin(world.now, &key("q-1"), None, of, None).unwrap();
    world.follow(2, "q-1").unwrap();
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-1")));
    let [request] = <[LogRequest; 1]>::try_from(requests(&mut world)).unwrap();
    assert!(matches!(request.request, Request::ClaimEffect { .. }), "one thing after the other");
    let answer = world.log.handle_request(world.now, &request);
    world.streams.handle_log(world.now, answer);
    world.deliver();
    assert_eq!(world.said(2).last().map(String::as_str), Some("q-1 end 1 at 0: cancelled"));
}

#[test]
fn a_lease_that_is_looked_up_when_the_stream_has_ended_leaves_nothing() {
    let mut world = World::new();
    world.running("q-1", 1);
    let mut elsewhere = Streams::new(StreamsConfig::default(), world.log.epoch());
    elsewhere.claim(world.now, &key("q-1")).unwrap();
    elsewhere.settle(world.now, &mut world.log);
    world.streams.renew(world.now, &key("q-1"), Generation::from_number(1)).unwrap();
    world.settle();
    // Another has it: whose it is, and until when, is looked up.
    world.streams.handle_timeout(world.now);
    assert_eq!(fail(&mut world), 1);
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-1")));
    world.pass(1_000);
    world.deliver();
    assert_eq!(world.said(1), ["q-1 end 1 at 0: cancelled"]);
    assert!(world.streams.is_empty());
}

#[test]
fn an_answer_that_nobody_waits_for_does_nothing() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.follow(2, "q-1").unwrap();
    let [request] = <[LogRequest; 1]>::try_from(requests(&mut world)).unwrap();
    let answer = world.log.handle_request(world.now, &request);
    world.leave(2);
    world.follow(2, "q-1").unwrap();
    world.append("q-1", by, "40 liters");
    world.streams.handle_log(world.now, answer.clone());
    world.streams.handle_log(world.now, answer);
    world.pass(40);
    world.deliver();
    assert_eq!(world.had(2, "q-1").text(), "40 liters");
}

#[test]
fn a_producer_learns_when_the_log_takes_no_more_and_when_it_does_again() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    let mut taken = 0;
    while world.streams.append(world.now, &key("q-1"), by, &"a".repeat(1_000)).is_ok() {
        taken += 1_000;
        assert!(taken <= 65_536);
    }
    assert_eq!(taken, 65_000);
    let full = world.streams.append(world.now, &key("q-1"), by, &"a".repeat(1_000));
    assert_eq!(full, Err(ProducerError::Full));
    let events = world.pass(40);
    assert_eq!(events, [Event::Room { key: key("q-1"), generation: by }]);
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text.len(), taken, "what was refused was not taken");
}

/// What comes of a conversation whose log answers in this way: what the host and the readers are told.
fn conversation(settle: fn(&mut World)) -> (Vec<Event>, Vec<String>) {
    let mut world = World::new();
    let (epoch, stream) = (world.log.epoch(), key("q-1"));
    let of = Position::new(Epoch::from_bits(7), 1);
    world.streams.begin(world.now, &stream, None, of, Some(reader(1))).unwrap();
    settle(&mut world);
    world.streams.claim(world.now, &stream).unwrap();
    world.streams.follow(world.now, reader(2), &stream, Position::start(epoch), 0).unwrap();
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-2")));
    settle(&mut world);
    let by = Generation::from_number(1);
    world.append("q-1", by, "40 liters");
    world.now.mono = world.now.mono + core::time::Duration::from_millis(40);
    world.streams.handle_timeout(world.now);
    settle(&mut world);
    world.finish("q-1", by);
    settle(&mut world);
    let mut said = Vec::new();
    while let Some(to) = world.streams.poll_ready() {
        while let Some(message) = world.streams.poll_message(world.now, to) {
            said.push(format!("{to:?}: {message:?}"));
        }
        settle(&mut world);
    }
    (std::iter::from_fn(|| world.streams.poll_event()).collect(), said)
}

#[test]
fn a_log_that_answers_at_once_is_asked_the_same_as_one_that_is_polled() {
    let at_once = conversation(|world| world.streams.settle(world.now, &mut world.log));
    let polled = conversation(|world| {
        while let Some(request) = world.streams.poll_log() {
            let answer = world.log.handle_request(world.now, &request);
            world.streams.handle_log(world.now, answer);
        }
    });
    let (events, said) = &at_once;
    assert_eq!((events.len(), said.len()), (4, 6), "{at_once:#?}");
    assert_eq!(at_once, polled);
}
