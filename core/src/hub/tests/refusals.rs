//! What is refused is answered, counted, and forgiven for a while.

use core::time::Duration;

use super::support::Host;
use crate::hub::{HubConfig, UnknownAgent};
use crate::limits::{Rate, RateClass};

#[test]
fn each_kind_of_bad_frame_is_answered_with_its_code() {
    let deep =
        format!(r#"{{"type":"chat","id":"q","message":{}1{}}}"#, "[".repeat(20), "]".repeat(20));
    let long = format!(r#"{{"type":"chat","id":"q","message":"{}"}}"#, "x".repeat(6_000));
    let large = format!(r#"{{"type":"chat","id":"q","a":"{}"}}"#, "x".repeat(70_000));
    let id = format!(r#"{{"type":"chat","id":"{}","message":"x"}}"#, "x".repeat(300));
    for (frame, code) in [
        ("nonsense", "FORMAT_ERROR"),
        ("[1]", "FORMAT_ERROR"),
        (r#"{"message":"x"}"#, "VALIDATION_ERROR"),
        (r#"{"type":7}"#, "VALIDATION_ERROR"),
        (&deep, "MESSAGE_TOO_LARGE"),
        (&long, "VALIDATION_ERROR"),
        (&large, "MESSAGE_TOO_LARGE"),
        (&id, "VALIDATION_ERROR"),
        (r#"{"type":"telepathy","id":"q"}"#, "UNKNOWN_TYPE"),
        (r#"{"type":"chat","id":"q","agent":"nobody","message":"x"}"#, "UNKNOWN_AGENT"),
    ] {
        let mut host = Host::new();
        let link = host.open("ada");
        host.events();
        host.say(link, frame);
        assert_eq!(host.events(), [format!("refused ada {code} false")], "{frame:.60}");
        let error = host.text(link);
        assert!(error.contains(&format!(r#""error_code":"{code}""#)), "{error}");
        assert!(host.requests.is_empty());
        host.say(link, r#"{"type":"chat","id":"next","message":"x"}"#);
        assert_eq!(host.requests.len(), 1, "the link goes on after {frame:.60}");
    }
}

#[test]
fn one_bad_frame_too_many_closes_the_link_with_4003() {
    let mut host = Host::new();
    let link = host.open("ada");
    for n in 0..6 {
        assert_eq!(host.peers[&link].closed, None, "after {n}");
        host.say(link, "nonsense");
    }
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
    assert!(host.events().contains(&"refused ada FORMAT_ERROR true".to_owned()));
}

#[test]
fn refusals_are_forgiven_with_time_but_not_by_a_reconnect() {
    let mut host = Host::new();
    let link = host.open("ada");
    for _ in 0..5 {
        host.say(link, "nonsense");
    }
    host.cut(link);
    let link = host.open("ada");
    host.pass(Duration::from_secs(15));
    host.say(link, "nonsense");
    assert_eq!(host.peers[&link].closed, None, "one was forgiven");
    host.say(link, "nonsense");
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
}

#[test]
fn no_error_overtakes_the_answers_to_a_peer_without_ids() {
    let id = format!(r#"{{"type":"pong","id":"{}"}}"#, "x".repeat(300));
    let large = format!(r#"{{"type":"init","a":"{}"}}"#, "x".repeat(140_000));
    let mut frame = Vec::new();
    for (text, code) in [
        ("nonsense", "FORMAT_ERROR"),
        ("binary", "FORMAT_ERROR"),
        (r#"{"type":"telepathy"}"#, "UNKNOWN_TYPE"),
        (&large, "MESSAGE_TOO_LARGE"),
        (&id, "VALIDATION_ERROR"),
    ] {
        let mut host = Host::new();
        let link = host.open("ada");
        let mut send = |host: &mut Host| {
            let peer = host.peers.get_mut(&link).unwrap();
            frame.clear();
            match text {
                "binary" => peer.writer.binary(&[7], &mut frame).unwrap(),
                _ => peer.writer.text(text, &mut frame).unwrap(),
            }
            host.bytes(link, &frame);
        };
        send(&mut host);
        assert!(host.text(link).contains(code), "nothing is pending: {text:.60}");
        host.say(link, r#"{"type":"chat","id":"q","message":"named"}"#);
        send(&mut host);
        assert!(host.text(link).contains(code), "nothing without an id is pending: {text:.60}");
        host.reply("named");
        host.text(link);
        host.say(link, r#"{"type":"chat","message":"x"}"#);
        send(&mut host);
        assert!(host.peers[&link].texts.is_empty(), "overtakes: {text:.60}");
        host.reply("to x");
        assert!(host.text(link).contains("to x"));
        assert!(host.text(link).contains(code), "{text:.60}");
    }
}

#[test]
fn the_error_before_a_close_waits_for_nothing() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","message":"x"}"#);
    for _ in 0..6 {
        host.say(link, "nonsense");
    }
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
    assert!(host.text(link).contains("FORMAT_ERROR"));
}

#[test]
fn every_class_of_rate_is_used() {
    for class in RateClass::ALL {
        let mut config = HubConfig::default();
        config.accepts = vec!["feedback".to_owned()];
        config.rates = config.rates.with(class, Rate::new(1, Duration::from_secs(60)));
        let mut host = Host::with(config);
        let link = host.open("ada");
        let (frames, taken) = match class {
            RateClass::Connect => (["", ""], 1),
            RateClass::Message => ([r#"{"type":"init"}"#, r#"{"type":"chat","id":1}"#], 1),
            RateClass::Auth => ([r#"{"type":"auth","token":"bad"}"#; 2], 1),
            RateClass::Voice => ([r#"{"type":"voice"}"#; 2], 1),
            RateClass::Feedback => ([r#"{"type":"feedback","message":"good"}"#; 2], 1),
            RateClass::Repeat => ([r#"{"type":"chat","id":"q"}"#; 2], 2),
        };
        let refused = |host: &Host| host.events.iter().any(|it| it.contains("RATE_LIMIT_EXCEEDED"));
        if class == RateClass::Connect {
            let link = host.dial("/api/v1/pam/ws/ada?token=ada");
            assert!(host.text(link).contains("RATE_LIMIT_EXCEEDED"));
        } else {
            for frame in &frames[..taken] {
                host.say(link, frame);
            }
            assert!(!refused(&host), "{class}: {:?}", host.events);
            host.say(link, frames[1]);
            assert!(refused(&host), "{class}: {:?}", host.events);
        }
        assert_eq!(host.hub.metrics.rate_limited.value(class), 1, "{class}");
    }
}

#[test]
fn a_peer_of_the_future_is_not_punished() {
    let mut host = Host::new();
    let link = host.open("ada");
    for _ in 0..50 {
        host.say(link, r#"{"type":"telepathy"}"#);
        assert!(host.text(link).contains("UNKNOWN_TYPE"));
    }
    assert_eq!(host.peers[&link].closed, None);
}

#[test]
fn too_many_messages_are_refused_with_the_time_to_wait_and_then_closed_with_4008() {
    let mut config = HubConfig::default();
    let rate = Rate::new(1, Duration::from_secs(10)).with_burst(2);
    config.rates = config.rates.with(RateClass::Message, rate);
    let mut host = Host::with(config);
    let link = host.open("ada");
    for id in 0..2 {
        host.say(link, &format!(r#"{{"type":"chat","id":{id},"message":"x"}}"#));
    }
    host.pass(Duration::from_secs(4));
    host.say(link, r#"{"type":"chat","id":2,"message":"x"}"#);
    let error = host.text(link);
    assert!(error.contains(r#""retry_after":6"#) && error.contains(r#""reply_to":2"#), "{error}");
    host.pass(Duration::from_secs(6));
    host.say(link, r#"{"type":"chat","id":2,"message":"x"}"#);
    assert_eq!(host.requests.len(), 3, "exactly then it is taken");
    for _ in 0..6 {
        host.say(link, r#"{"type":"chat","message":"x"}"#);
    }
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4008);
}

#[test]
fn pings_and_repeats_cost_nothing_of_the_rate() {
    let mut config = HubConfig::default();
    config.rates = config.rates.with(RateClass::Message, Rate::new(1, Duration::from_secs(3_600)));
    let mut host = Host::with(config);
    let link = host.open("ada");
    for _ in 0..20 {
        host.say(link, r#"{"type":"ping"}"#);
        host.say(link, r#"{"type":"chat","id":1,"message":"x"}"#);
    }
    assert_eq!((host.requests.len(), host.peers[&link].closed.clone()), (1, None));
}

#[test]
fn a_refusal_without_an_id_does_not_overtake_earlier_answers() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","message":"x"}"#);
    host.say(link, r#"{"type":"chat","agent":"nobody","message":"y"}"#);
    host.say(link, r#"{"type":"chat","message":"z"}"#);
    assert!(host.peers[&link].texts.is_empty());
    host.requests.swap(0, 1);
    host.reply("to z");
    host.reply("to x");
    for expected in ["to x", "UNKNOWN_AGENT", "to z"] {
        let text = host.text(link);
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn an_unknown_agent_can_go_to_the_error_handler_of_the_table() {
    let mut config = HubConfig::default();
    config.unknown_agent = UnknownAgent::Route;
    let mut host = Host::with(config);
    let link = host.open("ada");
    host.events();
    host.say(link, r#"{"type":"chat","agent":"nobody","message":"y"}"#);
    assert_eq!(host.events(), ["request ada -> error_handler"]);
}

#[test]
fn a_binary_message_and_a_broken_frame_are_distinguished() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.events();
    host.bytes(link, &[0x82, 0x81, 0, 0, 0, 0, 7]);
    assert_eq!(host.events(), ["refused ada FORMAT_ERROR false"]);
    host.bytes(link, &[0x83, 0x80, 0, 0, 0, 0]);
    assert_eq!(host.events(), ["closed ada 1002 running 0 left 0"]);
    assert_eq!(host.hub.links(), 0);
}
