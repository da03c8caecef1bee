//! Pushes to sessions.

use core::time::Duration;

use super::script::{EPOCH, kind, member};
use crate::hub::tests::support::Host;
use crate::hub::{Event, HubConfig};

const NOTE: &str = r#"{"type":"note","n":1}"#;

#[test]
fn a_push_reaches_links_and_sessions_of_its_user() {
    let mut host = Host::new();
    let (session, _) = host.begin_v1("ada");
    let pam = host.open("ada");
    let (other, _) = host.begin_v1("ben");
    let push = host.hub.push(host.now, "ada", NOTE).unwrap();
    host.drain();
    assert_eq!((push.queued, push.refused), (2, 0));
    assert_eq!(host.text(pam), NOTE);
    let said = host.said_v1(session);
    assert_eq!((said.len(), member(&said[0], "body")), (1, NOTE.to_owned()));
    assert_eq!(kind(&said[0]), "item");
    assert!(host.said_v1(other).is_empty());
    let push = host.hub.broadcast(host.now, NOTE).unwrap();
    host.drain();
    assert_eq!(push.queued, 3);
    assert_eq!((host.said_v1(session).len(), host.said_v1(other).len()), (1, 1));
    let push = host.hub.send(host.now, other, NOTE).unwrap();
    host.drain();
    assert_eq!((push.queued, host.said_v1(other).len()), (1, 1));
}

#[test]
fn a_session_without_a_link_keeps_what_is_pushed() {
    let mut host = Host::new();
    let (link, session) = host.begin_v1("ada");
    host.cut(link);
    let push = host.hub.push(host.now, "ada", NOTE).unwrap();
    assert_eq!((push.queued, push.is_absent()), (1, false));
    // Longer than an item waits by itself.
    host.pass(Duration::from_secs(100));
    let again = host.open_v1("ada");
    let sent = format!(r#"["{EPOCH}",0]"#);
    let open = format!(
        r#"{{"type":"open","session":"{session}","received":["0000000000000000",0],"sent":{sent}}}"#
    );
    host.say(again, &open);
    let said = host.said_v1(again);
    assert_eq!(member(&said[0], "answer"), r#""gap""#, "of another epoch: {said:?}");
    assert_eq!(member(said.last().unwrap(), "body"), NOTE);
    host.cut(again);
    host.pass(Duration::from_secs(121));
    assert!(host.hub.push(host.now, "ada", NOTE).unwrap().is_absent(), "it has ended");
    assert_eq!(host.hub.users(), 0);
}

#[test]
fn a_session_takes_so_much_and_no_larger_push() {
    let mut config = HubConfig::default();
    config.link.frames.max_message = 2 << 20;
    let mut host = Host::with(config);
    let (link, _) = host.begin_v1("ada");
    let large = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat((1 << 20) - 1_000));
    let push = host.hub.push(host.now, "ada", &large).unwrap();
    assert_eq!((push.queued, push.refused), (0, 1), "its peer takes no message as large");
    host.cut(link);
    let text = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(400_000));
    let pushes: Vec<_> = (0..3).map(|_| host.hub.push(host.now, "ada", &text).unwrap()).collect();
    let counts: Vec<_> = pushes.iter().map(|push| (push.queued, push.refused)).collect();
    assert_eq!(counts, [(1, 0), (1, 0), (0, 1)]);
}

#[test]
fn a_push_as_a_link_opens_reaches_its_session() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    let mut frame = Vec::new();
    let open = format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#);
    host.peers.get_mut(&link).unwrap().writer.text(&open, &mut frame).unwrap();
    host.hub.handle_bytes(host.now, link, &frame).unwrap();
    let mut opened = false;
    while let Some(event) = host.hub.poll_event() {
        opened |= matches!(event, Event::Opened { .. });
        if opened {
            break;
        }
    }
    assert!(opened);
    assert_eq!(host.hub.push(host.now, "ada", NOTE).unwrap().queued, 1);
    host.drain();
    let said = host.said_v1(link);
    let kinds: Vec<_> = said.iter().map(|text| kind(text)).collect();
    assert_eq!(kinds, ["opened", "item"]);
}
