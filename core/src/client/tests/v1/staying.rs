//! A client of one transport that is told to move while answers run (V-10.6).

use super::*;

const GOODBYE: &str = r#"{"type":"goodbye","code":"going_away","within":10000}"#;

/// Whether it has left its link.
fn has_left(world: &mut World) -> bool {
    world.events().iter().any(|event| event.starts_with("retrying"))
}

#[test]
fn it_stays_until_its_answers_have_ended() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    world.settle();
    world.append("40 ");
    world.say(GOODBYE);
    world.pass(3_000);
    assert!(!has_left(&mut world));
    // What is asked meanwhile is answered there too.
    world.ask("range?");
    world.settle();
    world.answer_to("fuel?", "40 liters");
    let events = world.events();
    assert!(events.contains(&format!("answer {request} 40 |liters")), "{events:?}");
    world.pass(100);
    assert!(!has_left(&mut world), "the other one runs");
    world.answer_to("range?", "300");
    assert!(has_left(&mut world));
}

#[test]
fn it_leaves_before_the_time_is_up() {
    let mut world = World::welcomed();
    world.ask("fuel?");
    world.settle();
    world.say(GOODBYE);
    let due = world.client.poll_timeout().expect("a deadline");
    assert!(due.at <= world.now.mono + Duration::from_millis(7_500));
    world.pass(7_400);
    assert!(!has_left(&mut world));
    world.pass(200);
    assert!(has_left(&mut world));
}

#[test]
fn it_leaves_at_once_with_nothing_to_wait_for_or_without_time() {
    let mut idle = World::welcomed();
    idle.say(GOODBYE);
    assert!(has_left(&mut idle));
    let mut hurried = World::welcomed();
    hurried.ask("fuel?");
    hurried.settle();
    hurried.say(r#"{"type":"goodbye","code":"going_away"}"#);
    assert!(has_left(&mut hurried));
}

#[test]
fn a_link_that_breaks_meanwhile_is_forgotten_with_its_goodbye() {
    let mut world = World::welcomed();
    world.ask("fuel?");
    world.settle();
    world.say(GOODBYE);
    world.cut();
    assert!(has_left(&mut world));
    world.pass(2_000);
    world.open(Some("pamlink.v1"));
    world.welcome();
    world.pass(9_000);
    assert!(!has_left(&mut world), "the new link has its own");
}
