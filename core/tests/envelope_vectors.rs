//! Runs the vectors in `tests/vectors/envelopes`, which every language runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pamlink::envelope::{Envelope, EnvelopeError, Kind, TimeForm};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    kind: Option<String>,
    known: Option<bool>,
    id: Option<String>,
    reply_to: Option<String>,
    unix_micros: Option<i64>,
    time_form: Option<String>,
    message_text: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    mismatches: Vec<String>,
    encoded: Option<String>,
    extra: Option<Vec<String>>,
    error: Option<Refusal>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Refusal {
    error: String,
    at: Option<usize>,
    expected: Option<String>,
}

#[test]
fn golden_frames_are_read_and_survive() {
    assert_eq!(run("golden.json"), 12);
}

/// Every frame that existing clients and servers send, with all its members.
#[test]
fn every_frame_that_peers_send_is_typed_whole() {
    assert_eq!((run("client.json"), run("server.json")), (16, 45));
    let cases: Vec<Case> = ["client.json", "server.json"].into_iter().flat_map(read).collect();
    for kind in Kind::ALL {
        let sent = cases.iter().any(|case| case.kind.as_deref() == Some(kind.as_str()));
        assert!(sent, "{kind} is sent by nobody");
    }
}

#[test]
fn odd_frames_have_their_defined_result() {
    assert!(run("lenient.json") > 20);
}

#[test]
fn what_is_no_envelope_is_refused_with_its_place() {
    assert!(run("refused.json") > 20);
}

fn read(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/envelopes").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Runs a file; how many cases it has.
fn run(file: &str) -> usize {
    let cases = read(file);
    for case in &cases {
        match (Envelope::parse(&case.text, Envelope::DEPTH), &case.error) {
            (Ok(envelope), None) => check(case, &envelope),
            (Err(error), Some(expected)) => {
                assert_eq!(&refusal(&error), expected, "{}", case.name);
            }
            (outcome, _) => panic!("{}: {outcome:?}", case.name),
        }
    }
    cases.len()
}

fn check(case: &Case, envelope: &Envelope<'_>) {
    let name = &case.name;
    assert_eq!(envelope.as_str(), case.text, "{name}");
    assert_eq!(Some(envelope.kind().as_str()), case.kind.as_deref(), "{name}");
    assert_eq!(envelope.kind().is_known(), case.known.unwrap_or(true), "{name}");
    assert_eq!(envelope.id().map(|id| id.to_json()), case.id, "{name}");
    assert_eq!(envelope.reply_to().map(|id| id.to_json()), case.reply_to, "{name}");
    let time = envelope.timestamp();
    if let Some(form) = &case.time_form {
        let form = match form.as_str() {
            "iso_naive" => TimeForm::IsoNaive,
            "iso_zoned" => TimeForm::IsoZoned,
            "seconds" => TimeForm::Seconds,
            "millis" => TimeForm::Millis,
            "uuid" => TimeForm::Uuid,
            "other" => TimeForm::Other,
            unknown => panic!("{name}: {unknown}"),
        };
        assert_eq!(time.as_ref().map(|time| time.form()), Some(form), "{name}");
    }
    if let Some(micros) = case.unix_micros {
        let wall = time.and_then(|time| time.wall()).map(|wall| wall.as_unix_micros());
        assert_eq!(wall, Some(micros), "{name}");
    }
    for (field, json) in &case.fields {
        assert_eq!(envelope.field(field).unwrap().as_json(), json, "{name}");
    }
    let message = envelope.message();
    assert_eq!(envelope.text().as_deref(), case.message_text.as_deref(), "{name}");
    let mismatches: Vec<_> = message.mismatches().iter().map(|mismatch| mismatch.field).collect();
    assert_eq!(mismatches, case.mismatches, "{name}");
    if let Some(extra) = &case.extra {
        let names: Vec<_> = message.extra().fields().map(|(name, _)| name).collect();
        assert_eq!(&names, extra, "{name}");
    }
    if let Some(encoded) = &case.encoded {
        let mut out = String::new();
        message.encode(&mut out);
        assert_eq!(&out, encoded, "{name}");
    }
}

fn refusal(error: &EnvelopeError) -> Refusal {
    let (error, at, expected) = match error {
        EnvelopeError::MissingType => ("missing_type", None, None),
        EnvelopeError::NotAnObject { at, .. } => ("not_an_object", Some(*at), None),
        EnvelopeError::NotJson { at, expected } => {
            ("not_json", Some(*at), Some((*expected).to_owned()))
        }
        EnvelopeError::TooDeep { at, .. } => ("too_deep", Some(*at), None),
        EnvelopeError::TypeNotText { at, .. } => ("type_not_text", Some(*at), None),
        other => panic!("{other}"),
    };
    Refusal { error: error.to_owned(), at, expected }
}
