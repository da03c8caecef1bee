//! Cancels: each has exactly one outcome.

use super::super::*;
use super::support::{World, key};
use crate::envelope::v1::{CancelOutcome, Code, Epoch, How, Position};

/// What has come of the one cancel among events.
fn results(events: &[Event]) -> Vec<Cancelled> {
    let of = |event: &Event| match event {
        Event::Cancelled { results, .. } => Some(results.clone()),
        _ => None,
    };
    let all: Vec<_> = events.iter().filter_map(of).collect();
    assert_eq!(all.len(), 1, "exactly one: {events:?}");
    all.into_iter().next().unwrap()
}

/// The only result of a cancel of one stream.
fn cancel(world: &mut World, name: &str) -> Cancelled {
    world.streams.cancel(world.now, CancelScope::Stream(&key(name)));
    let events = world.settle();
    let [result] = <[Cancelled; 1]>::try_from(results(&events)).unwrap();
    assert_eq!(&*result.stream, name);
    result
}

#[test]
fn a_cancel_says_how_far_the_stream_has_come() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-1")));
    let events = world.settle();
    assert_eq!(
        events[0],
        Event::Fenced { key: key("q-1"), generation: by, why: Fence::Ended(How::Cancelled) },
    );
    let [result] = <[Cancelled; 1]>::try_from(results(&events)).unwrap();
    assert_eq!((result.outcome, result.offset), (CancelOutcome::Cancelled, Some(9)));
    world.deliver();
    assert_eq!(world.said(1), ["q-1 piece 1 at 0 of 9", "q-1 end 2 at 9: cancelled"]);
}

#[test]
fn stop_works_on_a_stream_that_was_resumed() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 li");
    world.pass(40);
    world.deliver();
    world.leave(1);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(cancel(&mut world, "q-1").outcome, CancelOutcome::Cancelled);
    let late = world.streams.append(world.now, &key("q-1"), by, "ters");
    assert_eq!(late, Err(ProducerError::Fenced));
    world.deliver();
    assert_eq!(world.had(1, "q-1").ended, Some(How::Cancelled));
}

#[test]
fn stop_works_before_the_first_token() {
    let mut world = World::new();
    world.begin("q-1", Some(1));
    let result = cancel(&mut world, "q-1");
    assert_eq!((result.outcome, result.offset), (CancelOutcome::Cancelled, Some(0)));
    world.streams.claim(world.now, &key("q-1")).unwrap();
    let events = world.settle();
    assert!(matches!(&events[..], [Event::NotClaimed { ended: Some(_), .. }]), "{events:?}");
}

#[test]
fn a_cancel_that_comes_too_late_learns_how_the_stream_ended() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.settle();
    let result = cancel(&mut world, "q-1");
    let expected = (CancelOutcome::Ended, Some(How::Done), Some(9));
    assert_eq!((result.outcome, result.how, result.offset), expected);
    world.deliver();
    let result = cancel(&mut world, "q-1");
    let known = (CancelOutcome::Ended, Some(How::Done), Some(9));
    assert_eq!((result.outcome, result.how, result.offset), known, "the log knows it as well");
}

#[test]
fn an_end_that_was_wanted_before_the_cancel_stands() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    let result = cancel(&mut world, "q-1");
    assert_eq!((result.outcome, result.how), (CancelOutcome::Ended, Some(How::Done)));
}

#[test]
fn a_second_cancel_is_answered_and_does_nothing() {
    let mut world = World::new();
    world.running("q-1", 1);
    assert_eq!(cancel(&mut world, "q-1").outcome, CancelOutcome::Cancelled);
    for _ in 0..2 {
        let again = cancel(&mut world, "q-1");
        assert_eq!((again.outcome, again.how), (CancelOutcome::Ended, Some(How::Cancelled)));
    }
    world.deliver();
    assert_eq!(world.said(1), ["q-1 end 1 at 0: cancelled"]);
}

#[test]
fn a_cancel_is_never_refused_in_silence() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.streams.protect(world.now, &key("q-1"), Code::new("payment"));
    let result = cancel(&mut world, "q-1");
    assert_eq!((result.outcome, result.code.as_deref()), (CancelOutcome::Refused, Some("payment")));
    world.append("q-1", by, "it goes on");
    world.streams.protect(world.now, &key("q-1"), None);
    assert_eq!(cancel(&mut world, "q-1").outcome, CancelOutcome::Cancelled);
}

#[test]
fn a_cancel_ahead_of_its_stream_stops_it() {
    let mut world = World::new();
    assert_eq!(cancel(&mut world, "q-1").outcome, CancelOutcome::NoStream);
    let of = Position::new(Epoch::from_bits(7), 1);
    world.pass(59_999);
    let begin = |world: &mut World| world.streams.begin(world.now, &key("q-1"), None, of, None);
    assert_eq!(begin(&mut world), Err(BeginError::Cancelled));
    assert_eq!(BeginError::Cancelled.code().as_deref(), Some("cancelled"));
    world.pass(1);
    assert_eq!(begin(&mut world), Ok(()), "for 60 s");
}

#[test]
fn a_cancel_of_an_agent_ends_its_streams_and_no_others() {
    let mut world = World::new();
    let of = |number| Position::new(Epoch::from_bits(7), number);
    let begin = |world: &mut World, owner: &str, name: &'static str, agent, number| {
        let key = StreamKey { owner: owner.into(), name: name.into() };
        world.streams.begin(world.now, &key, Some(agent), of(number), None).unwrap();
    };
    begin(&mut world, "ann", "q-1", "finance", 1);
    begin(&mut world, "ann", "q-2", "travel", 2);
    begin(&mut world, "ann", "q-3", "finance", 3);
    begin(&mut world, "bob", "q-4", "finance", 4);
    world.settle();
    world.streams.cancel(world.now, CancelScope::Agent { owner: "ann", agent: "finance" });
    let names = |events: &[Event]| {
        let results = results(events);
        assert!(results.iter().all(|it| it.outcome == CancelOutcome::Cancelled));
        results.iter().map(|it| it.stream.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world.settle()), ["q-1", "q-3"]);
    world.streams.cancel(world.now, CancelScope::All { owner: "ann" });
    assert_eq!(names(&world.settle()), ["q-2"]);
    world.streams.cancel(world.now, CancelScope::All { owner: "ann" });
    assert_eq!(results(&world.settle()), [], "none was running");
}

#[test]
fn the_end_of_a_link_cancels_nothing() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.leave(1);
    world.settle();
    world.append("q-1", by, "40 liters");
    assert_eq!(cancel(&mut world, "q-1").offset, Some(9));
}

#[test]
fn a_cancel_waits_for_a_log_that_is_away_and_has_one_outcome() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-1")));
    let mut events = Vec::new();
    for _ in 0..5 {
        while let Some(request) = world.streams.poll_log() {
            // It is done all the same.
            let _ = world.log.handle_request(world.now, &request);
            let epoch = world.log.epoch();
            let answer = LogAnswer::new(request.id, epoch, Answer::Unavailable);
            world.streams.handle_log(world.now, answer);
        }
        events.extend(std::iter::from_fn(|| world.streams.poll_event()));
        world.now.mono = world.now.mono + core::time::Duration::from_secs(1);
        world.streams.handle_timeout(world.now);
    }
    let is_outcome = |event: &Event| matches!(event, Event::Cancelled { .. });
    assert!(!events.iter().any(is_outcome), "nobody knows yet: {events:?}");
    let late = world.streams.append(world.now, &key("q-1"), by, "late");
    assert_eq!(late, Err(ProducerError::Fenced));
    let [result] = <[Cancelled; 1]>::try_from(results(&world.settle())).unwrap();
    assert_eq!((result.outcome, result.offset), (CancelOutcome::Cancelled, Some(0)));
}
