//! The transcripts of `tests/vectors`, each as a case of a client and one of a server. The README
//! beside them says what they mean.

use std::collections::VecDeque;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::file::{File, folder};

/// The document whose clauses name the transcripts that hold them.
const DOCUMENT: &str = "../../docs/protocol.md";

/// All of them.
pub(super) fn all() -> Vec<File> {
    let folder = folder().join("../vectors/transcripts");
    let files = std::fs::read_dir(folder).expect("the transcripts are there");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let transcripts = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "json"));
    let document = super::file::text(&super::file::folder().join(DOCUMENT));
    transcripts.map(|path| read(path, &document)).collect()
}

fn read(path: &Path, document: &str) -> File {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let transcript: Value = serde_json::from_str(&super::file::text(path)).expect("JSON");
    let steps = transcript["steps"].as_array().expect("steps");
    let clauses = clauses(document, &format!("`transcripts/{name}`"));
    let case = |end: &str, options: Value, steps: Vec<Value>| {
        json!({
            "name": transcript["about"], "end": end, "options": options, "clauses": clauses,
            "steps": steps,
        })
    };
    let cases = [
        case("whole_client", json!({"v1": false}), client(steps)),
        case("whole_server", json!({}), server(steps)),
    ];
    let file = json!({"clauses": clauses, "cases": cases});
    File::read(format!("transcripts/{name}"), &file.to_string())
}

/// The clauses of a document that name this test.
fn clauses<'a>(document: &'a str, test: &str) -> Vec<&'a str> {
    let mut clause = "";
    let mut clauses = Vec::new();
    for line in document.lines() {
        if let Some((name, _)) = line.strip_prefix("**P-").and_then(|line| line.split_once("**")) {
            clause = &line[2..name.len() + 4];
        } else if line.starts_with("test: ") && line.contains(test) {
            clauses.push(clause);
        }
    }
    clauses
}

/// The server's side is played: what the client says by itself, and what it makes of each text.
fn client(transcript: &[Value]) -> Vec<Value> {
    let mut steps = vec![
        json!({"do": {"connect": {}}}),
        json!({"event": {"need_token": {"why": "missing"}}}),
        json!({"do": {"token": {"token": "t"}}}),
        json!({"out": {"request": {"path": "/api/v1/pam/ws/ann", "token": "t"}}}),
        json!({"in": {"response": {"status": 101}}}),
    ];
    let mut open = VecDeque::new();
    let grows = transcript.iter().any(|step| step["reads"] == "piece");
    for step in transcript {
        let text = step["text"].as_str().expect("a step has a text");
        if step["from"] == "client" {
            // A pong is said where the ping comes, and what is no chat not by itself.
            let Some(message) = request(text) else { continue };
            let name = format!("request {}", steps.len());
            let mut ask = json!({ "message": message });
            if grows {
                ask["stream"] = true.into();
            }
            steps.push(json!({"do": {"ask": ask}, "as": name}));
            let chat = json!({"type": "chat", "message": message, "id": "$string"});
            steps.push(json!({"out": {"pam": chat}}));
            open.push_back(name);
            continue;
        }
        steps.push(json!({ "in": text }));
        let oldest = json!({"command": open.front()});
        let reads = step["reads"].as_str().expect("a server's text is read");
        let event = match reads {
            "life" => {
                let said = said(text);
                if said["type"] == "ping" {
                    let mut pong = Map::from_iter([("type".to_owned(), "pong".into())]);
                    pong.extend(
                        said.get("timestamp").map(|at| ("timestamp".to_owned(), at.clone())),
                    );
                    steps.push(json!({"out": {"pam": pong}}));
                }
                continue;
            }
            "welcome" => json!({"welcomed": {}}),
            "answer" => json!({ "answered": oldest }),
            "refusal" => json!({ "rejected": oldest }),
            // Word that an answer begins has no text.
            "piece" if said(text)["content"].is_null() => continue,
            "piece" => json!({"piece": {"command": open.front(), "text": said(text)["content"]}}),
            "late" => json!({"late": {}}),
            "message" => json!({"message": {"body": said(text)}}),
            other => panic!("{other} is not what a client makes of a text"),
        };
        if matches!(reads, "answer" | "refusal") {
            open.pop_front();
        }
        steps.push(json!({ "event": event }));
    }
    steps
}

/// The client's side is played: what the server says, where every request is answered.
fn server(transcript: &[Value]) -> Vec<Value> {
    let mut steps = vec![
        json!({"in": {"request": {"path": "/api/v1/pam/ws/ann", "token": "t"}}}),
        json!({"out": {"response": {"status": 101}}}),
        json!({"event": {"authorize": {"user": "ann", "token": "t"}}}),
        json!({"do": {"authorize": {"user": "ann", "expires": 3_600_000}}}),
    ];
    for (at, step) in transcript.iter().enumerate() {
        let text = step["text"].as_str().expect("a step has a text");
        if step["from"] == "server" {
            steps.extend(step.get("expect").map(|expect| json!({"out": {"pam": expect}})));
            continue;
        }
        steps.push(json!({ "in": text }));
        let event = |name: &str| json!({"event": {name: {"user": "ann", "body": said(text)}}});
        if request(text).is_some() {
            steps.extend([event("request"), json!({"do": {"reply": {"message": "well"}}})]);
            let ours = transcript[at + 1..].iter().take_while(|step| step["from"] == "server");
            // Where another server's words are the answer, this one answers all the same.
            if !ours.clone().any(|step| step["expect"]["type"] == "chat_response") {
                steps.push(json!({"out": {"pam": "chat_response"}}));
            }
        } else if matches!(said(text)["type"].as_str(), Some("init" | "context_update")) {
            steps.push(event("message"));
        }
    }
    steps
}

/// The request that a text is, if it is one.
fn request(text: &str) -> Option<String> {
    let said = said(text);
    let words = ["message", "content"].into_iter().filter_map(|name| said[name].as_str());
    let first = words.into_iter().find(|words| !words.is_empty());
    first.filter(|_| said["type"] == "chat").map(str::to_owned)
}

/// A text as JSON; nothing, if it is none.
fn said(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_is_that_above_the_line_that_names_the_transcript() {
        let document = "**P-1.1** Words.\n\ntest: `a::b`, `transcripts/a.json`\n\n**P-1.2** `transcripts/a.json`\n\n\
                        test: `transcripts/b.json`\n\n**P-10.3** W.\n\ntest: `transcripts/a.json`\n";
        assert_eq!(clauses(document, "`transcripts/a.json`"), ["P-1.1", "P-10.3"]);
    }
}
