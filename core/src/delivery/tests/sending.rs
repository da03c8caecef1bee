//! Numbers, acknowledgements, outcomes, the window and the queue.

use core::time::Duration;

use super::pair::{Pair, body, code, hand_over, next_message};
use super::{AtBound, Event, Priority, RejectError, SendError, SendOptions, SessionConfig, Target};
use crate::envelope::v1::{Name, Position};
use crate::time::{Deadline, Mono, TimerReason};

#[test]
fn what_is_sent_arrives_in_order_and_is_acknowledged() {
    let mut pair = Pair::begun();
    for text in ["a", "b", "c"] {
        pair.ask(text);
    }
    pair.settle();
    assert_eq!(pair.server.bodies(), ["a", "b", "c"]);
    assert_eq!(pair.client.outcomes(), [""; 0]);
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 acknowledged", "1 acknowledged", "2 acknowledged"]);
    assert_eq!(pair.server.types(), ["ack"]);
}

#[test]
fn an_ack_is_due_1_s_after_the_first_that_is_unacknowledged() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    pair.pass(700);
    pair.ask("b");
    pair.settle();
    let due = Deadline::new(Mono::from_millis(1_000), TimerReason::Acknowledgement);
    assert_eq!(pair.server.session.poll_timeout(), Some(due));
    pair.pass(299);
    assert_eq!(pair.server.types(), [""; 0]);
    pair.pass(1);
    pair.settle();
    assert_eq!(pair.client.outcomes().len(), 2);
    assert_eq!(pair.server.session.poll_timeout(), None);
}

#[test]
fn an_ack_is_due_after_32_envelopes_or_64_kib() {
    let mut pair = Pair::begun();
    for _ in 0..31 {
        pair.ask("a");
    }
    pair.settle();
    assert_eq!(pair.server.types(), [""; 0]);
    pair.ask("a");
    pair.settle();
    assert_eq!(pair.server.types(), ["ack"]);
    assert_eq!(pair.client.outcomes().len(), 32);

    pair.ask(&"x".repeat(65_533));
    pair.settle();
    assert_eq!(pair.server.types().len(), 1);
    pair.ask("y");
    pair.settle();
    assert_eq!(pair.server.types().len(), 2);
}

#[test]
fn an_acknowledgement_rides_on_what_is_sent_anyway() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    pair.tell("b");
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 acknowledged"]);
    pair.tell("c");
    pair.settle();
    assert!(pair.server.sent[0].contains("\"received\""));
    assert!(!pair.server.sent[1].contains("\"received\""), "{}", pair.server.sent[1]);
}

#[test]
fn what_came_before_has_no_effect_and_is_acknowledged_at_once() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.settle();
    let again = pair.client.sent[0].clone();
    pair.forge_to_server(&again);
    assert_eq!(pair.server.bodies(), ["a"]);
    assert_eq!(pair.server.types(), ["ack"]);
}

#[test]
fn a_rejected_item_has_that_for_its_only_outcome() {
    let mut pair = Pair::begun();
    pair.ask("a");
    pair.ask("b");
    pair.settle();
    let now = pair.now();
    let (first, second) = (pair.server.items[0], pair.server.items[1]);
    let wait = Some(Duration::from_secs(3));
    let command = pair.server.session.reject(now, first, code("busy"), wait).unwrap();
    assert_eq!(
        pair.server.session.reject(now, first, code("busy"), None),
        Err(RejectError::NoItem)
    );
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 rejected busy", "1 acknowledged"]);
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.server.outcomes(), [format!("{command} acknowledged")]);
    let late = pair.server.session.reject(now, second, code("busy"), None);
    assert_eq!(late, Err(RejectError::NoItem), "it is acknowledged");
}

#[test]
fn a_host_that_takes_nothing_acknowledges_nothing_and_is_sent_a_window() {
    let mut pair = Pair::begun();
    for _ in 0..600 {
        pair.ask("a");
    }
    while pair.step_client() {}
    assert_eq!(pair.server.incoming.len(), 512);
    let now = pair.now();
    for text in std::mem::take(&mut pair.server.incoming) {
        super::pair::hand_over(&mut pair.server.session, now, &text);
    }
    assert_eq!(super::pair::next_message(&mut pair.server.session), None);
    pair.server.drain(Some(&mut pair.client.incoming));
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.server.bodies().len(), 600);
    assert_eq!(pair.client.outcomes().len(), 600);
}

#[test]
fn one_envelope_that_is_larger_than_the_window_is_alone_in_it() {
    let mut pair = Pair::begun();
    let large = "x".repeat(300 * 1024);
    pair.ask(&large);
    pair.ask("b");
    while pair.step_client() {}
    assert_eq!(pair.client.types(), ["item"]);
    pair.settle();
    assert_eq!(pair.server.bodies(), [large.as_str(), "b"]);
}

#[test]
fn a_smaller_window_of_the_server_is_kept() {
    let server = SessionConfig { window_envelopes: 3, ..SessionConfig::default() };
    let mut pair = Pair::with(SessionConfig::default(), server);
    for _ in 0..9 {
        pair.ask("a");
    }
    pair.connect();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.server.bodies().len(), 9);
    assert!(!pair.server.heard.iter().any(|line| line.starts_with("fault")));
}

#[test]
fn a_smaller_window_of_the_client_is_kept() {
    let client = SessionConfig { window_envelopes: 3, ..SessionConfig::default() };
    let mut pair = Pair::with(client, SessionConfig::default());
    pair.connect();
    pair.settle();
    for _ in 0..9 {
        pair.tell("a");
    }
    let now = pair.now();
    let mut sent = 0;
    while let Some(text) = next_message(&mut pair.server.session) {
        sent += 1;
        hand_over(&mut pair.client.session, now, &text);
    }
    assert_eq!(sent, 3);
    for _ in 0..4 {
        pair.settle();
        pair.pass(1_000);
    }
    assert_eq!(pair.client.bodies().len(), 9);
    assert!(!pair.client.heard.iter().any(|line| line.starts_with("fault")));
}

#[test]
fn a_window_is_larger_where_both_ends_have_it() {
    let large = SessionConfig { window_envelopes: 2_000, ..SessionConfig::default() };
    let sent_of = |client: &SessionConfig, server: &SessionConfig| {
        let mut pair = Pair::with(client.clone(), server.clone());
        pair.connect();
        pair.settle();
        for _ in 0..1_020 {
            pair.ask("a");
            pair.tell("b");
        }
        // Neither host takes anything.
        let now = pair.now();
        let Pair { client, server, .. } = &mut pair;
        let mut sent = (0, 0);
        while let Some(text) = next_message(&mut client.session) {
            sent.0 += 1;
            hand_over(&mut server.session, now, &text);
        }
        while let Some(text) = next_message(&mut server.session) {
            sent.1 += 1;
            hand_over(&mut client.session, now, &text);
        }
        // And then both do: everything arrives, and no end finds a fault.
        for _ in 0..9 {
            pair.settle();
            pair.pass(1_000);
        }
        for end in [&pair.client, &pair.server] {
            assert_eq!(end.bodies().len(), 1_020);
            assert!(!end.heard.iter().any(|line| line.starts_with("fault")));
        }
        sent
    };
    let usual = SessionConfig::default();
    assert_eq!(sent_of(&large, &large), (1_020, 1_020));
    assert_eq!(sent_of(&large, &usual), (512, 512));
    assert_eq!(sent_of(&usual, &large), (512, 512));
}

#[test]
fn what_is_rejected_of_a_larger_window_is_heard() {
    let large = SessionConfig { window_envelopes: 8_192, ..SessionConfig::default() };
    let mut pair = Pair::with(large.clone(), large);
    pair.connect();
    pair.settle();
    let mut sent = 0;
    for _ in 0..8 {
        for _ in 0..1_000 {
            pair.ask("a");
            sent += 1;
        }
        pair.step_client();
        while let Some(text) = pair.server.incoming.pop_front() {
            let now = pair.now();
            hand_over(&mut pair.server.session, now, &text);
        }
        pair.server.drain(None);
        for at in core::mem::take(&mut pair.server.items) {
            let now = pair.now();
            pair.server.session.reject(now, at, code("full"), None).unwrap();
        }
    }
    // All of them come before the client's host takes any.
    let now = pair.now();
    while let Some(text) = next_message(&mut pair.server.session) {
        hand_over(&mut pair.client.session, now, &text);
    }
    pair.settle();
    let rejected = pair.client.outcomes().iter().filter(|it| it.ends_with("rejected full")).count();
    assert_eq!(rejected, sent);
    assert!(!pair.client.heard.iter().any(|line| line.starts_with("fault")));
}

#[test]
fn more_than_the_window_is_a_fault() {
    let mut pair = Pair::with(
        SessionConfig::default(),
        SessionConfig { window_envelopes: 2, ..SessionConfig::default() },
    );
    pair.connect();
    pair.settle();
    pair.forget();
    let epoch = pair.client.session.positions().sent.epoch;
    let now = pair.now();
    for number in 1..=3 {
        let text = format!(r#"{{"type":"item","at":["{epoch}",{number}],"body":1}}"#);
        super::pair::hand_over(&mut pair.server.session, now, &text);
    }
    pair.server.drain(Some(&mut pair.client.incoming));
    assert_eq!(pair.server.heard, ["item 1", "item 1", "fault too_many"]);
}

#[test]
fn urgent_goes_before_normal_and_that_before_bulk() {
    let mut pair = Pair::begun();
    let now = pair.now();
    for (text, priority) in [
        ("bulk", Priority::Bulk),
        ("one", Priority::Normal),
        ("now", Priority::Urgent),
        ("two", Priority::Normal),
    ] {
        let options = SendOptions { priority, ..SendOptions::default() };
        pair.client.session.send(now, &body(text), options).unwrap();
    }
    pair.client.session.cancel(now, Target::All).unwrap();
    pair.settle();
    let heard: Vec<_> = pair.server.heard.iter().map(String::as_str).collect();
    let expected =
        [r#"item "now""#, "cancel all", r#"item "one""#, r#"item "two""#, r#"item "bulk""#];
    assert_eq!(heard, expected);
}

#[test]
fn what_has_no_number_expires_and_what_has_one_does_not() {
    let mut pair = Pair::begun();
    pair.ask("sent");
    pair.step_client();
    pair.cut();
    let waits = pair.ask("waits");
    let now = pair.now();
    let options =
        SendOptions { time_to_live: Some(Duration::from_secs(5)), ..SendOptions::default() };
    let short = pair.client.session.send(now, "1", options).unwrap();
    let due = Deadline::new(Mono::from_millis(5_000), TimerReason::QueueExpiry);
    assert_eq!(pair.client.session.poll_timeout(), Some(due));
    pair.pass(5_000);
    assert_eq!(pair.client.outcomes(), [format!("{short} expired Age")]);
    pair.pass(54_999);
    assert_eq!(pair.client.outcomes().len(), 1);
    pair.pass(1);
    assert_eq!(pair.client.outcomes()[1], format!("{waits} expired Age"));
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["sent"]);
}

#[test]
fn a_full_queue_rejects_the_newest() {
    let config = SessionConfig { queue_envelopes: 2, ..SessionConfig::default() };
    let mut pair = Pair::with(config, SessionConfig::default());
    pair.ask("a");
    pair.ask("b");
    let now = pair.now();
    let refused = pair.client.session.send(now, "1", SendOptions::default());
    assert_eq!(refused, Err(SendError::Full));
    assert!(pair.client.session.cancel(now, Target::All).is_ok(), "a cancel has room of its own");
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.bodies(), ["a", "b"]);
}

#[test]
fn a_full_queue_drops_the_oldest_of_the_lowest_priority() {
    let config = SessionConfig {
        queue_envelopes: 3,
        at_bound: AtBound::DropOldest,
        ..SessionConfig::default()
    };
    let mut pair = Pair::with(config, SessionConfig::default());
    let now = pair.now();
    let mut send = |text: &str, priority| {
        let options = SendOptions { priority, ..SendOptions::default() };
        pair.client.session.send(now, &body(text), options)
    };
    send("urgent", Priority::Urgent).unwrap();
    send("a", Priority::Normal).unwrap();
    send("bulk", Priority::Bulk).unwrap();
    send("b", Priority::Normal).unwrap();
    send("c", Priority::Normal).unwrap();
    assert_eq!(send("more bulk", Priority::Bulk), Err(SendError::Full));
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["2 expired Dropped", "1 expired Dropped"]);
    assert_eq!(pair.server.bodies(), ["urgent", "b", "c"]);
}

#[test]
fn what_is_sent_under_a_key_takes_the_place_of_what_waits_under_it() {
    let mut pair = Pair::new();
    let now = pair.now();
    let mut send = |text: &str, key: &'static str| {
        let options = SendOptions { key: Name::new(key), ..SendOptions::default() };
        pair.client.session.send(now, &body(text), options).unwrap()
    };
    send("old", "draft");
    send("other", "cursor");
    send("new", "draft");
    pair.connect();
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 expired Replaced"]);
    assert_eq!(pair.server.bodies(), ["other", "new"]);
}

#[test]
fn what_is_no_body_is_not_taken() {
    let mut pair = Pair::new();
    let now = pair.now();
    let mut send = |body: &str| pair.client.session.send(now, body, SendOptions::default());
    assert!(matches!(send("{"), Err(SendError::Body(_))));
    assert!(matches!(send(&"[".repeat(11)), Err(SendError::Body(_))));
    assert!(matches!(send(""), Err(SendError::Body(_))));
    let long = "1".repeat(SessionConfig::MAX_BODY + 1);
    assert!(matches!(send(&long), Err(SendError::TooLarge { .. })));
    let deep = format!("{}1{}", "[".repeat(10), "]".repeat(10));
    assert!(send(&deep).is_ok());
    pair.connect();
    pair.settle();
    assert_eq!(pair.server.heard, ["opened begun", &format!("item {deep}")]);
}

#[test]
fn a_cancel_ends_with_its_result() {
    let mut pair = Pair::begun();
    let now = pair.now();
    let target = Target::Stream(Name::new("q-1").unwrap());
    let cancel = pair.client.session.cancel(now, target).unwrap();
    pair.settle();
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.server.heard, ["cancel stream"]);
    assert_eq!(pair.client.heard, [""; 0], "acknowledged is not its end");
    let at = pair.server.cancels[0];
    pair.server.session.cancel_result(now, at, &[]).unwrap();
    let twice = pair.server.session.cancel_result(now, at, &[]);
    assert_eq!(twice, Err(SendError::NoCancel));
    pair.settle();
    assert_eq!(pair.client.heard, [format!("result {cancel} of 0")]);
}

#[test]
fn a_client_has_64_cancels_without_a_result() {
    let mut pair = Pair::begun();
    let now = pair.now();
    for _ in 0..64 {
        pair.client.session.cancel(now, Target::All).unwrap();
        pair.settle();
    }
    pair.pass(1_000);
    pair.settle();
    assert_eq!(pair.client.session.cancel(now, Target::All), Err(SendError::Full));
    let at = pair.server.cancels[0];
    pair.server.session.cancel_result(now, at, &[]).unwrap();
    pair.settle();
    assert!(pair.client.session.cancel(now, Target::All).is_ok());
}

#[test]
fn only_a_client_cancels_and_only_a_server_answers() {
    let mut pair = Pair::begun();
    let now = pair.now();
    let at = Position::new(crate::envelope::v1::Epoch::from_bits(1), 1);
    assert_eq!(pair.server.session.cancel(now, Target::All), Err(SendError::WrongRole));
    assert_eq!(pair.client.session.cancel_result(now, at, &[]), Err(SendError::WrongRole));
}

#[test]
fn who_takes_no_rejects_sends_nothing_more_to_reject() {
    let server = SessionConfig { window_envelopes: 2, ..SessionConfig::default() };
    let mut pair = Pair::with(SessionConfig::default(), server);
    pair.connect();
    pair.settle();
    for count in 0..40 {
        pair.ask(&count.to_string());
    }
    // The client's host takes nothing, and the server's takes no item.
    let now = pair.now();
    let mut rejected = 0;
    while let Some(text) = next_message(&mut pair.client.session) {
        hand_over(&mut pair.server.session, now, &text);
        while let Some(event) = pair.server.session.poll_event() {
            let Event::Item { at, .. } = event else { panic!("{event:?}") };
            pair.server.session.reject(now, at, code("busy"), None).unwrap();
            rejected += 1;
        }
        while let Some(text) = next_message(&mut pair.server.session) {
            hand_over(&mut pair.client.session, now, &text);
        }
    }
    assert_eq!(rejected, 7, "more than three windows of two");
    pair.settle();
    let outcomes = pair.client.outcomes();
    assert_eq!(outcomes.len(), 40, "{outcomes:?}");
}

#[test]
fn an_item_is_rejected_however_many_events_wait() {
    let server =
        SessionConfig { queue_envelopes: 1, window_envelopes: 1, ..SessionConfig::default() };
    let mut pair = Pair::with(SessionConfig::default(), server);
    pair.connect();
    pair.settle();
    pair.tell("acknowledged");
    pair.settle();
    pair.tell("expired");
    pair.ask("first");
    let text = next_message(&mut pair.client.session).unwrap();
    let now = pair.now();
    hand_over(&mut pair.server.session, now, &text);
    pair.millis += 60_000;
    // Behind the item two outcomes wait for the server's host, so that it may send nothing.
    let now = pair.now();
    pair.server.session.handle_timeout(now);
    let Some(Event::Item { at, .. }) = pair.server.session.poll_event() else { panic!() };
    assert_eq!(
        pair.server.session.send(now, "1", SendOptions::default()),
        Err(SendError::NotDrained)
    );
    assert!(pair.server.session.reject(now, at, code("busy"), None).is_ok());
    pair.settle();
    assert_eq!(pair.client.outcomes(), ["0 rejected busy"]);
}
