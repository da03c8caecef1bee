//! What is asked in sessions, and its answers.

use core::time::Duration;

use super::script::{EPOCH, kind, member};
use crate::hub::tests::metrics::counts;
use crate::hub::tests::support::Host;
use crate::hub::{Delivered, HubConfig};

const ASK: &str = r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#;

#[test]
fn a_request_grows_as_a_stream_and_ends_with_its_answer() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.events();
    host.request_v1(link, 1, "q-1", ASK);
    assert_eq!(host.events(), ["request ada -> trips in pieces"]);
    assert_eq!(host.piece("40 liters"), Delivered::Queued(link));
    host.pass(Duration::from_millis(40));
    let said = host.said_v1(link);
    let [piece] = &*said else { panic!("{said:?}") };
    assert_eq!(member(piece, "append"), r#""40 liters""#);
    assert_eq!(host.piece(" since Monday"), Delivered::Queued(link));
    assert_eq!(host.reply("40 liters since Monday"), Delivered::Queued(link));
    let said = host.said_v1(link);
    let [piece, end] = &*said else { panic!("{said:?}") };
    assert_eq!(member(piece, "append"), r#"" since Monday""#);
    assert_eq!((member(end, "how"), member(end, "offset")), (r#""done""#.into(), "22".into()));
    let body = member(end, "body");
    assert!(body.contains(r#""message":"40 liters since Monday""#), "{body}");
    assert!(body.contains(r#""type":"chat_response""#) && body.contains(r#""reply_to":"q-1""#));
    assert_eq!(host.hub.requests(), 0);
}

#[test]
fn an_item_without_a_stream_is_answered_by_an_item() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    let item = format!(r#"{{"type":"item","at":["{EPOCH}",1],"body":{ASK}}}"#);
    host.say(link, &item);
    assert_eq!(host.events().last().unwrap(), "request ada -> trips");
    assert_eq!(host.piece("40"), Delivered::Whole, "nobody takes pieces");
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    let said = host.said_v1(link);
    let [answer] = &*said else { panic!("{said:?}") };
    assert_eq!(member(answer, "of"), format!(r#"["{EPOCH}",1]"#));
    assert!(member(answer, "body").contains("40 liters"), "{answer}");
}

#[test]
fn a_request_without_a_reply_times_out() {
    let mut config = HubConfig::default();
    config.request_timeout = Duration::from_secs(20);
    let mut host = Host::with(config);
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.events();
    host.pass(Duration::from_secs(20));
    assert_eq!(host.events(), ["expired ada"]);
    let said = host.said_v1(link);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert_eq!(member(end, "how"), r#""timed_out""#);
    assert!(member(end, "body").contains("REQUEST_EXPIRED"), "{end}");
}

#[test]
fn a_cancel_ends_the_stream_and_the_reply_says_so() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.piece("40 liters");
    host.pass(Duration::from_millis(40));
    host.events();
    host.said_v1(link);
    let cancel =
        format!(r#"{{"type":"cancel","at":["{EPOCH}",2],"scope":"stream","stream":"q-1"}}"#);
    host.say(link, &cancel);
    assert_eq!(host.events(), ["cancelled ada"]);
    let said = host.said_v1(link);
    let [result, end] = &*said else { panic!("{said:?}") };
    let results = r#"[{"stream":"q-1","outcome":"cancelled","offset":9}]"#;
    assert_eq!(member(result, "results"), results);
    assert_eq!(member(end, "how"), r#""cancelled""#);
    assert_eq!(host.piece(" since"), Delivered::Cancelled);
    assert_eq!(host.hub.requests(), 1, "the host is at work still");
    assert_eq!(host.reply("40 liters"), Delivered::Cancelled);
    assert_eq!((host.hub.requests(), host.said_v1(link)), (0, vec![]));
}

#[test]
fn a_refused_item_is_rejected_and_may_come_again_under_its_name() {
    let mut config = HubConfig::default();
    config.max_requests_per_link = 1;
    let mut host = Host::with(config);
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.request_v1(link, 2, "q-2", r#"{"type":"chat","id":"q-2","message":"and oil?"}"#);
    assert_eq!(host.events().last().unwrap(), "refused ada AGENT_BUSY false");
    let said = host.said_v1(link);
    let [reject] = &*said else { panic!("{said:?}") };
    assert_eq!(kind(reject), "reject");
    assert_eq!(member(reject, "of"), format!(r#"["{EPOCH}",2]"#));
    assert_eq!(member(reject, "code"), r#""agent_busy""#);
    assert_eq!(member(reject, "retry_after"), "1000");
    host.reply("40 liters");
    host.said_v1(link);
    host.request_v1(link, 3, "q-2", r#"{"type":"chat","id":"q-2","message":"and oil?"}"#);
    assert_eq!(host.events().last().unwrap(), "request ada -> chat in pieces");
    host.reply("none");
    let said = host.said_v1(link);
    assert!(said.last().unwrap().contains(r#""stream":"q-2""#), "{said:?}");
}

#[test]
fn a_repeat_in_either_dialect_gets_the_first_answer() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    let pam = host.open("ada");
    host.events();
    host.request_v1(link, 1, "q-1", ASK);
    host.say(pam, ASK);
    host.request_v1(link, 2, "q-1-again", ASK);
    assert_eq!(
        host.events(),
        ["request ada -> trips in pieces", "duplicate ada Running", "duplicate ada Running"]
    );
    // Longer than the lease of a stream that nobody has claimed.
    for _ in 0..5 {
        host.pass(Duration::from_secs(10));
        host.say(link, r#"{"type":"heartbeat","channels":[]}"#);
        host.say(pam, r#"{"type":"pong"}"#);
    }
    host.said_v1(link);
    let texts = &mut host.peers.get_mut(&pam).unwrap().texts;
    texts.clear();
    host.piece("40");
    host.reply("40 liters");
    let answer = host.text(pam);
    assert!(answer.contains(r#""message":"40 liters""#), "{answer}");
    let said = host.said_v1(link);
    let ends: Vec<_> = said.iter().filter(|text| kind(text) == "end").collect();
    assert_eq!(ends.len(), 2, "{said:?}");
    assert!(ends.iter().all(|end| member(end, "body") == answer), "{ends:?}");
    host.request_v1(link, 3, "q-1-late", ASK);
    let said = host.said_v1(link);
    assert_eq!(member(&said[0], "body"), answer, "{said:?}");
    let answered = host.events().last().unwrap().clone();
    assert_eq!(answered, "duplicate ada Answered");
    let duplicates = counts(&host, "pamlink_duplicates_total");
    assert_eq!(duplicates, [("attached".to_owned(), 2), ("repeated".to_owned(), 1)]);
}

#[test]
fn a_link_is_given_no_more_than_little_at_once_and_all_in_the_end() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    let text = "forty liters ".repeat(4_000);
    for _ in 0..2 {
        let piece = &text[..text.len() / 2];
        let _ = host.hub.piece(host.now, host.requests[0], piece).unwrap();
        while host.hub.poll_event().is_some() {}
    }
    let mut out = Vec::new();
    let written = host.hub.poll_transmit(link, &mut out);
    assert!(written.written < 34_000 && written.more, "{written:?}");
    // A host that asks as long as there is more gets everything.
    while host.hub.poll_transmit(link, &mut out).more {}
    assert!(out.len() > text.len(), "{}", out.len());
}

#[test]
fn the_agent_of_an_item_comes_before_that_of_its_body() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    for (number, agent, body, chosen) in [
        (1, r#""agent":"health","#, r#"{"type":"chat","id":1,"message":"my budget"}"#, "health"),
        (2, r#""agent":"health","#, r#"{"type":"chat","id":2,"agent":"finance"}"#, "health"),
        (3, "", r#"{"type":"chat","id":3,"agent":"finance"}"#, "finance"),
    ] {
        let item = format!(
            r#"{{"type":"item","at":["{EPOCH}",{number}],"stream":"q-{number}",{agent}"body":{body}}}"#
        );
        host.say(link, &item);
        let wanted = format!("request ada -> {chosen} in pieces");
        assert_eq!(host.events().last().unwrap(), &wanted, "{item}");
    }
}

#[test]
fn an_answer_that_sessions_do_not_take_fails_with_its_reason() {
    let mut config = HubConfig::default();
    config.sessions.streams.body_bytes = 1_000;
    let mut host = Host::with(config);
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    assert_eq!(host.reply(&"x".repeat(1_000)), Delivered::TooLarge);
    let said = host.said_v1(link);
    assert_eq!(member(&said[0], "code"), r#""message_too_large""#, "{said:?}");
    assert!(member(&said[0], "body").contains("MESSAGE_TOO_LARGE"), "{said:?}");
    host.request_v1(link, 2, "q-2", r#"{"type":"chat","id":"q-2","message":"x"}"#);
    assert_eq!(host.reply("short"), Delivered::Queued(link));
}

#[test]
fn a_request_is_cancelled_once_nobody_waits_for_it() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.request_v1(link, 2, "q-1-again", ASK);
    host.piece("40");
    host.events();
    let cancel = |number: u64, stream: &str| {
        format!(
            r#"{{"type":"cancel","at":["{EPOCH}",{number}],"scope":"stream","stream":"{stream}"}}"#
        )
    };
    host.say(link, &cancel(3, "q-1"));
    assert!(host.events().is_empty(), "the repeat waits");
    assert_eq!(host.piece(" liters"), Delivered::Whole);
    host.said_v1(link);
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    let said = host.said_v1(link);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(member(&said[0], "stream"), r#""q-1-again""#);

    let other = r#"{"type":"chat","id":"q-2","message":"and oil?"}"#;
    let pam = host.open("ada");
    host.request_v1(link, 4, "q-2", other);
    host.say(pam, other);
    host.events();
    host.say(link, &cancel(5, "q-2"));
    assert!(host.events().is_empty(), "a link waits");
    assert_eq!(host.reply("none"), Delivered::Queued(pam));
    assert!(host.text(pam).contains("none"));
}
