//! What clients without the engine count on.

use core::time::Duration;

use super::support::Host;
use crate::envelope::Envelope;
use crate::hub::Reply;

/// All that a client hears that does everything a client does.
fn session() -> Vec<String> {
    let mut host = Host::new();
    let link = host.dial("/api/v1/pam/ws/ada?token=ada");
    for text in [
        r#"{"type":"init","context":{"userLocation":"-27.4, 153.0"}}"#,
        r#"{"type":"auth","token":"ada"}"#,
        r#"{"type":"ping","timestamp":1772337906790}"#,
        r#"{"type":"pong","timestamp":1772337926.81}"#,
        r#"{"type":"context_update","id":3,"context":{"current_page":"wheels"}}"#,
        r#"{"type":"chat","message":"hi","stream":true,"unheard_of":[1]}"#,
        r#"{"type":"chat","id":"q","content":"a & b < c","timestamp":"2026-03-01T04:05:06"}"#,
        "nonsense",
    ] {
        host.say(link, text);
    }
    for request in host.requests.clone() {
        host.hub.reply(host.now, request, &Reply::text("a & b < c")).unwrap();
    }
    host.drain();
    host.pass(Duration::from_secs(20));
    host.hub.drain(host.now, Duration::ZERO);
    host.drain();
    host.pass(Duration::from_secs(1));
    core::mem::take(&mut host.peers.get_mut(&link).unwrap().texts)
}

#[test]
fn only_answers_and_errors_carry_what_clients_take_for_an_answer() {
    let frames = session();
    let kinds: Vec<_> = frames
        .iter()
        .map(|frame| Envelope::parse(frame, 10).unwrap().kind().as_str().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "connection",
            "pong",
            "context_updated",
            "chat_response",
            "error", // Without an id: in its turn.
            "chat_response",
            "ping",
            "going_away"
        ]
    );
    for frame in &frames {
        let envelope = Envelope::parse(frame, 10).unwrap();
        if matches!(envelope.kind().as_str(), "chat_response" | "error") {
            continue;
        }
        for member in ["message", "content", "response", "text", "error"] {
            assert!(envelope.field(member).is_none(), "{frame}");
        }
    }
}

#[test]
fn text_goes_out_as_the_host_gave_it() {
    let frames = session();
    let answers: Vec<_> = frames.iter().filter(|frame| frame.contains("chat_response")).collect();
    for answer in answers {
        assert!(answer.contains(r#""message":"a & b < c","content":"a & b < c""#), "{answer}");
        assert!(answer.contains(r#""ui_actions":[]"#) && answer.contains(r#""error":false"#));
    }
}

#[test]
fn a_client_that_talks_is_pinged_too_at_least_every_25_seconds() {
    let mut host = Host::new();
    let link = host.open("ada");
    for _ in 0..60 {
        host.pass(Duration::from_secs(1));
        host.say(link, r#"{"type":"pong"}"#);
    }
    let texts = &host.peers[&link].texts;
    assert_eq!(texts.len(), 3, "{texts:?}");
    assert!(texts.iter().all(|text| text.starts_with(r#"{"type":"ping","timestamp":""#)));
}

#[test]
fn any_frame_is_life() {
    let mut host = Host::new();
    let link = host.open("ada");
    for _ in 0..40 {
        host.pass(Duration::from_secs(9));
        host.say(link, r#"{"type":"init"}"#);
    }
    assert!(host.peers[&link].closed.is_none());
}

#[test]
fn every_welcome_names_the_same_memory() {
    let mut host = Host::new();
    let mut epoch = |user: &str| {
        let link = host.dial(&format!("/api/v1/pam/ws/{user}?token={user}"));
        let welcome = host.text(link);
        let envelope = Envelope::parse(&welcome, 10).unwrap();
        envelope.field("epoch").and_then(|epoch| epoch.text()).unwrap().as_ref().to_owned()
    };
    let first = epoch("ada");
    assert!(first.len() >= 16, "{first}");
    assert_eq!(epoch("ben"), first);
}

#[test]
fn a_ping_of_the_protocol_is_answered_though_nothing_else_is_to_be_said() {
    let mut host = Host::new();
    let link = host.open("ada");
    let mut ping = Vec::new();
    host.peers.get_mut(&link).unwrap().writer.ping(b"still there?", &mut ping).unwrap();
    host.bytes(link, &ping);
    assert_eq!(host.peers[&link].pongs, [b"still there?"]);
}
