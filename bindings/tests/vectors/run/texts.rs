//! Envelopes, values and the frames that the engine writes.

use std::collections::HashMap;

use pamlink_ffi::{describe_envelope, encode_value, write_frame};
use serde_json::{Value, json};

use super::{items, text};
use crate::record::bytes;

const DEPTH: u32 = 10;

pub(super) fn envelopes(file: &Value) -> usize {
    for case in items(file) {
        let said: Value = serde_json::from_str(&describe_envelope(text(&case["text"]), DEPTH))
            .expect("a description is JSON");
        if let Some(error) = case.get("error") {
            for member in ["error", "at", "expected"] {
                assert_eq!(said[member], error[member], "{member} of {case}");
            }
        } else {
            envelope(case, &said);
        }
    }
    items(file).len()
}

fn envelope(case: &Value, said: &Value) {
    for (member, absent) in [
        ("kind", Value::Null),
        ("known", true.into()),
        ("id", Value::Null),
        ("reply_to", Value::Null),
        ("message_text", Value::Null),
        ("mismatches", json!([])),
    ] {
        assert_eq!(said[member], *case.get(member).unwrap_or(&absent), "{member} of {case}");
    }
    for member in ["unix_micros", "time_form", "extra", "encoded"] {
        if let Some(expected) = case.get(member) {
            assert_eq!(said[member], *expected, "{member} of {case}");
        }
    }
    for (name, spelled) in case["fields"].as_object().into_iter().flatten() {
        assert_eq!(said["fields"][name], *spelled, "{name} of {case}");
    }
}

pub(super) fn values(file: &Value) -> usize {
    for case in items(file) {
        let mut packed = Vec::new();
        pack(&case["value"], &mut packed);
        let depth = case["depth"].as_u64().map_or(DEPTH, |depth| depth as u32);
        let encoded = encode_value(&packed, depth).expect("a value");
        assert_eq!(encoded.json, text(&case["json"]), "{}", case["name"]);
        let adjusted: HashMap<String, u32> = case
            .get("adjusted")
            .map(|adjusted| serde_json::from_value(adjusted.clone()).expect("causes"))
            .unwrap_or_default();
        assert_eq!(encoded.adjusted, adjusted, "{}", case["name"]);
    }
    items(file).len()
}

/// A value as it crosses the border.
fn pack(value: &Value, out: &mut Vec<u8>) {
    let (kind, it) = value.as_object().and_then(|it| it.iter().next()).expect("a kind");
    let signed = |it: &Value| text(it).parse::<i64>().expect("a signed integer").to_le_bytes();
    let unsigned = |it: &Value| text(it).parse::<u64>().expect("an integer").to_le_bytes();
    let counted = |out: &mut Vec<u8>, tag: u8, count: usize, bytes: &[u8]| {
        out.push(tag);
        out.extend_from_slice(&(count as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    let plain = |out: &mut Vec<u8>, tag: u8, bytes: [u8; 8]| {
        out.push(tag);
        out.extend_from_slice(&bytes);
    };
    match kind.as_str() {
        "null" => out.push(0),
        "bool" => out.push(if *it == true { 2 } else { 1 }),
        "int" => plain(out, 3, signed(it)),
        "uint" => plain(out, 4, unsigned(it)),
        "float" => plain(out, 5, text(it).parse::<f64>().expect("a double").to_le_bytes()),
        "text" => counted(out, 6, text(it).len(), text(it).as_bytes()),
        "utf16" => {
            let unit = |unit: &Value| unit.as_u64().expect("a unit") as u16;
            let units: Vec<u8> = items(it).iter().flat_map(|it| unit(it).to_le_bytes()).collect();
            counted(out, 7, items(it).len(), &units);
        }
        "wtf8" => counted(out, 8, bytes(text(it)).len(), &bytes(text(it))),
        "bytes" => counted(out, 9, bytes(text(it)).len(), &bytes(text(it))),
        "time_micros" => plain(out, 10, signed(it)),
        "duration_nanos" => plain(out, 11, unsigned(it)),
        "list" => {
            counted(out, 12, items(it).len(), &[]);
            items(it).iter().for_each(|item| pack(item, out));
        }
        "map" => {
            counted(out, 13, items(it).len(), &[]);
            items(it).iter().flat_map(items).for_each(|part| pack(part, out));
        }
        "raw" => counted(out, 14, text(it).len(), text(it).as_bytes()),
        "nested" => {
            let levels = it["levels"].as_u64().expect("levels");
            (0..levels).for_each(|_| counted(out, 12, 1, &[]));
            pack(&it["inside"], out);
        }
        other => panic!("no value is `{other}`"),
    }
}

pub(super) fn writers(file: &Value) -> usize {
    for case in items(file) {
        let now = text(&case["now_micros"]).parse().expect("microseconds");
        let frame = write_frame(text(&case["frame"]), now, &case["args"].to_string());
        assert_eq!(frame.expect("a frame"), text(&case["json"]), "{}", case["name"]);
    }
    items(file).len()
}
