//! What goes out unasked.

use super::support::Host;
use crate::frame::CloseCode;
use crate::link::Gather;

const NOTE: &str = r#"{"type":"timer_expired","timer_id":"t","label":"tea"}"#;

#[test]
fn a_push_reaches_all_devices_of_its_user_and_nobody_else() {
    let mut host = Host::new();
    let devices = [host.open("ada"), host.open("ada"), host.open("ada")];
    let ben = host.open("ben");
    let push = host.hub.push(host.now, "ada", NOTE).unwrap();
    assert_eq!((push.queued, push.refused), (3, 0));
    host.drain();
    for device in devices {
        assert_eq!(host.text(device), NOTE);
    }
    assert!(host.peers[&ben].texts.is_empty());
}

#[test]
fn a_push_to_an_absent_user_is_reported_as_such() {
    let mut host = Host::new();
    assert!(host.hub.push(host.now, "ada", NOTE).unwrap().is_absent());
    let link = host.open("ada");
    host.cut(link);
    assert!(host.hub.push(host.now, "ada", NOTE).unwrap().is_absent());
    assert!(host.hub.send(host.now, link, NOTE).unwrap().is_absent());
}

#[test]
fn a_user_with_a_running_request_and_no_link_is_absent() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":1,"message":"x"}"#);
    host.cut(link);
    assert!(host.hub.push(host.now, "ada", NOTE).unwrap().is_absent());
}

#[test]
fn a_broadcast_reaches_every_welcomed_link() {
    let mut host = Host::new();
    let links = [host.open("ada"), host.open("ben"), host.open("ada")];
    let refused = host.dial("/api/v1/pam/ws/eve?token=bad");
    let push = host.hub.broadcast(host.now, NOTE).unwrap();
    assert_eq!((push.queued, push.refused), (3, 0));
    host.drain();
    for link in links {
        assert_eq!(host.text(link), NOTE);
    }
    assert!(host.peers[&refused].texts.is_empty());
}

#[test]
fn what_is_no_envelope_is_not_pushed() {
    let mut host = Host::new();
    host.open("ada");
    for text in ["", "{", r#"{"message":"x"}"#, "[]"] {
        assert!(host.hub.push(host.now, "ada", text).is_err(), "{text}");
    }
}

#[test]
fn a_user_can_be_disconnected_from_all_devices() {
    let mut host = Host::new();
    let links = [host.open("ada"), host.open("ada")];
    let ben = host.open("ben");
    let code = CloseCode::new(4003);
    assert_eq!(host.hub.disconnect_user(host.now, "ada", code, "blocked"), 2);
    host.drain();
    for link in links {
        assert_eq!(host.peers[&link].closed, Some((4003, "blocked".to_owned())));
    }
    assert_eq!(host.peers[&ben].closed, None);
}

#[test]
fn a_large_push_is_the_same_memory_for_all_links() {
    let mut host = Host::new();
    let links = [host.open("ada"), host.open("ada")];
    let large = format!(r#"{{"type":"briefing","payload":"{}"}}"#, "x".repeat(200_000));
    for note in [NOTE, &large, NOTE] {
        assert_eq!(host.hub.push(host.now, "ada", note).unwrap().queued, 2);
    }
    let mut waiting = [Gather::default(), Gather::default()];
    for (link, waiting) in links.into_iter().zip(&mut waiting) {
        // A note, and the large one: that is enough for once.
        let transmit = host.hub.poll_transmit_vectored(link, waiting);
        assert_eq!((transmit.written, transmit.more), (waiting.len(), true));
        assert!(!host.hub.poll_transmit_vectored(link, waiting).more);
    }
    let [one, two] = waiting.each_ref().map(|gather| gather.slices().collect::<Vec<_>>());
    assert_eq!(one, two);
    assert_eq!(
        one.iter().map(|slice| slice.len()).collect::<Vec<_>>(),
        [NOTE.len() + 2 + 10, large.len(), NOTE.len() + 2],
        "the header of the large one is beside the note"
    );
    assert_eq!(one[1].as_ptr(), two[1].as_ptr());
    assert_ne!(one[0].as_ptr(), two[0].as_ptr());
}
