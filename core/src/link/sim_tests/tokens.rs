use core::time::Duration;

use super::world::{Service, World};
use crate::link::{CloseClass, TokenNeed};

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
    let brought = world.seen.server_texts.iter();
    let brought = brought
        .filter(|text| text.starts_with(r#"{"type":"auth","id":"renewal","token":"secret-"#))
        .count();
    assert_eq!(brought, renewals);
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
        assert_eq!(world.seen.stops, [CloseClass::Authentication], "{service:?}");
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

/// Six minutes ahead is beyond the end of a token of five; an hour behind is before its beginning.
#[test]
fn a_good_token_is_tried_and_renewed_in_time_whatever_the_devices_clock() {
    for (ahead, life) in [(0, 300), (360, 300), (-3_600, 300), (-3_600, 3_600), (86_400, 3_600)] {
        let mut world = World::new(9, |_| {});
        world.token_life = secs(life);
        world.set_clock(ahead);
        world.client.connect(world.now);
        world.run(secs(10 * life));
        assert!(world.client.is_welcomed(), "{ahead}");
        let seen = &world.seen;
        assert_eq!((seen.dials.len(), seen.expired_dials, seen.stops.len()), (1, 0, 0), "{ahead}");
        let renewals = seen.needs.iter().filter(|need| **need == TokenNeed::Renewal).count();
        assert!((12..=20).contains(&renewals), "{ahead}: {renewals} renewals in ten lives");
    }
}

#[test]
fn a_clock_that_makes_a_new_token_look_almost_over_starts_no_storm() {
    let mut world = World::new(9, |_| {});
    world.set_clock(3_599);
    world.client.connect(world.now);
    world.run(secs(3_600));
    assert!(world.client.is_welcomed());
    assert!(world.seen.needs.len() <= 61, "{} in an hour", world.seen.needs.len());
}

#[test]
fn a_clock_that_is_set_meanwhile_changes_nothing() {
    for ahead in [7_200, -7_200, 1_000_000] {
        let mut world = World::open(4);
        world.run(secs(600));
        world.set_clock(ahead);
        world.run(secs(60));
        world.cut();
        world.run(secs(5));
        assert!(world.client.is_welcomed());
        assert_eq!(world.seen.needs, [TokenNeed::Missing], "{ahead}");
        world.run(secs(3_600));
        assert_eq!(world.seen.needs, [TokenNeed::Missing, TokenNeed::Renewal], "{ahead}");
    }
}

#[test]
fn a_token_that_seems_to_be_over_is_tried_and_the_server_judges() {
    let mut world = World::new(5, |_| {});
    world.token_life = Duration::ZERO;
    world.client.connect(world.now);
    world.run(secs(60));
    assert!(world.client.is_welcomed());
    let mut world = World::new(5, |_| {});
    (world.token_life, world.service) = (Duration::ZERO, Service::Closes(4001));
    world.client.connect(world.now);
    world.run(secs(3_600));
    assert_eq!(world.seen.needs, [TokenNeed::Missing, TokenNeed::Rejected]);
    assert_eq!(
        (world.seen.dials.len(), &*world.seen.stops),
        (2, &[CloseClass::Authentication][..])
    );
}

#[test]
fn a_host_that_is_denied_a_token_is_not_asked_for_ever() {
    let mut world = World::new(6, |_| {});
    world.denied = true;
    world.client.connect(world.now);
    world.run(secs(3_600));
    assert_eq!((world.seen.dials.len(), world.seen.needs.len()), (0, 1));
    assert_eq!(world.seen.stops, [CloseClass::Authentication]);
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
fn an_anonymous_link_never_wants_a_token() {
    let mut world = World::new(8, |config| config.anonymous = true);
    world.client.connect(world.now);
    world.run(secs(7_200));
    assert!(world.client.is_welcomed() && world.seen.needs.is_empty());
    world.with_server(|server, now| {
        server.close(now, crate::frame::CloseCode::new(4001), "who are you");
    });
    world.run(secs(60));
    assert_eq!(world.seen.stops, [CloseClass::Authentication]);
}
