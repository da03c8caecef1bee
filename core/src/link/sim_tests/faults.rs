use core::time::Duration;

use proptest::prelude::*;

use super::world::{Service, World};
use crate::frame::CloseCode;
use crate::link::{CloseClass, State};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_quiet_link_stays_open_for_a_day_and_ends_cleanly() {
    let mut world = World::open(1);
    world.run(secs(86_400));
    assert_eq!((world.seen.dials.len(), world.seen.ends.len()), (1, 0));
    world.client.disconnect(world.now);
    world.settle();
    assert_eq!(world.seen.ends, [CloseClass::Normal]);
    assert_eq!(world.seen.server_ends, [CloseClass::Normal]);
    assert_eq!(world.seen.stops, [CloseClass::Normal]);
    let path = [
        (State::Closed, State::Connecting),
        (State::Connecting, State::Open),
        (State::Open, State::Closing),
        (State::Closing, State::Closed),
    ];
    assert_eq!(world.seen.states, path);
}

#[test]
fn a_cut_link_comes_back_and_a_proven_one_starts_its_backoff_over() {
    let mut world = World::open(2);
    for _ in 0..20 {
        world.run(secs(60));
        world.cut();
        world.settle();
    }
    world.run(secs(2));
    assert!(world.client.is_welcomed());
    assert!(world.seen.retries.iter().all(|after| *after <= secs(1)), "{:?}", world.seen.retries);
    assert_eq!(world.seen.ends.len(), 20);
}

#[test]
fn a_link_that_opens_and_falls_at_once_is_not_trusted() {
    let mut world = World::open(3);
    for _ in 0..12 {
        world.cut();
        while !world.client.is_welcomed() {
            world.run(secs(1));
        }
        world.run(secs(2));
    }
    let late = &world.seen.retries[8..];
    assert!(late.iter().any(|after| *after > secs(5)), "{:?}", world.seen.retries);
}

#[test]
fn a_server_that_is_down_is_asked_ever_more_seldom_but_for_ever() {
    let mut world = World::open(4);
    world.service = Service::Down;
    world.cut();
    world.run(secs(3_600));
    let dials = world.seen.dials.len();
    assert!((120..500).contains(&dials), "{dials} dials in an hour");
    world.service = Service::Answers;
    world.run(secs(31));
    assert!(world.client.is_welcomed());
}

#[test]
fn half_open_silence_is_found_by_both_ends() {
    let mut world = World::open(5);
    world.run(secs(7));
    world.silence();
    let ends_by = |world: &mut World, most| {
        let from = world.now.mono;
        while world.seen.ends.is_empty() {
            world.run(secs(1));
        }
        assert!(world.now.mono.saturating_since(from) <= most, "{:?}", world.seen);
    };
    ends_by(&mut world, secs(31));
    assert_eq!(world.seen.ends, [CloseClass::Timeout]);
    world.run(secs(40));
    assert!(world.client.is_welcomed(), "a new link took its place");
}

#[test]
fn a_zombie_after_sleep_is_found_within_three_seconds_of_waking() {
    let mut world = World::open(6);
    world.run(secs(5));
    world.silence();
    world.skip(secs(8 * 3_600));
    let woke = world.now.mono;
    // The host may serve its timers before or after it tells of the wake-up.
    world.client.handle_timeout(world.now);
    world.client.wake(world.now);
    while world.seen.ends.is_empty() {
        world.run(Duration::from_millis(100));
    }
    let found = world.now.mono.saturating_since(woke);
    assert!(found <= Duration::from_millis(3_100), "after {found:?}");
    assert_eq!(world.seen.ends, [CloseClass::Timeout]);
}

#[test]
fn a_short_sleep_does_not_cost_a_living_link() {
    let mut world = World::open(7);
    world.run(secs(5));
    for _ in 0..10 {
        world.skip(secs(25));
        world.client.wake(world.now);
        world.client.network_changed(world.now);
        world.run(secs(5));
    }
    assert_eq!(world.seen.dials.len(), 1, "{:?}", world.seen);
}

/// oxidezap/whatsapp-rust#1376, #1379: a wall clock that jumped ended a link that was 5 s old.
#[test]
fn a_wall_clock_that_is_set_ends_no_link() {
    let mut world = World::open(7);
    for ahead in [86_400, -86_400, 60, 0, 1_000_000_000] {
        world.run(secs(5));
        world.set_clock(ahead);
        world.run(secs(60));
        assert_eq!((world.seen.dials.len(), world.seen.ends.len()), (1, 0), "{ahead}");
    }
}

#[test]
fn a_waiting_link_dials_at_once_on_a_new_network_unless_the_server_said_to_wait() {
    let mut world = World::open(8);
    world.service = Service::Down;
    world.cut();
    world.run(secs(600));
    world.service = Service::Answers;
    world.client.network_changed(world.now);
    world.settle();
    assert!(world.client.is_welcomed());

    world.client.retry_after(world.now, secs(60));
    world.with_server(|server, now| server.close(now, CloseCode::SERVICE_RESTART, "drain"));
    world.settle();
    world.client.wake(world.now);
    world.run(secs(59));
    assert!(!world.client.is_welcomed(), "told to wait for 60 s");
    world.run(secs(17));
    assert!(world.client.is_welcomed());
}

#[test]
fn a_hint_counts_for_what_is_left_of_it_and_not_at_all_when_it_has_passed() {
    let mut world = World::open(8);
    world.client.retry_after(world.now, secs(60));
    world.run(secs(61));
    let dials = world.seen.dials.len();
    world.service = Service::Down;
    world.cut();
    world.client.wake(world.now);
    world.settle();
    assert_eq!(world.seen.dials.len(), dials + 1, "waking is not blocked by what has passed");
    world.service = Service::Answers;
    world.run(secs(40));
    assert!(world.client.is_welcomed());

    world.client.retry_after(world.now, secs(60));
    world.run(secs(40));
    world.cut();
    world.client.wake(world.now);
    world.run(secs(19));
    assert!(!world.client.is_welcomed(), "20 s are left");
    world.run(secs(7));
    assert!(world.client.is_welcomed());
}

#[test]
fn a_hint_is_cut_when_it_is_given() {
    let mut world = World::open(8);
    world.client.retry_after(world.now, Duration::MAX);
    world.run(secs(3_590));
    world.cut();
    world.run(secs(9));
    assert!(!world.client.is_welcomed(), "10 s are left of the longest");
    world.run(secs(5));
    assert!(world.client.is_welcomed());
}

#[test]
fn a_mute_server_and_a_slow_loris_meet_a_deadline() {
    let mut world = World::new(9, |_| {});
    world.service = Service::Mute;
    world.client.connect(world.now);
    world.run(secs(11));
    assert_eq!(world.seen.ends, [CloseClass::Timeout]);
    assert_eq!(world.seen.server_ends.len(), 1);

    let mut world = World::new(10, |_| {});
    world.service = Service::Mute;
    world.client.connect(world.now);
    world.settle();
    for _ in 0..30 {
        world.inject_down(b"HTTP/1.1 101 ");
        world.skip(Duration::from_millis(500));
        world.run(Duration::ZERO);
        if !world.seen.ends.is_empty() {
            break;
        }
    }
    assert_eq!(world.seen.ends.len(), 1);
}

#[test]
fn a_server_that_never_welcomes_is_left() {
    let mut world = World::new(11, |_| {});
    world.service = Service::Mute;
    world.client.connect(world.now);
    world.settle();
    world.with_server(|server, now| server.accept(now, None).unwrap());
    world.run(secs(9));
    assert_eq!(world.client.state(), State::Open);
    world.run(secs(2));
    assert_eq!(world.seen.ends, [CloseClass::Timeout]);
}

#[test]
fn closes_that_cross_end_both_sides_once_and_cleanly() {
    for seed in 0..20 {
        let mut world = World::open(seed);
        world.client.disconnect(world.now);
        world.with_server(|server, now| server.close(now, CloseCode::GOING_AWAY, "bye"));
        world.client.disconnect(world.now);
        world.settle();
        assert_eq!(world.seen.ends, [CloseClass::Normal]);
        assert_eq!(world.seen.server_ends, [CloseClass::ServerUnavailable]);
        world.cut();
        world.run(secs(60));
        assert_eq!((world.seen.ends.len(), world.seen.server_ends.len()), (1, 1));
    }
}

#[test]
fn a_connect_during_the_close_is_not_lost() {
    let mut world = World::open(12);
    world.client.disconnect(world.now);
    world.client.connect(world.now);
    world.run(secs(10));
    assert!(world.client.is_welcomed());
    assert_eq!((world.seen.dials.len(), world.seen.ends.len()), (2, 1));
}

#[test]
fn a_peer_that_never_closes_back_is_left_after_five_seconds() {
    let mut world = World::open(13);
    world.silence();
    world.client.disconnect(world.now);
    world.run(secs(4));
    assert_eq!(world.client.state(), State::Closing);
    world.run(secs(2));
    assert_eq!((world.client.state(), world.seen.ends.len()), (State::Closed, 1));
}

#[test]
fn a_flood_of_pings_and_pongs_holds_no_memory_and_harms_nothing() {
    let mut world = World::open(14);
    world.inject_up(|writer, out| {
        for _ in 0..20_000 {
            writer.ping(&[7; 125], out).unwrap();
            writer.pong(&[7; 125], out).unwrap();
        }
    });
    world.settle();
    world.with_server(|server, _| {
        assert!(server.memory() < 64 * 1_024, "{} bytes", server.memory());
    });
    world.client.send_text(world.now, "hello").unwrap();
    world.settle();
    assert_eq!(world.seen.server_texts, ["hello"]);
    assert!(world.seen.ends.is_empty());
}

#[test]
fn garbage_ends_a_link_once_with_the_right_class() {
    let cases: [(&[u8], CloseClass); 3] = [
        (b"\xf1\x00", CloseClass::Protocol),
        (b"\x81\x02\xff\xfe", CloseClass::Protocol),
        (b"\x81\x80\x00\x00\x00\x00", CloseClass::Protocol),
    ];
    for (bytes, class) in cases {
        let mut world = World::open(15);
        world.inject_down(bytes);
        world.run(secs(100));
        assert_eq!((&world.seen.ends[..], &world.seen.stops[..]), (&[class][..], &[class][..]));
        assert_eq!((world.seen.server_ends.len(), world.seen.dials.len()), (1, 1));
    }
}

#[test]
fn a_terminal_refusal_stops_and_a_passing_one_does_not() {
    let cases = [
        (Service::Refuses(404), false),
        (Service::Refuses(410), true),
        (Service::Refuses(426), true),
        (Service::Refuses(501), true),
        (Service::Refuses(505), true),
        (Service::Refuses(503), false),
        (Service::Refuses(429), false),
        (Service::Closes(4003), true),
        (Service::Closes(4009), false),
        (Service::Closes(1009), false),
        (Service::Closes(4500), true),
        (Service::Closes(4400), false),
        (Service::Closes(1013), false),
        (Service::Closes(4008), false),
    ];
    for (service, stops) in cases {
        let mut world = World::new(16, |_| {});
        world.service = service;
        world.client.connect(world.now);
        world.run(secs(300));
        assert_eq!(world.seen.stops.len(), usize::from(stops), "{service:?}");
        let slow = matches!(service, Service::Refuses(404 | 429) | Service::Closes(4008));
        let dials = world.seen.dials.len();
        assert!(!slow || (8..=11).contains(&dials), "30 s a wait: {dials} dials");
        assert_eq!(stops, dials == 1, "{service:?}: {dials} dials");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever happens in whatever order, every link ends once (which the world checks after
    /// each step), and a client that is left in peace with a good server is connected again.
    #[test]
    fn every_link_ends_once_whatever_happens(seed: u64, steps in proptest::collection::vec(0_u8..18, 1..60)) {
        let mut world = World::new(seed, |_| {});
        world.echo = true;
        world.client.connect(world.now);
        for step in steps {
            let time = Duration::from_millis(u64::from(world.random().next_u32() % 40_000));
            match step {
                0 => world.cut(),
                1 => world.silence(),
                2 => world.skip(time * 100),
                3 => world.client.wake(world.now),
                4 => world.client.disconnect(world.now),
                5 => world.client.connect(world.now),
                6 => world.with_server(|server, now| server.close(now, CloseCode::new(1012), "r")),
                7 => world.inject_down(b"\x8f\x00"),
                8 => world.inject_up(|_, out| out.extend_from_slice(b"\x81\x00")),
                9 => world.service = Service::Down,
                10 => world.service = Service::Mute,
                11 => world.service = Service::Closes(4001),
                12 => world.service = Service::Answers,
                13 => world.client.send_text(world.now, "text").unwrap_or_default(),
                14 => world.service = Service::Refuses(503),
                15 => world.with_server(|server, now| {
                    server.send_text(now, "push").unwrap_or_default();
                }),
                _ => world.run(time),
            }
            world.settle();
        }
        world.service = Service::Answers;
        world.run(secs(120));
        world.client.connect(world.now);
        world.run(secs(120));
        prop_assert!(world.client.is_welcomed(), "{:?}", world.seen);
        prop_assert_eq!(world.seen.expired_dials, 0);
    }
}
