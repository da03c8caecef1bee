//! Answers that come in pieces, to those who ask for them.

use super::metrics::counts;
use super::support::{Host, START};
use crate::envelope::Envelope;
use crate::hub::{Delivered, HubConfig, LinkId, Reply, RequestId};
use crate::link::Overflow;

const ASK: &str = r#"{"type":"chat","id":"q","stream":true,"message":"a story"}"#;

/// The types of what a peer has read and nobody has looked at.
fn kinds(host: &Host, link: LinkId) -> Vec<String> {
    let texts = host.peers[&link].texts.iter();
    texts.map(|text| Envelope::parse(text, 10).unwrap().kind().to_string()).collect()
}

#[test]
fn pieces_come_before_the_answer_and_name_their_request() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    assert_eq!(host.events().last().unwrap(), "request ada -> chat in pieces");
    assert_eq!(host.piece("once \"upon\""), Delivered::Queued(link));
    assert_eq!(host.piece(" a time"), Delivered::Queued(link));
    assert_eq!(host.hub.requests(), 1, "it is running still");
    let time = format!(r#""timestamp":"{}""#, "2027-01-15T08:00:00.000Z");
    assert_eq!(host.now.wall.as_unix_secs(), START);
    for content in [r#"once \"upon\""#, " a time"] {
        let delta = format!(
            r#"{{"type":"chat_response_delta","content":"{content}",{time},"reply_to":"q"}}"#
        );
        assert_eq!(host.text(link), delta);
    }
    assert_eq!(host.reply("once upon a time"), Delivered::Queued(link));
    let answer = host.text(link);
    assert!(answer.contains(r#""message":"once upon a time""#), "the whole answer: {answer}");
    assert!(answer.contains(r#""reply_to":"q""#), "{answer}");
    let sent = counts(&host, "websocket_messages_total");
    assert!(sent.contains(&("chat_response_delta outbound".to_owned(), 2)), "{sent:?}");
}

#[test]
fn without_an_id_or_stream_nobody_gets_a_piece() {
    let mut host = Host::new();
    let link = host.open("ada");
    for request in [
        r#"{"type":"chat","message":"x","stream":true}"#,
        r#"{"type":"chat","message":"x","stream":true,"id":null}"#,
        r#"{"type":"chat","message":"x","id":1}"#,
        r#"{"type":"chat","message":"\"stream\":true","id":2}"#,
        r#"{"type":"chat","message":"x","id":3,"stream":false}"#,
        r#"{"type":"chat","message":"x","id":4,"stream":"true"}"#,
        r#"{"type":"chat","message":"x","id":5,"stream":1}"#,
        r#"{"type":"chat","message":"x","id":6,"context":{"stream":true}}"#,
        r#"{"type":"chat","message":"x","id":7,"stream":true,"stream":false}"#,
    ] {
        host.say(link, request);
        assert_eq!(host.events().last().unwrap(), "request ada -> chat", "{request}");
        assert_eq!(host.piece("y"), Delivered::Whole, "{request}");
        host.reply("yz");
        assert_eq!(kinds(&host, link), ["chat_response"], "{request}");
        host.text(link);
    }
    let sent = counts(&host, "websocket_messages_total");
    assert!(!sent.iter().any(|(labels, _)| labels.contains("delta")), "{sent:?}");
}

#[test]
fn any_request_may_ask_for_pieces_however_it_spells_that() {
    let mut host = Host::new();
    let link = host.open("ada");
    let members: String = (0..20).map(|n| format!(r#""m{n}":{n},"#)).collect();
    for (id, request) in [
        r#"{"type":"chat","id":0,"stream":false,"stream":true}"#.to_owned(),
        r#"{"type":"message","id":1,"str\u0065am" : true }"#.to_owned(),
        format!(r#"{{{members}"type":"voice","id":2,"stream":true}}"#),
    ]
    .iter()
    .enumerate()
    {
        host.say(link, request);
        assert_eq!(host.piece("y"), Delivered::Queued(link), "{request}");
        assert!(host.text(link).contains(&format!(r#""reply_to":{id}}}"#)), "{request}");
        host.reply("yz");
        host.text(link);
    }
}

#[test]
fn a_link_that_takes_a_request_over_never_gets_the_middle_of_an_answer() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.piece("once ");
    host.cut(link);
    let again = host.open("ada");
    host.say(again, ASK);
    assert_eq!(host.events().last().unwrap(), "duplicate ada Running");
    assert_eq!(host.piece("upon "), Delivered::Whole);
    assert_eq!(host.reply("once upon a time"), Delivered::Queued(again));
    assert_eq!(kinds(&host, again), ["chat_response"]);
    let answer = host.text(again);
    host.cut(again);
    let last = host.open("ada");
    host.say(last, ASK);
    assert_eq!(host.text(last), answer, "the whole answer alone is kept");
    assert!(host.peers[&last].texts.is_empty());
}

#[test]
fn a_link_that_takes_a_request_over_before_its_first_piece_gets_them_all() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.cut(link);
    let again = host.open("ada");
    host.say(again, ASK);
    assert_eq!(host.piece("once "), Delivered::Queued(again));
    host.say(again, ASK);
    assert_eq!(host.piece("upon "), Delivered::Queued(again), "it has missed nothing");
    // Whether there are pieces is the wish of who sent the request last.
    host.say(again, r#"{"type":"chat","id":"q","message":"a story"}"#);
    assert_eq!(host.piece("a time"), Delivered::Whole);
    host.reply("once upon a time");
    let expected = ["chat_response_delta", "chat_response_delta", "chat_response"];
    assert_eq!(kinds(&host, again), expected);
}

#[test]
fn a_piece_for_a_link_that_has_ended_is_not_kept() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.cut(link);
    assert_eq!(host.piece("once "), Delivered::Kept);
    let again = host.open("ada");
    host.say(again, ASK);
    assert!(host.peers[&again].texts.is_empty());
    assert_eq!(host.piece("upon "), Delivered::Whole, "the beginning is missing");
    assert_eq!(host.reply("once upon a time"), Delivered::Queued(again));
    assert_eq!(kinds(&host, again), ["chat_response"]);
}

#[test]
fn after_a_piece_that_does_not_fit_there_are_no_more_but_the_answer_comes() {
    let mut config = HubConfig::default();
    config.link.outbox.max_bytes = 500;
    config.link.outbox.overflow = Overflow::Reject;
    let mut host = Host::with(config);
    let link = host.open("ada");
    host.say(link, ASK);
    assert_eq!(host.piece("once "), Delivered::Queued(link));
    // Two messages wait that were not written yet.
    let note = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(400));
    assert_eq!([(); 2].map(|()| host.hub.push(host.now, "ada", &note).unwrap().queued), [1, 1]);
    assert_eq!(host.piece(&"x".repeat(100)), Delivered::Refused(link));
    assert_eq!(host.piece("upon "), Delivered::Whole, "a gap would show");
    assert_eq!(host.reply("once upon a time"), Delivered::Queued(link));
    assert_eq!(kinds(&host, link), ["chat_response_delta", "note", "note", "chat_response"]);
}

#[test]
fn only_a_running_request_takes_pieces() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    let request = host.requests[0];
    host.reply("the end");
    for request in [request, RequestId::from_u64(77)] {
        assert!(host.hub.piece(host.now, request, "more").is_err());
        assert!(host.hub.reply(host.now, request, &Reply::text("more")).is_err());
    }
    host.drain();
    assert_eq!(kinds(&host, link), ["chat_response"]);
}

#[test]
fn half_a_character_at_the_end_of_a_piece_waits_for_the_other_half() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    let (now, request) = (host.now, host.requests[0]);
    // As a host whose strings are UTF-16 hands over an emoji that is cut in two.
    for piece in [&b"so \xed\xa0\xbd"[..], b"", b"\xed\xb8\x80!", b"\xed\xa0\xbd"] {
        let delivered = host.hub.piece_wtf8(now, request, piece).unwrap();
        assert_eq!(delivered, Delivered::Queued(link));
    }
    host.drain();
    host.reply("so 😀!");
    let texts = host.peers[&link].texts.join("\n");
    assert!(
        texts.contains(r#""content":"so ""#) && texts.contains(r#""content":"😀!""#),
        "{texts}"
    );
    assert!(!texts.contains('\u{fffd}'), "{texts}");
}
