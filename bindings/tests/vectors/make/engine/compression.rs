//! Links over bytes that compress messages, where both ends want it.

use serde_json::{Value, json};

use super::pair::{token, verifier};
use super::scene::{Records, Scene};
use crate::record::{Record, hex};

pub(super) fn scenes() -> Vec<Scene> {
    vec![compression()]
}

/// Words enough that compression is worth it.
const REQUEST: &str = "What did we spend on fuel in March, what in April and what in May, and is \
    that more than what we spent on fuel in the three months before?";
const ANSWER: &str = "You spent 42.10 on fuel in March, 39.80 in April and 44.60 in May, which is \
    126.50 in three months, and a little more than in the three months before.";

fn compression() -> Scene {
    let about = "Two requests and their answers over bytes, by pairs of which both ends, one or \
                 none compress, and by one whose hub holds no compressor: the events are the same.";
    let mut scene = Scene::new("compression", about);
    let plain = Talk::of(&mut scene, "", json!({}), json!({}));
    let on = json!({ "compression": true });
    let both = Talk::of(&mut scene, "-both", on.clone(), on.clone());
    let requests = Talk::of(&mut scene, "-requests", on.clone(), json!({}));
    let takes = Talk::of(&mut scene, "-takes", json!({}), on.clone());
    let bare = json!({ "compression": true, "max_compressors": 0 });
    let borrows = Talk::of(&mut scene, "-borrows", on, bare);
    let offers = [&plain, &both, &requests, &takes, &borrows].map(|it| (it.offered, it.accepted));
    let expected = [(false, false), (true, true), (true, false), (false, false), (true, true)];
    assert_eq!(offers, expected);
    for (at, other) in [&both, &requests, &takes, &borrows].into_iter().enumerate() {
        assert_eq!(other.heard, plain.heard, "pair {at}");
        assert_eq!(other.compressed, [other.accepted; 4], "pair {at}");
    }
    assert_eq!(requests.sizes, plain.sizes);
    // Requests and answers shrink, and again when they refer to the ones before; unless the
    // compressor is another one.
    for at in 0..2 {
        let sizes = [plain.sizes[at], both.sizes[at], both.sizes[at + 2]];
        assert!(sizes[1] < sizes[0] * 9 / 10 && sizes[2] < sizes[1] * 3 / 4, "{sizes:?}");
    }
    assert!(borrows.sizes[3] > both.sizes[3] * 5 / 4, "{:?} {:?}", borrows.sizes, both.sizes);
    scene
}

/// Two requests and their answers.
struct Talk {
    /// The client's request has the extension, the hub's answer has it.
    offered: bool,
    accepted: bool,
    /// The text of each request and answer, as the other end's events have it.
    heard: Vec<String>,
    /// The length of each message on the wire, and whether it was compressed.
    sizes: Vec<usize>,
    compressed: Vec<bool>,
}

impl Talk {
    fn of(scene: &mut Scene, name: &str, asking: Value, mut taking: Value) -> Self {
        let (client, hub) = (format!("client{name}"), format!("hub{name}"));
        let mut asking = asking;
        asking["anonymous"] = false.into();
        taking["auth"] = verifier()["auth"].clone();
        scene.client(&client, asking);
        scene.hub(&hub, taking);
        scene.give(&client, "token", json!({ "token": token("ann", 60) }));
        scene.give(&client, "connect", Value::Null);
        let request = bytes(&scene.give(&client, "dialed", Value::Null));
        let link = scene.give(&hub, "accept", Value::Null).one("accepted").word("link");
        let to_hub = |bytes: &[u8]| json!({ "link": link, "bytes": hex(bytes) });
        let to_client = |bytes: &[u8]| json!({ "bytes": hex(bytes) });
        let events = scene.give(&hub, "bytes_in", to_hub(&request));
        let response = bytes(&events);
        let events = scene.give(&client, "bytes_in", to_client(&response));
        assert_eq!(events.one("welcomed").name(), "welcomed");
        let mut talk = Self {
            offered: has_extension(&request),
            accepted: has_extension(&response),
            heard: Vec::new(),
            sizes: Vec::new(),
            compressed: Vec::new(),
        };
        for _ in 0..2 {
            let events = scene.give(&client, "ask", json!({ "message": REQUEST }));
            let request = bytes(&events);
            let events = scene.give(&hub, "bytes_in", to_hub(&request));
            let asked = events.one("request");
            talk.message(&request, asked.text("text"));
            let reply = json!({ "request": asked.word("request"), "text": ANSWER });
            let events = scene.give(&hub, "reply", reply);
            let answer = bytes(&events);
            let events = scene.give(&client, "bytes_in", to_client(&answer));
            talk.message(&answer, events.one("answer").text("text"));
        }
        assert_eq!(talk.heard, [REQUEST, ANSWER, REQUEST, ANSWER]);
        scene.audit(&client).all_answered_in_order(2);
        scene.audit(&hub).each_effect_once(2);
        talk
    }

    /// A message is one frame; RSV1 says that it is compressed (RFC 7692 section 6).
    fn message(&mut self, frame: &[u8], heard: &str) {
        assert_eq!(frame[0] & 0b1011_1111, 0x81, "one frame of text");
        self.heard.push(heard.to_owned());
        self.sizes.push(frame.len());
        self.compressed.push(frame[0] & 0b0100_0000 != 0);
    }
}

/// What was written.
fn bytes(events: &[Record]) -> Vec<u8> {
    events.one("write_bytes").bytes("bytes").expect("bytes").to_vec()
}

/// Whether a head names the extension.
fn has_extension(head: &[u8]) -> bool {
    let line = b"\r\nSec-WebSocket-Extensions: permessage-deflate";
    head.windows(line.len()).any(|it| it == line)
}
