//! Where exactly the limits are, and which of them end a link with which code.

use core::time::Duration;

use super::support::Host;
use crate::frame::Writer;
use crate::hub::{HubConfig, LinkId};
use crate::limits::{Rate, RateClass};
use crate::seed::Seed;

fn code(host: &Host, link: LinkId) -> Option<u16> {
    host.peers[&link].closed.as_ref().map(|(code, _)| *code)
}

/// Says a text and reads the error that answers it.
fn refused(host: &mut Host, link: LinkId, text: &str) -> String {
    host.say(link, text);
    let error = host.text(link);
    assert!(error.starts_with(r#"{"type":"error","message":""#), "{error}");
    error
}

#[test]
fn each_limit_is_exact_and_has_its_code() {
    let mut config = HubConfig::default();
    config.max_violations = 100;
    let mut host = Host::with(config);
    let link = host.open("ada");
    let long = |name: &str, len| format!(r#"{{"type":"chat","{name}":"{}"}}"#, "x".repeat(len));
    let wide = |name, len| format!(r#"{{"type":"chat","{name}":["{}"]}}"#, "x".repeat(len));
    let large = |kind, len| format!(r#"{{"type":"{kind}","x":"{}"}}"#, "x".repeat(len));
    for (text, code) in [
        (r#"{"type":"chat","context":[[[[[[[[[[1]]]]]]]]]]}"#.to_owned(), "MESSAGE_TOO_LARGE"),
        (long("message", 5_001), "VALIDATION_ERROR"),
        (long("session_id", 101), "VALIDATION_ERROR"),
        (long("id", 255), "VALIDATION_ERROR"),
        (wide("context", 16_384), "VALIDATION_ERROR"),
        (large("chat", 65_536), "MESSAGE_TOO_LARGE"),
        (large("ping", 4_096), "MESSAGE_TOO_LARGE"),
    ] {
        let error = refused(&mut host, link, &text);
        assert!(error.contains(&format!(r#""error_code":"{code}""#)), "{text:.40}: {error}");
    }
    assert_eq!(code(&host, link), None);
    for text in [long("message", 5_000), long("session_id", 100), long("id", 254)] {
        host.say(link, &text);
    }
    assert_eq!(host.requests.len(), 3, "what is just small enough is taken");
}

#[test]
fn a_message_above_one_mebibyte_ends_the_link_with_1009() {
    let mut host = Host::new();
    let link = host.open("ada");
    let text = format!(r#"{{"type":"chat","message":"{}"}}"#, "x".repeat(1024 * 1024));
    let mut frame = Vec::new();
    Writer::client(Seed::from_number(3)).text(&text, &mut frame).unwrap();
    for part in frame.chunks(16 * 1024) {
        if host.hub.handle_bytes(host.now, link, part).is_err() {
            break;
        }
        host.drain();
    }
    assert_eq!(code(&host, link), Some(1009));
}

#[test]
fn the_sixth_fault_in_a_minute_closes_with_the_code_of_its_kind() {
    let deep = format!(r#"{{"type":"chat","a":{}{}}}"#, "[".repeat(10), "]".repeat(10));
    for (fault, close) in [("nonsense", 4003), (deep.as_str(), 4009)] {
        let mut host = Host::new();
        let link = host.open("ada");
        for _ in 0..5 {
            refused(&mut host, link, fault);
            assert_eq!(code(&host, link), None);
        }
        refused(&mut host, link, fault);
        assert_eq!(code(&host, link), Some(close));
    }
    let mut config = HubConfig::default();
    config.rates = config.rates.with(RateClass::Message, Rate::new(1, Duration::from_secs(3_600)));
    let mut host = Host::with(config);
    let link = host.open("ada");
    host.say(link, r#"{"type":"init"}"#);
    for _ in 0..6 {
        assert_eq!(code(&host, link), None);
        refused(&mut host, link, r#"{"type":"init"}"#);
    }
    assert_eq!(code(&host, link), Some(4008));
}

#[test]
fn a_text_that_is_too_long_is_a_mistake_and_no_fault_but_costs_a_message() {
    let paste =
        |id: u32| format!(r#"{{"type":"chat","id":{id},"message":"{}"}}"#, "x".repeat(5_001));
    let mut host = Host::new();
    let link = host.open("ada");
    for id in 0..6 {
        let error = refused(&mut host, link, &paste(id));
        assert!(error.contains("VALIDATION_ERROR"), "{error}");
        assert!(error.contains("5001 characters, at most 5000"), "{error}");
    }
    assert_eq!(code(&host, link), None);
    host.say(link, r#"{"type":"chat","id":"short","message":"hi"}"#);
    assert_eq!(host.requests.len(), 1);
    // Beyond the rate it is a flood like any other.
    for id in 6..99 {
        refused(&mut host, link, &paste(id));
        assert_eq!(code(&host, link), None);
    }
    for id in 99..105 {
        assert_eq!(code(&host, link), None);
        assert!(refused(&mut host, link, &paste(id)).contains("RATE_LIMIT_EXCEEDED"));
    }
    assert_eq!(code(&host, link), Some(4008));
}

#[test]
fn how_long_a_text_may_be_is_a_setting() {
    let mut config = HubConfig::default();
    config.sizes.set_characters("message", 10).unwrap();
    config.sizes.set_characters("feedback.message", 3).unwrap();
    let mut host = Host::with(config);
    let link = host.open("ada");
    let error = refused(&mut host, link, r#"{"type":"chat","id":1,"message":"12345678901"}"#);
    assert!(error.contains("at most 10"), "{error}");
    let error = refused(&mut host, link, r#"{"type":"feedback","id":2,"message":"1234"}"#);
    assert!(error.contains("at most 3"), "{error}");
    host.say(link, r#"{"type":"chat","id":3,"message":"1234567890"}"#);
    assert_eq!(host.requests.len(), 1);
}

#[test]
fn a_link_runs_32_requests_at_once() {
    let mut host = Host::new();
    let link = host.open("ada");
    for _ in 0..32 {
        host.say(link, r#"{"type":"chat","message":"hi"}"#);
    }
    // No id: the refusal waits for its turn behind the answers.
    host.say(link, r#"{"type":"chat","message":"hi"}"#);
    assert!(host.peers[&link].texts.is_empty());
    let error = refused(&mut host, link, r#"{"type":"chat","id":1,"message":"hi"}"#);
    assert!(error.contains("AGENT_BUSY") && error.contains(r#""retry_after":1,"#), "{error}");
    assert_eq!((host.requests.len(), code(&host, link)), (32, None));
}
