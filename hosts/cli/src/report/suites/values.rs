//! Values that have broken encoders, as replies of an agent.

use std::time::Duration;

use pamlink::envelope::message::Verb;
use pamlink::envelope::{Envelope, Value};
use pamlink::time::Wall;
use pamlink_tokio::Reply;
use serde_json::{Value as Json, json};

type Check = fn(&Json) -> Result<String, String>;

/// Name, request, the baseline's words, and what must have arrived.
pub(super) const CASES: [(&str, &str, Option<&str>, Check); 7] = [
    ("Enum as value and as key", "value: enum", Some("handled properly"), enums),
    ("Complex nested objects", "value: nested", Some("serialized without issues"), nested),
    ("NaN and infinities", "value: float", None, floats),
    ("Integers beyond 2^53", "value: wide", None, wide),
    ("DateTime objects", "value: time", Some("processed through DateTimeEncoder"), times),
    ("Lone surrogates and bad bytes", "value: text", None, texts),
    ("Deeper than the limit", "value: deep", None, deep),
];

/// The nesting that a value in a reply may have: the reply around it is a level of its own.
const DEPTH: u8 = Envelope::DEPTH - 1;

/// What the agent replies to `text`, if it is one of the requests above or one of the suite's
/// other commands.
pub(super) fn reply(text: &str) -> Option<Reply> {
    let (command, rest) = text.split_once(':')?;
    match command {
        "fail" => Some(Reply::error("PROCESSING_ERROR", rest.trim())),
        "value" => value(rest.trim()).map(|value| {
            let mut out = String::from("{\"type\":\"response\",\"value\":");
            // Adjusted values are the point here; what they became is looked at by the peer.
            let _ = value.encode(DEPTH, &mut out);
            out.push('}');
            Reply::Raw(out)
        }),
        _ => None,
    }
}

fn value(name: &str) -> Option<Value> {
    let text = |text: &str| Value::Text(text.to_owned());
    let map = |members: Vec<(Value, Value)>| Value::Map(members);
    Some(match name {
        "enum" => {
            let verb = Verb::LogExpense;
            map(vec![
                (text("verb"), text(verb.as_str())),
                (text(Verb::Navigate.as_str()), Value::Int(1)),
                (Value::Int(7), text("seven")),
                (Value::Bool(true), text("yes")),
                (Value::Null, text("none")),
                (Value::List(vec![Value::Int(1), text("a")]), text("list")),
            ])
        }
        "nested" => {
            let day = |n: i64| map(vec![(text("day"), Value::Int(n)), (text("stops"), stops(n))]);
            map(vec![
                (text("trip"), Value::List((1..=20).map(day).collect())),
                (text("raw"), Value::Raw("{\"a\": [1, {\"b\": null}]}".to_owned())),
            ])
        }
        "float" => Value::List(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1, 1e308, 5e-324]
                .map(Value::Float)
                .into(),
        ),
        "wide" => Value::List(vec![
            Value::Int(i64::MAX),
            Value::Int(i64::MIN),
            Value::UInt(u64::MAX),
            Value::Int(9_007_199_254_740_991),
            Value::Int(-9_007_199_254_740_991),
        ]),
        "time" => Value::List(vec![
            Value::Time(Wall::from_unix_millis(1_772_337_906_790)),
            Value::Time(Wall::EPOCH),
            Value::Time(Wall::from_unix_secs(i64::MAX)),
            Value::Duration(Duration::from_millis(1_500)),
        ]),
        "text" => Value::List(vec![
            Value::Utf16(vec![0x41, 0xd800, 0x42]),
            Value::Wtf8(vec![0x41, 0xed, 0xa0, 0x80, 0x42]),
            text("\u{0}\u{1f}\"\\\u{2028}</script>"),
            Value::Bytes(vec![0, 255, 16]),
        ]),
        "deep" => {
            let mut value = text("bottom");
            for _ in 0..10_000 {
                value = Value::List(vec![value]);
            }
            value
        }
        _ => return None,
    })
}

fn stops(n: i64) -> Value {
    let stop = |at: i64| {
        Value::Map(vec![
            (Value::Text("name".into()), Value::Text(format!("stop {at}"))),
            (Value::Text("at".into()), Value::List(vec![Value::Float(-27.4), Value::Float(153.0)])),
        ])
    };
    Value::List((0..n).map(stop).collect())
}

fn same(found: &Json, expected: &Json, said: &str) -> Result<String, String> {
    if found == expected { Ok(said.to_owned()) } else { Err(format!("arrived as {found}")) }
}

fn enums(value: &Json) -> Result<String, String> {
    let expected = json!({
        "verb": "log_expense", "navigate": 1, "7": "seven", "true": "yes", "null": "none",
        "[1,\"a\"]": "list",
    });
    same(value, &expected, "by name, keys as text")
}

fn nested(value: &Json) -> Result<String, String> {
    let trip = value["trip"].as_array().ok_or("no trip")?;
    let stops: usize = trip.iter().filter_map(|day| day["stops"].as_array()).map(Vec::len).sum();
    if trip.len() != 20 || stops != 210 || value["raw"] != json!({ "a": [1, { "b": null }] }) {
        return Err(format!("arrived as {value}"));
    }
    Ok("20 days, 210 stops, as they were".to_owned())
}

fn floats(value: &Json) -> Result<String, String> {
    let expected = json!([null, null, null, -0.0, 0.1, 1e308, 5e-324]);
    same(value, &expected, "null; the rest to the last bit")
}

fn wide(value: &Json) -> Result<String, String> {
    let expected = json!([
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        9_007_199_254_740_991_i64,
        -9_007_199_254_740_991_i64,
    ]);
    same(value, &expected, "as text, every digit kept")
}

fn times(value: &Json) -> Result<String, String> {
    let far = value[2].as_str().unwrap_or_default().to_owned();
    let expected = json!(["2026-03-01T04:05:06.790Z", "1970-01-01T00:00:00.000Z", far, 1.5]);
    if !far.starts_with("9999-12-31T23:59:59") {
        return Err(format!("the far future arrived as {far:?}"));
    }
    same(value, &expected, "RFC 3339, UTC, milliseconds")
}

fn texts(value: &Json) -> Result<String, String> {
    let replaced = value[1].as_str().unwrap_or_default();
    if !(replaced.starts_with('A') && replaced.ends_with('B') && replaced.contains('\u{fffd}')) {
        return Err(format!("arrived as {value}"));
    }
    let expected = json!(["A\u{fffd}B", replaced, "\u{0}\u{1f}\"\\\u{2028}</script>", "AP8Q"]);
    same(value, &expected, "U+FFFD; nothing else touched")
}

fn deep(value: &Json) -> Result<String, String> {
    let mut depth = 0;
    let mut at = value;
    while let Some(inner) = at.get(0) {
        at = inner;
        depth += 1;
    }
    if at == "\u{2026}" && depth < usize::from(DEPTH) + 1 {
        Ok(format!("10,000 levels cut at {depth}, marked"))
    } else {
        Err(format!("at depth {depth}: {at}"))
    }
}
