//! What a session holds at most.

use super::pair::{Pair, body, hand_over, next_message};
use super::{SendError, SendOptions, Session, SessionConfig, Target};
use crate::envelope::v1::Name;

/// Sends as much as a session takes, with names as long as names are.
fn fill(pair: &mut Pair, of_client: bool) {
    let now = pair.now();
    let name = "n".repeat(128);
    let end = if of_client { &mut pair.client } else { &mut pair.server };
    let mut number = 0;
    for bytes in [1_000, 0] {
        loop {
            number += 1;
            let key = format!("{number:0128}");
            let options = SendOptions {
                key: Name::new(&*key),
                stream: Name::new(&*name),
                agent: Name::new(&*name),
                ..SendOptions::default()
            };
            match end.session.send(now, &body(&"x".repeat(bytes)), options) {
                Ok(_) => {}
                Err(SendError::Full | SendError::NotDrained) => break,
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn the_memory_of_a_session_has_a_ceiling() {
    let small = 256 * 1_024;
    let windows = [(512, small, 1_024), (16, small, 32), (1, small, 1), (2_048, 1 << 22, 2_048)];
    for (window_envelopes, window_bytes, queue_envelopes) in windows {
        let config = SessionConfig {
            window_envelopes,
            window_bytes,
            queue_envelopes,
            ..SessionConfig::default()
        };
        let ceiling = config.ceiling();
        let mut pair = Pair::with(config.clone(), config);
        pair.connect();
        pair.settle();
        let mut most = 0;
        for _ in 0..4 {
            fill(&mut pair, true);
            fill(&mut pair, false);
            let now = pair.now();
            while pair.client.session.cancel(now, Target::All).is_ok() {}
            // What is numbered comes, and neither host takes any of it.
            let Pair { client, server, .. } = &mut pair;
            while let Some(text) = next_message(&mut client.session) {
                hand_over(&mut server.session, now, &text);
            }
            while let Some(text) = next_message(&mut server.session) {
                hand_over(&mut client.session, now, &text);
            }
            fill(&mut pair, true);
            most = most.max(pair.client.session.memory()).max(pair.server.session.memory());
            assert!(most <= ceiling, "{most} of {ceiling}");
            pair.settle();
            pair.pass(1_000);
            pair.settle();
        }
        // What may be once and is not here is one body of 1 MiB alone in each place.
        let is_full = most * 8 > ceiling;
        assert!(is_full || window_envelopes != 512, "{most} of {ceiling}");
    }
}

#[test]
fn a_session_that_rests_is_small() {
    let pair = Pair::begun();
    assert!(pair.client.session.memory() < 2_048, "{}", pair.client.session.memory());
}

#[test]
fn a_host_that_never_takes_events_sends_no_more_after_a_while() {
    let mut pair = Pair::begun();
    let now = pair.now();
    let mut taken = 0;
    let refused = loop {
        let options = SendOptions { key: Name::new("k"), ..SendOptions::default() };
        match pair.client.session.send(now, "1", options) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 10_000);
    };
    assert_eq!(refused, SendError::NotDrained);
}

#[test]
fn a_session_in_which_nothing_was_said_yet_holds_nothing_beside_itself() {
    let pair = Pair::begun();
    assert_eq!(pair.server.session.memory(), size_of::<Session>());
    assert_eq!(pair.client.session.memory(), size_of::<Session>());
}
