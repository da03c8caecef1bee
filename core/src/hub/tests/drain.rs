//! The end of a hub.

use core::time::Duration;

use super::support::Host;
use crate::hub::Full;
use crate::time::Mono;

#[test]
fn every_link_is_closed_within_the_spread_and_not_all_at_once() {
    let mut host = Host::new();
    let links: Vec<_> = (0..40).map(|n| host.open(&format!("user-{n}"))).collect();
    host.events();
    host.hub.drain(host.now, Duration::from_secs(10));
    assert_eq!(host.hub.accept(host.now), Err(Full::Draining));
    let mut closed_by_second = Vec::new();
    for _ in 0..10 {
        host.pass(Duration::from_secs(1));
        let closed = links.iter().filter(|link| host.peers[link].closed.is_some()).count();
        closed_by_second.push(closed);
    }
    assert_eq!(closed_by_second.last(), Some(&40));
    assert!(closed_by_second[4] > 5 && closed_by_second[4] < 35, "{closed_by_second:?}");
    for link in &links {
        assert_eq!(host.peers[link].closed.as_ref().unwrap().0, 1012);
        let away = host.text(*link);
        assert!(away.contains(r#""type":"going_away","retry_after":"#), "{away}");
        for member in ["message", "content", "response", "text", "\"error\""] {
            assert!(!away.contains(member), "{away}");
        }
    }
    host.pass(Duration::from_secs(6));
    assert_eq!(host.events().last().unwrap(), "drained");
    assert_eq!(host.hub.links(), 0);
}

#[test]
fn a_running_request_is_answered_before_its_link_goes() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":1,"message":"x"}"#);
    host.hub.drain(host.now, Duration::from_secs(10));
    host.pass(Duration::from_secs(9));
    assert_eq!(host.peers[&link].closed, None);
    host.reply("done");
    assert!(host.text(link).contains("done"));
    host.pass(Duration::from_secs(1));
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1012);
}

#[test]
fn a_link_that_waits_too_long_for_its_answer_goes_at_the_end_of_the_spread() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":1,"message":"x"}"#);
    host.hub.drain(host.now, Duration::from_secs(10));
    let end = host.now.mono + Duration::from_secs(10);
    host.pass(Duration::from_secs(10));
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1012);
    assert!(host.now.mono <= end && end > Mono::ZERO);
}

#[test]
fn an_empty_hub_is_drained_at_once() {
    let mut host = Host::new();
    host.hub.drain(host.now, Duration::from_secs(10));
    host.drain();
    assert_eq!(host.events(), ["drained"]);
}
