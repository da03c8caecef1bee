//! Conversations of the dialect, with the engine as either end.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Engine, items, text};
use crate::record::Record;

const AT_MS: u64 = 1;
const WALL_MS: u64 = 1_800_000_000_000;

pub(super) fn run(file: &Value) -> usize {
    let steps = items(&file["steps"]);
    server(steps);
    client(steps);
    steps.len()
}

/// The engine is the server, and answers every request.
fn server(steps: &[Value]) {
    let mut end = End::new(&json!({ "kind": "hub", "seed": 1, "options": {} }));
    let welcomed = end.give("accept_opened", json!({ "user": "ada", "subject": "ada" }));
    let link = welcomed.iter().find_map(|it| it.is("accepted").then(|| it.word("link")));
    for step in steps {
        if step["from"] == "client" {
            let events = end.give("text_in", json!({ "link": link, "text": step["text"] }));
            for request in events.iter().filter(|it| it.is("request")) {
                let request = request.word("request");
                end.give("reply", json!({ "request": request, "text": "well" }));
            }
        } else if let Some(expect) = step.get("expect") {
            let frame = end.said.pop_front().unwrap_or_else(|| panic!("no frame for {step}"));
            assert_eq!(difference(&frame, expect), None, "{step}");
        }
    }
    // A chat that another server's words answer in the transcript was answered by this one, too.
    let foreign = |step: &Value| step["from"] == "server" && step.get("expect").is_none();
    for frame in end.said {
        assert!(steps.iter().any(foreign), "unexpected {frame}");
        assert!(frame.contains(r#""type":"chat_response""#), "unexpected {frame}");
    }
}

/// The engine is the client, whose host sends the requests.
fn client(steps: &[Value]) {
    let options =
        json!({ "url": "ws://localhost:1/api/v1/pam/ws/ada", "anonymous": true, "v1": false });
    let mut end = End::new(&json!({ "kind": "client", "seed": 1, "options": options }));
    end.give("connect", Value::Null);
    end.give("opened_in", Value::Null);
    let mut open = VecDeque::new();
    for step in steps {
        if step["from"] == "server" {
            let events = end.give("text_in", json!({ "text": step["text"] }));
            let words: Vec<_> = events.iter().filter_map(|it| word(it, &mut open)).collect();
            assert!(words.len() <= 1, "{words:?} of {step}");
            assert_eq!(words.first().unwrap_or(&"life"), &text(&step["reads"]), "{step}");
        } else if let Some(request) = request(step) {
            let events = end.give("ask", json!({ "message": request }));
            open.extend(
                events.iter().filter(|it| it.is("asked")).filter_map(|it| it.word("request")),
            );
            let frame = end.said.pop_front().expect("a request is sent");
            let asked = json!({ "type": "chat", "message": request, "id": "$string" });
            assert_eq!(difference(&frame, &asked), None, "{step}");
        } else if let Some(expect) = step.get("expect") {
            // A pong to a ping that the transcript leaves unanswered may come before.
            let mut frames = std::iter::from_fn(|| end.said.pop_front());
            let like = |frame: &String| difference(frame, expect).is_none();
            assert!(frames.any(|frame| like(&frame)), "no frame for {step}");
        }
    }
    // Only pongs to pings of transcripts that show none are left.
    assert!(end.said.iter().all(|frame| frame.starts_with(r#"{"type":"pong""#)), "{:?}", end.said);
}

/// One end, and the texts that it has to say.
struct End {
    engine: Engine,
    said: VecDeque<String>,
}

impl End {
    fn new(machine: &Value) -> Self {
        let engine = Engine::make(machine, AT_MS, WALL_MS).expect("a machine");
        Self { engine, said: VecDeque::new() }
    }

    fn give(&mut self, record: &str, members: Value) -> Vec<Record> {
        let events = self.engine.step(AT_MS, WALL_MS, &Record::new(record, members).pack());
        for record in &events {
            assert!(!record.is("closed") && !record.is("fault"), "{record:?}");
            if record.is("write_text") {
                self.said.push_back(record.text("text").to_owned());
            }
        }
        events
    }
}

/// What the client makes of a message, in the words of the file.
fn word(events: &Record, open: &mut VecDeque<u64>) -> Option<&'static str> {
    Some(match events.name() {
        "welcomed" => "welcome",
        "answer" | "rejected" => {
            assert_eq!(open.pop_front(), events.word("request"), "another request's end");
            if events.is("answer") { "answer" } else { "refusal" }
        }
        "piece" => {
            assert_eq!(open.front().copied(), events.word("request"), "a piece of another answer");
            "piece"
        }
        "late" => "late",
        "message" => "message",
        "next" | "write_text" => return None,
        other => panic!("unexpected {other}"),
    })
}

/// The request, if the step is a chat of a client.
fn request(step: &Value) -> Option<String> {
    let frame: Value = serde_json::from_str(text(&step["text"])).ok()?;
    let text = frame["message"].as_str().or_else(|| frame["content"].as_str());
    text.filter(|_| frame["type"] == "chat").map(str::to_owned)
}

/// In what a frame differs from what is expected of it.
fn difference(frame: &str, expect: &Value) -> Option<String> {
    let frame: Value = serde_json::from_str(frame).expect("a frame is JSON");
    let members = expect.as_object().expect("members");
    let unlike = members.iter().find(|(name, wanted)| !holds(&frame, name, wanted))?;
    Some(format!("{} is not {} in {frame}", unlike.0, unlike.1))
}

fn holds(frame: &Value, name: &str, wanted: &Value) -> bool {
    let Some(found) = frame.get(name) else { return wanted == "$absent" };
    match wanted.as_str() {
        Some("$absent") => false,
        Some("$array") => found.is_array(),
        Some("$boolean") => found.is_boolean(),
        Some("$number") => found.is_number(),
        Some("$object") => found.is_object(),
        Some("$string") => found.is_string(),
        Some(text) => match text.strip_prefix("$same:") {
            Some(other) => frame.get(other) == Some(found),
            None => found == wanted,
        },
        None => found == wanted,
    }
}
