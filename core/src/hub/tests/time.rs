//! What time does.

use core::time::Duration;

use super::support::Host;
use crate::time::{Mono, Now, Wall};

#[test]
fn a_link_that_is_silent_is_pinged_and_then_closed() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.pass(Duration::from_secs(20));
    assert!(host.text(link).starts_with(r#"{"type":"ping""#));
    host.pass(Duration::from_secs(15));
    assert_eq!(host.peers[&link].closed, Some((1001, "Ping timeout".to_owned())));
    assert_eq!(host.events().last().unwrap(), "closed ada 1001 running 0 left 0");
    assert_eq!((host.hub.links(), host.hub.users(), host.hub.poll_timeout()), (0, 0, None));
}

#[test]
fn a_request_without_a_reply_expires_and_its_repeat_gets_the_same_error() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":"q","message":"hello"}"#);
    for _ in 0..12 {
        host.pass(Duration::from_secs(10));
        host.say(link, r#"{"type":"pong"}"#);
    }
    let texts = core::mem::take(&mut host.peers.get_mut(&link).unwrap().texts);
    let error = texts.iter().find(|text| text.contains("\"error\"")).unwrap();
    assert!(error.contains("REQUEST_EXPIRED") && error.contains(r#""reply_to":"q""#), "{error}");
    assert!(host.events().contains(&"expired ada".to_owned()));

    host.say(link, r#"{"type":"chat","id":"q","message":"hello"}"#);
    assert_eq!(host.events(), ["duplicate ada Answered"]);
    assert_eq!(&host.text(link), error);
}

/// Deadlines saturate at the end of time; one that did is not due again and again.
#[test]
fn the_end_of_time_is_no_deadline() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.hub.handle_timeout(Now::new(Mono::END, Wall::EPOCH));
    while host.hub.poll_event().is_some() {}
    host.hub.handle_bytes(Now::new(Mono::END, Wall::EPOCH), link, b"").unwrap();
    host.hub.handle_timeout(Now::new(Mono::END, Wall::EPOCH));
}

/// The token is good for ever by a wall clock that was set back, so its deadline is the end of time.
#[test]
fn a_link_leaves_in_its_time_though_another_deadline_is_the_end_of_time() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.hub.drain(host.now, Duration::from_secs(10));
    host.hub.handle_timeout(Now::new(Mono::END, Wall::EPOCH));
    assert_eq!(host.peers[&link].closed, None, "its close frame is not read yet");
    while host.hub.poll_event().is_some() {}
    host.hub.handle_closed(Now::new(Mono::END, Wall::EPOCH), link);
    while host.hub.poll_event().is_some() {}
    assert_eq!(host.hub.links(), 0);
}
