//! Every table has a bound, and what happens there is an event.

use core::time::Duration;

use super::support::Host;
use crate::hub::{Full, HubConfig, UserCap};
use crate::link::Overflow;

#[test]
fn the_hub_takes_so_many_links_and_no_more() {
    let mut config = HubConfig::default();
    config.max_links = 3;
    let mut host = Host::with(config);
    let links = ["a", "b", "c"].map(|user| host.open(user));
    assert_eq!(host.hub.accept(host.now), Err(Full::Links));
    host.cut(links[1]);
    assert!(host.hub.accept(host.now).is_ok());
}

#[test]
fn the_oldest_link_of_a_user_makes_room_for_one_too_many() {
    let mut config = HubConfig::default();
    config.max_links_per_user = 2;
    let mut host = Host::with(config);
    let first = host.open("ada");
    let second = host.open("ada");
    let third = host.open("ada");
    assert_eq!(host.peers[&first].closed.as_ref().unwrap().0, 1000);
    assert_eq!(host.hub.links_of("ada").collect::<Vec<_>>(), [third, second, first]);
    host.pass(Duration::from_secs(6));
    assert_eq!(host.hub.links_of("ada").collect::<Vec<_>>(), [third, second]);
}

#[test]
fn or_the_newest_is_sent_away() {
    let mut config = HubConfig::default();
    config.max_links_per_user = 1;
    config.at_user_cap = UserCap::RefuseNewest;
    let mut host = Host::with(config);
    let first = host.open("ada");
    let second = host.dial("/api/v1/pam/ws/ada?token=ada");
    assert_eq!(host.peers[&second].closed.as_ref().unwrap().0, 1013);
    assert_eq!(host.peers[&first].closed, None);
}

#[test]
fn a_link_runs_so_many_requests_at_once() {
    let mut config = HubConfig::default();
    config.max_requests_per_link = 2;
    let mut host = Host::with(config);
    let link = host.open("ada");
    for id in 0..3 {
        host.say(link, &format!(r#"{{"type":"chat","id":{id},"message":"x"}}"#));
    }
    let error = host.text(link);
    assert!(error.contains("AGENT_BUSY") && error.contains("retry_after"), "{error}");
    host.reply("done");
    host.say(link, r#"{"type":"chat","id":2,"message":"x"}"#);
    assert_eq!(host.hub.requests(), 2);
}

#[test]
fn a_peer_that_does_not_read_is_closed_and_what_it_lost_is_an_event() {
    let mut config = HubConfig::default();
    config.link.outbox.max_bytes = 1_000;
    let mut host = Host::with(config);
    host.open("ada");
    host.events();
    let text = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(400));
    let pushes: Vec<_> = (0..4).map(|_| host.hub.push(host.now, "ada", &text).unwrap()).collect();
    let counts: Vec<_> = pushes.iter().map(|push| (push.queued, push.refused)).collect();
    assert_eq!(counts, [(1, 0), (1, 0), (1, 0), (0, 1)]);
    host.drain();
    assert_eq!(host.events(), ["overflowed 1"]);
    host.pass(Duration::from_secs(6));
    assert_eq!(host.events(), ["closed ada 1013 running 0 left 0"]);
}

#[test]
fn or_keeps_its_link_and_loses_the_oldest() {
    let mut config = HubConfig::default();
    config.link.outbox.max_bytes = 1_000;
    config.link.outbox.overflow = Overflow::DropOldest;
    let mut host = Host::with(config);
    let link = host.open("ada");
    for n in 0..5 {
        let text = format!(r#"{{"type":"note","n":{n},"a":"{}"}}"#, "x".repeat(400));
        assert!(host.hub.push(host.now, "ada", &text).unwrap().queued > 0);
    }
    host.drain();
    assert!(host.events().contains(&"overflowed 2".to_owned()));
    let texts = &host.peers[&link].texts;
    assert!(texts[0].contains(r#""n":2"#) && texts[2].contains(r#""n":4"#), "{texts:?}");
}

#[test]
fn held_answers_are_bounded() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","message":"slow"}"#);
    for _ in 0..95 {
        host.say(link, r#"{"type":"chat","agent":"nobody","message":"x"}"#);
    }
    let at_once = host.peers[&link].texts.len();
    assert_eq!(at_once, 95 - 63, "what is beyond twice the bound of requests is not held");
}

#[test]
fn nothing_is_left_when_all_have_gone() {
    let mut config = HubConfig::default();
    config.window.max_entries = 1_024;
    let mut host = Host::with(config);
    let before = host.hub.memory();
    let links: Vec<_> = (0..50).map(|n| host.open(&format!("user-{n}"))).collect();
    for link in &links {
        host.say(*link, r#"{"type":"chat","id":1,"message":"x"}"#);
        host.say(*link, r#"{"type":"chat","message":"y"}"#);
    }
    let full = host.hub.memory();
    for link in links {
        host.cut(link);
    }
    while !host.requests.is_empty() {
        host.reply("done");
    }
    let hub = &host.hub;
    assert_eq!((hub.links(), hub.users(), hub.requests()), (0, 0, 0));
    assert!(hub.memory() < full && full < before + 4_000_000, "{before} {full} {}", hub.memory());
    assert_eq!(host.hub.poll_timeout(), None);
}

#[test]
fn an_idle_link_holds_less_than_2_kib() {
    let mut config = HubConfig::default();
    // The window is one for all, however many links there are.
    config.window.max_entries = 16;
    config.window.max_result_bytes = 0;
    let mut host = Host::with(config);
    const LINKS: usize = 1_000;
    let before = host.hub.memory();
    let links: Vec<_> =
        (0..LINKS).map(|n| host.open(&format!("7b1e0c52-3f4a-4d1b-9a55-{n:012}"))).collect();
    let opened = (host.hub.memory() - before) / LINKS;
    assert!(opened < 2_048, "{opened} bytes a link after the welcome");
    for link in &links {
        host.say(*link, &format!(r#"{{"type":"chat","id":1,"message":"{}"}}"#, "x".repeat(1_500)));
        host.reply("done");
    }
    host.pass(Duration::from_secs(20));
    let idle = host.hub.memory() - before;
    assert!(idle / LINKS < 2_048, "{} bytes a link after a chat and a ping", idle / LINKS);
}

#[test]
fn what_is_too_much_to_write_at_once_comes_in_parts() {
    let mut host = Host::new();
    host.open("ada");
    let text = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(60_000));
    for _ in 0..4 {
        assert!(host.hub.push(host.now, "ada", &text).unwrap().queued > 0);
    }
    let mut parts = Vec::new();
    while let Some(link) = host.hub.poll_writable() {
        let mut out = Vec::new();
        let _ = host.hub.poll_transmit(link, &mut out);
        parts.push(out.len());
    }
    assert!(parts.len() > 1 && parts.iter().sum::<usize>() > 240_000, "{parts:?}");
}
