//! Sessions that go on in another process.

use core::hash::Hasher as _;
use core::time::Duration;

use proptest::prelude::*;
use siphasher::sip128::{Hasher128 as _, SipHasher13};

use super::pair::{Pair, body, code, hand_over, next_message};
use super::{Priority, SendOptions, Session, SessionConfig, Target};
use crate::delivery::SnapshotError;
use crate::envelope::v1::{CancelOutcome, How, Name, StreamResult};
use crate::seed::Seed;

/// A pair whose ends hold one of each thing that a snapshot has.
fn full() -> Pair {
    let mut pair = Pair::begun();
    let now = pair.now();
    pair.client.session.cancel(now, Target::Stream(Name::new("q-1").unwrap())).unwrap();
    pair.client.session.cancel(now, Target::Agent(Name::new("ann").unwrap())).unwrap();
    pair.ask("up");
    pair.tell("down");
    pair.settle();
    let at = pair.server.cancels[0];
    let result = StreamResult {
        stream: Name::new("q-1").unwrap(),
        outcome: CancelOutcome::Ended,
        offset: Some(9),
        how: Some(How::Done),
        code: None,
    };
    pair.server.session.cancel_result(now, at, &[result]).unwrap();
    pair.server.session.reject(now, pair.server.items[0], code("busy"), None).unwrap();
    // Both have their numbers, and are on their way.
    pair.server.drain(Some(&mut pair.client.incoming));
    pair.ask("late");
    pair.client.drain(Some(&mut pair.server.incoming));
    let late = pair.server.incoming.pop_front().unwrap();
    hand_over(&mut pair.server.session, now, &late);
    pair.server.drain(None);
    pair.server.session.reject(now, pair.server.items[1], code("late"), None).unwrap();
    pair.tell("unsent");
    let options = SendOptions {
        priority: Priority::Bulk,
        key: Name::new("key"),
        time_to_live: Some(Duration::from_secs(5)),
        of: Some(pair.client.items[0]),
        stream: Name::new("q-2"),
        agent: Name::new("bob"),
    };
    pair.client.session.send(now, &body("waits"), options).unwrap();
    pair.client.session.cancel(now, Target::All).unwrap();
    pair
}

fn bytes(session: &Session) -> Vec<u8> {
    let mut bytes = Vec::new();
    session.snapshot(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_restored_session_goes_on() {
    let mut pair = full();
    pair.cut();
    pair.forget();
    pair.restore_client();
    pair.restore_server();
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(
        pair.client.heard,
        [
            "opened resumed",
            "outcome 2 rejected busy",
            "result 0 of 1",
            "outcome 3 rejected late",
            "caught_up",
            r#"item "unsent""#,
            "outcome 4 acknowledged",
        ]
    );
    assert_eq!(pair.server.bodies(), ["waits"]);
    assert_eq!(pair.server.cancels.len(), 1);
}

#[test]
fn what_waits_in_a_snapshot_grows_older() {
    let mut pair = full();
    pair.cut();
    let stored = bytes(&pair.client.session);
    pair.millis = 5_001;
    let config = SessionConfig::default();
    let now = pair.now();
    let mut restored = Session::restore(config, &stored, Seed::from_number(5), now).unwrap();
    restored.handle_timeout(now);
    let event = restored.poll_event().unwrap();
    assert!(matches!(event, crate::delivery::Event::Outcome { .. }), "{event:?}");
}

#[test]
fn a_snapshot_is_made_of_what_the_host_has_taken() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.step_client();
    let text = pair.server.incoming.pop_front().unwrap();
    let now = pair.now();
    hand_over(&mut pair.server.session, now, &text);
    let refused = pair.server.session.snapshot(&mut Vec::new());
    assert_eq!(refused, Err(SnapshotError::NotDrained));
    pair.server.drain(None);
    assert_eq!(pair.server.session.snapshot(&mut Vec::new()), Ok(()));
}

#[test]
fn the_bytes_of_version_2_do_not_change() {
    let pair = full();
    let golden = [
        ("client", &pair.client.session, include_str!("golden/client-2.hex")),
        ("server", &pair.server.session, include_str!("golden/server-2.hex")),
    ];
    for (name, session, golden) in golden {
        let hex: String = bytes(session).iter().map(|byte| format!("{byte:02x}")).collect();
        let golden: String = golden.split_whitespace().collect();
        assert_eq!(hex, golden, "{name}");
        let now = pair.now();
        let restored =
            Session::restore(SessionConfig::default(), &bytes(session), Seed::from_number(9), now);
        assert_eq!(bytes(&restored.unwrap()), bytes(session), "{name}");
    }
}

/// They have all but the window: a client named none, and a server that of its configuration.
#[test]
fn the_bytes_of_version_1_are_restored() {
    let pair = full();
    let golden = [
        ("client", &pair.client.session, include_str!("golden/client-1.hex")),
        ("server", &pair.server.session, include_str!("golden/server-1.hex")),
    ];
    for (name, session, golden) in golden {
        let golden: String = golden.split_whitespace().collect();
        let byte = |at| u8::from_str_radix(&golden[at..at + 2], 16).unwrap();
        let stored: Vec<_> = (0..golden.len()).step_by(2).map(byte).collect();
        assert_eq!(stored[0], 1);
        let config = SessionConfig::default();
        let restored = Session::restore(config, &stored, Seed::from_number(9), pair.now());
        assert_eq!(bytes(&restored.unwrap()), bytes(session), "{name}");
    }
}

#[test]
fn a_restored_session_keeps_the_window_that_the_other_end_knows() {
    let wide = SessionConfig { window_envelopes: 600, ..SessionConfig::default() };
    let mut pair = Pair::with(wide.clone(), wide);
    pair.connect();
    pair.settle();
    for _ in 0..601 {
        pair.ask("up");
        pair.tell("down");
    }
    // Each end has 600 on their way to the other when both processes end.
    pair.client.drain(Some(&mut pair.server.incoming));
    pair.server.drain(Some(&mut pair.client.incoming));
    pair.cut();
    let narrow = SessionConfig { window_envelopes: 2, ..SessionConfig::default() };
    let now = pair.now();
    for (end, seed) in [(&mut pair.client, 11), (&mut pair.server, 12)] {
        let stored = bytes(&end.session);
        let seed = Seed::from_number(seed);
        end.session = Session::restore(narrow.clone(), &stored, seed, now).unwrap();
    }
    pair.connect();
    let now = pair.now();
    let Pair { client, server, .. } = &mut pair;
    for _ in 0..3 {
        // No host takes anything.
        while let Some(text) = next_message(&mut client.session) {
            hand_over(&mut server.session, now, &text);
        }
        while let Some(text) = next_message(&mut server.session) {
            hand_over(&mut client.session, now, &text);
        }
    }
    for _ in 0..4 {
        pair.settle();
        pair.pass(1_000);
    }
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.bodies().len(), 601, "{:?}", end.heard.last());
        assert!(!end.heard.iter().any(|line| line.starts_with("fault")));
    }
}

#[test]
fn a_window_that_no_host_may_choose_is_in_no_snapshot() {
    let pair = full();
    let whole = bytes(&pair.client.session);
    // 512 envelopes and 256 KiB.
    let usual = [0, 2, 0, 0, 0, 0, 4, 0];
    let places: Vec<_> = whole.windows(8).enumerate().filter(|(_, it)| *it == usual).collect();
    // What it may send of the server's window, and what the server may send of its own.
    let [_, (at, _)] = places[..] else { panic!("{places:?}") };
    for (envelopes, bytes, may_be) in [
        (512_u32, 262_144_u32, true),
        (1, 1_024, true),
        (8_192, 16 << 20, true),
        (0, 1_024, false),
        (1, 1_023, false),
        (8_193, 1_024, false),
        (1, (16 << 20) + 1, false),
    ] {
        let mut forged = whole.clone();
        forged[at..at + 4].copy_from_slice(&envelopes.to_le_bytes());
        forged[at + 4..at + 8].copy_from_slice(&bytes.to_le_bytes());
        seal(&mut forged);
        let config = SessionConfig::default();
        let restored = Session::restore(config, &forged, Seed::from_number(1), pair.now());
        assert_eq!(restored.is_ok(), may_be, "{envelopes} and {bytes}");
    }
}

/// Puts the check of the bytes before it in its place.
fn seal(snapshot: &mut Vec<u8>) {
    snapshot.truncate(snapshot.len() - 16);
    let mut hasher = SipHasher13::new();
    hasher.write(snapshot);
    snapshot.extend_from_slice(&hasher.finish128().as_bytes());
}

#[test]
fn a_snapshot_that_was_cut_is_an_error() {
    let pair = full();
    let whole = bytes(&pair.client.session);
    for end in 0..whole.len() {
        let restored = Session::restore(
            SessionConfig::default(),
            &whole[..end],
            Seed::from_number(1),
            pair.now(),
        );
        assert_eq!(restored.err(), Some(SnapshotError::Damaged), "{end}");
    }
    let later = [&[3], &whole[1..]].concat();
    let restored =
        Session::restore(SessionConfig::default(), &later, Seed::from_number(1), pair.now());
    assert_eq!(restored.err(), Some(SnapshotError::Version(3)));
}

proptest! {
    #[test]
    fn a_snapshot_that_was_changed_is_an_error(at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let pair = full();
        let mut changed = bytes(&pair.server.session);
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        let config = SessionConfig::default();
        prop_assert!(Session::restore(config, &changed, Seed::from_number(1), pair.now()).is_err());
    }

    /// Whoever forges the check gets a session or an error.
    #[test]
    fn a_snapshot_that_was_forged_is_no_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let pair = full();
        let mut forged = bytes(&pair.server.session);
        forged.truncate(forged.len() - 16);
        for (at, byte) in changes {
            let at = at.index(forged.len() - 1) + 1;
            forged[at] = byte;
        }
        if let Some(cut) = cut {
            forged.truncate(cut.index(forged.len()) + 1);
        }
        forged.extend_from_slice(&[0; 16]);
        seal(&mut forged);
        let config = SessionConfig::default();
        let restored = Session::restore(config, &forged, Seed::from_number(1), pair.now());
        if let Ok(session) = restored {
            let mut pair = pair;
            pair.server.session = session;
            pair.server.drain(None);
            if pair.server.session.attach(pair.now(), crate::envelope::v1::Channel(7)).is_ok() {
                pair.client.session.attach(pair.now(), crate::envelope::v1::Channel(7)).unwrap();
                pair.settle();
            }
        }
    }
}
