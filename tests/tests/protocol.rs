//! `docs/protocol.md` held against the engine: what its tables say of types and members is so.

use std::collections::{BTreeMap, BTreeSet};
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
            let mismatches: Vec<_> =
                message.mismatches().iter().map(|it| (it.field, it.expected)).collect();
            if expected.is_empty() {
                // Ids, times and free values take any JSON: known, they come before the unknown.
                let text = format!(r#"{{"type":"{kind}","a":1,"{member}":[]}}"#);
                let mut again = String::new();
                Envelope::parse(&text, 10).expect("an envelope").message().encode(&mut again);
                let known = format!(r#"{{"type":"{kind}","{member}":[],"a":1}}"#);
                assert_eq!(again, known, "{kind}.{member} is {of}");
            } else {
                assert_eq!(mismatches, [(member.as_str(), expected)], "{kind}.{member} is {of}");
            }
        }
    }
}

#[test]
fn every_frame_of_the_document_is_read_and_none_of_its_members_is_a_mismatch() {
    let document = read("docs/protocol.md");
    let frames = document.lines().filter_map(|line| {
        let frame = line.strip_prefix("> ").or_else(|| line.strip_prefix("< "))?;
        frame.starts_with('{').then_some(frame)
    });
    let mut count = 0;
    for frame in frames {
        let envelope = Envelope::parse(frame, 10).expect(frame);
        assert_eq!(envelope.message().mismatches(), [], "{frame}");
        count += 1;
    }
    assert!(count > 12, "{count} frames");
}

/// Whether a member is known: an unknown one stays where it is among the others.
fn is_known(kind: &str, member: &str) -> bool {
    let text = format!(r#"{{"type":"{kind}","~":1,"{member}":[]}}"#);
    let mut again = String::new();
    let envelope = Envelope::parse(&text, 10).expect("an envelope");
    let message = envelope.message();
    message.encode(&mut again);
    again != text || !message.mismatches().is_empty()
}

#[test]
fn the_tables_name_every_member_that_is_known_and_no_other() {
    let tables = members(&read("docs/protocol.md"));
    // Every name that anybody uses for anything.
    let mut names: BTreeSet<String> =
        tables.values().flat_map(|members| members.keys().cloned()).collect();
    for file in ["client", "golden", "lenient", "server"] {
        let cases = read(&format!("tests/vectors/envelopes/{file}.json"));
        let cases: Value = serde_json::from_str(&cases).expect("JSON");
        let texts = cases.as_array().expect("an array").iter();
        let texts = texts.filter_map(|case| case["text"].as_str());
        let frames = texts.filter_map(|text| serde_json::from_str::<Value>(text).ok());
        names.extend(
            frames
                .filter_map(|it| Some(it.as_object()?.keys().cloned().collect::<Vec<_>>()))
                .flatten(),
        );
    }
    // A member name goes into a frame here as it is.
    names.retain(|name| {
        name != "type" && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    assert!(names.len() > 50, "{names:?}");
    for (kind, members) in &tables {
        for name in &names {
            assert_eq!(members.contains_key(name), is_known(kind, name), "{kind}.{name}");
        }
    }
}
