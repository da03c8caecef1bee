//! Links that break, and sessions that go on.

use core::time::Duration;

use super::pair::{Pair, body, code, hand_over, next_message};
use super::{AttachError, Event, SendError, SendOptions, SessionConfig, Target};
use crate::envelope::v1::{Heartbeat, Message};
use crate::time::{Deadline, Mono, TimerReason};

#[test]
fn a_session_begins_and_is_resumed() {
    let mut pair = Pair::new();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.heard, ["opened begun"]);
    assert_eq!(pair.server.heard, ["opened begun"]);
    assert_eq!(pair.client.types(), ["open"]);
    assert_eq!(pair.server.types(), ["opened"]);
    pair.forget();

    pair.ask("a");
    pair.step_client();
    pair.cut();
    pair.tell("b");
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.types(), ["item", "open", "item", "caught_up"]);
    assert_eq!(pair.server.types(), ["opened", "caught_up", "item"]);
    assert_eq!(pair.server.heard, ["opened resumed", r#"item "a""#, "caught_up"]);
    assert_eq!(pair.client.heard[..2], ["opened resumed", "caught_up"]);
    assert_eq!(pair.client.bodies(), ["b"]);
}

#[test]
fn what_was_rejected_before_the_cut_is_not_acknowledged_by_what_resumes() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.step_client();
    pair.step_server();
    let now = pair.now();
    pair.server.session.reject(now, pair.server.items[0], code("busy"), None).unwrap();
    // The reject has its number, and is lost with the link.
    pair.step_server();
    pair.cut();
    pair.connect();
    pair.settle();
    assert!(pair.server.sent.iter().any(|text| {
        text.contains("\"opened\"") && text.contains(&format!("\"received\":{}", at(&pair, 1)))
    }));
    assert_eq!(pair.client.outcomes(), ["0 rejected busy"]);
}

#[test]
fn what_is_sent_again_does_not_acknowledge_what_is_rejected_after_it() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.tell("b");
    pair.client.drain(Some(&mut pair.server.incoming));
    pair.server.drain(Some(&mut pair.client.incoming));
    pair.step_server();
    let now = pair.now();
    pair.server.session.reject(now, pair.server.items[0], code("busy"), None).unwrap();
    pair.step_server();
    // The item, the reject and what acknowledges are lost.
    pair.cut();
    pair.forget();
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.types()[..3], ["opened", "item", "reject"]);
    assert_eq!(
        pair.client.heard[..3],
        ["opened resumed", r#"item "b""#, "outcome 0 rejected busy"]
    );
}

#[test]
fn what_is_rejected_while_no_link_carries_it_is_not_acknowledged_by_what_resumes() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.ask("b");
    pair.step_client();
    pair.step_server();
    pair.step_server();
    pair.cut();
    let now = pair.now();
    pair.server.session.reject(now, pair.server.items[1], code("busy"), None).unwrap();
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["1 rejected busy", "0 acknowledged"]);
    assert_eq!(pair.server.bodies(), ["a", "b"]);
}

/// How the client's position of this number is written.
fn at(pair: &Pair, number: u64) -> String {
    let mut session = pair.client.session.clone();
    format!("[\"{}\",{number}]", session.positions().sent.epoch)
}

#[test]
fn both_ends_have_full_windows_and_reject_each_others_first() {
    let config = SessionConfig { window_envelopes: 2, ..SessionConfig::default() };
    let mut pair = Pair::with(config.clone(), config);
    pair.connect();
    pair.settle();
    for text in ["a", "b", "c"] {
        pair.ask(text);
        pair.tell(text);
    }
    // Each has numbered two, and takes the other's two before anything is said of them.
    pair.client.drain(Some(&mut pair.server.incoming));
    pair.server.drain(Some(&mut pair.client.incoming));
    let now = pair.now();
    for end in [&mut pair.client, &mut pair.server] {
        for text in std::mem::take(&mut end.incoming) {
            super::pair::hand_over(&mut end.session, now, &text);
        }
        end.drain(None);
        end.session.reject(now, end.items[0], code("busy"), None).unwrap();
    }
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    for end in [&pair.client, &pair.server] {
        assert_eq!(end.bodies(), ["a", "b", "c"]);
        let ended: Vec<_> = end.outcomes();
        assert!(ended.contains(&"0 rejected busy") && ended.len() == 4, "{ended:?}");
    }
}

#[test]
fn a_client_restored_from_an_older_snapshot_gets_a_gap_and_numbers_anew() {
    let mut pair = Pair::begun();
    pair.ask("kept");
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    pair.ask("unacknowledged");
    pair.settle();
    let waits = {
        pair.cut();
        pair.ask("waits")
    };
    let old = pair.client.clone();
    // The life that is forgotten: all arrives, and the server says something.
    pair.connect();
    pair.settle();
    pair.tell("lost");
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.server.bodies(), ["kept", "unacknowledged", "waits"]);
    pair.cut();
    pair.client = old;
    pair.restore_client();
    pair.forget();
    let new = pair.ask("new");
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.heard[..2], ["opened gap", "gap evicted 1"]);
    // That it was received says nothing of whether it was rejected in what is lost.
    assert_eq!(
        pair.client.outcomes(),
        ["1 unknown", &format!("{waits} unknown"), &format!("{new} acknowledged")]
    );
    assert_eq!(pair.server.heard[..2], ["opened gap", "gap ahead"]);
    assert_eq!(pair.server.bodies(), ["new"], "nothing takes effect twice");
}

#[test]
fn a_server_restored_from_an_older_snapshot_draws_an_epoch_and_its_client_does_not_hear_twice() {
    let mut pair = Pair::begun();
    pair.tell("heard");
    pair.settle();
    pair.cut();
    pair.tell("waits");
    let old = pair.server.clone();
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    pair.cut();
    assert_eq!(pair.client.bodies(), ["heard", "waits"]);
    pair.server = old;
    pair.restore_server();
    pair.forget();
    pair.tell("new");
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.heard[..2], ["opened gap", "gap ahead"]);
    assert_eq!(pair.client.bodies(), ["new"]);
    assert_eq!(pair.server.outcomes(), ["0 unknown", "1 unknown", "2 acknowledged"]);
}

#[test]
fn a_server_that_has_lost_its_memory_is_a_gap_in_both_directions() {
    let mut pair = Pair::begun();
    pair.tell("heard");
    pair.settle();
    pair.ask("unacknowledged");
    pair.settle();
    pair.cut();
    pair.server = Pair::with_seeds(8, 9).server;
    pair.forget();
    pair.ask("new");
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.heard[..2], ["opened gap", "gap foreign_epoch"]);
    assert_eq!(pair.client.outcomes(), ["0 unknown", "1 acknowledged"]);
    assert_eq!(pair.server.heard[..2], ["opened gap", "gap foreign_epoch"]);
    assert_eq!(pair.server.bodies(), ["new"]);
}

#[test]
fn a_continue_that_was_lost_is_said_again_and_loses_nothing() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    pair.cut();
    pair.server = Pair::with_seeds(8, 9).server;
    pair.connect();
    // The client has heard `opened`, and what it says is lost: `continue`, and what was waiting.
    pair.step_client();
    pair.step_server();
    pair.ask("b");
    pair.step_client();
    assert!(pair.client.types().contains(&"continue".to_owned()));
    pair.cut();
    pair.forget();
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.types()[..3], ["open", "continue", "item"]);
    assert_eq!(pair.client.outcomes(), ["1 acknowledged"]);
    assert_eq!(pair.server.bodies(), ["b"]);
}

#[test]
fn an_unknown_session_ends_and_what_waits_is_sent_in_the_next() {
    let mut pair = Pair::begun();
    pair.ask("sent");
    pair.step_client();
    pair.cut();
    pair.ask("waits");
    let now = pair.now();
    pair.client.session.cancel(now, Target::All).unwrap();
    pair.client.session.attach(now, crate::envelope::v1::Channel(7)).unwrap();
    pair.client.drain(Some(&mut pair.server.incoming));
    let id = "6f6e652073657373696f6e206f66206e";
    let nothing = r#"["0000000000000000",0]"#;
    pair.forge_to_client(&format!(
        r#"{{"type":"opened","session":"{id}","answer":"unknown","received":{nothing},"from":{nothing},"sent":{nothing},"log":"0000000000000000","window":{{"envelopes":1,"bytes":1024}},"keep":0}}"#
    ));
    assert_eq!(
        pair.client.heard,
        ["outcome 0 unknown", "outcome 2 expired SessionEnded", "ended unknown"]
    );
    assert_eq!(pair.client.session.id(), None);
    pair.server = Pair::new().server;
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["waits"]);
}

#[test]
fn a_session_that_is_pending_waits_for_another_answer() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.step_client();
    pair.cut();
    pair.connect();
    pair.step_client();
    pair.step_server();
    let opened = pair.client.incoming.front().unwrap().clone();
    let pending = opened.replace("\"resumed\"", "\"pending\"");
    for _ in 0..3 {
        pair.forge_to_client(&pending);
    }
    assert_eq!(pair.client.heard, ["opened pending"]);
    assert!(!pair.client.session.is_open());
    pair.settle();
    assert_eq!(pair.client.heard[1..], ["opened resumed", "caught_up"]);
    assert_eq!(pair.server.bodies(), ["a"]);
}

#[test]
fn a_server_keeps_a_session_for_120_s_without_a_link() {
    let mut pair = Pair::begun();
    pair.tell("sent");
    pair.step_server();
    pair.cut();
    let now = pair.now();
    let options =
        SendOptions { time_to_live: Some(Duration::from_secs(600)), ..SendOptions::default() };
    pair.server.session.send(now, &body("waits"), options).unwrap();
    let due = Deadline::new(Mono::from_millis(120_000), TimerReason::SessionExpiry);
    assert_eq!(pair.server.session.poll_timeout(), Some(due));
    pair.pass(119_999);
    assert_eq!(pair.server.heard, [""; 0]);
    pair.pass(1);
    assert_eq!(
        pair.server.heard,
        ["outcome 0 unknown", "outcome 1 expired SessionEnded", "ended expired"]
    );
    let now = pair.now();
    let channel = crate::envelope::v1::Channel(7);
    assert_eq!(pair.server.session.attach(now, channel), Err(AttachError::Ended));
    let refused = pair.server.session.send(now, "1", SendOptions::default());
    assert_eq!(refused, Err(SendError::Ended));
    assert_eq!(pair.server.session.poll_timeout(), None);
}

#[test]
fn who_leaves_ends_the_session_at_both_ends() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.tell("b");
    pair.step_client();
    let now = pair.now();
    pair.ask("waits");
    pair.client.session.leave(now);
    pair.settle();
    assert_eq!(
        pair.client.heard,
        ["outcome 0 unknown", "outcome 1 expired SessionEnded", "ended left"]
    );
    assert_eq!(pair.server.bodies(), ["a"]);
    assert!(pair.server.heard.ends_with(&["ended left".to_owned()]));
    assert!(pair.server.session.has_ended());
    assert_eq!(pair.client.session.id(), None);
}

#[test]
fn what_a_link_brings_after_the_session_has_left_it_is_ignored() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.step_client();
    let late = pair.server.incoming.clone();
    pair.cut();
    for text in late {
        pair.forge_to_server(&text);
    }
    assert_eq!(pair.server.heard, [""; 0]);
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["a"]);
}

#[test]
fn a_heartbeat_in_a_replay_counts_with_the_end_of_it() {
    let mut pair = Pair::begun();
    pair.tell("before the reject");
    pair.step_server();
    pair.ask("a");
    let now = pair.now();
    let item = next_message(&mut pair.client.session).unwrap();
    hand_over(&mut pair.server.session, now, &item);
    let Some(Event::Item { at, .. }) = pair.server.session.poll_event() else { panic!() };
    pair.server.session.reject(now, at, code("busy"), None).unwrap();
    pair.cut();
    pair.connect();
    let open = next_message(&mut pair.client.session).unwrap();
    hand_over(&mut pair.server.session, now, &open);
    pair.server.drain(None);
    // `opened` and the first of two that are sent again; then the link has no room for a while.
    for _ in 0..2 {
        let text = next_message(&mut pair.server.session).unwrap();
        hand_over(&mut pair.client.session, now, &text);
    }
    let said = pair.server.session.positions();
    assert_eq!((said.received.sequence, said.sent.sequence), (1, 2));
    let heartbeat = Message::Heartbeat(Heartbeat { channels: vec![said], reply: true });
    pair.client.session.handle_message(now, &heartbeat);
    pair.client.drain(None);
    assert_eq!(pair.client.outcomes(), [""; 0]);
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 rejected busy"]);
}
