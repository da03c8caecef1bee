//! Peers that mean harm, and crowds of them.

use core::time::Duration;

use super::support::Host;
use crate::frame::MessageKind;
use crate::hub::{Auth, HubConfig, LinkId};
use crate::metrics::SampleValue;

/// A piece of a message that never ends, masked.
fn piece(host: &mut Host, link: LinkId, len: usize) -> Vec<u8> {
    let mut frame = Vec::new();
    let writer = &mut host.peers.get_mut(&link).unwrap().writer;
    writer.fragment(MessageKind::Binary, false, &vec![7; len], &mut frame).unwrap();
    frame
}

#[test]
fn whoever_is_not_let_in_cannot_make_the_hub_hold_a_message() {
    let mut host = Host::new();
    let link = host.dial("/api/v1/pam/ws/ada?token=bad");
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4001);
    let before = host.hub.memory();
    for _ in 0..16 {
        let frame = piece(&mut host, link, 60_000);
        for part in frame.chunks(8_192) {
            host.bytes(link, part);
        }
    }
    let held = host.hub.memory() - before;
    assert!(held < 64 * 1_024, "{held} bytes for a peer without a token");
    // Its close frame is still read.
    let mut close = Vec::new();
    let writer = &mut host.peers.get_mut(&link).unwrap().writer;
    writer.close(crate::frame::CloseCode::NORMAL, "", &mut close).unwrap();
    host.bytes(link, &close);
    assert_eq!(host.events().last().unwrap(), "closed  4001 running 0 left 0");
    assert!(host.peers[&link].transport_closed);
}

#[test]
fn a_message_in_pieces_is_let_go_when_its_link_begins_to_close() {
    let mut host = Host::new();
    let link = host.open("ada");
    let half = piece(&mut host, link, 50_000);
    host.bytes(link, &half);
    let now = host.now;
    host.hub.disconnect(now, link, crate::frame::CloseCode::GOING_AWAY, "");
    host.drain();
    let (before, more) = (host.hub.memory(), piece(&mut host, link, 900_000));
    for part in more.chunks(8_192) {
        host.bytes(link, part);
    }
    assert!(host.hub.memory() <= before);
}

#[test]
fn little_may_come_ahead_of_the_verdict_on_a_token() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=ada");
    let frame = piece(&mut host, link, 60_000);
    for part in frame.chunks(8_192) {
        host.bytes(link, part);
    }
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1008);
    host.pass(Duration::from_secs(5));
    assert_eq!(host.events().last().unwrap(), "closed  1008 running 0 left 0");
}

#[test]
fn a_new_link_in_the_place_of_one_that_was_listed_is_served_once() {
    let mut host = Host::new();
    let now = host.now;
    for round in 0..50 {
        let old = host.open(&format!("old-{round}"));
        // It has something to write and something to read, and ends before either is looked at.
        let _ = host.hub.send(now, old, r#"{"type":"alert"}"#).unwrap();
        host.hub.handle_closed(now, old);
        while host.hub.poll_event().is_some() {}
        let new = host.open(&format!("new-{round}"));
        host.events();
        host.say(new, r#"{"type":"chat","id":1,"message":"hello"}"#);
        assert_eq!(host.events(), [format!("request new-{round} -> chat")]);
        let request = host.requests.pop().unwrap();
        host.hub.reply(now, request, &crate::hub::Reply::Raw(r#"{"type":"x"}"#)).unwrap();
        host.drain();
        assert_eq!(host.text(new), r#"{"type":"x","reply_to":1}"#);
    }
    assert_eq!(host.hub.links(), 50);
}

#[test]
fn repeats_without_ids_take_no_more_places_than_requests() {
    let mut config = HubConfig::default();
    config.window.content_age = Some(Duration::from_secs(60));
    config.max_requests_per_link = 4;
    config.max_requests = 100;
    let mut host = Host::with(config);
    let link = host.open("ada");
    for _ in 0..200 {
        host.say(link, r#"{"type":"chat","message":"again"}"#);
    }
    assert_eq!(host.hub.requests(), 4);
    let other = host.open("ben");
    host.events();
    host.say(other, r#"{"type":"chat","message":"me too"}"#);
    assert_eq!(host.events(), ["request ben -> chat"]);
}

#[test]
fn pings_of_the_protocol_are_counted_and_answered_once_a_look() {
    let mut host = Host::new();
    let link = host.open("ada");
    let mut flood = Vec::new();
    let writer = &mut host.peers.get_mut(&link).unwrap().writer;
    for _ in 0..10_000 {
        writer.pong(b"", &mut flood).unwrap();
    }
    host.bytes(link, &flood);
    let snapshot = host.hub.metrics();
    let samples = &snapshot.family("pamlink_pongs_total").unwrap().samples;
    let inbound = samples.iter().find(|it| it.labels[0].1 == "inbound").unwrap();
    assert_eq!(inbound.value, SampleValue::Counter(10_000));
    assert_eq!(inbound.labels[0].1, "inbound");
}
