//! What may go out to whom: how deep, how large, and what waits for room.

use super::support::Host;
use crate::envelope::write::Answer;
use crate::envelope::{Envelope, EnvelopeError, Raw};
use crate::hub::{Delivered, LinkId, PushError, Reply, ReplyError};

/// Its text goes out twice: with the rest of the frame it is more than the bound of an outbox.
const LONG: usize = 131_100;

/// A peer that takes messages of up to so many bytes.
fn taking(host: &mut Host, user: &str, bytes: usize) -> LinkId {
    let target = format!("/api/v1/pam/ws/{user}?token={user}&max_message={bytes}");
    let link = host.dial(&target);
    assert!(host.text(link).contains("\"status\":\"connected\""));
    link
}

fn chat(id: &str) -> String {
    format!(r#"{{"type":"chat","id":"{id}","message":"m"}}"#)
}

/// Answers all requests at once, before anything of them is written.
fn answer_together(host: &mut Host, lengths: &[usize]) {
    for length in lengths {
        let (request, text) = (host.requests.remove(0), "x".repeat(*length));
        let delivered = host.hub.reply(host.now, request, &Reply::text(&text)).unwrap();
        assert!(matches!(delivered, Delivered::Queued(_) | Delivered::InOrder(_)), "{delivered:?}");
    }
    host.drain();
}

#[test]
fn a_long_answer_and_a_short_one_reach_a_peer_that_reads_in_either_order() {
    for lengths in [[LONG, 5], [5, LONG]] {
        for ids in [true, false] {
            let mut host = Host::new();
            let link = host.open("ada");
            for id in ["q-1", "q-2"] {
                let request = if ids { chat(id) } else { r#"{"type":"chat"}"#.to_owned() };
                host.say(link, &request);
            }
            answer_together(&mut host, &lengths);
            for length in lengths {
                let answer = host.text(link);
                assert!(answer.len() > 2 * length && answer.contains("chat_response"));
            }
            assert_eq!(host.peers[&link].closed, None);
            // A long one again, by its id, as after a cut.
            if ids {
                host.say(link, &chat("q-1"));
                host.say(link, &chat("q-2"));
                let repeated = [host.text(link).len(), host.text(link).len()];
                assert!(repeated.iter().any(|length| *length > 2 * LONG), "{repeated:?}");
            }
        }
    }
}

#[test]
fn answers_that_are_ready_together_wait_for_room_and_all_come() {
    let mut host = Host::new();
    let link = host.open("ada");
    let ids: Vec<_> = (0..12).map(|n| format!("q-{n}")).collect();
    for id in &ids {
        host.say(link, &chat(id));
    }
    answer_together(&mut host, &[LONG; 12]);
    for id in &ids {
        assert!(host.text(link).contains(&format!(r#""reply_to":"{id}""#)), "{id}");
    }
    assert_eq!(host.peers[&link].closed, None);
}

#[test]
fn what_waits_for_room_goes_out_before_a_close() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, &chat("q-1"));
    host.say(link, &chat("q-2"));
    for _ in 0..2 {
        let (request, text) = (host.requests.remove(0), "x".repeat(LONG));
        host.hub.reply(host.now, request, &Reply::text(&text)).unwrap();
    }
    host.hub.disconnect(host.now, link, crate::frame::CloseCode::SERVICE_RESTART, "restarting");
    host.drain();
    assert!(host.text(link).contains("q-1") && host.text(link).contains("q-2"));
    assert_eq!(host.peers[&link].closed.as_ref().map(|closed| closed.0), Some(1012));
}

#[test]
fn an_answer_larger_than_the_peer_takes_ends_once_as_an_error_for_it_alone() {
    let mut host = Host::new();
    let link = taking(&mut host, "ada", 1_000);
    host.say(link, &chat("q-1"));
    host.say(link, &chat("q-2"));
    assert_eq!(host.reply(&"x".repeat(500)), Delivered::TooLarge);
    let error = host.text(link);
    assert!(error.contains("MESSAGE_TOO_LARGE") && error.contains("the 1000 of the largest"));
    assert!(error.contains(r#""reply_to":"q-1""#), "{error}");
    host.reply("short");
    assert!(host.text(link).contains(r#""reply_to":"q-2""#));
    // Its repeats end the same way, here and from a device that takes more.
    let other = host.open("ada");
    for link in [link, other] {
        host.say(link, &chat("q-1"));
        assert_eq!(host.text(link), error);
        assert_eq!(host.peers[&link].closed, None);
    }
    // What was kept for a device that takes more is no more than the first one can take.
    host.say(other, &chat("q-3"));
    host.reply(&"x".repeat(500));
    assert!(host.text(other).contains("chat_response"));
    host.say(link, &chat("q-3"));
    let error = host.text(link);
    assert!(error.contains("MESSAGE_TOO_LARGE") && error.contains("q-3"), "{error}");
}

#[test]
fn no_answer_is_larger_than_the_hub_itself_takes() {
    let mut host = Host::new();
    let link = taking(&mut host, "ada", 1 << 30);
    host.say(link, &chat("q-1"));
    assert_eq!(host.reply(&"x".repeat(600_000)), Delivered::TooLarge);
    assert!(host.text(link).contains("the 1048576 of the largest"));
    host.say(link, r#"{"type":"chat","id":"q-2","stream":true}"#);
    assert_eq!(host.piece(&"x".repeat(1_100_000)), Delivered::Whole);
    assert_eq!(host.piece("more"), Delivered::Whole, "its beginning is missing");
}

#[test]
fn the_welcome_says_how_large_a_message_may_be() {
    let mut host = Host::new();
    let link = host.dial("/api/v1/pam/ws/ada?token=ada");
    let welcome = host.text(link);
    assert!(welcome.contains(r#""max_message":1048576"#), "{welcome}");
    let limits = crate::limits::Sizes::default().stated();
    assert!(welcome.contains(&format!(r#""limits":{limits}"#)), "{welcome}");
}

#[test]
fn what_no_peer_can_read_is_refused_where_it_is_handed_over() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, &chat("q"));
    let (now, request) = (host.now, host.requests[0]);
    for levels in [10, 12] {
        let actions = deep(levels);
        let actions = Raw::parse(&actions, u8::MAX).unwrap();
        let answer = Answer { text: "t", ui_actions: Some(actions), ..Answer::default() };
        let raw = format!(r#"{{"type":"chat_response","ui_actions":{}}}"#, deep(levels));
        let too_deep = |error: &_| matches!(error, EnvelopeError::TooDeep { limit: 10, .. });
        for reply in [Reply::Answer(answer), Reply::Raw(&raw)] {
            let refused = host.hub.reply(now, request, &reply).unwrap_err();
            assert!(matches!(&refused, ReplyError::Envelope(error) if too_deep(error)));
        }
        let hub = &mut host.hub;
        let pushes =
            [hub.send(now, link, &raw), hub.push(now, "ada", &raw), hub.broadcast(now, &raw)];
        for refused in pushes {
            let refused = refused.unwrap_err();
            assert!(matches!(&refused, PushError::Envelope(error) if too_deep(error)));
        }
    }
    let long = format!(r#"{{"type":"news","text":"{}"}}"#, "x".repeat(1 << 20));
    let refused = host.hub.broadcast(now, &long).unwrap_err();
    assert_eq!(refused, PushError::TooLarge { bytes: long.len(), limit: 1 << 20 });
    // Nothing has changed: the request is still to be answered, as deep as can be read.
    let actions = deep(9);
    let actions = Raw::parse(&actions, u8::MAX).unwrap();
    let answer = Answer { text: "t", ui_actions: Some(actions), ..Answer::default() };
    host.hub.reply(now, request, &Reply::Answer(answer)).unwrap();
    host.drain();
    let text = host.text(link);
    assert!(Envelope::parse(&text, Envelope::DEPTH).is_ok(), "{text}");
}

#[test]
fn a_push_larger_than_a_peer_takes_is_refused_for_it_alone() {
    let mut host = Host::new();
    let small = taking(&mut host, "ada", 100);
    let large = host.open("ada");
    let news = format!(r#"{{"type":"news","body":"{}"}}"#, "x".repeat(100));
    let push = host.hub.push(host.now, "ada", &news).unwrap();
    assert_eq!((push.queued, push.refused), (1, 1));
    host.drain();
    assert_eq!(host.text(large), news);
    assert!(host.peers[&small].texts.is_empty() && host.peers[&small].closed.is_none());
}
