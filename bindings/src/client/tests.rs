//! A client at the border: both doors, room, the order of what a transport is to do.

use pamlink::frame::handshake::{HandshakeConfig, RequestReader, accept};
use proptest::prelude::*;

use super::*;
use crate::FrameCodec;
use pamlink_border::packed::{self, NONE, schema};
use pamlink_border::testing::{Output, anything, give};

/// The word for the one link of a client.
const LINK: u64 = 0;
const WELCOME: &str = r#"{"type":"connection","features":["reply_to","repeat"],"epoch":"e1"}"#;

fn options() -> ClientOptions {
    ClientOptions {
        url: "ws://localhost:1/api/v1/pam/ws/ann".to_owned(),
        anonymous: true,
        request_timeout_ms: None,
        max_requests: None,
        max_request_bytes: None,
        heartbeat_interval_ms: None,
        heartbeat_deadline_ms: None,
        backoff_cap_ms: None,
        dial_timeout_ms: None,
        welcome_timeout_ms: None,
        max_message_bytes: None,
        origin: None,
        subprotocols: Vec::new(),
        v1: false,
        compression: false,
    }
}

/// A client, and the server's end of whatever transport it has.
struct Fixture {
    client: Arc<Client>,
    at_ms: u64,
    /// The frames of a transport of bytes.
    wire: Option<Arc<FrameCodec>>,
}

impl Fixture {
    fn new() -> Self {
        let client = Client::new(options(), &[1; 32], 0, 0).unwrap();
        Self { client, at_ms: 0, wire: None }
    }

    /// A client that was welcomed through one of the doors.
    fn open(bytes: bool) -> Self {
        let mut fixture = Self::new();
        fixture.step(&give(schema::CONNECT, &[], &[]));
        fixture.reopen(bytes);
        fixture
    }

    /// The transport that it has dialled.
    fn reopen(&mut self, bytes: bool) {
        if bytes {
            let events = self.step(&give(schema::DIALED, &[], &[]));
            let mut request = RequestReader::new(HandshakeConfig::default());
            assert!(request.handle_bytes(events[0].bytes("bytes")) > 0);
            let request = request.poll_event().unwrap().unwrap();
            let mut answer = Vec::new();
            accept(&request, None, None, &mut answer).unwrap();
            self.wire = Some(FrameCodec::new(false, 1 << 20, &[]).unwrap());
            self.step(&bytes_in(&answer));
        } else {
            let mut opened = Vec::new();
            packed::push(&mut opened, schema::OPENED, &[], &[None]);
            self.wire = None;
            self.step(&opened);
        }
        assert!(self.say(WELCOME).iter().any(|event| event.is("welcomed")));
    }

    fn step(&self, input: &[u8]) -> Vec<Output> {
        Output::all(&self.client.step(self.at_ms * 1_000_000, 0, input).unwrap())
    }

    /// The server says something.
    fn say(&self, text: &str) -> Vec<Output> {
        self.step(&match &self.wire {
            Some(wire) => bytes_in(&wire.text(text).unwrap()),
            None => give(schema::TEXT, &[LINK], &[text]),
        })
    }

    fn send_close(&self, code: u32) -> Vec<Output> {
        self.step(&match &self.wire {
            Some(wire) => bytes_in(&wire.close_frame(Some(code), "").unwrap()),
            None => give(schema::CLOSE, &[LINK, code.into()], &[""]),
        })
    }

    fn ask(&self, message: &str) -> Vec<Output> {
        let mut request = Vec::new();
        let texts = [Some(message.as_bytes()), None, None, None, None];
        packed::push(&mut request, schema::ASK, &[0], &texts);
        self.step(&request)
    }

    /// What was written, as a peer reads it: texts, and codes of closes.
    fn written(&self, events: &[Output]) -> Vec<String> {
        let Some(wire) = &self.wire else {
            return events.iter().filter_map(outgoing).collect();
        };
        let bytes: Vec<u8> = events
            .iter()
            .filter(|it| it.is("write_bytes"))
            .flat_map(|it| it.bytes("bytes").to_vec())
            .collect();
        let mut read = wire.read(&bytes).unwrap();
        packed::push(&mut read, schema::NEXT, &[NONE], &[None]);
        Output::all(&read).iter().filter_map(outgoing).collect()
    }

    /// Time passes until the deadline of an output.
    fn wait_for(&mut self, events: &[Output]) {
        let deadline = events.last().and_then(|next| next.word("deadline")).unwrap();
        self.at_ms = self.at_ms.max(deadline.div_ceil(1_000_000));
    }
}

fn outgoing(output: &Output) -> Option<String> {
    match output.name() {
        "write_text" | "text_read" => Some(output.text("text").to_owned()),
        "write_close" | "close_read" => Some(format!("close {:?}", output.word("code"))),
        _ => None,
    }
}

fn bytes_in(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    packed::push(&mut out, schema::BYTES, &[LINK], &[Some(bytes)]);
    out
}

fn names(events: &[Output]) -> Vec<&'static str> {
    events.iter().map(Output::name).filter(|name| *name != "next").collect()
}

/// A text of so many bytes as an envelope.
fn envelope_of(length: usize) -> String {
    let frame = r#"{"type":"x","padding":""}"#;
    frame.replace("\"\"", &format!("\"{}\"", "x".repeat(length - frame.len())))
}

/// The events of a client, and what it writes, in a whole conversation.
fn conversation(bytes: bool) -> Vec<String> {
    let mut client = Fixture::open(bytes);
    let mut log = Vec::new();
    let mut note = |client: &Fixture, events: &[Output]| {
        log.extend(client.written(events));
        let events = events.iter().filter(|it| !it.name().starts_with("write_") && !it.is("next"));
        log.extend(events.map(|event| format!("{event:?}")));
    };
    let events = client.ask("one");
    note(&client, &events);
    let asked: serde_json::Value = serde_json::from_str(&client.written_again(&events)).unwrap();
    let answer = serde_json::json!({
        "type": "chat_response", "message": "to one", "reply_to": asked["id"],
    });
    for text in [
        &*answer.to_string(),
        r#"{"type":"ping","id":1}"#,
        r#"{"type":"of tomorrow"}"#,
        "no JSON",
        r#"{"type":"error","message":"no"}"#,
    ] {
        note(&client, &client.say(text));
    }
    note(&client, &client.step(&give(schema::SEND, &[], &[r#"{"type":"x"}"#])));
    let events = client.send_close(1012);
    note(&client, &events);
    client.wait_for(&events);
    note(&client, &client.step(&[]));
    client.reopen(bytes);
    note(&client, &client.step(&give(schema::DISCONNECT, &[], &[])));
    note(&client, &client.send_close(1000));
    log
}

impl Fixture {
    /// The first text of what was written over messages or, again, over bytes.
    fn written_again(&self, events: &[Output]) -> String {
        let fresh = Self {
            client: Arc::clone(&self.client),
            at_ms: 0,
            wire: self.wire.as_ref().map(|_| FrameCodec::new(false, 1 << 20, &[]).unwrap()),
        };
        fresh.written(events).remove(0)
    }
}

#[test]
fn a_conversation_is_the_same_through_both_doors() {
    let (messages, bytes) = (conversation(false), conversation(true));
    // How the state changed has another name for each door; and a transport that speaks
    // WebSocket itself answers a close frame by itself.
    let alike = |log: Vec<String>| -> Vec<String> {
        log.into_iter()
            .filter(|line| !line.contains("state_changed") && line != "close Some(1012)")
            .collect()
    };
    assert_eq!(alike(messages), alike(bytes));
}

#[test]
fn a_transport_is_dropped_after_all_that_is_to_be_written() {
    for bytes in [false, true] {
        let client = Fixture::open(bytes);
        let close = client.send_close(1001);
        assert_eq!(close[close.len() - 2].name(), "close_transport");
        assert_eq!(close.iter().filter(|it| it.is("close_transport")).count(), 1);
        assert!(!names(&client.step(&[])).contains(&"close_transport"), "once");
    }
}

#[test]
fn a_host_gets_64_kib_and_then_has_to_say_that_they_are_written() {
    for bytes in [false, true] {
        let client = Fixture::open(bytes);
        let send = give(schema::SEND, &[], &[&envelope_of(20_000)]);
        let mut given = Vec::new();
        for _ in 0..8 {
            given.push(client.written(&client.step(&send)).len());
        }
        assert_eq!(given, [1, 1, 1, 1, 0, 0, 0, 0], "80 KB is the first that is 64 KiB or more");
        assert!(client.written(&client.ask("and this")).is_empty());
        let mut rest = Vec::new();
        for _ in 0..3 {
            let events = client.step(&give(schema::WRITTEN, &[LINK], &[]));
            rest.extend(client.written(&events));
        }
        assert_eq!(rest.len(), 5);
        assert!(rest[4].contains("and this"), "the last of what waited");
        let events = client.step(&give(schema::WRITTEN, &[LINK], &[]));
        assert!(names(&events).is_empty());
    }
}

#[test]
fn what_the_outbox_does_not_hold_is_a_fault_and_nothing_is_lost_in_silence() {
    let client = Fixture::open(false);
    let send = give(schema::SEND, &[], &[&envelope_of(60_000)]);
    let events: Vec<_> = (0..8).map(|_| client.step(&send)).collect();
    let full = |events: &Vec<Output>| {
        events.iter().any(|it| it.is("fault") && it.text("name") == "outbox_full")
    };
    assert_eq!(
        events.iter().map(full).collect::<Vec<_>>(),
        [false, false, false, false, false, false, false, true]
    );
    let events = client.step(&give(schema::CLOSED, &[LINK], &[]));
    let closed = events.iter().find(|it| it.is("closed")).unwrap();
    assert_eq!(closed.word("unsent"), Some(5), "two of seven were handed out");
}

#[test]
fn a_peer_that_reads_no_more_does_not_keep_the_transport() {
    for bytes in [false, true] {
        let mut client = Fixture::open(bytes);
        let send = give(schema::SEND, &[], &[&envelope_of(70_000)]);
        assert_eq!(client.written(&client.step(&send)).len(), 1);
        let mut events = client.step(&send);
        assert!(client.written(&events).is_empty(), "the room is full, and `written` never comes");
        for _ in 0..4 {
            client.wait_for(&events);
            events = client.step(&[]);
            if names(&events).contains(&"closed") {
                break;
            }
        }
        assert!(names(&events).contains(&"retrying"), "{:?}", names(&events));
        assert_eq!(events[events.len() - 2].name(), "close_transport");
    }
}

#[test]
fn one_transport_is_dropped_before_the_next_is_wanted() {
    let client = Fixture::open(false);
    // The peer leaves and the device wakes up: both in one input.
    let input = [give(schema::CLOSE, &[LINK, 1012], &[""]), give(schema::WAKE, &[], &[])].concat();
    let events = names(&client.step(&input));
    let place = |name: &str| events.iter().position(|it| *it == name).unwrap();
    assert!(place("close_transport") < place("dial"), "{events:?}");
    assert_eq!(events.iter().filter(|it| **it == "close_transport").count(), 1);
}

#[test]
fn a_transport_that_nobody_waits_for_changes_nothing() {
    let mut opened = Vec::new();
    packed::push(&mut opened, schema::OPENED, &[], &[None]);
    let mut failed = Vec::new();
    packed::push(&mut failed, schema::DIAL_FAILED, &[404, NONE], &[None; 2]);
    for bytes in [false, true] {
        for stray in [give(schema::DIALED, &[], &[]), opened.clone(), failed.clone()] {
            let client = Fixture::open(bytes);
            assert!(names(&client.step(&stray)).is_empty());
            // It still speaks as before.
            assert!(client.written(&client.ask("still here?"))[0].contains("still here?"));
        }
    }
    // Nor does one that comes when the client has given up on it.
    let client = Fixture::new();
    client.step(&give(schema::CONNECT, &[], &[]));
    assert!(names(&client.step(&give(schema::DISCONNECT, &[], &[]))).contains(&"close_transport"));
    assert!(names(&client.step(&opened)).is_empty());
    assert_eq!(client.client.state().unwrap(), 3);
}

#[test]
fn a_class_that_nobody_knows_is_the_networks_and_a_status_that_is_none_is_no_server() {
    for (words, text, class) in [
        ([NONE; 2], Some("of tomorrow"), "network"),
        ([NONE; 2], None, "network"),
        ([99_999, NONE], Some("refused"), "setup"),
    ] {
        let client = Fixture::new();
        client.step(&give(schema::CONNECT, &[], &[]));
        let mut failed = Vec::new();
        let texts = [text.map(str::as_bytes), None];
        packed::push(&mut failed, schema::DIAL_FAILED, &words, &texts);
        let events = client.step(&failed);
        let closed = events.iter().find(|it| it.is("closed")).unwrap();
        assert_eq!(closed.text("class"), class);
    }
}

/// A close, a status and a host's own words go the same way into the events of an end.
#[test]
fn an_end_a_retry_and_a_stop_tell_the_same_cause() {
    let failed = |status: u64, said: &str| {
        let mut out = Vec::new();
        let texts = [None, Some(said.as_bytes())];
        packed::push(&mut out, schema::DIAL_FAILED, &[status, NONE], &texts);
        out
    };
    for (given, then, cause, status, reason) in [
        (failed(426, "no\nway"), "stopped", "answered: HTTP 426: no", 426, "no"),
        (failed(404, ""), "retrying", "answered: HTTP 404", 404, ""),
        (failed(NONE, "no route"), "retrying", "dial: no route", NONE, ""),
    ] {
        let client = Fixture::new();
        client.step(&give(schema::CONNECT, &[], &[]));
        let events = client.step(&given);
        for name in ["closed", then] {
            let record = events.iter().find(|it| it.is(name)).unwrap();
            let status = Some(status).filter(|status| *status != NONE);
            assert_eq!((record.text("cause"), record.word("status")), (cause, status), "{name}");
        }
        assert_eq!(events.iter().find(|it| it.is(then)).unwrap().text("reason"), reason);
        let changed = events.iter().find(|it| it.is("state_changed")).unwrap();
        assert_eq!(changed.text("cause"), cause);
    }
}

#[test]
fn what_a_client_counted_is_text_for_prometheus() {
    let client = Fixture::open(false);
    client.ask("one");
    let text = client.client.metrics().unwrap();
    assert!(text.contains("# TYPE ") && text.lines().all(|line| !line.is_empty()), "{text}");
}

#[test]
fn a_client_that_cannot_be_is_an_error() {
    let refused = |options: ClientOptions, seed: &[u8]| {
        let Err(Failure::Failure { name, .. }) = Client::new(options, seed, 0, 0) else {
            panic!("it was made");
        };
        name
    };
    assert_eq!(
        refused(ClientOptions { url: "http://h".to_owned(), ..options() }, &[0; 32]),
        "bad_url"
    );
    assert_eq!(refused(options(), &[0; 33]), "bad_seed");
    assert_eq!(
        refused(ClientOptions { max_requests: Some(0), ..options() }, &[0; 32]),
        "bad_option"
    );
    let origin = Some("no\r\norigin".to_owned());
    assert_eq!(refused(ClientOptions { origin, ..options() }, &[0; 32]), "bad_option");
}

#[test]
fn a_client_offers_compression_only_if_asked_to() {
    let head = |compression| {
        let client = Client::new(ClientOptions { compression, ..options() }, &[1; 32], 0, 0);
        let fixture = Fixture { client: client.unwrap(), at_ms: 0, wire: None };
        fixture.step(&give(schema::CONNECT, &[], &[]));
        let events = fixture.step(&give(schema::DIALED, &[], &[]));
        String::from_utf8(events[0].bytes("bytes").to_vec()).unwrap()
    };
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate";
    assert!(head(true).contains(offer), "{}", head(true));
    assert!(!head(false).contains("Sec-WebSocket-Extensions"), "{}", head(false));
}

#[test]
fn each_of_two_snapshots_in_a_step_is_handed_out() {
    let client = Client::new(ClientOptions { v1: true, ..options() }, &[1; 32], 0, 0).unwrap();
    let input = give(schema::SNAPSHOT, &[], &[]).repeat(2);
    let events = Output::all(&client.step(0, 0, &input).unwrap());
    let taken: Vec<_> = events.iter().filter(|it| it.is("snapshot_taken")).collect();
    assert_eq!(taken.iter().map(|it| it.word("of")).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert_eq!(taken[0].bytes("bytes"), taken[1].bytes("bytes"));
}

proptest! {
    #[test]
    fn nothing_that_a_host_writes_breaks_a_client(
        inputs in prop::collection::vec((anything(), any::<u32>()), 1..12),
        welcomed in any::<Option<bool>>(),
        wall in prop_oneof![Just(0), any::<i64>()],
        start in prop_oneof![4 => Just(0), 1 => Just(u64::MAX - (1 << 33))],
    ) {
        let fixture = welcomed.map_or_else(Fixture::new, Fixture::open);
        let mut mono = start;
        for (input, passes) in inputs {
            mono = mono.saturating_add(passes.into());
            let events = Output::all(&fixture.client.step(mono, wall, &input).unwrap());
            prop_assert!(events.len() < 1_000);
        }
    }
}
