//! Types of messages, and the agents that take them.

use std::sync::Arc;

use core::time::Duration;

use super::support::Host;
use crate::envelope::ErrorCode;
use crate::hub::{HubConfig, Reply};
use crate::routing::Table;

/// One agent, which takes tickets and opens its breaker after two failures.
const TICKETS: &str = r#"{
  "version": "1",
  "error_handler": { "id": "errors" },
  "health": { "open_after": 2, "half_open_after_ms": 30000, "close_after": 1 },
  "agents": [ { "id": "desk", "types": ["ticket"] } ]
}"#;

#[test]
fn a_type_that_an_agent_lists_is_a_request() {
    let mut host = Host::new();
    let link = host.open("ada");
    let ticket = r#"{"type":"ticket","id":"t-1","text":"printer"}"#;
    host.say(link, ticket);
    assert!(host.text(link).contains("UNKNOWN_TYPE"));
    let _replaced = host.hub.replace_routes(Arc::new(Table::from_json(TICKETS).unwrap()));
    host.say(link, ticket);
    assert_eq!(host.events().last().unwrap(), "request ada -> desk");
    host.hub.reply(host.now, host.requests[0], &Reply::text("done")).unwrap();
    host.drain();
    let answer = host.text(link);
    assert!(answer.contains("chat_response") && answer.contains(r#""reply_to":"t-1""#), "{answer}");
}

#[test]
fn an_agent_that_keeps_failing_is_unavailable_for_a_while() {
    let mut host = Host::new();
    let link = host.open("ada");
    let _replaced = host.hub.replace_routes(Arc::new(Table::from_json(TICKETS).unwrap()));
    let ticket = |id| format!(r#"{{"type":"ticket","id":{id}}}"#);
    for id in 0..2 {
        host.say(link, &ticket(id));
        let failure =
            Reply::Error { code: &ErrorCode::ProcessingError, message: "no", retry_after: None };
        host.hub.reply(host.now, host.requests.pop().unwrap(), &failure).unwrap();
        host.drain();
        assert!(host.text(link).contains("PROCESSING_ERROR"));
    }
    host.say(link, &ticket(2));
    let error = host.text(link);
    assert!(
        error.contains("AGENT_UNAVAILABLE") && error.contains(r#""retry_after":30,"#),
        "{error}"
    );
    host.pass(Duration::from_secs(9));
    host.say(link, r#"{"type":"pong"}"#);
    host.pass(Duration::from_secs(19));
    host.say(link, r#"{"type":"pong"}"#);
    host.pass(Duration::from_secs(2));
    host.say(link, &ticket(2));
    assert_eq!(host.events().last().unwrap(), "request ada -> desk");
}

#[test]
fn the_other_names_of_a_request_are_requests() {
    let mut host = Host::new();
    let link = host.open("ada");
    for kind in ["chat", "chat_message", "message", "voice"] {
        host.say(link, &format!(r#"{{"type":"{kind}","message":"hi"}}"#));
    }
    assert_eq!(host.requests.len(), 4);
    assert!(host.peers[&link].texts.is_empty());
}

/// One agent that listens to a word, and one that takes the rest.
const MONEY: &str = r#"{
  "version": "1", "error_handler": { "id": "errors" }, "default": "rest",
  "agents": [ { "id": "money", "keywords": ["budget"] }, { "id": "rest" } ]
}"#;

#[test]
fn a_message_without_words_leaves_them_to_the_content() {
    let mut config = HubConfig::default();
    config.window.content_age = Some(Duration::from_secs(60));
    let mut host = Host::with(config);
    let _replaced = host.hub.replace_routes(Arc::new(Table::from_json(MONEY).unwrap()));
    let link = host.open("ada");
    host.events();
    for message in [r#""""#, "null", "7", "true", "{}", r#"["fuel"]"#] {
        let chat =
            |content| format!(r#"{{"type":"chat","message":{message},"content":{content}}}"#);
        host.say(link, &chat(r#""how is my budget?""#));
        host.say(link, &chat(r#""and the weather?""#));
        // Without an id the content tells repeats apart: these two are none of each other.
        let first = message == r#""""#;
        let expected = match first {
            true => ["request ada -> money", "request ada -> rest"],
            false => ["duplicate ada Running", "duplicate ada Running"],
        };
        assert_eq!(host.events(), expected, "{message}");
    }
    // A frame that says nothing repeats no other that says nothing.
    host.say(link, r#"{"type":"chat","message":"","context":{"a":1}}"#);
    host.say(link, r#"{"type":"chat","message":"","context":{"a":2}}"#);
    assert_eq!(host.events(), ["request ada -> rest"; 2]);
}
