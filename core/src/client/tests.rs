//! The client seen from its host, with a server that speaks by hand.

// Written as hosts have to write it: outside this crate the configuration has no literal.
#![allow(clippy::field_reassign_with_default)]

mod checks;
mod ends;
mod keepalive;
mod leaving;
mod pieces;
mod sizes;
mod v1;

use core::time::Duration;

use super::*;
use crate::delivery::SessionNumber;
use crate::envelope::{Chat, Envelope};
use crate::frame::handshake::{HandshakeConfig, RequestReader, accept};
use crate::frame::{CloseCode, FrameConfig, FrameEvent, Reader, Role, Writer};
use crate::link::{ClientLinkEvent, CloseClass};
use crate::time::{Mono, Wall};

const OLD_WELCOME: &str = r#"{"type":"connection","status":"connected","message":"ready","timestamp":"2026-03-01T04:05:06.789012"}"#;
const NEW_WELCOME: &str =
    r#"{"type":"connection","status":"connected","features":["reply_to","repeat"]}"#;

/// A client, and the server's end of its present transport.
struct Host {
    client: Client,
    now: Now,
    events: Vec<String>,
    /// Causes of retries and stops.
    causes: Vec<String>,
    /// Texts that the server has read.
    read: Vec<String>,
    server: Option<(Writer, Reader)>,
    transport_closed: bool,
}

impl Host {
    fn new() -> Self {
        Self::with(ClientConfig::default())
    }

    fn with(config: ClientConfig) -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
        let client = Client::new(config, endpoint, Seed::from_number(9), now).unwrap();
        Self {
            client,
            now,
            events: Vec::new(),
            causes: Vec::new(),
            read: Vec::new(),
            server: None,
            transport_closed: false,
        }
    }

    /// Connects up to the welcome.
    fn welcomed(welcome: &str) -> Self {
        Self::welcomed_with(ClientConfig::default(), welcome)
    }

    fn welcomed_with(config: ClientConfig, welcome: &str) -> Self {
        let mut host = Self::with(config);
        host.client.connect(host.now);
        host.drain();
        host.client.provide_token(host.now, Token::new("t")).unwrap();
        host.drain();
        host.open();
        host.say(welcome);
        host.events.clear();
        host
    }

    /// The transport is made and the server accepts.
    fn open(&mut self) {
        self.server = None;
        self.client.handle_dialed(self.now);
        self.drain();
        let mut request = Vec::new();
        let _ = self.client.poll_transmit(&mut request);
        let mut reader = RequestReader::new(HandshakeConfig::default());
        assert_eq!(reader.handle_bytes(&request), request.len());
        let request = reader.poll_event().unwrap().unwrap();
        let mut answer = Vec::new();
        accept(&request, None, None, &mut answer).unwrap();
        self.server = Some((Writer::server(), Reader::new(Role::Server, FrameConfig::default())));
        self.client.handle_bytes(self.now, &answer).unwrap();
        self.drain();
    }

    fn say(&mut self, text: &str) {
        let mut frame = Vec::new();
        self.server.as_mut().unwrap().0.text(text, &mut frame).unwrap();
        self.client.handle_bytes(self.now, &frame).unwrap();
        self.drain();
    }

    fn ask(&mut self, text: &str) -> RequestId {
        let chat = Chat { message: Some(text.into()), ..Chat::default() };
        let request = self.client.ask(self.now, &chat).unwrap();
        self.drain();
        request
    }

    fn cut(&mut self) {
        self.client.handle_closed(self.now);
        self.drain();
    }

    /// Waits until the client dials again, and lets it in.
    fn reconnect(&mut self, welcome: &str) {
        self.pass(Duration::from_secs(2));
        self.open();
        self.say(welcome);
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        loop {
            let due = self.client.poll_timeout().map(|due| due.at).filter(|at| *at <= end);
            let at = due.unwrap_or(end).max(self.now.mono);
            let step = at.saturating_since(self.now.mono);
            self.now = Now::new(at, self.now.wall + step);
            self.client.handle_timeout(self.now);
            self.drain();
            if due.is_none() {
                return;
            }
        }
    }

    fn drain(&mut self) {
        while let Some(event) = self.client.poll_event() {
            self.transport_closed |= matches!(event, Event::Link(ClientLinkEvent::CloseTransport));
            if let Event::Link(
                ClientLinkEvent::Retrying { cause, .. } | ClientLinkEvent::Stopped { cause, .. },
            ) = &event
            {
                self.causes.push(cause.to_string());
            }
            self.events.extend(words(&event));
        }
        let Some((_, reader)) = &mut self.server else { return };
        let mut out = Vec::new();
        let _ = self.client.poll_transmit(&mut out);
        reader.handle_bytes(&out).unwrap();
        while let Some(event) = reader.poll_event() {
            if let FrameEvent::Text(text) = event {
                self.read.push(text.to_owned());
            }
        }
    }

    fn events(&mut self) -> Vec<String> {
        core::mem::take(&mut self.events)
    }

    fn read(&mut self) -> Vec<String> {
        core::mem::take(&mut self.read)
    }

    /// The id under which the server has read its latest request.
    fn asked_id(&self) -> String {
        let envelope = Envelope::parse(self.read.last().unwrap(), 10).unwrap();
        envelope.id().unwrap().to_json()
    }
}

/// An event in words, if it concerns messages.
fn words(event: &Event<'_>) -> Option<String> {
    Some(match event {
        Event::Piece { request, text, restart, .. } => {
            format!("{} {request} {text}", if *restart { "restart" } else { "piece" })
        }
        Event::Answer { request, text, in_pieces, restart, .. } => {
            // As somebody reads it who has had the pieces.
            let (had, rest) = text.split_at(*in_pieces);
            let had = if *restart { "(void) " } else { had };
            format!("answer {request} {had}{}{rest}", if *in_pieces > 0 { "|" } else { "" })
        }
        Event::Rejected { request, code, retry_after, .. } => {
            let code = code.as_ref().map(ToString::to_string).unwrap_or_default();
            format!("rejected {request} {code} {retry_after:?}")
        }
        Event::Expired { request } => format!("expired {request}"),
        Event::Unknown { request } => format!("unknown {request}"),
        Event::Unsent { request } => format!("unsent {request}"),
        Event::Cancelled { request } => format!("cancelled {request}"),
        Event::CancelResult { request, outcome, offset, .. } => {
            let outcome = outcome.as_ref().map_or("unknown", |it| it.as_str());
            format!("result {request} {outcome} {offset:?}")
        }
        Event::Outcome { session, command, outcome } => {
            format!("{}outcome {command} {outcome:?}", within(*session))
        }
        Event::Gap { session, lost, reason } => {
            format!("{}gap {lost:?} {reason}", within(*session))
        }
        Event::Late { request, .. } => format!("late {request:?}"),
        Event::Message { session, envelope } => {
            format!("{}message {}", within(*session), envelope.kind())
        }
        Event::Repeated { session, envelope } => {
            format!("{}repeated {}", within(*session), envelope.kind())
        }
        Event::Unreadable { error, .. } => format!("unreadable: {error}"),
        Event::Welcomed { correlates, repeats, .. } => format!("welcomed {correlates} {repeats}"),
        Event::Link(ClientLinkEvent::Stopped { class, .. }) => format!("stopped {class}"),
        Event::Link(ClientLinkEvent::Retrying { after, class, .. }) => {
            format!("retrying {class} {}", after.as_secs())
        }
        Event::SecondLink(ClientLinkEvent::Stopped { class, .. }) => {
            format!("second stopped {class}")
        }
        Event::SecondLink(ClientLinkEvent::Retrying { class, .. }) => {
            format!("second retrying {class}")
        }
        Event::SecondLink(ClientLinkEvent::Closed(_)) => "second closed".to_owned(),
        Event::ChangedPlaces => "changed places".to_owned(),
        _ => return None,
    })
}

/// In which session, where that is not the first.
fn within(session: SessionNumber) -> String {
    if session == SessionNumber::FIRST { String::new() } else { format!("in {session}: ") }
}

fn answer(reply_to: Option<&str>, text: &str) -> String {
    let reply_to = reply_to.map(|id| format!(r#","reply_to":{id}"#)).unwrap_or_default();
    format!(r#"{{"type":"chat_response","message":"{text}","content":"{text}"{reply_to}}}"#)
}

#[test]
fn requests_wait_for_the_welcome_which_is_no_answer() {
    let mut host = Host::new();
    host.client.connect(host.now);
    host.drain();
    host.client.provide_token(host.now, Token::new("t")).unwrap();
    host.drain();
    let request = host.ask("hello");
    host.open();
    assert!(host.read().is_empty(), "not before the welcome");
    host.say(OLD_WELCOME);
    assert_eq!(host.events(), ["welcomed false false"]);
    assert!(host.read()[0].contains(r#""message":"hello""#));
    host.say(&answer(None, "hi"));
    assert_eq!(host.events(), [format!("answer {request} hi")]);
}

#[test]
fn answers_find_their_requests_by_name_in_any_order() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let first = host.ask("one");
    let first_id = host.asked_id();
    let second = host.ask("two");
    let second_id = host.asked_id();
    host.say(&answer(Some(&second_id), "2"));
    host.say(&answer(Some(&first_id), "1"));
    assert_eq!(host.events(), [format!("answer {second} 2"), format!("answer {first} 1")]);
    host.say(&answer(Some(&first_id), "1 again"));
    assert_eq!(host.events(), [format!("late Some({first:?})")]);
}

#[test]
fn from_an_old_server_answers_come_in_the_order_of_asking_and_only_answers_count() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let requests = [host.ask("one"), host.ask("two"), host.ask("three")];
    for other in [
        r#"{"type":"timer_expired","message":"tea"}"#,
        r#"{"type":"proactive_alert","content":{"message":"fuel"}}"#,
        r#"{"type":"context_updated","message":"ok"}"#,
        r#"{"type":"connection","message":"again"}"#,
        r#"{"type":"pong"}"#,
        r#"{"type":"something_new","message":"x","content":"y"}"#,
    ] {
        host.say(other);
    }
    assert!(host.events().iter().all(|event| event.starts_with("message")));
    host.say(&answer(None, "1"));
    host.say(r#"{"type":"error","message":"slow down","error_code":"RATE_LIMIT_EXCEEDED","rate_limit_info":{"remaining":0,"reset_in_seconds":12,"limit_type":"websocket"}}"#);
    host.say(r#"{"type":"response","content":"3","message":"3"}"#);
    let [one, two, three] = requests;
    let expected = [
        format!("answer {one} 1"),
        format!("rejected {two} RATE_LIMIT_EXCEEDED Some(12s)"),
        format!("answer {three} 3"),
    ];
    assert_eq!(host.events(), expected);
    host.say(&answer(None, "of nobody"));
    assert_eq!(host.events(), ["late None"]);
}

#[test]
fn a_late_answer_of_an_old_server_is_not_taken_for_the_next_ones() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let first = host.ask("one");
    for _ in 0..6 {
        host.pass(Duration::from_secs(10));
        host.say(r#"{"type":"pong"}"#);
    }
    assert_eq!(host.events(), [format!("expired {first}")]);
    let second = host.ask("two");
    host.say(&answer(None, "1"));
    host.say(&answer(None, "2"));
    assert_eq!(host.events(), [format!("late Some({first:?})"), format!("answer {second} 2")]);
}

#[test]
fn after_a_reconnect_an_old_server_is_not_asked_twice() {
    let mut host = Host::welcomed(OLD_WELCOME);
    let sent = host.ask("one");
    host.read();
    host.cut();
    let fresh = host.ask("two");
    host.reconnect(OLD_WELCOME);
    assert!(host.events().contains(&format!("unknown {sent}")));
    let read = host.read();
    assert!(read.len() == 1 && read[0].contains("two"), "{read:?}");
    host.say(&answer(None, "2"));
    assert_eq!(host.events(), [format!("answer {fresh} 2")]);
}

#[test]
fn after_a_reconnect_a_new_server_is_asked_again_under_the_same_id() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let request = host.ask("one");
    let sent = host.read();
    host.cut();
    host.reconnect(NEW_WELCOME);
    assert_eq!(host.read(), sent);
    host.read = sent;
    let id = host.asked_id();
    host.say(&answer(Some(&id), "1"));
    assert_eq!(host.events().last().unwrap(), &format!("answer {request} 1"));
}

#[test]
fn ids_differ_between_clients() {
    let ids = [1, 2].map(|seed| {
        let now = Now::new(Mono::ZERO, Wall::EPOCH);
        let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
        let seed = Seed::from_number(seed);
        Client::new(ClientConfig::default(), endpoint, seed, now).unwrap().prefix
    });
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_request_expires_connected_or_not() {
    let mut host = Host::new();
    let request = host.ask("one");
    host.pass(Duration::from_secs(59));
    assert_eq!(host.events(), [""; 0]);
    host.pass(Duration::from_secs(1));
    assert_eq!(host.events(), [format!("expired {request}")]);
    assert_eq!((host.client.pending(), host.client.pending_bytes()), (0, 0));
    assert_eq!(host.client.poll_timeout(), None);
}

#[test]
fn more_requests_than_fit_are_refused() {
    let mut host = Host::new();
    for n in 0..64 {
        host.ask(&n.to_string());
    }
    let chat = Chat { message: Some("one more".into()), ..Chat::default() };
    assert_eq!(host.client.ask(host.now, &chat), Err(RequestError::Full));
    let mut host = Host::new();
    let long = "x".repeat(200 * 1024);
    host.ask(&long);
    let chat = Chat { message: Some(long.as_str().into()), ..Chat::default() };
    assert_eq!(host.client.ask(host.now, &chat), Err(RequestError::Full));
}

#[test]
fn a_push_that_comes_twice_is_handed_out_once() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let push = r#"{"type":"proactive_alert","id":"proactive_1","content":{}}"#;
    host.say(push);
    host.say(push);
    host.say(r#"{"type":"chunk","content":"a"}"#);
    host.say(r#"{"type":"chunk","content":"a"}"#);
    let expected =
        ["message proactive_alert", "repeated proactive_alert", "message chunk", "message chunk"];
    assert_eq!(host.events(), expected, "and what has no id is never a repeat");
}

#[test]
fn ids_that_are_spelled_apart_are_two_pushes() {
    let mut host = Host::welcomed(NEW_WELCOME);
    for id in ["7", r#""7""#, "7.0", "null", "null"] {
        host.say(&format!(r#"{{"type":"proactive_alert","id":{id},"content":{{}}}}"#));
    }
    assert_eq!(host.events(), ["message proactive_alert"; 5], "as the server tells ids apart");
    host.say(r#"{"type":"proactive_alert","id":"7","content":{}}"#);
    assert_eq!(host.events(), ["repeated proactive_alert"]);
}

#[test]
fn a_ping_is_answered_with_its_own_timestamp() {
    let mut host = Host::welcomed(OLD_WELCOME);
    host.say(r#"{"type":"ping","timestamp":1772337926.81,"connection_id":"c"}"#);
    assert_eq!(host.read(), [r#"{"type":"pong","timestamp":1772337926.81}"#]);
    assert_eq!(host.events(), [""; 0]);
}

#[test]
fn a_server_that_goes_away_says_when_to_come_back() {
    let mut host = Host::welcomed(NEW_WELCOME);
    host.say(r#"{"type":"going_away","retry_after":20.000}"#);
    let mut frame = Vec::new();
    let server = &mut host.server.as_mut().unwrap().0;
    server.close(CloseCode::SERVICE_RESTART, "restarting", &mut frame).unwrap();
    host.client.handle_bytes(host.now, &frame).unwrap();
    host.drain();
    let events = host.events();
    let retrying = events.iter().find(|event| event.starts_with("retrying")).unwrap();
    let after: u64 = retrying.rsplit(' ').next().unwrap().parse().unwrap();
    assert!((20..=25).contains(&after), "{retrying}");
    assert!(host.transport_closed);
}

#[test]
fn what_cannot_be_read_is_an_event_and_harms_nothing() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let request = host.ask("one");
    let id = host.asked_id();
    host.say("nonsense");
    host.say(r#"{"message":"no type"}"#);
    host.say(&answer(Some(&id), "1"));
    let events = host.events();
    assert!(
        events[0].starts_with("unreadable") && events[1].starts_with("unreadable"),
        "{events:?}"
    );
    assert_eq!(events[2], format!("answer {request} 1"));
}

#[test]
fn an_answer_to_what_the_host_sent_by_itself_is_a_message() {
    let mut host = Host::welcomed(NEW_WELCOME);
    host.client.send(host.now, r#"{"type":"telepathy","id":"own"}"#).unwrap();
    host.say(
        r#"{"type":"error","message":"unknown","error_code":"UNKNOWN_TYPE","reply_to":"own"}"#,
    );
    assert_eq!(host.events(), ["message error"]);
    assert!(host.client.send(host.now, "no envelope").is_err());
}

#[test]
fn an_old_server_that_owes_a_table_full_of_answers_is_left_for_a_new_link() {
    let mut config = ClientConfig::default();
    config.max_requests = 3;
    config.request_timeout = Duration::from_secs(5);
    let mut host = Host::with(config);
    host.client.connect(host.now);
    host.drain();
    host.client.provide_token(host.now, Token::new("t")).unwrap();
    host.drain();
    host.open();
    host.say(OLD_WELCOME);
    for n in 0..3 {
        host.ask(&n.to_string());
    }
    host.events();
    host.pass(Duration::from_secs(5));
    assert_eq!(host.events()[..3], ["expired 0", "expired 1", "expired 2"]);
    host.cut();
    host.pass(Duration::from_secs(6));
    host.open();
    host.say(OLD_WELCOME);
    host.ask("again");
    assert!(host.read().last().unwrap().contains("again"));
}

#[test]
fn a_server_with_another_memory_is_not_asked_again() {
    let welcome =
        |epoch: &str| NEW_WELCOME.replace("\"status\"", &format!(r#""epoch":"{epoch}","status""#));
    let mut host = Host::welcomed(&welcome("a"));
    let request = host.ask("one");
    host.read();
    host.cut();
    host.reconnect(&welcome("a"));
    assert_eq!(host.read().len(), 1, "the same one is");
    host.cut();
    host.events();
    host.reconnect(&welcome("b"));
    assert!(host.events().contains(&format!("unknown {request}")));
    assert!(host.read().is_empty());
}

#[test]
fn after_too_many_requests_the_server_says_when_to_come_back() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let request = host.ask("one");
    let id = host.asked_id();
    host.say(&format!(
        r#"{{"type":"error","message":"slow down","error_code":"RATE_LIMIT_EXCEEDED","retry_after":7,"reply_to":{id}}}"#
    ));
    assert_eq!(host.events(), [format!("rejected {request} RATE_LIMIT_EXCEEDED Some(7s)")]);
    let mut frame = Vec::new();
    let server = &mut host.server.as_mut().unwrap().0;
    server.close(CloseCode::new(4008), "rate limit exceeded", &mut frame).unwrap();
    host.client.handle_bytes(host.now, &frame).unwrap();
    host.drain();
    let events = host.events();
    assert!(
        ["retrying rate_limited 7", "retrying rate_limited 8"].contains(&&*events[0]),
        "{events:?}"
    );
}

#[test]
fn an_error_that_answers_nothing_rejects_no_request_and_may_say_when_to_come_back() {
    let mut host = Host::welcomed(NEW_WELCOME);
    let request = host.ask("one");
    let id = host.asked_id();
    host.say(r#"{"type":"error","message":"m","retry_after":100}"#);
    assert_eq!(host.events(), ["message error"]);
    host.say(&answer(None, "of nobody"));
    assert_eq!(host.events(), ["late None"]);
    let named =
        format!(r#"{{"type":"error","message":"m","error_code":"AGENT_BUSY","reply_to":{id}}}"#);
    host.say(&named);
    assert_eq!(host.events(), [format!("rejected {request} AGENT_BUSY None")]);
    let mut frame = Vec::new();
    let writer = &mut host.server.as_mut().unwrap().0;
    writer.close(CloseCode::SERVICE_RESTART, "", &mut frame).unwrap();
    host.client.handle_bytes(host.now, &frame).unwrap();
    host.drain();
    let events = host.events();
    let after = events.iter().find_map(|it| it.strip_prefix("retrying server_unavailable "));
    let after: u64 = after.expect("it comes back").parse().unwrap();
    assert!((100..=125).contains(&after), "{after}");
}

#[test]
fn every_request_is_counted_by_how_it_ended() {
    let mut host = Host::welcomed(OLD_WELCOME);
    for n in 0..3 {
        host.ask(&n.to_string());
    }
    host.pass(Duration::from_secs(2));
    host.say(&answer(None, "1"));
    host.say(r#"{"type":"error","message":"no"}"#);
    host.cut();
    host.reconnect(OLD_WELCOME);
    host.say(&answer(None, "of nobody"));
    let snapshot = host.client.metrics();
    let requests = snapshot.family("pamlink_requests_total").unwrap();
    let counted: Vec<_> = requests.samples.iter().map(|sample| sample.value.clone()).collect();
    assert_eq!(counted, [1, 1, 0, 1, 0, 0, 0, 1].map(crate::metrics::SampleValue::Counter));
    let reconnects = snapshot.family("pamlink_reconnects_total").unwrap();
    let network =
        |sample: &&crate::metrics::Sample| sample.labels[0].1 == CloseClass::Network.as_str();
    let counted = &reconnects.samples.iter().find(network).unwrap().value;
    assert_eq!(*counted, crate::metrics::SampleValue::Counter(1));
}
