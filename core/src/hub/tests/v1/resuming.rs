//! Sessions over one link after the other.

use core::time::Duration;

use super::script::{EPOCH, kind, member};
use crate::hub::Delivered;
use crate::hub::tests::support::Host;

const ASK: &str = r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#;

/// The `open` of a session that goes on and of a stream in it.
fn resume(session: &str, from: &str, at: &str, offset: u64) -> String {
    format!(
        r#"{{"type":"open","session":"{session}","received":{from},"sent":["{EPOCH}",1],"follow":[{{"stream":"q-1","received":{at},"offset":{offset}}}]}}"#
    )
}

#[test]
fn an_answer_goes_on_in_the_middle_after_a_cut() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    host.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
    let opened = host.text(link);
    let (session, from) = (member(&opened, "session"), member(&opened, "from"));
    let session = session.trim_matches('"');
    host.request_v1(link, 1, "q-1", ASK);
    host.piece("40 liters");
    host.pass(Duration::from_millis(40));
    let at = member(&host.said_v1(link)[0], "at");
    host.cut(link);
    assert_eq!(host.events().last().unwrap(), "closed ada 1006 running 0 left 0");
    assert_eq!(host.piece(" since"), Delivered::Kept);
    host.pass(Duration::from_secs(30));

    let again = host.open_v1("ada");
    host.say(again, &resume(session, &from, &at, 9));
    let said = host.said_v1(again);
    assert_eq!(member(&said[0], "answer"), r#""resumed""#, "{said:?}");
    assert_eq!(member(&said[0], "received"), format!(r#"["{EPOCH}",1]"#));
    let pieces: Vec<_> = said.iter().filter(|text| kind(text) == "piece").collect();
    let [piece] = &*pieces else { panic!("{said:?}") };
    assert_eq!(
        (member(piece, "offset"), member(piece, "append")),
        ("9".into(), r#"" since""#.into())
    );
    assert_eq!(host.reply("40 liters since"), Delivered::Queued(again));
    let said = host.said_v1(again);
    assert_eq!(member(&said[0], "how"), r#""done""#, "{said:?}");
}

#[test]
fn an_answer_that_ended_without_a_link_is_kept() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    host.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
    let opened = host.text(link);
    let (session, from) = (member(&opened, "session"), member(&opened, "from"));
    host.request_v1(link, 1, "q-1", ASK);
    host.cut(link);
    assert_eq!(host.reply("40 liters"), Delivered::Kept);
    assert_eq!((host.hub.requests(), host.hub.users()), (0, 0));
    let again = host.open_v1("ada");
    let start = r#"["c1a5e00000000001",0]"#;
    host.say(again, &resume(session.trim_matches('"'), &from, start, 0));
    let said = host.said_v1(again);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert!(member(end, "body").contains("40 liters"), "{end}");
}

#[test]
fn a_session_belongs_to_its_user_alone() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    host.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
    let opened = host.text(link);
    let (session, from) = (member(&opened, "session"), member(&opened, "from"));
    let other = host.open_v1("eve");
    host.say(other, &resume(session.trim_matches('"'), &from, &from, 0));
    let said = host.said_v1(other);
    assert_eq!(member(&said[0], "answer"), r#""unknown""#, "{said:?}");
    assert!(host.said_v1(link).is_empty());
}

#[test]
fn a_session_that_is_opened_elsewhere_leaves_its_link() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    host.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
    let opened = host.text(link);
    let (session, from) = (member(&opened, "session"), member(&opened, "from"));
    host.request_v1(link, 1, "q-1", ASK);
    let other = host.open_v1("ada");
    let start = r#"["c1a5e00000000001",0]"#;
    host.say(other, &resume(session.trim_matches('"'), &from, start, 0));
    let said = host.said_v1(link);
    assert_eq!(said, [r#"{"type":"closed","code":"superseded"}"#]);
    assert!(member(&host.said_v1(other)[0], "answer").contains("resumed"));
    assert_eq!(host.reply("40 liters"), Delivered::Queued(other));
    assert_eq!(kind(host.said_v1(other).last().unwrap()), "end");
    assert!(host.said_v1(link).is_empty());
    assert!(host.peers[&link].closed.is_none(), "nothing else of the link is harmed");
}

#[test]
fn an_end_that_the_next_link_does_not_take_goes_without_its_body() {
    let mut host = Host::new();
    let (link, session) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.cut(link);
    assert_eq!(host.reply(&"x".repeat(300_000)), Delivered::Kept);
    let again = host.dial_v1("ada");
    host.say(again, &super::script::hello("ada").replace("1048576", "524288"));
    host.text(again);
    let none = r#"["0000000000000000",0]"#;
    host.say(again, &resume(&session, none, none, 0));
    let said = host.said_v1(again);
    let end = said.iter().find(|text| kind(text) == "end").unwrap();
    assert_eq!(
        (member(end, "how"), member(end, "code")),
        (r#""failed""#.into(), r#""too_large""#.into())
    );
    assert!(!end.contains("body") && host.peers[&again].closed.is_none());
}
