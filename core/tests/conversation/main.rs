//! A client and a hub that speak `pamlink.v1` over a link that breaks.

mod foreign_payloads;
mod world;

use pamlink::link::State;
use world::World;

#[test]
fn an_answer_goes_on_in_the_middle_over_the_next_link() {
    let mut world = World::new();
    let request = world.ask("fuel so far?");
    assert_eq!(world.requests.len(), 1);
    world.piece("40 liters");
    assert_eq!(world.heard(), [format!("piece {request} 40 liters")]);

    world.cut();
    world.piece(" since");
    world.pass(3_000);
    assert_eq!(world.client.state(), State::Open);
    world.piece(" Monday");
    world.reply("40 liters since Monday");
    let heard = world.heard();
    let pieces: String = heard.iter().filter_map(|it| it.strip_prefix("piece 0")).collect();
    assert_eq!(pieces.replace("  ", " "), " since Monday", "{heard:?}");
    assert_eq!(*heard.last().unwrap(), format!("answer {request} 40 liters since Monday (22)"));
    assert_eq!(world.requests.len(), 1, "it was asked once");
    assert_eq!(world.client.pending(), 0);
}

#[test]
fn an_answer_that_comes_while_there_is_no_link_waits_for_the_next() {
    let mut world = World::new();
    let request = world.ask("range?");
    world.cut();
    world.reply("500 km");
    assert_eq!(world.heard(), [""; 0]);
    world.pass(3_000);
    assert_eq!(world.heard(), [format!("answer {request} 500 km (0)")]);
}

#[test]
fn every_cut_leaves_each_request_its_one_answer() {
    let mut world = World::new();
    for n in 0..20 {
        let request = world.ask(&format!("{n}"));
        if n % 3 == 0 {
            world.cut();
        }
        if n % 2 == 0 {
            world.pass(3_000);
        }
        // What was asked while the link broke is asked over the next.
        world.pass(if world.requests.len() == n + 1 { 0 } else { 10_000 });
        assert_eq!(world.requests.len(), n + 1);
        world.reply("done");
        world.pass(10_000);
        assert_eq!(world.heard(), [format!("answer {request} done (0)")]);
    }
}

#[test]
fn a_cancel_reaches_the_host_of_the_hub() {
    let mut world = World::new();
    let request = world.ask("fuel?");
    world.piece("40");
    world.client.cancel(world.now, request).unwrap();
    world.pass(1_000);
    let mut heard = world.heard();
    heard.sort();
    let all = ["cancelled 0", "piece 0 40", "result 0 cancelled"];
    assert_eq!(heard, all);
    assert_eq!(world.cancelled, world.requests);
    assert_eq!(world.client.pending(), 0);
}

#[test]
fn a_push_without_a_link_comes_with_the_next() {
    let mut world = World::new();
    world.cut();
    let alert = r#"{"type":"alert","text":"low fuel"}"#;
    assert!(!world.hub.push(world.now, "ada", alert).unwrap().is_absent());
    world.pass(3_000);
    assert_eq!(world.heard(), ["push alert"]);
}

#[test]
fn quiet_hours_keep_the_link() {
    let mut world = World::new();
    world.pass(3_600_000);
    assert_eq!(world.client.state(), State::Open);
    let request = world.ask("still there?");
    world.reply("yes");
    assert_eq!(world.heard(), [format!("answer {request} yes (0)")]);
}
