//! A message that its host lends is no message of another kind, and is not copied.

use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{Client, ClientConfig, Event as ClientEvent};
use pamlink::frame::{CloseCode, Incoming, Outgoing};
use pamlink::hub::{Auth, Event as HubEvent, Hub, HubConfig, LinkId, Proof};
use pamlink::link::{Claims, Endpoint, State, Token};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

fn now() -> Now {
    Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000))
}

/// A hub with a welcomed link.
fn hub() -> (Hub, LinkId) {
    let (routes, seed) = (Arc::new(Table::default()), Seed::from_number(1));
    let mut hub = Hub::new(HubConfig::default(), Auth::Host, routes, seed);
    let claims = Claims::new("ada", now().wall + Duration::from_secs(7_200));
    let link = hub.accept_opened(now(), "ada", Proof::Claims(claims), None).unwrap();
    while hub.poll_event().is_some() {}
    (hub, link)
}

/// A client whose link is welcomed.
fn client() -> Client {
    let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
    let seed = Seed::from_number(2);
    let mut client = Client::new(ClientConfig::default(), endpoint, seed, now()).unwrap();
    client.connect(now());
    while client.poll_event().is_some() {}
    client.provide_token(now(), Token::new("ada")).unwrap();
    while client.poll_event().is_some() {}
    client.handle_opened(now(), None);
    let welcome = Incoming::Text(r#"{"type":"connection","status":"connected"}"#);
    client.handle_message(now(), welcome).unwrap();
    while client.poll_event().is_some() {}
    assert_eq!((client.state(), client.is_welcomed()), (State::Open, true));
    client
}

fn chat(id: u8) -> String {
    format!(r#"{{"type":"chat","id":{id},"message":"x"}}"#)
}

#[test]
fn its_event_borrows_it_from_where_the_host_has_it() {
    let (mut hub, link) = hub();
    let text = chat(1);
    let event = hub.lend_message(now(), link, Incoming::Text(&text)).unwrap();
    let Some(HubEvent::Request(asked)) = event else { panic!("{event:?}") };
    assert!(std::ptr::eq(asked.envelope.as_str(), &*text), "it was copied");
    assert!(hub.poll_event().is_none());

    let push = r#"{"type":"proactive_alert","n":1}"#;
    let mut client = client();
    let event = client.lend_message(now(), Incoming::Text(push)).unwrap();
    let Some(ClientEvent::Message { envelope, .. }) = event else { panic!("{event:?}") };
    assert!(std::ptr::eq(envelope.as_str(), push), "it was copied");
}

#[test]
fn what_came_before_it_comes_before_it() {
    let (mut hub, link) = hub();
    hub.handle_message(now(), link, Incoming::Text(&chat(1))).unwrap();
    let second = chat(2);
    let event = hub.lend_message(now(), link, Incoming::Text(&second)).unwrap();
    let first = event.map(|event| format!("{event:?}"));
    let rest = std::iter::from_fn(|| hub.poll_event().map(|event| format!("{event:?}")));
    let events: Vec<_> = first.into_iter().chain(rest).collect();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].contains("id: Some(1)") && events[1].contains("id: Some(2)"), "{events:?}");

    let push = r#"{"type":"proactive_alert","n":1}"#;
    let mut client = client();
    client.handle_message(now(), Incoming::Text(push)).unwrap();
    let event = client.lend_message(now(), Incoming::Text(r#"{"type":"other"}"#)).unwrap();
    assert!(format!("{event:?}").contains("ProactiveAlert"), "{event:?}");
    let event = client.poll_event();
    assert!(format!("{event:?}").contains("other"), "{event:?}");
}

#[test]
fn what_is_due_comes_before_it() {
    let (mut hub, link) = hub();
    let (first, second) = (chat(1), chat(2));
    let event = hub.lend_message(now(), link, Incoming::Text(&first)).unwrap();
    assert!(matches!(event, Some(HubEvent::Request(_))), "{event:?}");
    let late = Now::new(now().mono + Duration::from_secs(3_600), now().wall);
    let event = hub.lend_message(late, link, Incoming::Text(&second)).unwrap();
    assert!(matches!(event, Some(HubEvent::Expired { .. })), "{event:?}");
    let event = hub.poll_event();
    assert!(matches!(event, Some(HubEvent::Request(_))), "{event:?}");
}

#[test]
fn one_that_is_too_long_closes_its_link() {
    let (mut hub, link) = hub();
    let long = format!(r#"{{"type":"chat","message":"{}"}}"#, "x".repeat(2 << 20));
    let event = hub.lend_message(now(), link, Incoming::Text(&long)).unwrap();
    assert!(matches!(event, Some(HubEvent::Closed { .. })), "{event:?}");
    let mut out = Vec::new();
    let said: Vec<_> = std::iter::from_fn(|| hub.poll_message(link, &mut out)).take(3).collect();
    assert!(said.contains(&Outgoing::Close(CloseCode::new(1009))), "{said:?}");
}

#[test]
fn binary_messages_and_close_frames_are_what_they_are_elsewhere() {
    let (mut hub, link) = hub();
    let event = hub.lend_message(now(), link, Incoming::Binary(b"x")).unwrap();
    assert!(matches!(event, Some(HubEvent::Refused(_))), "{event:?}");
    let close = Incoming::Close(Some(CloseCode::new(1000)), "");
    let event = hub.lend_message(now(), link, close).unwrap();
    assert!(matches!(event, Some(HubEvent::Closed { .. })), "{event:?}");
    let other = LinkId::from_u64(7);
    assert!(hub.lend_message(now(), other, close).is_err(), "there is no such link");
}
