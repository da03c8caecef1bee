//! How streams end: only by their terminal record, and once.

use super::super::*;
use super::support::{World, key, reader};
use crate::envelope::v1::{Code, How, Message};

#[test]
fn the_end_of_a_link_is_not_the_end_of_a_stream() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 li");
    world.pass(40);
    world.deliver();
    world.leave(1);
    assert_eq!(world.settle(), [], "neither producer nor log is told");
    assert_eq!(world.streams.len(), 1);
    world.append("q-1", by, "ters");
    world.finish("q-1", by);
    world.settle();
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters");
    assert_eq!(world.had(1, "q-1").ended, Some(How::Done));
}

#[test]
fn an_end_sends_what_waits_before_it() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 ");
    world.append("q-1", by, "liters");
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.said(1), ["q-1 piece 1 at 0 of 9", "q-1 end 2 at 9: done"]);
}

#[test]
fn after_its_end_nothing_is_appended_and_there_is_no_second_end() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.finish("q-1", by);
    let fenced = Err(ProducerError::Fenced);
    assert_eq!(world.streams.append(world.now, &key("q-1"), by, "more"), fenced);
    assert_eq!(world.streams.finish(world.now, &key("q-1"), by, End::new(How::Failed)), fenced,);
    world.settle();
    world.streams.claim(world.now, &key("q-1")).unwrap();
    let events = world.settle();
    assert!(matches!(&events[..], [Event::NotClaimed { ended: Some(_), .. }]), "{events:?}");
    world.deliver();
    assert_eq!(world.said(1), ["q-1 end 1 at 0: done"]);
}

#[test]
fn an_end_has_its_code_and_its_body_byte_for_byte() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    let body = r#"{ "z": 1.50, "a" : "é" }"#;
    let end =
        End { code: Code::new("model_failed"), body: Some(body.into()), ..End::new(How::Failed) };
    world.streams.finish(world.now, &key("q-1"), by, end).unwrap();
    world.settle();
    let by = world.streams.poll_ready().unwrap();
    let Some(Message::End(end)) = world.streams.poll_message(world.now, by) else { panic!() };
    assert_eq!(end.code.as_deref(), Some("model_failed"));
    assert_eq!(end.body.map(|body| body.as_json()), Some(body));
}

#[test]
fn a_body_that_no_end_can_carry_is_refused() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    let mut finish = |body: &str| {
        let end = End { body: Some(body.into()), ..End::new(How::Done) };
        world.streams.finish(world.now, &key("q-1"), by, end)
    };
    assert_eq!(finish("{"), Err(ProducerError::NoJson));
    assert_eq!(finish(&"[".repeat(11)), Err(ProducerError::NoJson));
    assert_eq!(
        finish(&format!("{}1{}", "[".repeat(11), "]".repeat(11))),
        Err(ProducerError::NoJson)
    );
    assert_eq!(
        finish(&format!("\"{}\"", "a".repeat(65_536))),
        Err(ProducerError::TooLarge { most: 65_536 }),
    );
    assert_eq!(finish(&format!("{}1{}", "[".repeat(10), "]".repeat(10))), Ok(()));
}

#[test]
fn what_a_reader_confirms_after_the_end_is_no_fault() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.deliver();
    let at = world.had(1, "q-1").at;
    assert_eq!(world.streams.read(world.now, reader(1), &key("q-1"), at), Ok(()));
}

#[test]
fn a_host_that_cannot_start_ends_the_stream_itself() {
    let mut world = World::new();
    world.begin("q-1", Some(1));
    let end = End { code: Code::new("no_agent"), ..End::new(How::Failed) };
    world.streams.finish(world.now, &key("q-1"), Generation::NONE, end).unwrap();
    world.deliver();
    assert_eq!(world.said(1), ["q-1 end 1 at 0: failed"]);
}
