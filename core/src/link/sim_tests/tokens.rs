use core::time::Duration;

use super::world::{Service, World};
use crate::link::{Class, TokenNeed};
use crate::time::Now;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_link_is_renewed_in_band_and_never_dropped_for_it() {
    let mut world = World::open(1);
    world.run(secs(6 * 3_600));
    assert_eq!(world.seen.dials.len(), 1);
    let renewals = world.seen.needs.iter().filter(|need| **need == TokenNeed::Renewal).count();
    assert!((7..=8).contains(&renewals), "{renewals} renewals of an hour's token in six hours");
    let told = world.seen.server_texts.iter();
    let told = told
        .filter(|text| text.starts_with(r#"{"type":"auth","id":"renewal","token":"secret-"#))
        .count();
    assert_eq!(told, renewals);
}

#[test]
fn a_refused_token_is_renewed_once_and_then_the_client_stops() {
    for service in [Service::Closes(4001), Service::Refuses(401), Service::Refuses(403)] {
        let mut world = World::new(2, |_| {});
        world.service = service;
        world.client.connect(world.now);
        world.run(secs(3_600));
        assert_eq!(world.seen.dials.len(), 2, "{service:?}");
        assert_eq!(world.seen.needs, [TokenNeed::Missing, TokenNeed::Rejected], "{service:?}");
        assert_eq!(world.seen.stops, [Class::Authentication], "{service:?}");
        world.service = Service::Answers;
        world.client.connect(world.now);
        world.run(secs(5));
        assert!(world.client.is_welcomed(), "the host may always try again");
    }
}

#[test]
fn a_token_that_expires_while_asleep_is_renewed_before_the_dial() {
    let mut world = World::open(3);
    world.service = Service::Down;
    world.cut();
    world.settle();
    world.skip(secs(8 * 3_600));
    world.service = Service::Answers;
    world.run(secs(60));
    assert!(world.client.is_welcomed());
    assert_eq!(world.seen.expired_dials, 0);
    assert_eq!(world.seen.needs, [TokenNeed::Missing, TokenNeed::Missing]);
}

#[test]
fn a_jump_of_the_wall_alone_does_not_let_an_expired_token_out() {
    let mut world = World::open(4);
    world.cut();
    world.now = Now::new(world.now.mono, world.now.wall + secs(7_200));
    world.run(secs(5));
    assert!(world.client.is_welcomed());
    assert_eq!(world.seen.expired_dials, 0);
    assert_eq!(world.seen.needs.len(), 2);
}

#[test]
fn a_host_with_only_expired_tokens_is_told_and_nothing_is_dialled() {
    let mut world = World::new(5, |_| {});
    world.token_life = Duration::ZERO;
    world.client.connect(world.now);
    world.run(secs(3_600));
    assert_eq!((world.seen.dials.len(), world.seen.needs.len()), (0, 1));
    assert_eq!(world.seen.stops, [Class::Authentication]);
}

#[test]
fn a_host_that_is_denied_a_token_is_not_asked_for_ever() {
    let mut world = World::new(6, |_| {});
    world.denied = true;
    world.client.connect(world.now);
    world.run(secs(3_600));
    assert_eq!((world.seen.dials.len(), world.seen.needs.len()), (0, 1));
    assert_eq!(world.seen.stops, [Class::Authentication]);
}

#[test]
fn an_open_link_outlives_a_host_that_is_denied_a_renewal() {
    let mut world = World::open(7);
    world.denied = true;
    world.run(secs(3_590));
    assert!(world.client.is_welcomed());
    let asked = world.seen.needs.len();
    assert!((3..100).contains(&asked), "asked {asked} times");
}

#[test]
fn an_anonymous_link_never_asks() {
    let mut world = World::new(8, |config| config.anonymous = true);
    world.client.connect(world.now);
    world.run(secs(7_200));
    assert!(world.client.is_welcomed() && world.seen.needs.is_empty());
    world.with_server(|server, now| {
        server.close(now, crate::frame::CloseCode::new(4001), "who are you");
    });
    world.run(secs(60));
    assert_eq!(world.seen.stops, [Class::Authentication]);
}
