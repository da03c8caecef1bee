//! How client and server agree on the dialect, and what they say about their link (section 10).

use super::*;

#[test]
fn the_first_is_a_hello_with_the_token_which_is_in_no_address() {
    let mut world = World::new();
    assert_eq!(world.dials, ["- pamlink.v1"]);
    world.open(Some("pamlink.v1"));
    let hello = r#"{"type":"hello","versions":[1,1],"features":1,"limits":{"message":1048576},"token":"t"}"#;
    assert_eq!(world.said.pop_front().unwrap(), hello);
    assert_eq!(world.said.len(), 1);
    assert!(world.said[0].starts_with(r#"{"type":"open","sent":["#), "{:?}", world.said);
    assert!(!world.client.is_welcomed());
    world.say(WELCOME);
    assert_eq!(world.events(), [""; 0], "the session is not open yet");
    assert!(world.client.is_welcomed());
    assert_eq!(world.said.len(), 1, "{:?}", world.said);
    world.settle();
    assert_eq!(world.events(), ["welcomed true true"]);
    // Once for a link.
    world.cut();
    world.reconnect();
    assert_eq!(world.events(), ["retrying network 0", "welcomed true true"]);
    world.say(r#"{"type":"ack"}"#);
    world.settle();
    assert_eq!(world.events(), [""; 0]);
}

#[test]
fn over_bytes_it_is_offered_and_the_token_stays_out_of_the_request() {
    let mut world = World::new();
    world.client.handle_dialed(world.now);
    let mut request = Vec::new();
    let _ = world.client.poll_transmit(&mut request);
    let request = String::from_utf8(request).unwrap();
    assert!(request.contains("Sec-WebSocket-Protocol: pamlink.v1\r\n"), "{request}");
    assert!(request.starts_with("GET /api/v1/pam/ws/ada HTTP/1.1\r\n"), "{request}");
}

#[test]
fn a_server_without_it_is_spoken_to_in_pam_at_once() {
    let mut world = World::new();
    let request = world.ask("fuel?");
    world.open(None);
    assert_eq!(world.events(), ["retrying protocol 0"]);
    world.pass(0);
    assert_eq!(world.dials, ["- pamlink.v1", "t -"]);
    world.open(None);
    assert_eq!(world.said(), [""; 0]);
    world.say(NEW_WELCOME);
    assert!(world.said()[0].contains(r#""type":"chat""#));
    let id = world.client.id(request).to_json();
    world.say(&answer(Some(&id), "40"));
    assert_eq!(world.events(), ["welcomed true true".to_owned(), format!("answer {request} 40")]);

    // It is not offered again soon, unless the client is started again.
    world.client.handle_closed(world.now);
    world.drain();
    world.pass(2_000);
    assert_eq!(world.dials.pop().unwrap(), "t -");
    world.client.disconnect(world.now);
    world.drain();
    world.client.connect(world.now);
    world.drain();
    assert_eq!(world.dials.pop().unwrap(), "- pamlink.v1");
}

#[test]
fn statuses_of_servers_without_it_go_back_to_pam() {
    for (status, goes_back) in [(400, true), (401, true), (403, true), (404, true), (502, false)] {
        let mut world = World::new();
        let failed = DialFailed::Answered { status, retry_after: None, body: "" };
        world.client.handle_dial_failed(world.now, failed);
        world.drain();
        world.pass(if goes_back { 0 } else { 60_000 });
        let next = if goes_back { "t -" } else { "- pamlink.v1" };
        assert_eq!(world.dials[1], next, "{status}");
    }
}

/// npm `ws` and others take the first subprotocol that is offered where their host names none.
#[test]
fn a_server_that_names_it_and_does_not_speak_it_is_spoken_to_in_pam_at_once() {
    let connected = r#"{"type":"connection","status":"connected"}"#;
    let close = |code| Incoming::Close(Some(CloseCode::new(code)), "");
    let first = [Incoming::Text(connected), Incoming::Text("hi"), close(4_001), close(1_008)];
    for first in first {
        let mut world = World::new();
        world.open(Some("pamlink.v1"));
        world.client.handle_message(world.now, first).unwrap();
        world.drain();
        world.pass(0);
        assert_eq!(world.dials, ["- pamlink.v1", "t -"], "{first:?}");
        assert_eq!(world.needs, [TokenNeed::Missing], "no token is spent on it");
        world.open(None);
        world.say(connected);
        assert!(world.events().pop().unwrap().starts_with("welcomed"));
    }
}

#[test]
fn a_close_says_nothing_of_the_dialect_where_the_server_speaks_it() {
    let close = |code| Incoming::Close(Some(CloseCode::new(code)), "");
    let mut codes = vec![(false, 1_012), (false, 1_011)];
    codes.extend([1_008, 4_001, 4_003].map(|code| (true, code)));
    for (has_spoken, code) in codes {
        let mut world = World::new();
        world.open(Some("pamlink.v1"));
        if has_spoken {
            world.say(WELCOME);
            world.cut();
            world.pass(60_000);
            world.open(Some("pamlink.v1"));
        }
        world.client.handle_message(world.now, close(code)).unwrap();
        world.drain();
        world.client.provide_token(world.now, Token::new("u")).unwrap();
        world.pass(60_000);
        assert!(world.dials.iter().all(|dial| dial == "- pamlink.v1"), "{code}: {:?}", world.dials);
    }
}

/// ginlix-ai/LangAlpha#291: what a browser said of a failure was matched by its text, and Safari says
/// another.
#[test]
fn in_which_words_a_platform_says_that_a_link_failed_decides_nothing() {
    let becomes = |failed: DialFailed<'_>| {
        let mut world = World::new();
        for _ in 0..3 {
            world.client.handle_dial_failed(world.now, failed);
            world.drain();
            world.pass(60_000);
        }
        (world.events(), world.dials, world.client.state())
    };
    let class = CloseClass::Network;
    let expected = becomes(DialFailed::Unexplained { said: "" });
    let unanswered = becomes(DialFailed::Unanswered { class, said: "" });
    assert_ne!(expected, unanswered, "whether there was an answer does");
    for said in ["Load failed", "Failed to fetch", "401 Unauthorized", "token expired", "timeout"] {
        assert_eq!(becomes(DialFailed::Unexplained { said }), expected, "{said}");
        assert_eq!(becomes(DialFailed::Unanswered { class, said }), unanswered, "{said}");
    }
}

#[test]
fn without_a_common_version_it_goes_back_to_pam() {
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    world.say(r#"{"type":"goodbye","code":"version"}"#);
    world.pass(0);
    assert_eq!(world.dials, ["- pamlink.v1", "t -"]);
}

#[test]
fn a_token_that_no_hello_holds_is_shown_to_pam() {
    let mut world = World::new();
    world.client.disconnect(world.now);
    world.client.provide_token(world.now, Token::new("x".repeat(8_193))).unwrap();
    world.client.connect(world.now);
    world.drain();
    assert!(world.dials[1].ends_with("x -"), "{:?}", world.dials);
}

#[test]
fn what_comes_before_the_welcome_ends_the_link() {
    for early in [
        r#"{"type":"closed","code":"left"}"#,
        r#"{"type":"renewed"}"#,
        r#"{"type":"connection","status":"connected"}"#,
        r#"{"type":"ack"}"#,
    ] {
        let mut world = World::new();
        world.open(Some("pamlink.v1"));
        world.said();
        world.say(early);
        let goodbye = r#"{"type":"goodbye","code":"not_open"}"#;
        assert_eq!(world.said(), [goodbye, "close 4003 not_open"], "{early}");
        assert!(world.events()[0].starts_with("retrying server_error"), "{early}");
        // A word of the dialect is one of a server that speaks it, however wrong it is there.
        world.pass(60_000);
        let is_of_v1 = !early.contains("connection");
        assert_eq!(world.dials[1] == "- pamlink.v1", is_of_v1, "{early}");
    }
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    world.said();
    world.say(r#"{"type":"welcome","version":2}"#);
    assert_eq!(world.said()[0], r#"{"type":"goodbye","code":"malformed"}"#);
    world.pass(60_000);
    assert_eq!(world.dials[1], "- pamlink.v1");
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    world.pass(10_000);
    assert_eq!(world.events(), ["retrying timeout 0"]);
}

#[test]
fn a_goodbye_says_whether_and_when_to_come_back() {
    let left = |text: &str| {
        let mut world = World::welcomed();
        world.say(text);
        world.events().pop().unwrap()
    };
    let goodbye = |code: &str| left(&format!(r#"{{"type":"goodbye","code":"{code}"}}"#));
    assert!(goodbye("going_away").starts_with("retrying server_unavailable"));
    assert!(goodbye("moved_on").starts_with("retrying server_error"));
    assert!(goodbye("token_expired").starts_with("retrying authentication"));
    assert!(goodbye("unauthorized").starts_with("retrying authentication"));
    assert_eq!(goodbye("forbidden"), "stopped refused");
    assert_eq!(goodbye("left"), "stopped normal");
    let later = r#"{"type":"goodbye","code":"overloaded","retry_after":7000}"#;
    assert_eq!(left(later), "retrying server_unavailable 7");
    let spread = r#"{"type":"goodbye","code":"rotate","spread":600000,"within":30000}"#;
    let after = left(spread);
    let after: u64 = after.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((1..600).contains(&after), "{after}");
}

#[test]
fn a_host_that_disconnects_says_so() {
    let mut world = World::welcomed();
    world.client.disconnect(world.now);
    world.drain();
    assert_eq!(world.said(), [r#"{"type":"goodbye","code":"left"}"#, "close 1000 "]);
}

#[test]
fn one_token_at_a_time_is_shown_over_the_link() {
    let mut world = World::welcomed();
    world.say(r#"{"type":"token_wanted","within":60000}"#);
    for token in ["u", "v", "w"] {
        world.client.provide_token(world.now, Token::new(token)).unwrap();
        world.drain();
    }
    assert_eq!(world.said(), [r#"{"type":"token","token":"u"}"#]);
    world.say(r#"{"type":"renewed","expires":60000}"#);
    assert_eq!(world.said(), [r#"{"type":"token","token":"w"}"#]);
    world.say(r#"{"type":"renewed"}"#);
    assert_eq!(world.said(), [""; 0]);
}

#[test]
fn a_heartbeat_is_said_as_often_as_the_server_wants_with_where_the_session_stands() {
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    world.said.pop_front();
    world.say(&WELCOME.replace("20000", "1000"));
    world.settle();
    let mut heard = 0;
    for _ in 0..40 {
        let due = world.client.poll_timeout().unwrap().at;
        let step = due.saturating_since(world.now.mono);
        world.now = Now::new(due, world.now.wall + step);
        world.client.handle_timeout(world.now);
        world.drain();
        for text in world.said() {
            assert!(text.starts_with(r#"{"type":"heartbeat","channels":[{"channel":0,"#), "{text}");
            heard += 1;
        }
        if world.now.mono >= Mono::from_millis(6_500) {
            break;
        }
    }
    assert!((4..=6).contains(&heard), "{heard}");
}

#[test]
fn a_probe_is_a_heartbeat_and_silence_after_it_the_end() {
    let mut world = World::welcomed();
    world.client.wake(world.now);
    world.drain();
    let said = world.said();
    assert!(said[0].starts_with(r#"{"type":"heartbeat","channels":[{"#), "{said:?}");
    world.pass(3_000);
    assert!(world.events()[0].starts_with("retrying timeout"));
}

#[test]
fn a_heartbeat_of_the_server_is_answered() {
    let mut world = World::welcomed();
    world.say(r#"{"type":"heartbeat","channels":[]}"#);
    let said = world.said();
    assert!(said[0].ends_with(r#","reply":true}"#), "{said:?}");
}

#[test]
fn a_day_is_no_end_of_a_token() {
    for (expires, asked) in [(86_400_000, 0), (86_399_999, 1)] {
        let mut world = World::new();
        world.needs.clear();
        world.open(Some("pamlink.v1"));
        world.said.pop_front();
        world.say(&WELCOME.replace("20000", &format!(r#"20000,"expires":{expires}"#)));
        world.settle();
        world.pass(70_000_000);
        assert_eq!(world.needs.len().min(1), asked, "{expires}");
    }
}
