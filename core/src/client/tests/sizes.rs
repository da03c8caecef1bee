//! What is too large or too deep, on its way out and on its way in.

use super::*;
use crate::envelope::Raw;

fn welcome(max_message: usize) -> String {
    NEW_WELCOME.replace('}', &format!(r#","max_message":{max_message}}}"#))
}

#[test]
fn what_the_server_does_not_take_is_refused_before_it_is_sent() {
    let mut host = Host::welcomed(&welcome(1_000));
    let chat = |length: usize| Chat { message: Some("x".repeat(length).into()), ..Chat::default() };
    let refused = host.client.ask(host.now, &chat(1_000)).unwrap_err();
    assert!(matches!(refused, RequestError::TooLarge { limit: 1_000, .. }), "{refused:?}");
    let init = format!(r#"{{"type":"init","context":"{}"}}"#, "x".repeat(1_000));
    let refused = host.client.send(host.now, &init).unwrap_err();
    assert_eq!(refused, SendError::TooLarge { bytes: init.len(), limit: 1_000 });
    host.drain();
    assert!(host.read().is_empty() && host.events().is_empty());
    // One that was made before the server said so ends as the server would end it.
    let mut host = Host::new();
    host.client.connect(host.now);
    let (large, small) = (host.ask(&"x".repeat(1_000)), host.ask("hello"));
    host.client.provide_token(host.now, Token::new("t")).unwrap();
    host.drain();
    host.open();
    host.say(&welcome(1_000));
    assert_eq!(host.read().len(), 1);
    let rejected = format!("rejected {large} MESSAGE_TOO_LARGE None");
    assert_eq!(host.events(), ["welcomed true true".to_owned(), rejected]);
    assert_eq!(host.client.pending(), 1);
    let id = host.client.prefix.to_string() + &small.to_string();
    host.say(&answer(Some(&format!("{id:?}")), "hi"));
    assert_eq!(host.events(), [format!("answer {small} hi")]);
}

#[test]
fn what_the_server_says_it_refuses_for_its_length_is_not_sent() {
    let mut limits = crate::limits::Sizes::default();
    limits.set_characters("message", 3).unwrap();
    let welcome = NEW_WELCOME.replace('}', &format!(r#","limits":{}}}"#, limits.stated()));
    // One that was made before the server said so ends as the server would end it.
    let mut host = Host::new();
    host.client.connect(host.now);
    let (long, short) = (host.ask("four"), host.ask("漢字😀"));
    host.client.provide_token(host.now, Token::new("t")).unwrap();
    host.drain();
    host.open();
    host.say(&welcome);
    assert_eq!(host.read().len(), 1);
    let rejected = format!("rejected {long} VALIDATION_ERROR None");
    assert_eq!(host.events(), ["welcomed true true".to_owned(), rejected]);
    let id = host.client.prefix.to_string() + &short.to_string();
    host.say(&answer(Some(&format!("{id:?}")), "hi"));
    assert_eq!(host.events(), [format!("answer {short} hi")]);
    // Afterwards it is refused at once, and so is what is no request.
    let chat = Chat { message: Some("four".into()), ..Chat::default() };
    let refused = host.client.ask(host.now, &chat).unwrap_err();
    assert_eq!(refused.to_string(), "message too long: 4 characters, at most 3");
    let long = "x".repeat(1_001);
    let feedback = format!(r#"{{"type":"feedback","content":"{long}"}}"#);
    let refused = host.client.send(host.now, &feedback).unwrap_err();
    assert_eq!(refused.to_string(), "content too long: 1001 characters, at most 1000");
    let voice = format!(r#"{{"type":"voice","audio_data":"{}"}}"#, "x".repeat(70_000));
    host.client.send(host.now, &voice).unwrap();
    let chat = Chat { message: Some("a".into()), ..Chat::default() };
    let context = format!("[{voice:?}]");
    let chat = Chat { context: Some(Raw::parse(&context, 2).unwrap()), ..chat };
    let refused = host.client.ask(host.now, &chat).unwrap_err();
    assert!(matches!(refused, RequestError::TooLarge { limit: 65_536, .. }), "{refused:?}");
    assert_eq!(host.client.pending(), 0);
    // To a server that says nothing anything is sent.
    let mut host = Host::welcomed(NEW_WELCOME);
    let chat = Chat { message: Some("x".repeat(9_000).into()), ..Chat::default() };
    host.client.ask(host.now, &chat).unwrap();
}

#[test]
fn what_can_never_fit_is_no_matter_of_another_time() {
    let mut host = Host::welcomed(NEW_WELCOME);
    // Alone it fits, however much waits as a rule.
    let init = |length: usize| format!(r#"{{"type":"init","context":"{}"}}"#, "x".repeat(length));
    host.client.send(host.now, &init(900_000)).unwrap();
    let refused = host.client.send(host.now, &init(300_000)).unwrap_err();
    assert!(matches!(refused, SendError::Link(_)), "it may fit later: {refused:?}");
    host.drain();
    host.client.send(host.now, &init(300_000)).unwrap();
    let refused = host.client.send(host.now, &init(1_100_000)).unwrap_err();
    assert!(matches!(refused, SendError::TooLarge { limit: 0x10_0000, .. }), "{refused:?}");
    let chat = Chat { message: Some("x".repeat(300_000).into()), ..Chat::default() };
    let refused = host.client.ask(host.now, &chat).unwrap_err();
    assert!(matches!(refused, RequestError::TooLarge { limit: 0x4_0000, .. }), "{refused:?}");
}

#[test]
fn an_answer_that_cannot_be_read_ends_its_request_with_the_reason() {
    let deep = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let mut host = Host::welcomed(NEW_WELCOME);
    for (frame, reason) in [
        (r#"{"type":"chat_response","ui_actions":DEEP,"reply_to":ID}"#, "MESSAGE_TOO_LARGE"),
        (r#"{"type":"chat_response","reply_to":ID,"message":"#, "FORMAT_ERROR"),
        (r#"{"reply_to":ID,"message":"typeless"}"#, "VALIDATION_ERROR"),
    ] {
        let request = host.ask("one");
        let id = host.asked_id();
        // A piece that cannot be read is a piece less.
        host.say(&format!(r#"{{"type":"chat_response_delta","reply_to":{id},"content":{deep}}}"#));
        assert!(host.events()[0].starts_with("unreadable"));
        host.say(&frame.replace("DEEP", &deep).replace("ID", &id));
        let events = host.events();
        assert!(events[0].starts_with("unreadable"), "{events:?}");
        assert_eq!(events[1..], [format!("rejected {request} {reason} None")]);
        assert_eq!((host.client.pending(), host.client.pending_bytes()), (0, 0));
    }
    // What names nobody, or somebody else's, ends nothing.
    host.ask("one");
    for reply_to in ["", r#","reply_to":"another""#] {
        host.say(&format!(r#"{{"type":"chat_response","a":{deep}{reply_to}}}"#));
        assert_eq!(host.events().len(), 1);
    }
    assert_eq!(host.client.pending(), 1);
}

#[test]
fn of_an_old_server_an_answer_that_cannot_be_read_ends_the_oldest_request() {
    let deep = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let mut host = Host::welcomed(OLD_WELCOME);
    let (first, second) = (host.ask("one"), host.ask("two"));
    // An alert answers nothing.
    host.say(&format!(r#"{{"type":"proactive_alert","content":{deep}}}"#));
    assert_eq!(host.events().len(), 1);
    host.say(&format!(r#"{{"type":"chat_response","message":"1","ui_actions":{deep}}}"#));
    assert_eq!(host.events()[1..], [format!("rejected {first} MESSAGE_TOO_LARGE None")]);
    host.say(&answer(None, "2"));
    assert_eq!(host.events(), [format!("answer {second} 2")]);
}

#[test]
fn one_message_that_is_too_large_stops_no_client() {
    // The server did not say how much it takes: the longest request that it got is the one.
    let mut host = Host::welcomed(NEW_WELCOME);
    let (short, long) = (host.ask("short"), host.ask(&"x".repeat(60_000)));
    let mut frame = Vec::new();
    let server = &mut host.server.as_mut().unwrap().0;
    server.close(CloseCode::TOO_BIG, "over 50000 bytes", &mut frame).unwrap();
    host.client.handle_bytes(host.now, &frame).unwrap();
    host.drain();
    let events = host.events();
    assert!(events.contains(&format!("rejected {long} MESSAGE_TOO_LARGE None")), "{events:?}");
    assert!(events.iter().any(|event| event.starts_with("retrying too_big")), "{events:?}");
    host.read();
    host.reconnect(NEW_WELCOME);
    let read = host.read();
    assert!(read.len() == 1 && read[0].contains("short"), "{read:?}");
    let id = host.client.prefix.to_string() + &short.to_string();
    host.say(&answer(Some(&format!("{id:?}")), "hi"));
    assert_eq!(host.events().last().unwrap(), &format!("answer {short} hi"));
    // Its own message was too large for us: it was the answer that came next.
    let (first, second) = (host.ask("one"), host.ask("two"));
    let head = b"\x81\x7f\x00\x00\x00\x00\x01\x00\x00\x00";
    host.client.handle_bytes(host.now, head).unwrap();
    host.drain();
    let events = host.events();
    assert!(events.contains(&format!("rejected {first} MESSAGE_TOO_LARGE None")), "{events:?}");
    assert!(events.iter().any(|event| event.starts_with("retrying too_big")), "{events:?}");
    host.read();
    host.reconnect(NEW_WELCOME);
    assert!(host.read()[0].contains("two") && host.client.pending() == 1, "{second}");
}

#[test]
fn a_server_that_sends_what_is_too_large_first_each_time_is_left() {
    let head = b"\x81\x7f\x00\x00\x00\x00\x01\x00\x00\x00";
    let mut host = Host::welcomed(NEW_WELCOME);
    for request in 0..3 {
        // As long as requests end for it something changes.
        let asked = host.ask("one");
        host.client.handle_bytes(host.now, head).unwrap();
        host.drain();
        let events = host.events();
        let rejected = format!("rejected {asked} MESSAGE_TOO_LARGE None");
        assert!(events.contains(&rejected), "{request}: {events:?}");
        host.reconnect(NEW_WELCOME);
        host.events();
    }
    host.client.handle_bytes(host.now, head).unwrap();
    host.drain();
    assert!(host.events()[0].starts_with("retrying too_big"));
    host.reconnect(NEW_WELCOME);
    host.events();
    host.client.handle_bytes(host.now, head).unwrap();
    host.drain();
    assert_eq!(host.events(), ["stopped too_big"]);
    assert!(host.causes.last().unwrap().starts_with("frame: "), "{:?}", host.causes);
    assert_eq!(host.client.poll_timeout(), None);
}
