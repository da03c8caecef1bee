//! A hub at the border: both doors, room, the order of what transports are to do.

use proptest::prelude::*;

use super::*;
use crate::{FrameCodec, sign_token};
use pamlink_border::packed::{self, NONE, schema};
use pamlink_border::testing::{Output, anything, give};

const SECRET: &[u8] = b"pamlink-test-secret-of-32-bytes!";

fn token(user: &str) -> String {
    sign_token(SECRET, user, 3_600_000_000, None).unwrap()
}

/// A hub, and the far ends of its links.
struct Fixture {
    hub: Arc<Hub>,
    at_ms: u64,
}

/// The far end of a link.
struct Link {
    number: u64,
    /// The frames of a transport of bytes.
    wire: Option<Arc<FrameCodec>>,
}

impl Fixture {
    fn new(options: HubOptions) -> Self {
        let auth = AuthOptions { hs256_secret: Some(SECRET.to_vec()), ..AuthOptions::default() };
        let hub = Hub::new(HubOptions { auth, ..options }, &[1; 32]).unwrap();
        Self { hub, at_ms: 0 }
    }

    fn step(&self, input: &[u8]) -> Vec<Output> {
        Output::all(&self.hub.step(self.at_ms * 1_000_000, 0, input).unwrap())
    }

    /// A welcomed link through one of the doors.
    fn open(&self, user: &str, bytes: bool) -> Link {
        if !bytes {
            let mut open = Vec::new();
            let texts = [Some(user.as_bytes()), None, Some(user.as_bytes())];
            packed::push(&mut open, schema::ACCEPT_OPENED, &[NONE, NONE, 0], &texts);
            let events = self.step(&open);
            assert!(names(&events).contains(&"opened"));
            return Link { number: events[0].word("link").unwrap(), wire: None };
        }
        let events = self.step(&give(schema::ACCEPT, &[], &[]));
        let number = events[0].word("link").unwrap();
        let request = format!(
            "GET /api/v1/pam/ws/{user}?token={} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            token(user)
        );
        let events = self.step(&bytes_in(number, request.as_bytes()));
        assert!(names(&events).contains(&"opened"));
        let wire = FrameCodec::new(true, 1 << 20, &[2; 32]).unwrap();
        Link { number, wire: Some(wire) }
    }

    /// A peer says something.
    fn say(&self, link: &Link, text: &str) -> Vec<Output> {
        self.step(&match &link.wire {
            Some(wire) => bytes_in(link.number, &wire.text(text).unwrap()),
            None => give(schema::TEXT, &[link.number], &[text]),
        })
    }

    fn send_close(&self, link: &Link) -> Vec<Output> {
        self.step(&match &link.wire {
            Some(wire) => bytes_in(link.number, &wire.close_frame(Some(1000), "bye").unwrap()),
            None => give(schema::CLOSE, &[link.number, 1000], &["bye"]),
        })
    }

    fn reply(&self, events: &[Output], text: &str) -> Vec<Output> {
        let request = events.iter().find(|it| it.is("request")).unwrap().word("request").unwrap();
        let mut reply = Vec::new();
        let texts = [Some(text.as_bytes()), None, None, None, None];
        packed::push(&mut reply, schema::REPLY, &[request, 0], &texts);
        self.step(&reply)
    }

    fn push(&self, user: &str, envelope: &str) -> Vec<Output> {
        let mut push = Vec::new();
        let texts = [Some(user.as_bytes()), Some(envelope.as_bytes()), None, None];
        packed::push(&mut push, schema::PUSH, &[packed::NONE], &texts);
        self.step(&push)
    }

    fn wait_for(&mut self, events: &[Output]) {
        let deadline = events.last().and_then(|next| next.word("deadline")).unwrap();
        self.at_ms = self.at_ms.max(deadline.div_ceil(1_000_000));
    }
}

impl Link {
    /// What was written, as the peer reads it.
    fn written(&self, events: &[Output]) -> Vec<String> {
        let ours = |output: &&Output| {
            output.name().starts_with("write_") && output.word("link") == Some(self.number)
        };
        let ours: Vec<_> = events.iter().filter(ours).cloned().collect();
        let Some(wire) = &self.wire else { return ours.iter().filter_map(outgoing).collect() };
        let bytes: Vec<u8> = ours.iter().flat_map(|it| it.bytes("bytes").to_vec()).collect();
        let mut read = wire.read(&bytes).unwrap();
        packed::push(&mut read, schema::NEXT, &[NONE], &[None]);
        Output::all(&read).iter().filter_map(outgoing).collect()
    }
}

fn outgoing(output: &Output) -> Option<String> {
    match output.name() {
        "write_text" | "text_read" => Some(output.text("text").to_owned()),
        "write_close" | "close_read" => Some(format!("close {:?}", output.word("code"))),
        _ => None,
    }
}

fn bytes_in(link: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    packed::push(&mut out, schema::BYTES, &[link], &[Some(bytes)]);
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

/// The events of a hub, and what it writes, in a whole conversation.
fn conversation(bytes: bool) -> Vec<String> {
    let hub = Fixture::new(HubOptions::default());
    let link = hub.open("ann", bytes);
    let mut log = Vec::new();
    let mut note = |events: &[Output]| {
        log.extend(link.written(events));
        let events = events.iter().filter(|it| !it.name().starts_with("write_") && !it.is("next"));
        log.extend(events.map(|event| format!("{event:?}")));
    };
    for text in [
        r#"{"type":"ping","id":[1]}"#,
        r#"{"type":"context_update","id":2,"context":{}}"#,
        r#"{"type":"of tomorrow","id":3}"#,
        "no JSON",
        r#"{"type":"pong"}"#,
    ] {
        note(&hub.say(&link, text));
    }
    for request in [
        r#"{"type":"chat","id":"q","message":"m","stream":true}"#,
        r#"{"type":"chat","message":"without id"}"#,
    ] {
        let events = hub.say(&link, request);
        note(&events);
        let request = events[0].word("request").unwrap();
        note(&hub.step(&give(schema::REPLY_PIECE, &[request], &["piece"])));
        note(&hub.reply(&events, "answer"));
    }
    note(&hub.say(&link, r#"{"type":"chat","id":"q","message":"m"}"#));
    note(&hub.push("ann", r#"{"type":"x"}"#));
    note(&hub.step(&give(schema::DISCONNECT_USER, &[4500], &["ann", "reason"])));
    note(&hub.send_close(&link));
    log
}

#[test]
fn a_conversation_is_the_same_through_both_doors() {
    let messages = conversation(false);
    assert!(messages.len() > 20, "{messages:#?}");
    assert_eq!(messages, conversation(true));
}

#[test]
fn a_transport_is_dropped_after_all_that_is_to_be_written() {
    for bytes in [false, true] {
        let hub = Fixture::new(HubOptions::default());
        let link = hub.open("ann", bytes);
        hub.step(&give(schema::DISCONNECT_LINK, &[link.number, 1000], &[""]));
        let events = hub.send_close(&link);
        assert_eq!(events[events.len() - 2].name(), "close_transport");
        assert!(names(&hub.step(&[])).is_empty(), "once");
        assert_eq!(hub.hub.links().unwrap(), 0);
    }
}

#[test]
fn a_host_gets_64_kib_for_a_link_and_then_has_to_say_that_they_are_written() {
    for bytes in [false, true] {
        let hub = Fixture::new(HubOptions::default());
        let [ann, bob] = ["ann", "bob"].map(|user| hub.open(user, bytes));
        hub.step(&give(schema::WRITTEN, &[ann.number], &[]));
        let envelope = envelope_of(20_000);
        let given: Vec<_> =
            (0..8).map(|_| ann.written(&hub.push("ann", &envelope)).len()).collect();
        assert_eq!(given, [1, 1, 1, 1, 0, 0, 0, 0], "80 KB is the first that is 64 KiB or more");
        assert_eq!(bob.written(&hub.push("bob", &envelope)).len(), 1, "another link goes on");
        let mut rest = 0;
        for _ in 0..2 {
            let events = hub.step(&give(schema::WRITTEN, &[ann.number], &[]));
            rest += ann.written(&events).len();
        }
        assert_eq!(rest, 4);
        assert!(names(&hub.step(&give(schema::WRITTEN, &[ann.number], &[]))).is_empty());
    }
}

#[test]
fn a_peer_that_reads_no_more_does_not_keep_its_transport_nor_its_place() {
    for bytes in [false, true] {
        let mut hub = Fixture::new(HubOptions { max_links: Some(1), ..HubOptions::default() });
        let link = hub.open("ann", bytes);
        let big = envelope_of(70_000);
        assert_eq!(link.written(&hub.push("ann", &big)).len(), 1);
        let mut events = hub.push("ann", &big);
        assert!(link.written(&events).is_empty(), "the room is full, and `written` never comes");
        for _ in 0..4 {
            hub.wait_for(&events);
            events = hub.step(&[]);
            if names(&events).contains(&"closed") {
                break;
            }
        }
        let events = names(&events);
        assert!(
            events.contains(&"closed") && events.last() == Some(&"close_transport"),
            "{events:?}"
        );
        hub.open("bob", bytes);
    }
}

#[test]
fn a_close_that_has_no_room_is_not_waited_for_longer_than_any_other() {
    let mut hub = Fixture::new(HubOptions::default());
    let link = hub.open("ann", true);
    hub.push("ann", &envelope_of(70_000));
    let events = hub.step(&give(schema::DISCONNECT_LINK, &[link.number, 1000], &[""]));
    assert_eq!(names(&events), ["disconnected"], "there is no room for it");
    hub.wait_for(&events);
    let events = hub.step(&[]);
    assert_eq!(names(&events).last(), Some(&"close_transport"), "{:?}", names(&events));
    assert!(hub.at_ms <= 5_000);
}

#[test]
fn the_last_link_that_goes_ends_a_drain_in_the_same_step() {
    for bytes in [false, true] {
        let hub = Fixture::new(HubOptions::default());
        let link = hub.open("ann", bytes);
        let events = hub.step(&give(schema::DRAIN, &[0], &[]));
        assert!(link.written(&events)[0].contains("going_away"));
        let events = names(&hub.send_close(&link));
        assert_eq!(events.last(), Some(&"drained"), "{events:?}");
    }
    let hub = Fixture::new(HubOptions::default());
    assert_eq!(names(&hub.step(&give(schema::DRAIN, &[NONE - 1], &[]))), ["drained"]);
}

#[test]
fn what_a_hub_is_asked_beside_its_steps() {
    let hub = Fixture::new(HubOptions::default());
    let [old, new] = [true, false].map(|bytes| hub.open("ann", bytes));
    assert_eq!(hub.hub.links().unwrap(), 2);
    assert_eq!(hub.hub.links_of("ann").unwrap(), [new.number, old.number], "newest first");
    assert!(hub.hub.links_of("nobody").unwrap().is_empty());
    assert!(hub.hub.metrics().unwrap().contains("pamlink_"));
    let table = |agent: &str| {
        format!(
            r#"{{"version":"v","error_handler":{{"id":"e"}},"default":"{agent}","agents":[{{"id":"{agent}"}}]}}"#
        )
    };
    hub.hub.replace_routes(&table("other")).unwrap();
    let events = hub.say(&new, r#"{"type":"chat","message":"m"}"#);
    assert_eq!(events[0].text("agent"), "other");
    let Failure::Failure { name, what, .. } = hub.hub.replace_routes("{").unwrap_err();
    assert_eq!(name, "bad_routes");
    assert!(what.contains("line 1"), "{what}");
    // Tokens that come from now on are for the host to judge.
    hub.hub.set_auth(AuthOptions::default()).unwrap();
    let events = hub.step(&{
        let mut open = Vec::new();
        packed::push(
            &mut open,
            schema::ACCEPT_OPENED,
            &[NONE, NONE, 0],
            &[Some(b"bob"), Some(b"t"), None],
        );
        open
    });
    assert!(names(&events).contains(&"authorize"));
    let weak = AuthOptions { hs256_secret: Some(vec![0]), ..AuthOptions::default() };
    let Failure::Failure { name, .. } = hub.hub.set_auth(weak).unwrap_err();
    assert_eq!(name, "bad_key");
}

#[test]
fn memory_grows_with_what_is_held_and_comes_back() {
    let hub = Fixture::new(HubOptions::default());
    let empty = hub.hub.memory().unwrap();
    let links: Vec<_> = (0..100).map(|at| hub.open(&format!("u{at}"), true)).collect();
    for link in &links {
        // The beginning of a message whose end does not come.
        let wire = link.wire.as_ref().unwrap();
        let frame = wire.text(&envelope_of(70_000)).unwrap();
        assert!(names(&hub.step(&bytes_in(link.number, &frame[..60_000]))).is_empty());
    }
    let full = hub.hub.memory().unwrap();
    assert!(full > empty + 100 * 60_000, "{empty} {full}");
    for link in &links {
        hub.step(&give(schema::CLOSED, &[link.number], &[]));
    }
    let after = hub.hub.memory().unwrap();
    assert!(after < empty + 200_000, "{empty} {full} {after}");
}

proptest! {
    #[test]
    fn nothing_that_a_host_writes_breaks_a_hub(
        inputs in prop::collection::vec((anything(), any::<u32>()), 1..12),
        opened in prop::collection::vec(any::<bool>(), 0..3),
        by_host in any::<bool>(),
        wall in prop_oneof![Just(0), any::<i64>()],
        start in prop_oneof![4 => Just(0), 1 => Just(u64::MAX - (1 << 33))],
    ) {
        let fixture = Fixture::new(HubOptions { request_timeout_ms: Some(2_000), ..HubOptions::default() });
        for bytes in opened {
            fixture.open("ann", bytes);
        }
        if by_host {
            fixture.hub.set_auth(AuthOptions::default()).unwrap();
        }
        let mut mono = start;
        for (input, passes) in inputs {
            mono = mono.saturating_add(passes.into());
            let events = Output::all(&fixture.hub.step(mono, wall, &input).unwrap());
            prop_assert!(events.len() < 1_000);
        }
    }
}
