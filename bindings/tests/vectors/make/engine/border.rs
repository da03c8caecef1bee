//! What the border itself adds: faults, the order of records, and the room that a host has.

use serde_json::{Value, json};

use super::client::{WELCOME, text};
use super::hub::{open, request_of, say};
use super::requests::chat;
use super::scene::{Records, Scene};
use crate::record::{Record, hex};
use crate::run::Input;

pub(super) fn scenes() -> Vec<Scene> {
    vec![faults(), batches(), malformed(), room(), overflow()]
}

fn record(name: &str, members: Value) -> Input {
    Ok(Record::new(name, members))
}

fn names_of_faults(events: &[Record]) -> Vec<(Option<u64>, &str)> {
    events.all("fault").iter().map(|it| (it.word("of"), it.text("name"))).collect()
}

fn faults() -> Scene {
    let about = "Commands for the other machine, for a link or request that is none, and at the \
                 wrong time: each its fault, and the rest of the input is taken.";
    let mut scene = Scene::new("faults", about);
    scene.client("client", json!({}));
    scene.hub("hub", json!({}));
    let hub_only = [
        "accept",
        "accept_opened",
        "authorize_link",
        "reply",
        "reply_error",
        "reply_raw",
        "reply_piece",
        "dismiss",
        "send_to",
        "push",
        "broadcast",
        "disconnect_link",
        "disconnect_user",
        "drain",
        "respond",
    ];
    let events = scene.step("client", hub_only.map(|name| record(name, Value::Null)).into());
    assert_eq!(names_of_faults(&events).len(), hub_only.len());
    assert!(events.all("fault").iter().all(|it| it.text("name") == "wrong_machine"));
    let client_only = [
        "connect",
        "disconnect",
        "dialed",
        "opened_in",
        "dial_failed",
        "token",
        "token_failed",
        "wake",
        "network_changed",
        "ask",
        "send",
    ];
    let events = scene.step("hub", client_only.map(|name| record(name, Value::Null)).into());
    assert_eq!(names_of_faults(&events).len(), client_only.len());
    assert!(events.all("fault").iter().all(|it| it.text("name") == "wrong_machine"));
    // A link that never was.
    let events = scene.step(
        "hub",
        vec![
            record("bytes_in", json!({ "link": 5 })),
            record("text_in", json!({ "link": 5 })),
            record("binary_in", json!({ "link": u64::MAX - 1 })),
            record("close_in", json!({ "link": 5 })),
            record("closed_in", json!({ "link": 5 })),
            record("written", json!({ "link": 5 })),
            record("authorize_link", json!({ "link": 5 })),
            record("send_to", json!({ "link": 5, "envelope": "{\"type\":\"x\"}" })),
            record("respond", json!({ "link": 5, "status": 200 })),
            record("disconnect_link", json!({ "link": 5, "code": 1000 })),
            record("accept", Value::Null),
        ],
    );
    let expected = [0, 1, 2, 3, 6, 8].map(|of| (Some(of), "no_link"));
    assert_eq!(names_of_faults(&events), expected);
    assert_eq!(events.one("pushed").word("queued"), Some(0));
    assert_eq!(events.one("accepted").word("of"), Some(10));
    // A client that is not connected takes what comes and says no to what it cannot do.
    let events = scene.step(
        "client",
        vec![
            record("text_in", text(WELCOME)),
            record("bytes_in", json!({ "bytes": "81" })),
            record("closed_in", json!({})),
            record("written", json!({})),
            record("send", json!({ "envelope": "{\"type\":\"x\"}" })),
            record("token_failed", json!({})),
            record("disconnect", Value::Null),
        ],
    );
    assert_eq!(names_of_faults(&events), [(Some(4), "not_open")]);
    scene
}

fn batches() -> Scene {
    let about = "Many records in one input are taken in their order, as if each came by itself; what \
                 is to be written comes at the end.";
    let mut scene = Scene::new("batches", about);
    scene.hub("hub", json!({}));
    let link = open(&mut scene, "ann");
    let ask = |id: u64| {
        let text = json!({ "type": "chat", "id": id, "message": "m" }).to_string();
        record("text_in", json!({ "link": link, "text": text }))
    };
    let events = scene.step("hub", vec![ask(1), ask(2), ask(2), ask(3)]);
    assert_eq!(events.names(), ["request", "request", "duplicate", "request"]);
    let requests: Vec<_> =
        events.all("request").iter().filter_map(|it| it.word("request")).collect();
    let events = scene.step(
        "hub",
        vec![
            record("reply", json!({ "request": requests[1], "text": "two" })),
            record("reply", json!({ "request": requests[0], "text": "one" })),
            record("reply", json!({ "request": requests[0], "text": "once more" })),
            record("accept_opened", json!({ "user": "bob", "subject": "bob" })),
            record("broadcast", json!({ "envelope": "{\"type\":\"x\"}" })),
            record("closed_in", json!({ "link": link })),
            record("reply", json!({ "request": requests[2], "text": "three" })),
        ],
    );
    let names = events.names();
    assert_eq!(
        names[..7],
        ["delivered", "delivered", "fault", "accepted", "opened", "pushed", "closed",]
    );
    assert_eq!(names[7], "delivered");
    let outcomes: Vec<_> = events.all("delivered").iter().map(|it| it.text("outcome")).collect();
    assert_eq!(outcomes, ["queued", "queued", "kept"]);
    // What waited for the link that ended is written to nobody.
    assert!(events.all("write_text").iter().all(|it| it.word("link") != Some(link)));
    scene
}

fn malformed() -> Scene {
    let about = "Bytes that are no record end the input: what stood before is done, what stands \
                 behind is not, and the engine is as whole as before.";
    let mut scene = Scene::new("malformed", about);
    scene.client("client", json!({}));
    scene.hub("hub", json!({}));
    let sound = Record::new("send", json!({ "envelope": "{\"type\":\"x\"}" })).pack();
    let mut wrong = vec![vec![0; 8], Record::new("next", Value::Null).pack()];
    // The kind, the numbers of members, a length, a size that is too small for the rest.
    for (at, byte) in [(0, 7), (0, 12), (4, 47), (5, 0x27), (6, 1), (7, 2), (8, 0xff), (8, 0)] {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        wrong.push(bytes);
    }
    // A text that is none, and one that is absent and may not be.
    let mut bytes = sound.clone();
    bytes[12] = 0xff;
    wrong.push(bytes);
    let mut bytes = [&sound[..8], &[0xff; 4]].concat();
    bytes[0] = 12;
    wrong.push(bytes);
    for bytes in wrong {
        let input = vec![
            record("connect", Value::Null),
            Err(bytes.clone()),
            record("disconnect", Value::Null),
        ];
        only_connects(&mut scene, input, &bytes);
    }
    // Cut off, or of a size that is more than there is: the last of their inputs.
    let mut large = sound.clone();
    large[3] = 0xff;
    for bytes in [&sound[..1], &sound[..7], &sound[..11], &sound[..sound.len() - 1], &large] {
        let input = vec![record("connect", Value::Null), Err(bytes.to_vec())];
        only_connects(&mut scene, input, bytes);
    }
    let events = scene.step(
        "hub",
        vec![record("accept", Value::Null), Err(vec![1]), record("accept", Value::Null)],
    );
    assert_eq!(events.names(), ["accepted", "fault"]);
    scene
}

/// The first record is taken, the second is not, and the third not looked at.
fn only_connects(scene: &mut Scene, input: Vec<Input>, bytes: &[u8]) {
    let events = scene.step("client", input);
    assert_eq!(names_of_faults(&events), [(Some(1), "bad_input")], "{}", hex(bytes));
    assert_eq!(scene.state("client"), 0);
    scene.give("client", "disconnect", Value::Null);
}

fn room() -> Scene {
    let about = "A hub hands out about 64 KiB for a link, then waits for `written`, which it asks for with \
         the writes that say `ack`; other links go on.";
    let mut scene = Scene::new("room", about);
    scene.hub("hub", json!({}));
    let [ann, bob] = ["ann", "bob"].map(|user| open(&mut scene, user));
    let asked = request_of(&say(&mut scene, ann, &chat("q", "x")));
    // Text and content together: an answer of 16 KB, which each repeat gets once more.
    let members = json!({ "request": asked, "text": "y".repeat(8_000) });
    let events = scene.give("hub", "reply", members);
    let answer = events.one("write_text").clone();
    let (mut handed, mut asked) = (1, answer.word("ack").expect("a flag"));
    loop {
        let events = say(&mut scene, ann, &chat("q", "x"));
        assert_eq!(events.one("duplicate").text("first"), "answered");
        if events.no("write_text") {
            break;
        }
        handed += 1;
        asked += events.one("write_text").word("ack").expect("a flag");
    }
    assert_eq!(asked, 1, "after half of the room");
    // The welcome and four answers are a little less than 64 KiB; one more comes, and one waits.
    assert!((4..=5).contains(&handed), "{handed} answers");
    assert_eq!(say(&mut scene, bob, &json!({ "type": "ping" })).all("write_text").len(), 1);
    let events = scene.give("hub", "written", json!({ "link": bob }));
    assert!(events.names().is_empty());
    let events = scene.give("hub", "disconnect_link", json!({ "link": ann, "code": 1000 }));
    assert_eq!(events.names(), ["disconnected"], "the close frame waits as well");
    let events = scene.give("hub", "written", json!({ "link": ann }));
    assert_eq!(events.names(), ["write_text", "write_close"]);
    assert_eq!(events.one("write_text").text("text"), answer.text("text"));
    let events = scene.give("hub", "close_in", json!({ "link": ann, "code": 1000 }));
    assert_eq!(events.names(), ["closed", "close_transport"]);
    scene.audit("hub").each_effect_once(1);
    scene
}

fn overflow() -> Scene {
    let about = "More than may wait for a link: the host is told, and the link is closed with 1013. \
                 The answer that did not fit can be had over a link that has room.";
    let mut scene = Scene::new("overflow", about);
    scene.hub("hub", json!({ "outbox_bytes": 2_048 }));
    let [ann, other] = ["ann", "bob"].map(|user| open(&mut scene, user));
    let asked = request_of(&say(&mut scene, ann, &chat("q", "x")));
    let envelope = json!({ "type": "timer_expired", "padding": "x".repeat(2_048) }).to_string();
    // What waits alone always fits; what comes behind it is over the bound.
    let broadcast = || Ok(Record::new("broadcast", json!({ "envelope": envelope })));
    let events = scene.step("hub", vec![broadcast(), broadcast()]);
    let pushed: Vec<_> =
        events.all("pushed").iter().map(|it| (it.word("queued"), it.word("refused"))).collect();
    assert_eq!(pushed, [(Some(2), Some(0)), (Some(0), Some(2))]);
    let overflowed: Vec<_> = events.all("overflowed").iter().map(|it| it.word("link")).collect();
    assert_eq!(overflowed.len(), 2);
    for (link, record) in [ann, other].into_iter().zip(events.all("write_close")) {
        assert_eq!((record.word("link"), record.word("code")), (Some(link), Some(1013)));
    }
    let events = scene.give("hub", "reply", json!({ "request": asked, "text": "y" }));
    assert_eq!(events.one("delivered").text("outcome"), "refused");
    let events = scene.give("hub", "close_in", json!({ "link": ann, "code": 1013 }));
    assert_eq!(events.one("closed").text("cause"), "overflow");
    let ann = open(&mut scene, "ann");
    let events = say(&mut scene, ann, &chat("q", "x"));
    assert_eq!(events.one("duplicate").text("first"), "answered");
    assert_eq!(events.written()[0]["message"], "y");
    scene.audit("hub").each_effect_once(1);
    scene
}
