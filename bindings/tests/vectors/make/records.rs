//! `packed/records.json`.

use pamlink_ffi::packed::{NONE, schema};
use serde_json::{Map, Value, json};

use super::list;
use crate::files::Made;
use crate::record::{Record, hex};

/// The largest word that is a number.
const MOST: u64 = NONE - 1;

pub(super) fn file() -> Made {
    let mut lines = Vec::new();
    for record in schema::RECORDS {
        lines.push(line(&with(record, false)));
        lines.push(line(&with(record, true)));
    }
    lines.extend(chosen().iter().map(line));
    lines.extend(unknown());
    let text = format!("[\n{}\n]\n", list(" ", &lines));
    Made { path: "packed/records.json".to_owned(), text }
}

fn line(record: &Record) -> String {
    record.line(&format!(", \"hex\": \"{}\"", hex(&record.pack())))
}

/// Each record twice: as little as it may hold, and all of it, different in each place.
fn with(record: &schema::Record, all: bool) -> Record {
    let mut members = Map::new();
    if all {
        for (at, word) in record.words.iter().enumerate() {
            let value = match at {
                0 => u64::from(record.kind),
                1 => MOST,
                at => 1 << (8 * at),
            };
            members.insert(word.trim_end_matches('?').to_owned(), value.into());
        }
        for (at, text) in record.texts.iter().enumerate() {
            let value = match (text.ends_with('*'), at) {
                (true, _) => "00ff80c3a9".to_owned(),
                (false, 0) => record.name.to_owned(),
                (false, at) => "é".repeat(at),
            };
            members.insert(text.trim_end_matches(['?', '*']).to_owned(), value.into());
        }
    }
    Record::new(record.name, Value::Object(members))
}

/// What is easily got wrong.
fn chosen() -> Vec<Record> {
    let long = "lorem ipsum ".repeat(30);
    let texts = "\u{0} \" \\ \u{7f} \u{2028} é 漢 \u{10ffff} \u{feff}👩‍🚀 \r\n\t";
    vec![
        // An empty text is one, and none is none.
        Record::new("ask", json!({ "message": "", "agent": "", "intent": null, "context": "{}" })),
        Record::new("ask", json!({ "message": texts, "stream": 1, "session_id": texts })),
        Record::new("reply", json!({ "request": 1_u64 << 53, "text": long, "model": "" })),
        Record::new("reply", json!({ "request": (1_u64 << 53) + 1, "failed": 1, "source": texts })),
        Record::new("respond", json!({ "link": i64::MAX, "status": 404, "body": "f".repeat(600) })),
        Record::new("bytes_in", json!({ "link": 1_u64 << 63, "bytes": "80" })),
        Record::new(
            "request",
            json!({
                "request": MOST, "link": MOST, "wants_pieces": 1, "user": texts, "agent": "a",
                "because": "default", "refused": "", "id": "\"7\"", "text": long, "json": "{}",
            }),
        ),
        Record::new("request", json!({ "refused": "busy", "id": null })),
        Record::new(
            "closed",
            json!({
                "link": u32::MAX, "code": 1006, "clean": 0, "unsent": MOST, "running": u32::MAX,
                "links_of_user": 1, "class": "network", "reason": texts, "cause": "transport",
            }),
        ),
        Record::new("next", json!({ "deadline": 0, "reason": "" })),
        Record::new("next", json!({ "deadline": null, "reason": null })),
        Record::new("late", json!({ "request": 0, "text": "\u{fffd}", "json": long })),
        Record::new("binary", json!({ "bytes": "" })),
        Record::new("close_read", json!({ "code": null, "reason": "" })),
        Record::new("message", json!({ "kind": "a type of tomorrow", "id": "", "text": texts })),
    ]
}

/// Records that no version knows: for a reader to step over and to hand on.
fn unknown() -> Vec<String> {
    let none = raw(9999, &[], &[]);
    let some = raw(9999, &[0, 1, NONE], &[Some(b"text"), None, Some(&[0xff, 0xfe]), Some(b"")]);
    let last = raw(u16::MAX, &[7; 255], &[Some(b"x".as_slice()); 255]);
    // Between numbers that are taken, and behind the last of the host's.
    let [between, behind] = [99, 47].map(|kind| raw(kind, &[MOST], &[Some("é".as_bytes())]));
    [none, some, last, between, behind]
        .map(|(kind, bytes)| {
            assert_eq!(schema::record(kind), None);
            format!("{{\"record\": null, \"kind\": {kind}, \"hex\": \"{}\"}}", hex(&bytes))
        })
        .into()
}

/// A record by the text of the layout alone, without the engine's writer.
fn raw(kind: u16, words: &[u64], texts: &[Option<&[u8]>]) -> (u16, Vec<u8>) {
    let mut body = kind.to_le_bytes().to_vec();
    body.extend([words.len() as u8, texts.len() as u8]);
    body.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let length = |text: &Option<&[u8]>| text.map_or(u32::MAX, |text| text.len() as u32);
    body.extend(texts.iter().flat_map(|text| length(text).to_le_bytes()));
    body.extend(texts.iter().flatten().flat_map(|text| text.iter()));
    let mut bytes = (body.len() as u32 + 4).to_le_bytes().to_vec();
    bytes.extend(body);
    (kind, bytes)
}
