//! The client's table.

use serde_json::{Value, json};

use super::super::client::WELCOME;
use super::super::scene::{Records, Scene};
use super::super::wire::Wire;
use super::{Table, nothing};
use crate::record::{Record, bytes, hex};
use crate::run::Input;

const ABOUT: &str = "Every input of the border in every phase of a client's link, held against \
    docs/link-states.md: what leads elsewhere has a client of its own, the others share one.";

/// Inputs that the border does not have: its clients refuse what their outbox does not hold.
const NOT_HERE: &[&str] = &["send over the bound"];

/// The life of a token, and that of one which is over when its link is looked at.
const LONG_MS: u64 = 500_000;
const SHORT_MS: u64 = 10;

pub(super) fn scene() -> Scene {
    let mut scene = Scene::new("states-client", ABOUT);
    let mut table = Table::of("client");
    let all: Vec<String> = table.inputs.as_object().expect("inputs").keys().cloned().collect();
    for phase in table.phases.clone() {
        let shared = format!("in {phase}");
        let mut here = Link::put(&mut scene, &shared, &phase, "");
        // What the shared one is given comes first: time passes for the others.
        let mut inputs = all.clone();
        inputs.sort_by_key(|input| waits(input));
        for input in &inputs {
            if NOT_HERE.contains(&input.as_str()) || (input == "welcomed" && phase == "handshake") {
                continue;
            }
            let cell = table.cell(input, &phase);
            let own = !matches!(cell.as_str(), "stays" | "refused" | "ignored");
            let alone = own || waits(input);
            let name = format!("{phase}: {input}");
            let mut other = alone.then(|| Link::put(&mut scene, &name, &phase, input));
            let link = other.as_mut().unwrap_or(&mut here);
            let deadline = link.deadline;
            let (events, after) = link.apply(&mut scene, input, &phase);
            let refused = !events.no("fault");
            match cell.as_str() {
                "stays" => assert!(after == phase && !refused, "{name}: {after}"),
                "refused" => assert!(after == phase && refused, "{name}: {after}"),
                "ignored" => {
                    assert_eq!(after, phase, "{name}");
                    assert!(nothing(&events, deadline), "{name}: {:?}", events.names());
                }
                next => assert_eq!(after, next, "{name}"),
            }
            let state = u64::from(scene.state(&link.name));
            assert_eq!(state, table.state(&after), "{name}");
            let ends = events.all("closed").len();
            let lives = |phase: &str| matches!(phase, "dial" | "handshake" | "open" | "closing");
            assert_eq!(ends, usize::from(lives(&phase) && !lives(&after)), "{name}: {ends} ends");
        }
    }
    let reachable = (table.inputs.as_object().expect("inputs").len() - NOT_HERE.len()) * 8 - 1;
    assert_eq!(table.held.len(), reachable);
    scene
}

/// What a wait for a deadline, or being told to wait, makes of a link stays with it.
fn waits(input: &str) -> bool {
    input == "heartbeat"
        || input.starts_with("deadline")
        || input.contains(", told to ")
        || input.ends_with(", no token")
}

/// A client of a phase.
struct Link {
    name: String,
    /// The answer to its opening request.
    answer: Vec<u8>,
    deadline: Option<u64>,
}

fn good(scene: &Scene, life_ms: u64) -> Value {
    json!({ "token": "good", "expires": (scene.wall_ms + life_ms) * 1_000 })
}

fn record(name: &str, members: Value) -> Input {
    Ok(Record::new(name, members))
}

impl Link {
    fn put(scene: &mut Scene, name: &str, phase: &str, input: &str) -> Self {
        scene.client(name, json!({ "anonymous": false }));
        let answer = b"HTTP/1.1 101 S\r\n\r\n".to_vec();
        let mut link = Self { name: name.to_owned(), answer, deadline: None };
        let life_ms = if input.ends_with(", no token") { SHORT_MS } else { LONG_MS };
        link.reach(scene, phase, input, good(scene, life_ms));
        link
    }

    fn reach(&mut self, scene: &mut Scene, phase: &str, input: &str, token: Value) {
        let renewed = input.ends_with(" again");
        let held = input.ends_with("told to wait");
        if phase == "token" {
            self.step(scene, vec![record("connect", Value::Null)]);
            return;
        }
        let mut begin = vec![record("token", token.clone())];
        if phase != "idle" {
            begin.push(record("connect", Value::Null));
            if renewed {
                begin.push(record("dial_failed", json!({ "status": 401 })));
                begin.push(record("token", token));
                begin.push(record("connect", Value::Null));
            }
        }
        match phase {
            "stopped" => begin.push(record("dial_failed", json!({ "status": 426 }))),
            "waiting" if !held => begin.push(record("dial_failed", json!({}))),
            "idle" | "dial" => {}
            _ => begin.push(record("dialed", Value::Null)),
        }
        let begun = self.step(scene, begin);
        if begun.no("write_bytes") {
            return;
        }
        self.answer = Wire::upgrade(&begun);
        if phase == "handshake" {
            return;
        }
        let wire = Wire::server();
        let mut open = [self.answer.clone(), bytes(&wire.text(WELCOME))].concat();
        if held {
            let error = r#"{"type":"error","message":"m","retry_after":60}"#;
            open.extend(bytes(&wire.text(error)));
        }
        if input.ends_with("broken frame, retry") {
            let away = r#"{"type":"going_away","retry_after":60}"#;
            open.extend(bytes(&wire.text(away)));
        }
        let mut input = vec![record("bytes_in", json!({ "bytes": hex(&open) }))];
        match phase {
            "closing" => input.push(record("disconnect", Value::Null)),
            "waiting" => input.push(record("closed_in", json!({}))),
            _ => {}
        }
        self.step(scene, input);
    }

    fn step(&mut self, scene: &mut Scene, input: Vec<Input>) -> Vec<Record> {
        let events = scene.step(&self.name, input);
        self.deadline = events.last().expect("an output").word("deadline");
        events
    }

    /// Applies an input of the table; the events, and the phase after it.
    fn apply(&mut self, scene: &mut Scene, input: &str, phase: &str) -> (Vec<Record>, String) {
        if input.ends_with("no token") {
            scene.wait(SHORT_MS);
        }
        let events = self.events(scene, input, phase);
        let after = after(input, phase, &events);
        (events, after)
    }

    fn events(&mut self, scene: &mut Scene, input: &str, phase: &str) -> Vec<Record> {
        let wire = Wire::server();
        let raw = |bytes: &str| record("bytes_in", json!({ "bytes": bytes }));
        let head = |status: &str| {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            raw(&hex(head.as_bytes()))
        };
        let (name, _) = input.split_once(", no token").unwrap_or((input, ""));
        let (name, _) = name.split_once(" again").unwrap_or((name, ""));
        let name = if name == "bytes: broken frame, retry" { "bytes: broken frame" } else { name };
        let given = match name {
            "connect" | "disconnect" | "dialed" => record(name, Value::Null),
            "send" => record("send", json!({ "envelope": "{\"type\":\"x\"}" })),
            "token" => record("token", good(scene, LONG_MS)),
            "malformed token" => record("token", json!({ "token": "a b" })),
            "no token for now" => record("token_failed", json!({})),
            "token denied" => record("token_failed", json!({ "denied": 1 })),
            "opened" => record("opened_in", Value::Null),
            "dial failed, retry" => record("dial_failed", json!({ "class": "network" })),
            "dial failed, authentication" => record("dial_failed", json!({ "status": 403 })),
            "dial failed, stop" => record("dial_failed", json!({ "class": "refused" })),
            "bytes: 101" => raw(&hex(&self.answer)),
            "bytes: answer, retry" => head("503 No\r\nRetry-After: 1"),
            "bytes: answer, authentication" => head("401 No"),
            "bytes: answer, stop" => head("426 No"),
            "welcomed" => raw(&wire.text(WELCOME)),
            "bytes: text frame" => raw(&wire.text("hello")),
            "bytes: close, retry" => raw(&wire.close(1012, "")),
            "bytes: close, authentication" => raw(&wire.close(4001, "")),
            "bytes: close, stop" => raw(&wire.close(1000, "")),
            "bytes: broken frame" => raw("f100"),
            "transport closed" => record("closed_in", json!({})),
            "wake, network changed" => {
                let no_token = input.ends_with("no token");
                record(if no_token { "network_changed" } else { "wake" }, Value::Null)
            }
            "wake, network changed, told to wait" => record("network_changed", Value::Null),
            "heartbeat" => {
                if phase == "open" {
                    scene.wait(20_000);
                }
                return self.step(scene, Vec::new());
            }
            "deadline" => return self.pass_deadline(scene, phase),
            other => panic!("no input `{other}`"),
        };
        self.step(scene, vec![given])
    }

    /// Waits until something ends, or there is nothing to wait for.
    fn pass_deadline(&mut self, scene: &mut Scene, phase: &str) -> Vec<Record> {
        let mut events = Vec::new();
        for _ in 0..9 {
            if let Some(deadline) = self.deadline {
                scene.wait((deadline / 1_000_000 + 1).saturating_sub(scene.at_ms));
            }
            events = self.step(scene, Vec::new());
            if after("deadline", phase, &events) != phase || self.deadline.is_none() {
                break;
            }
        }
        events
    }
}

/// The phase after an input, by its events.
fn after(input: &str, before: &str, events: &[Record]) -> String {
    let changed = events.all("state_changed");
    let state = changed.last().and_then(|record| record.word("to"));
    let next = events.last().and_then(|next| next.word("deadline"));
    let phase = if !events.no("dial") {
        "dial"
    } else if !events.no("retrying") {
        "waiting"
    } else if !events.no("stopped") && before != "closing" && input != "disconnect" {
        "stopped"
    } else {
        match state {
            Some(0) => "token",
            Some(1) => "open",
            Some(2) => "closing",
            Some(_) => "idle",
            None if !events.no("write_bytes") && input == "dialed" => "handshake",
            // It waits for nothing any more.
            None if before == "waiting" && next.is_none() => "idle",
            None => before,
        }
    };
    phase.to_owned()
}
