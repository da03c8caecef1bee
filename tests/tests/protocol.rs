//! `docs/protocol.md` held against the engine: what its tables say of types and members is so.

use std::collections::BTreeMap;
use std::path::Path;

use pamlink::envelope::{Envelope, Kind, Storage};
use serde_json::Value;

/// Members of each type, each with the word for its own type.
type Members = BTreeMap<String, BTreeMap<String, String>>;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(path).expect("a file of the repository")
}

/// The cells of the rows of all tables whose head begins with these cells.
fn rows(document: &str, head: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in document.lines() {
        let cells: Vec<String> =
            line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        if !line.starts_with('|') {
            inside = false;
        } else if cells == head {
            inside = true;
        } else if inside && !cells[0].starts_with("---") {
            rows.push(cells);
        }
    }
    assert!(!rows.is_empty(), "no table {head:?}");
    rows
}

/// What stands in backticks.
fn words(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn members(document: &str) -> Members {
    let mut members = Members::new();
    for row in rows(document, &["type", "members"]) {
        // The table of the server's own frames says no types.
        let typed = row[1].split(", ").filter_map(|member| member.split_once("` "));
        let typed: Vec<_> = typed.filter(|(_, kind)| !kind.starts_with('(')).collect();
        let kind = words(&row[0])[0].to_owned();
        for (name, of) in typed {
            let name = name.trim_start_matches('`').to_owned();
            members.entry(kind.clone()).or_default().insert(name, of.to_owned());
        }
    }
    members
}

fn kind_of(name: &str) -> Kind<'_> {
    Kind::from(name)
}

#[test]
fn the_tables_say_what_the_engine_does() {
    let document = read("docs/protocol.md");
    let storage = |kind: &str| match kind_of(kind).storage() {
        Storage::Stored => "stored",
        Storage::StoredWithLog => "stored and logged",
        Storage::Transient => "transient",
    };
    let sent = rows(&document, &["type", "what the server does", "storage"]);
    let received = rows(&document, &["type", "who sends it", "answer", "storage"]);
    let mut kinds = Vec::new();
    for row in sent.iter().chain(&received) {
        let kind = words(&row[0]).first().copied().unwrap_or("heard_of_never");
        assert_eq!(row.last().unwrap(), storage(kind), "{kind}");
        kinds.push(kind);
    }
    for row in &sent {
        let kind = words(&row[0]).first().copied().unwrap_or("heard_of_never");
        let is_request = row[1].starts_with("a request") || row[1].starts_with("as `chat`");
        assert_eq!(is_request, kind_of(kind).is_request(), "{kind}");
    }
    for row in &received {
        let kind = words(&row[0]).first().copied().unwrap_or("heard_of_never");
        assert_eq!(row[2] == "yes", kind_of(kind).is_answer(), "{kind}");
    }
    for kind in Kind::ALL {
        assert!(kinds.contains(&kind.as_str()), "{kind} is in no table");
    }
}

#[test]
fn every_member_of_the_tables_is_known_by_its_type() {
    for (kind, members) in members(&read("docs/protocol.md")) {
        for (member, of) in members {
            // A value that no member of this type takes.
            let (expected, wrong) = match of.as_str() {
                "text" => ("a string", "7"),
                "number" => ("a number", "[]"),
                "boolean" => ("a boolean", "\"x\""),
                _ => ("", "[]"),
            };
            let text = format!(r#"{{"type":"{kind}","{member}":{wrong}}}"#);
            let envelope = Envelope::parse(&text, 10).expect("an envelope");
            let message = envelope.message();
            let misfits: Vec<_> =
                message.misfits().iter().map(|it| (it.field, it.expected)).collect();
            if expected.is_empty() {
                // Ids, times and free values take any JSON: known, they come before the unknown.
                let text = format!(r#"{{"type":"{kind}","a":1,"{member}":[]}}"#);
                let mut again = String::new();
                Envelope::parse(&text, 10).expect("an envelope").message().encode(&mut again);
                let known = format!(r#"{{"type":"{kind}","{member}":[],"a":1}}"#);
                assert_eq!(again, known, "{kind}.{member} is {of}");
            } else {
                assert_eq!(misfits, [(member.as_str(), expected)], "{kind}.{member} is {of}");
            }
        }
    }
}

#[test]
fn every_known_member_of_the_golden_frames_is_in_the_tables() {
    let members = members(&read("docs/protocol.md"));
    let golden: Value =
        serde_json::from_str(&read("tests/vectors/envelopes/golden.json")).expect("JSON");
    for case in golden.as_array().expect("an array") {
        let text = case["text"].as_str().expect("a text");
        let Ok(envelope) = Envelope::parse(text, 10) else { continue };
        let kind = envelope.kind();
        let Some(table) = members.get(kind.as_str()) else { continue };
        let frame: Value = serde_json::from_str(text).expect("JSON");
        for name in frame.as_object().expect("an object").keys().filter(|name| *name != "type") {
            let alone = format!(r#"{{"type":"{kind}","a":1,"{name}":[]}}"#);
            let mut again = String::new();
            let alone_envelope = Envelope::parse(&alone, 10).expect("an envelope");
            let message = alone_envelope.message();
            message.encode(&mut again);
            let is_known = again != alone || !message.misfits().is_empty();
            assert!(!is_known || table.contains_key(name), "{kind}.{name} is in no table");
        }
    }
}
