//! A server that has said that it goes away.

use super::*;

/// Whatever the close is on its way: libraries turn 1012 into 1002, 1005 or 1000.
#[test]
fn after_going_away_a_close_of_any_code_of_the_protocol_means_come_back_as_the_server_said() {
    for code in [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013] {
        let mut host = Host::welcomed(NEW_WELCOME);
        host.say(r#"{"type":"going_away","retry_after":20}"#);
        let mut frame = Vec::new();
        let server = &mut host.server.as_mut().unwrap().0;
        match code {
            1005 => frame.extend_from_slice(&[0x88, 0]),
            // A code that nobody may send, and a frame that none may be.
            1006 => frame.extend_from_slice(&[0x88, 2, 3, 238]),
            code => server.close(CloseCode::new(code), "", &mut frame).unwrap(),
        }
        host.client.handle_bytes(host.now, &frame).unwrap();
        host.drain();
        let events = host.events();
        let after = events.iter().find_map(|it| it.strip_prefix("retrying server_unavailable "));
        let after: u64 = after.unwrap_or_else(|| panic!("{code}: {events:?}")).parse().unwrap();
        assert!((20..=25).contains(&after), "{code}: {after}");
        let cause = if code == 1006 { "frame: ".into() } else { format!("peer: close {code}") };
        assert!(host.causes.last().unwrap().starts_with(&cause), "{:?}", host.causes);
    }
}

#[test]
fn after_going_away_a_close_of_the_application_keeps_its_meaning() {
    for (code, expected) in [
        (3003, "stopped refused"),
        (4001, "retrying authentication"),
        (4003, "stopped refused"),
        (4500, "stopped refused"),
    ] {
        let mut host = Host::welcomed(NEW_WELCOME);
        host.say(r#"{"type":"going_away","retry_after":20}"#);
        let mut frame = Vec::new();
        let server = &mut host.server.as_mut().unwrap().0;
        server.close(CloseCode::new(code), "", &mut frame).unwrap();
        host.client.handle_bytes(host.now, &frame).unwrap();
        host.drain();
        let events = host.events();
        assert!(events.iter().any(|it| it.starts_with(expected)), "{code}: {events:?}");
    }
}

#[test]
fn a_request_that_is_asked_after_going_away_waits_for_the_next_link() {
    // An old server would leave what became of it unknown.
    for welcome in [NEW_WELCOME, OLD_WELCOME] {
        let mut host = Host::welcomed(welcome);
        host.say(r#"{"type":"going_away","retry_after":1}"#);
        let request = host.ask("one");
        assert!(host.read().is_empty());
        host.cut();
        host.reconnect(welcome);
        assert_eq!(host.read.len(), 1, "{:?}", host.read);
        let id = host.asked_id();
        host.say(&answer((welcome == NEW_WELCOME).then_some(&*id), "1"));
        assert!(host.events().contains(&format!("answer {request} 1")));
    }
}

#[test]
fn a_server_that_says_it_goes_away_and_stays_is_left() {
    let mut host = Host::welcomed(NEW_WELCOME);
    host.say(r#"{"type":"going_away","retry_after":20}"#);
    let request = host.ask("one");
    host.pass(Duration::from_secs(24));
    assert!(host.events().iter().all(|event| !event.starts_with("retrying")));
    host.reconnect(NEW_WELCOME);
    let events = host.events();
    assert!(events.iter().any(|it| it.starts_with("retrying server_unavailable")), "{events:?}");
    let id = host.asked_id();
    host.say(&answer(Some(&id), "1"));
    assert_eq!(host.events(), [format!("answer {request} 1")]);
}
