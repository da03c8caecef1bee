//! The server's table, as far as a hub lets its host at it.

use serde_json::{Value, json};

use super::super::pair::{token, verifier};
use super::super::scene::{Records, Scene};
use super::super::wire::{Wire, request};
use super::Table;
use crate::record::{Record, hex};

const ABOUT: &str = "Every input of the border in every phase of a hub's link, held against \
    docs/link-states.md. `asked` is a plain HTTP request that waits for its answer.";

/// Inputs that a hub gives itself: it accepts what it has asked for, and nothing else.
const NOT_HERE: &[&str] =
    &["accept", "accept, subprotocol not offered", "bytes: early flood", "send over the bound"];

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";

pub(super) fn scene() -> Scene {
    let mut scene = Scene::new("states-server", ABOUT);
    scene.hub("hub", {
        let mut options = verifier();
        options["connects_per_minute"] = json!(1_000);
        options["max_links_per_user"] = json!(1_000);
        options
    });
    let mut table = Table::of("server");
    let inputs: Vec<String> = table.inputs.as_object().expect("inputs").keys().cloned().collect();
    for phase in table.phases.clone() {
        let shared = put(&mut scene, &phase);
        // What the shared one is given comes first: time passes for the others.
        let mut inputs = inputs.clone();
        inputs.sort_by_key(|input| matches!(input.as_str(), "heartbeat" | "deadline"));
        for input in inputs.iter().filter(|input| !NOT_HERE.contains(&input.as_str())) {
            let cell = table.cell(input, &phase);
            if input == "deadline" {
                scene.give("hub", "closed_in", json!({ "link": shared }));
            }
            let rests = matches!(cell.as_str(), "stays" | "ignored" | "refused");
            let alone = !rests || matches!(input.as_str(), "heartbeat" | "deadline");
            let link = if alone { put(&mut scene, &phase) } else { shared };
            let events = apply(&mut scene, link, input, &phase);
            let after = after(&mut scene, link, &phase, &events);
            let place = format!("{phase}, {input}: {:?}", events.names());
            match cell.as_str() {
                "stays" | "ignored" | "refused" => assert_eq!(after, phase, "{place}"),
                // The hub accepts at once.
                "asked" => assert_eq!(after, "open", "{place}"),
                next => assert_eq!(after, next, "{place}"),
            }
            if cell == "refused" {
                let refused = !events.no("fault") || events.one("pushed").word("queued") == Some(0);
                assert!(refused, "{place}");
            }
            let ends = events.all("closed").len();
            assert_eq!(ends, usize::from(after == "closed" && phase != "closed"), "{place}");
            // Whatever it was, the end comes once.
            if after != "closed" && alone {
                let events = scene.give("hub", "closed_in", json!({ "link": link }));
                assert_eq!(events.names(), ["closed"], "{place}");
            }
        }
    }
    scene.audit("hub").all_closed();
    let rows = table.inputs.as_object().expect("inputs").len() - NOT_HERE.len();
    assert_eq!(table.held.len(), rows * 5);
    scene
}

/// A link in this phase.
fn put(scene: &mut Scene, phase: &str) -> u64 {
    let events = scene.give("hub", "accept", Value::Null);
    let link = events.one("accepted").word("link").expect("a link");
    let input = |bytes: &[u8]| json!({ "link": link, "bytes": hex(bytes) });
    match phase {
        "head" => {}
        "asked" => assert!(!scene.give("hub", "bytes_in", input(GET)).no("http")),
        _ => {
            let request = request("ann", &token("ann", 86_400));
            assert!(!scene.give("hub", "bytes_in", input(&request)).no("opened"));
        }
    }
    if phase == "closing" {
        scene.give("hub", "disconnect_link", json!({ "link": link, "code": 1000 }));
    } else if phase == "closed" {
        scene.give("hub", "closed_in", json!({ "link": link }));
    }
    link
}

fn apply(scene: &mut Scene, link: u64, input: &str, phase: &str) -> Vec<Record> {
    let wire = Wire::client();
    let bytes = match input {
        "reject" => {
            let members = json!({ "link": link, "status": 403, "content_type": "text/plain" });
            return scene.give("hub", "respond", members);
        }
        "send" => {
            let members = json!({ "link": link, "envelope": "{\"type\":\"x\"}" });
            return scene.give("hub", "send_to", members);
        }
        "close" => {
            return scene.give("hub", "disconnect_link", json!({ "link": link, "code": 1001 }));
        }
        "transport closed" => return scene.give("hub", "closed_in", json!({ "link": link })),
        "heartbeat" => {
            if phase == "open" {
                scene.wait(20_000);
            }
            return scene.tick("hub");
        }
        "deadline" => return pass_deadlines(scene),
        "bytes: request" => hex(&request("ann", &token("ann", 86_400))),
        "bytes: bad request" => hex(b"BREW /pot HTCPCP/1.0\r\n\r\n"),
        "bytes: text frame" => wire.text("{\"type\":\"pong\"}"),
        "bytes: ping" => wire.ping(b""),
        "bytes: close frame" => wire.close(1000, ""),
        "bytes: broken frame" => "f18000000000".to_owned(),
        other => panic!("no input `{other}`"),
    };
    scene.give("hub", "bytes_in", json!({ "link": link, "bytes": bytes }))
}

/// Waits until the only link ends, or there is nothing to wait for.
fn pass_deadlines(scene: &mut Scene) -> Vec<Record> {
    let mut events = scene.tick("hub");
    for _ in 0..9 {
        let next = events.last().and_then(|next| next.word("deadline"));
        if !events.no("closed") || next.is_none() {
            break;
        }
        scene.wait_for(&events);
        events = scene.tick("hub");
    }
    events
}

/// The phase of the link after these events.
fn after(scene: &mut Scene, link: u64, before: &str, events: &[Record]) -> String {
    if !events.no("closed") || before == "closed" {
        return "closed".to_owned();
    }
    if !events.no("opened") {
        return "open".to_owned();
    }
    let close = |record: &&Record| {
        let frames = Wire::client().read(record.bytes("bytes").unwrap_or_default());
        frames.iter().any(|frame| frame.is("close_read"))
    };
    if events.all("write_bytes").iter().any(close) {
        return "closing".to_owned();
    }
    // There was no event: it is where it was, or the hub would have said so.
    let events = scene.tick("hub");
    assert!(events.no("closed"), "{link} ended later");
    before.to_owned()
}
