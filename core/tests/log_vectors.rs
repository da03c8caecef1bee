//! What a log of streams has to answer: `tests/conformance/vectors/log.json`, run against the log
//! in memory through its values alone, and against one that is restored from what it has stored
//! before each step. Another log runs the same cases with [`Log`] of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::{
    Answer, Change, End, Ended, Generation, LogAnswer, LogConfig, LogRequest, MemoryLog, Read,
    Record, Refusal, Request, State, Status, StoredLog, StreamKey,
};
use pamlink::envelope::v1::{Code, Epoch, How, Name, Position};
use pamlink::time::{Mono, Now, Wall};
use serde_json::{Value, json};

/// Whatever answers.
pub(crate) trait Log {
    fn answer(&mut self, now: Now, request: LogRequest) -> LogAnswer;

    /// Whether it has this bound.
    fn has(_bound: &str) -> bool {
        true
    }
}

impl Log for MemoryLog {
    fn answer(&mut self, now: Now, request: LogRequest) -> LogAnswer {
        self.handle_request(now, &request)
    }
}

/// A log whose process ends after each step.
struct Restored {
    config: LogConfig,
    epoch: Epoch,
    stored: Vec<(StreamKey, Vec<u8>)>,
}

impl Log for Restored {
    fn answer(&mut self, now: Now, request: LogRequest) -> LogAnswer {
        // Each process has a monotonic clock of its own.
        let now = Now::new(Mono::from_millis(7), now.wall);
        let mut log = StoredLog::new(self.config, self.epoch, now);
        for (key, entry) in self.stored.clone() {
            log.restore(&key, &entry).unwrap();
        }
        let answer = log.handle_request(now, &request);
        while let Some(change) = log.poll_change() {
            let (key, entry) = match change {
                Change::Add { key, entry } => {
                    self.stored.push((key, entry));
                    continue;
                }
                Change::Replace { key, entry } => (key, Some(entry)),
                Change::Remove { key } => (key, None),
                other => panic!("{other:?}"),
            };
            self.stored.retain(|(of, _)| *of != key);
            self.stored.extend(entry.map(|entry| (key, entry)));
        }
        answer
    }
}

#[test]
fn the_log_in_memory_answers_as_the_vectors_say() {
    let ran = run(MemoryLog::new);
    assert!(ran >= 150, "{ran} steps");
}

#[test]
fn a_log_that_is_restored_before_each_step_answers_as_the_vectors_say() {
    let ran = run(|config, epoch| Restored { config, epoch, stored: Vec::new() });
    assert!(ran >= 150, "{ran} steps");
}

/// Runs every case against a log of its own.
pub(crate) fn run<L: Log>(mut log: impl FnMut(LogConfig, Epoch) -> L) -> usize {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let path = folders.find_map(|folder| {
        Some(folder.join("tests/conformance/vectors/log.json")).filter(|path| path.exists())
    });
    let path = path.expect("the vectors are beside the crates");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let epoch = epoch(&vectors["epoch"]);
    let mut ran = 0;
    for case in vectors["cases"].as_array().unwrap() {
        let mut config = LogConfig::default();
        let mut bounds = case["log"].as_object().into_iter().flatten();
        if !bounds.clone().all(|(name, _)| L::has(name)) {
            continue;
        }
        for (name, value) in bounds.by_ref() {
            config.set(name, value.as_u64().unwrap()).unwrap();
        }
        let mut log = log(config, epoch);
        for step in case["steps"].as_array().unwrap() {
            ran += 1;
            let at = Mono::from_millis(step["at_ms"].as_u64().unwrap());
            let now = Now::new(at, Wall::EPOCH + at.saturating_since(Mono::ZERO));
            let id = ran as u64;
            let request = LogRequest::new(id, key(step), request(&step["ask"]));
            let answer = log.answer(now, request);
            assert_eq!((answer.id, answer.epoch), (id, epoch), "{}: {step}", case["name"]);
            let answer = plain(&answer.answer, step, config);
            assert_eq!(answer, step["answer"], "{}: {step}", case["name"]);
        }
    }
    ran
}

fn epoch(value: &Value) -> Epoch {
    Epoch::from_bits(u64::from_str_radix(value.as_str().unwrap(), 16).unwrap())
}

fn key(step: &Value) -> StreamKey {
    let name = Name::new(step["stream"].as_str().unwrap()).unwrap();
    StreamKey::new(step["owner"].as_str().unwrap_or("ann"), &name)
}

/// A text, or what it is made of.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(text).collect(),
        made => {
            let times = usize::try_from(made["times"].as_u64().unwrap()).unwrap();
            made["repeat"].as_str().unwrap().repeat(times)
        }
    }
}

fn request(ask: &Value) -> Request {
    let (what, of) = ask.as_object().unwrap().iter().next().unwrap();
    let number = |name: &str| of[name].as_u64().unwrap();
    let generation = || Generation::from_number(number("generation"));
    let lease = || Duration::from_millis(number("lease_ms"));
    match what.as_str() {
        "claim_effect" => {
            let at = Position::new(epoch(&of["of"][0]), of["of"][1].as_u64().unwrap());
            Request::ClaimEffect { of: at, lease: lease() }
        }
        "claim_producer" => Request::ClaimProducer { lease: lease() },
        "renew" => Request::Renew { generation: generation(), lease: lease() },
        "append" => Request::Append {
            generation: generation(),
            sequence: number("sequence"),
            offset: number("offset"),
            text: text(&of["text"]).into(),
        },
        "read_after" => Request::ReadAfter {
            sequence: number("sequence"),
            most: usize::try_from(number("most")).unwrap(),
        },
        "finish" => {
            let mut end = End::new(How::from(of["how"].as_str().unwrap()).into_owned());
            end.code = of["code"].as_str().map(|code| Code::new(code.to_owned()).unwrap());
            end.body = of["body"].as_str().map(Box::from);
            let by = of["by"].as_u64().map(Generation::from_number);
            Request::Finish { by, end: Arc::new(end) }
        }
        "status" => Request::Status,
        "discard" => Request::Discard,
        other => panic!("no request: {other}"),
    }
}

/// An answer in the vectors' words.
fn plain(answer: &Answer, step: &Value, config: LogConfig) -> Value {
    match answer {
        Answer::Begun { first } => json!({ "begun": { "first": first } }),
        Answer::Claimed { generation, offset } => {
            json!({ "claimed": { "generation": generation.number(), "offset": offset } })
        }
        Answer::Renewed => json!({ "renewed": {} }),
        Answer::Appended { sequence, offset } => {
            json!({ "appended": { "sequence": sequence, "offset": offset } })
        }
        Answer::Read(read) => json!({ "read": plain_read(read, step, config) }),
        Answer::Finished(ended) => json!({ "finished": plain_ended(ended) }),
        Answer::Status(status) => json!({ "status": plain_status(status) }),
        Answer::Discarded => json!({ "discarded": {} }),
        Answer::Refused(refusal) => json!({ "refused": plain_refusal(refusal) }),
        other => panic!("no answer of the vectors: {other:?}"),
    }
}

fn plain_refusal(refusal: &Refusal) -> Value {
    match refusal {
        Refusal::Exists => json!("exists"),
        Refusal::Full => json!("full"),
        Refusal::Unknown => json!("unknown"),
        Refusal::Fenced { generation } => json!({ "fenced": generation.number() }),
        Refusal::Ended(ended) => json!({ "ended": plain_ended(ended) }),
        Refusal::Misplaced { offset } => json!({ "misplaced": offset }),
        other => panic!("no refusal of the vectors: {other:?}"),
    }
}

fn plain_end(end: &End) -> Value {
    let mut plain = json!({ "how": end.how.as_str() });
    if let Some(code) = &end.code {
        plain["code"] = json!(code.as_str());
    }
    if let Some(body) = &end.body {
        plain["body"] = json!(body);
    }
    plain
}

fn plain_ended(ended: &Ended) -> Value {
    let mut plain = plain_end(&ended.end);
    plain["sequence"] = json!(ended.sequence);
    plain["offset"] = json!(ended.offset);
    plain
}

fn plain_status(status: &Status) -> Value {
    let millis = |lease: &Duration| lease.as_millis() as u64;
    let state = match &status.state {
        State::Pending { lease } => json!({ "pending": { "lease_ms": millis(lease) } }),
        State::Running { generation, lease } => json!({
            "running": { "generation": generation.number(), "lease_ms": millis(lease) },
        }),
        State::Ended(end) => json!({ "ended": plain_end(end) }),
        other => panic!("no state of the vectors: {other:?}"),
    };
    json!({ "sequence": status.sequence, "offset": status.offset, "state": state })
}

fn plain_read(read: &Read, step: &Value, config: LogConfig) -> Value {
    let asked = &step["ask"]["read_after"];
    let expected = &step["answer"]["read"];
    let mut plain = plain_status(&read.status);
    let after = asked["sequence"].as_u64().unwrap();
    assert!(read.records.iter().all(|record| record.sequence > after), "{step}");
    if expected["given_up"] == true {
        let kept: String = read.records.iter().map(|record| &*record.text).collect();
        let first = read.records.first().unwrap();
        assert!(read.base.offset > 0 && first.offset == read.base.offset, "{step}");
        assert_eq!(read.base.offset + kept.len() as u64, read.status.offset, "{step}");
        assert!(kept.len() <= config.stream_bytes, "{step}");
        assert!(kept.ends_with(&text(&expected["ends_with"])), "{step}");
        plain["given_up"] = json!(true);
        plain["ends_with"] = expected["ends_with"].clone();
    } else if let Some((up_to, from, made)) = put_together(&read.records, asked) {
        let wanted = &expected["records"];
        // A long text is compared as it is, and shown as it is written.
        let is_same = wanted["text"] != Value::Null && text(&wanted["text"]) == made;
        let made = if is_same { wanted["text"].clone() } else { json!(made) };
        plain["records"] = json!({ "up_to": up_to, "from": from, "text": made });
    }
    plain
}

/// What a reader makes of records that has the text up to its `offset`.
fn put_together(records: &[Record], asked: &Value) -> Option<(u64, u64, String)> {
    let has = asked["offset"].as_u64().unwrap();
    let lowest = |record: &Record| if record.restart { record.offset } else { has };
    let from = records.iter().map(lowest).min()?.min(has);
    let mut made: Vec<u8> = vec![b'?'; usize::try_from(has - from).unwrap()];
    for record in records {
        let skipped = usize::try_from(from.saturating_sub(record.offset)).unwrap();
        let place = usize::try_from(record.offset.max(from) - from).unwrap();
        let Some(rest) = record.text.get(skipped..) else { continue };
        made.truncate(place);
        made.extend(rest.bytes());
    }
    let up_to = records.last()?.sequence;
    Some((up_to, from, String::from_utf8(made).unwrap()))
}
