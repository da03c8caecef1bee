//! What a user asks in its sessions while an answer to it runs.

use super::script::{EPOCH, kind, member};
use crate::hub::tests::support::Host;
use crate::hub::tests::while_answering::host_of_small_agents;
use crate::hub::{Delivered, HubConfig, LinkId, WhileAnswering};

fn host(while_answering: WhileAnswering) -> Host {
    let mut config = HubConfig::default();
    config.while_answering = while_answering;
    Host::with(config)
}

/// Asks for the stream of this number.
fn ask(host: &mut Host, link: LinkId, number: u64) {
    let body = format!(r#"{{"type":"chat","id":"q-{number}","message":"fuel so far?"}}"#);
    host.request_v1(link, number, &format!("q-{number}"), &body);
}

fn cancel(host: &mut Host, link: LinkId, number: u64, stream: &str) {
    let cancel = format!(
        r#"{{"type":"cancel","at":["{EPOCH}",{number}],"scope":"stream","stream":"{stream}"}}"#
    );
    host.say(link, &cancel);
}

#[test]
fn an_item_is_rejected_while_an_answer_runs_in_either_dialect() {
    let mut host = host(WhileAnswering::Reject);
    let pam = host.open("ada");
    let (link, _) = host.begin_v1("ada");
    host.say(pam, r#"{"type":"chat","id":"p","message":"fuel so far?"}"#);
    ask(&mut host, link, 1);
    let said = host.said_v1(link);
    assert_eq!(member(&said[0], "code"), r#""agent_busy""#, "{said:?}");
    assert_eq!(host.reply("40 liters"), Delivered::Queued(pam));
    host.request_v1(link, 2, "q-1", r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#);
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    assert_eq!(kind(host.said_v1(link).last().unwrap()), "end");
}

#[test]
fn items_wait_for_their_turn_and_their_streams_with_them() {
    let mut host = host(WhileAnswering::Queue);
    let (link, _) = host.begin_v1("ada");
    host.events();
    ask(&mut host, link, 1);
    ask(&mut host, link, 2);
    // Without a stream as well.
    let body = r#"{"type":"chat","id":"q-3","message":"fuel so far?"}"#;
    host.say(link, &format!(r#"{{"type":"item","at":["{EPOCH}",3],"body":{body}}}"#));
    assert_eq!(host.events(), ["request ada -> trips in pieces"]);
    // Longer than the lease of a stream that nobody has claimed.
    for _ in 0..4 {
        host.pass(core::time::Duration::from_secs(10));
        host.say(link, r#"{"type":"heartbeat","channels":[]}"#);
    }
    host.reply("first");
    assert_eq!(host.events(), ["request ada -> trips in pieces"]);
    host.piece("sec");
    host.reply("second");
    assert_eq!(host.events(), ["request ada -> trips"]);
    host.reply("third");
    let said = host.said_v1(link);
    let ends: Vec<_> = said.iter().filter(|text| kind(text) == "end").collect();
    assert_eq!((ends.len(), member(ends[1], "how")), (2, r#""done""#.into()), "{said:?}");
    assert!(said.last().unwrap().contains("third"), "{said:?}");
    assert_eq!((host.hub.requests(), host.events()), (0, vec![]));
}

#[test]
fn what_is_cancelled_in_waiting_is_no_event_and_lets_the_next_come() {
    let mut host = host(WhileAnswering::Queue);
    let (link, _) = host.begin_v1("ada");
    host.events();
    for number in 1..=3 {
        ask(&mut host, link, number);
    }
    cancel(&mut host, link, 4, "q-2");
    assert_eq!((host.events().len(), host.hub.requests()), (1, 2));
    let said = host.said_v1(link);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert_eq!(
        (member(end, "stream"), member(end, "how")),
        (r#""q-2""#.into(), r#""cancelled""#.into())
    );
    // The first is cancelled as well: its answer runs no more, whatever the host still does.
    cancel(&mut host, link, 5, "q-1");
    assert_eq!(host.events(), ["cancelled ada", "request ada -> trips in pieces"]);
    assert_eq!(host.reply("first"), Delivered::Cancelled);
    assert_eq!(host.reply("third"), Delivered::Queued(link));
    assert_eq!(host.hub.requests(), 0);
}

#[test]
fn a_newer_item_takes_the_place_of_what_runs() {
    let mut host = host(WhileAnswering::Replace);
    let (link, _) = host.begin_v1("ada");
    host.events();
    ask(&mut host, link, 1);
    host.piece("40");
    ask(&mut host, link, 2);
    assert_eq!(
        host.events(),
        ["request ada -> trips in pieces", "request ada -> trips in pieces", "cancelled ada"]
    );
    let said = host.said_v1(link);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert_eq!(
        (member(end, "stream"), member(end, "how"), member(end, "code")),
        (r#""q-1""#.into(), r#""failed""#.into(), r#""request_replaced""#.into())
    );
    host.requests.remove(0);
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    let said = host.said_v1(link);
    assert_eq!(member(said.last().unwrap(), "how"), r#""done""#, "{said:?}");
}

#[test]
fn a_stream_that_finds_no_place_in_its_turn_fails_with_why() {
    let mut host = host_of_small_agents(WhileAnswering::Queue);
    let (link, _) = host.begin_v1("ada");
    let ben = host.open("ben");
    host.events();
    let body = |id: u32, agent: &str| {
        format!(r#"{{"type":"chat","id":"q-{id}","message":"fuel?","agent":"{agent}"}}"#)
    };
    host.request_v1(link, 1, "q-1", &body(1, "near"));
    host.request_v1(link, 2, "q-2", &body(2, "far"));
    host.say(ben, &body(1, "far"));
    assert_eq!(host.events(), ["request ada -> near in pieces", "request ben -> far"]);
    host.reply("40 liters");
    assert_eq!((host.events(), host.hub.requests()), (vec![], 1));
    let said = host.said_v1(link);
    let end = said.iter().rfind(|text| kind(text) == "end").unwrap();
    let ended = (member(end, "stream"), member(end, "how"), member(end, "code"));
    let code = r#""agent_busy""#.into();
    assert_eq!(ended, (r#""q-2""#.into(), r#""failed""#.into(), code), "{said:?}");
}
