//! Pushes to sessions.

use core::time::Duration;

use super::script::{EPOCH, kind, member};
use crate::delivery::{Priority, SendOptions};
use crate::envelope::v1::Name;
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

/// The bodies of what a session goes on with over a new link.
fn come_back(host: &mut Host, user: &str, session: &str) -> Vec<String> {
    let link = host.open_v1(user);
    let sent = format!(r#"["{EPOCH}",0]"#);
    let open = format!(
        r#"{{"type":"open","session":"{session}","received":["0000000000000000",0],"sent":{sent}}}"#
    );
    host.say(link, &open);
    let said = host.said_v1(link);
    said.iter().filter(|text| kind(text) == "item").map(|text| member(text, "body")).collect()
}

fn note(number: u32) -> String {
    format!(r#"{{"type":"note","n":{number}}}"#)
}

#[test]
fn a_push_waits_under_its_key_and_in_its_place() {
    let mut host = Host::new();
    let (link, session) = host.begin_v1("ada");
    host.cut(link);
    host.events();
    let keyed = SendOptions { key: Name::new("weather"), ..SendOptions::default() };
    let of = |priority| SendOptions { priority, ..SendOptions::default() };
    let options =
        [of(Priority::Bulk), keyed.clone(), SendOptions::default(), of(Priority::Urgent), keyed];
    for (number, options) in (0..).zip(options) {
        let push = host.hub.push_with(host.now, "ada", &note(number), options).unwrap();
        assert_eq!((push.id.as_u64(), push.queued), (number.into(), 1));
    }
    host.drain();
    assert_eq!(host.events(), ["undelivered 1 ada Expired(Replaced)"]);
    assert_eq!(come_back(&mut host, "ada", &session), [3, 2, 4, 0].map(note));
}

#[test]
fn a_push_waits_for_as_long_as_its_host_says() {
    let mut host = Host::new();
    let (link, session) = host.begin_v1("ada");
    host.cut(link);
    host.events();
    for (number, seconds) in [(0, 5), (1, 50)] {
        let time_to_live = Some(Duration::from_secs(seconds));
        let options = SendOptions { time_to_live, ..SendOptions::default() };
        let _ = host.hub.push_with(host.now, "ada", &note(number), options).unwrap();
    }
    host.pass(Duration::from_secs(4));
    assert_eq!(host.events(), [""; 0]);
    host.pass(Duration::from_secs(2));
    assert_eq!(host.events(), ["undelivered 0 ada Expired(Age)"]);
    assert_eq!(come_back(&mut host, "ada", &session), [note(1)]);
}

#[test]
fn a_push_is_no_answer_and_no_request() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    let (stream, agent) = (Name::new("s"), Name::new("a"));
    let options = SendOptions { stream, agent, ..SendOptions::default() };
    let _ = host.hub.push_with(host.now, "ada", NOTE, options).unwrap();
    host.drain();
    let said = host.said_v1(link);
    assert!(!said[0].contains("stream") && !said[0].contains("agent"), "{said:?}");
}

#[test]
fn what_a_session_does_not_get_is_an_event() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.events();
    let _ = host.hub.push(host.now, "ada", &note(0)).unwrap();
    host.drain();
    let said = host.said_v1(link);
    let at = member(&said[0], "at");
    let reject = format!(r#"{{"type":"reject","at":["{EPOCH}",1],"of":{at},"code":"no_room"}}"#);
    host.say(link, &reject);
    let [rejected] = &host.events()[..] else { panic!("one event") };
    assert!(rejected.starts_with("undelivered 0 ada Rejected"), "{rejected}");
    // What was acknowledged is no event, and what a session takes with it is one for each session.
    let (other, _) = host.begin_v1("ada");
    host.events();
    let _ = host.hub.push(host.now, "ada", &note(1)).unwrap();
    host.drain();
    let last = member(host.said_v1(link).last().unwrap(), "at");
    host.say(link, &format!(r#"{{"type":"ack","received":{last},"sent":["{EPOCH}",1]}}"#));
    host.cut(link);
    host.cut(other);
    let time_to_live = Some(Duration::from_secs(1_000));
    let options = SendOptions { time_to_live, ..SendOptions::default() };
    let _ = host.hub.push_with(host.now, "ada", &note(2), options).unwrap();
    host.events();
    host.pass(Duration::from_secs(200));
    let mut ends = host.events();
    ends.sort();
    assert_eq!(
        ends,
        [
            "undelivered 1 ada Unknown",
            "undelivered 2 ada Expired(SessionEnded)",
            "undelivered 2 ada Expired(SessionEnded)",
        ]
    );
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
