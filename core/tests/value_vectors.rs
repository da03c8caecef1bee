//! Runs the vectors in `tests/vectors/values`, which every language runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use pamlink::envelope::write::{self, Welcome};
use pamlink::envelope::{Adjusted, Envelope, ErrorCode, Id, Raw, Source, Value};
use pamlink::time::Wall;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueCase {
    name: String,
    value: Plan,
    #[serde(default = "ten")]
    depth: u8,
    json: String,
    #[serde(default)]
    adjusted: BTreeMap<String, u32>,
}

const fn ten() -> u8 {
    10
}

/// A value as the vectors describe it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Plan {
    Null(bool),
    Bool(bool),
    Int(String),
    Uint(String),
    Float(String),
    Text(String),
    Raw(String),
    Utf16(Vec<u16>),
    Wtf8(String),
    Bytes(String),
    TimeMicros(String),
    DurationNanos(String),
    List(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Nested { levels: usize, inside: Box<Self> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriterCase {
    name: String,
    frame: String,
    now_micros: String,
    args: Args,
    json: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Args {
    features: Vec<String>,
    epoch: Option<String>,
    #[serde(default)]
    max_message: Option<usize>,
    limits: Option<String>,
    reply_to: Option<String>,
    ping: String,
    token: String,
    code: String,
    message: String,
    retry_after_nanos: Option<String>,
    text: String,
    ui_actions: Option<String>,
    source: Option<String>,
    model: Option<String>,
    agent: Option<String>,
    failed: bool,
}

#[test]
fn every_value_becomes_what_is_written_down() {
    let cases: Vec<ValueCase> = read("values.json");
    assert!(cases.len() > 70);
    for case in &cases {
        let mut out = String::new();
        let adjusted = build(&case.value).encode(case.depth, &mut out);
        assert_eq!(out, case.json, "{}", case.name);
        assert_eq!(causes(&adjusted), case.adjusted, "{}", case.name);
        assert!(Raw::parse(&out, case.depth).is_ok(), "{}", case.name);
    }
}

#[test]
fn every_frame_of_the_engine_is_written_so() {
    let cases: Vec<WriterCase> = read("writers.json");
    for case in &cases {
        let out = frame(case);
        assert_eq!(out, case.json, "{}", case.name);
        assert!(Envelope::parse(&out, Envelope::DEPTH).is_ok(), "{}", case.name);
    }
    for frame in [
        "connection",
        "ping",
        "pong",
        "pong_to",
        "context_updated",
        "auth",
        "error",
        "chat_response",
        "chat_response_delta",
    ] {
        assert!(cases.iter().any(|case| case.frame == frame), "{frame}");
    }
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/values").join(file);
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn build(plan: &Plan) -> Value {
    match plan {
        Plan::Null(it) => {
            assert!(it, "`null` is always true");
            Value::Null
        }
        Plan::Bool(it) => Value::Bool(*it),
        Plan::Int(it) => Value::Int(it.parse().unwrap()),
        Plan::Uint(it) => Value::UInt(it.parse().unwrap()),
        Plan::Float(it) => Value::Float(it.parse().unwrap()),
        Plan::Text(it) => Value::Text(it.clone()),
        Plan::Raw(it) => Value::Raw(it.clone()),
        Plan::Utf16(it) => Value::Utf16(it.clone()),
        Plan::Wtf8(it) => Value::Wtf8(bytes(it)),
        Plan::Bytes(it) => Value::Bytes(bytes(it)),
        Plan::TimeMicros(it) => Value::Time(Wall::from_unix_micros(it.parse().unwrap())),
        Plan::DurationNanos(it) => Value::Duration(Duration::from_nanos(it.parse().unwrap())),
        Plan::List(it) => Value::List(it.iter().map(build).collect()),
        Plan::Map(it) => Value::Map(it.iter().map(|it| (build(&it.0), build(&it.1))).collect()),
        Plan::Nested { levels, inside } => {
            (0..*levels).fold(build(inside), |inside, _| Value::List(vec![inside]))
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// The causes that were met, by the names of the vectors.
fn causes(adjusted: &Adjusted) -> BTreeMap<String, u32> {
    let all = [
        ("clamped_times", adjusted.clamped_times),
        ("cut", adjusted.cut),
        ("invalid_raw", adjusted.invalid_raw),
        ("keys", adjusted.keys),
        ("non_finite", adjusted.non_finite),
        ("repeated_keys", adjusted.repeated_keys),
        ("replaced", adjusted.replaced),
        ("wide_integers", adjusted.wide_integers),
    ];
    let met = all.into_iter().filter(|cause| cause.1 > 0);
    met.map(|(cause, times)| (cause.to_owned(), times)).collect()
}

fn frame(case: &WriterCase) -> String {
    let args = &case.args;
    let now = Wall::from_unix_micros(case.now_micros.parse().unwrap());
    let reply_to = args.reply_to.as_deref();
    let reply_to = reply_to.and_then(|id| Id::from_raw(Raw::parse(id, 9).unwrap()));
    let reply_to = reply_to.as_ref();
    let mut out = String::new();
    match case.frame.as_str() {
        "connection" => {
            let features: Vec<_> = args.features.iter().map(String::as_str).collect();
            let welcome = Welcome {
                features: &features,
                epoch: args.epoch.as_deref(),
                max_message: args.max_message,
                limits: args.limits.as_deref(),
            };
            write::connection(&mut out, now, &welcome);
        }
        "ping" => write::ping(&mut out, now),
        "pong" => write::pong(&mut out, now, reply_to),
        "pong_to" => {
            write::pong_to(&mut out, &Envelope::parse(&args.ping, Envelope::DEPTH).unwrap());
        }
        "context_updated" => write::context_updated(&mut out, now, reply_to),
        "auth" => write::auth(&mut out, None, &args.token),
        "going_away" => {
            let nanos = args.retry_after_nanos.as_ref().unwrap().parse().unwrap();
            write::going_away(&mut out, Duration::from_nanos(nanos));
        }
        "error" => {
            let code = ErrorCode::from(args.code.as_str());
            let nanos = args.retry_after_nanos.as_ref().map(|nanos| nanos.parse().unwrap());
            let retry_after = nanos.map(Duration::from_nanos);
            let message = &args.message;
            let failure = write::Failure { code: &code, message, retry_after, reply_to };
            write::error(&mut out, now, &failure);
        }
        "chat_response" => {
            let source = args.source.as_deref().map(Source::from);
            let answer = write::Answer {
                text: &args.text,
                ui_actions: args.ui_actions.as_deref().map(|json| Raw::parse(json, 9).unwrap()),
                source: source.as_ref(),
                model: args.model.as_deref(),
                agent: args.agent.as_deref(),
                failed: args.failed,
                reply_to,
            };
            write::chat_response(&mut out, now, &answer);
        }
        "chat_response_delta" => write::chat_response_delta(&mut out, now, &args.text, reply_to),
        unknown => panic!("{}: {unknown}", case.name),
    }
    out
}
