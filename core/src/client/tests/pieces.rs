//! A streamed answer: its pieces, its end, and what becomes of it when the link breaks.

use super::*;

fn delta(reply_to: Option<&str>, text: &str) -> String {
    let reply_to = reply_to.map(|id| format!(r#","reply_to":{id}"#)).unwrap_or_default();
    format!(r#"{{"type":"chat_response_delta","content":"{text}"{reply_to}}}"#)
}

fn stream(host: &mut Host, text: &str) -> (RequestId, String) {
    let chat = Chat { message: Some(text.into()), stream: Some(true), ..Chat::default() };
    let request = host.client.ask(host.now, &chat).unwrap();
    host.drain();
    assert!(host.read.last().unwrap().contains(r#""stream":true"#), "{:?}", host.read);
    (request, host.asked_id())
}

#[test]
fn pieces_go_to_the_request_that_they_name_and_end_nothing() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (first, first_id) = stream(&mut host, "one");
    let (second, second_id) = stream(&mut host, "two");
    host.say(&delta(Some(&second_id), "2a"));
    host.say(&delta(Some(&first_id), "1a"));
    host.say(&delta(Some(&second_id), "2b"));
    assert_eq!(host.client.pending(), 2);
    host.say(&answer(Some(&second_id), "2a2b"));
    host.say(&answer(Some(&first_id), "1a"));
    let expected = [
        format!("piece {second} 2a"),
        format!("piece {first} 1a"),
        format!("piece {second} 2b"),
        format!("answer {second} 2a2b|"),
        format!("answer {first} 1a|"),
    ];
    assert_eq!(host.events(), expected);
}

#[test]
fn a_character_that_a_server_cuts_in_two_is_given_with_its_second_half() {
    for (welcome, named) in [(NEW_WELCOME, true), (OLD_WELCOME, false)] {
        let mut host = Host::welcomed(welcome);
        let (request, id) = stream(&mut host, "one");
        let id = named.then_some(id.as_str());
        for piece in [r"so \ud83d", r"\ude00!", r"\ud83d"] {
            host.say(&delta(id, piece));
        }
        host.say(&answer(id, r"so \ud83d\ude00!\ud83d\ude01"));
        let expected = [
            format!("piece {request} so "),
            format!("piece {request} 😀!"),
            format!("piece {request} "),
            format!("answer {request} so 😀!|😁"),
        ];
        assert_eq!(host.events(), expected, "{welcome}");
    }
}

#[test]
fn from_an_old_server_pieces_go_to_the_oldest_request() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let requests = [host.ask("one"), host.ask("two")];
    for frame in [
        r#"{"type":"chat_response_start","message_id":"m","status":"processing","message":"thinking"}"#,
        r#"{"type":"chat_response_delta","content":"1a"}"#,
        r#"{"type":"chat_response_delta","content":"1b"}"#,
        r#"{"type":"chat_response_complete","full_response":"1a1b","message":"1a1b"}"#,
        r#"{"type":"chunk","content":"2a"}"#,
        r#"{"type":"response_complete","source":"claude_pam_streaming"}"#,
        r#"{"type":"chunk","content":"of nobody"}"#,
    ] {
        host.say(frame);
    }
    let [one, two] = requests;
    let expected = [
        format!("piece {one} "),
        format!("piece {one} 1a"),
        format!("piece {one} 1b"),
        format!("answer {one} 1a1b|"),
        format!("piece {two} 2a"),
        format!("answer {two} 2a|"),
        "message chunk".to_owned(),
    ];
    assert_eq!(host.events(), expected);
}

#[test]
fn a_piece_for_a_request_that_has_ended_is_late() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (request, id) = stream(&mut host, "one");
    host.say(&answer(Some(&id), "1"));
    host.say(&delta(Some(&id), "1"));
    assert_eq!(host.events(), [format!("answer {request} 1"), format!("late Some({request:?})")]);
    let snapshot = host.client.metrics();
    let requests = &snapshot.family("pamlink_requests_total").unwrap().samples;
    let counted = |sample: &crate::metrics::Sample| match sample.value {
        crate::metrics::SampleValue::Counter(count) => count,
        _ => panic!("a counter"),
    };
    assert_eq!(requests.iter().map(counted).sum::<u64>(), 1, "only how a request ends is counted");
}

#[test]
fn a_late_piece_of_an_old_server_is_not_taken_for_the_next_requests() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let first = host.ask("one");
    for _ in 0..6 {
        host.pass(Duration::from_secs(10));
        host.say(r#"{"type":"pong"}"#);
    }
    let second = host.ask("two");
    host.say(&delta(None, "1"));
    host.say(&answer(None, "1"));
    host.say(&delta(None, "2"));
    let late = format!("late Some({first:?})");
    let expected = [format!("expired {first}"), late.clone(), late, format!("piece {second} 2")];
    assert_eq!(host.events(), expected);
}

#[test]
fn a_piece_that_belongs_to_no_request_is_a_message() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (request, id) = stream(&mut host, "one");
    let never_asked = id.replace("-0\"", "-1\"");
    assert_ne!(never_asked, id);
    host.say(&delta(None, "x"));
    host.say(&delta(Some("\"own\""), "x"));
    host.say(&delta(Some(&never_asked), "x"));
    assert_eq!(host.events(), ["message chat_response_delta"; 3]);
    // Towards an old server, too, what names another is nobody's.
    let mut host = Host::welcomed(OLD_WELCOME);
    host.ask("one");
    host.say(&delta(Some("\"own\""), "x"));
    assert_eq!(host.events(), ["message chat_response_delta"]);
    assert_eq!(request.as_u64(), 0);
}

#[test]
fn a_growing_answer_does_not_expire_but_no_request_waits_for_ever() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (growing, id) = stream(&mut host, "one");
    let (other, _) = stream(&mut host, "two");
    for _ in 0..17 {
        host.pass(Duration::from_secs(10));
        host.say(&delta(Some(&id), "."));
    }
    let events = host.events();
    assert_eq!(events.iter().filter(|it| **it == format!("piece {growing} .")).count(), 17);
    // Asked later, it ends earlier: a minute is a minute for what does not grow.
    let place = events.iter().position(|it| *it == format!("expired {other}"));
    assert_eq!((place, events.len()), (Some(5), 18));
    host.pass(Duration::from_millis(9_999));
    assert_eq!(host.events(), [""; 0]);
    host.pass(Duration::from_millis(1));
    assert_eq!(host.events(), [format!("expired {growing}")], "after three minutes of pieces");
}

#[test]
fn an_answer_that_grows_no_more_expires_a_minute_after_its_last_piece() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (request, id) = stream(&mut host, "one");
    host.pass(Duration::from_secs(20));
    host.say(&delta(Some(&id), "."));
    for _ in 0..5 {
        host.pass(Duration::from_secs(10));
        host.say(r#"{"type":"pong"}"#);
    }
    host.pass(Duration::from_millis(9_999));
    assert_eq!(host.events(), [format!("piece {request} .")]);
    host.pass(Duration::from_millis(1));
    assert_eq!(host.events(), [format!("expired {request}")]);
}

#[test]
fn the_answer_brings_what_the_pieces_did_not() {
    let mut host = Host::welcomed(NEW_WELCOME);
    for (pieces, whole, expected) in [
        (&["on", "ce"][..], "once upon", "once| upon"),
        (&["once"], "once", "once|"),
        (&["twice"], "once", "(void) once"),
        (&[], "once", "once"),
        (&["o"], "", "o|"),
    ] {
        let (request, id) = stream(&mut host, "?");
        for piece in pieces {
            host.say(&delta(Some(&id), piece));
        }
        host.events();
        host.say(&answer(Some(&id), whole));
        assert_eq!(host.events(), [format!("answer {request} {expected}")]);
    }
}

#[test]
fn pieces_over_another_link_begin_the_answer_anew() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let (request, id) = stream(&mut host, "?");
    host.say(&delta(Some(&id), "on"));
    host.cut();
    host.reconnect(NEW_WELCOME);
    host.events();
    host.say(&delta(Some(&id), "on"));
    host.say(&delta(Some(&id), "ce"));
    host.say(&answer(Some(&id), "once"));
    let expected = [
        format!("restart {request} on"),
        format!("piece {request} ce"),
        format!("answer {request} once|"),
    ];
    assert_eq!(host.events(), expected);

    // One without pieces goes on where the pieces before it ended.
    let (request, id) = stream(&mut host, "?");
    host.say(&delta(Some(&id), "on"));
    host.cut();
    host.reconnect(NEW_WELCOME);
    host.events();
    host.say(&answer(Some(&id), "once"));
    assert_eq!(host.events(), [format!("answer {request} on|ce")]);
}

#[test]
fn what_is_kept_of_growing_answers_is_bounded_and_the_answer_is_whole() {
    let config = ClientConfig { max_answer_bytes: 8, ..ClientConfig::default() };
    let mut host = Host::welcomed_with(config, NEW_WELCOME);
    let (one, one_id) = stream(&mut host, "1");
    let (two, two_id) = stream(&mut host, "2");
    host.say(&delta(Some(&one_id), "12345"));
    // The bound is one for all.
    host.say(&delta(Some(&two_id), "abcd"));
    host.say(&delta(Some(&two_id), "e"));
    host.say(&answer(Some(&one_id), "123456789"));
    host.say(&answer(Some(&two_id), "abcdefghi"));
    let expected = [
        format!("piece {one} 12345"),
        format!("answer {one} 12345|6789"),
        format!("answer {two} abcdefghi"),
    ];
    assert_eq!(host.events(), expected);
    // What has ended makes room.
    let (three, id) = stream(&mut host, "3");
    host.say(&delta(Some(&id), "12345678"));
    assert_eq!(host.events(), [format!("piece {three} 12345678")]);
    // An end without the text is none, if not all of it was given.
    host.say(&delta(Some(&id), "9"));
    host.say(&answer(Some(&id), ""));
    assert_eq!(host.events(), [format!("rejected {three} MESSAGE_TOO_LARGE None")]);
}
