//! What a client follows, as what its host asks: the item makes it the reader of its answer.

use serde_json::{Value, json};

use super::super::file::written_out;

/// What the host asks.
const MESSAGE: &str = "fuel so far?";

/// The requests of a client whose answers grow, in the order in which they were asked.
#[derive(Default)]
pub(super) struct Requests(Vec<Request>);

/// One of them, and how far its answer has come.
pub(super) struct Request {
    /// What the file calls the stream.
    stream: String,
    /// What the file calls what was sent.
    pub(super) name: String,
    /// The position of the reader.
    at: Value,
    offset: u64,
    /// What the host was given.
    text: String,
    /// Something of the answer is lost: its host gets no more of it in pieces.
    pub(super) is_lost: bool,
    /// It is read no more.
    has_ended: bool,
}

impl Requests {
    /// The host asks: its command and the item that it comes to.
    pub(super) fn ask(&mut self, stream: &str, name: &str) -> Value {
        self.0.retain(|ask| ask.stream != stream);
        self.0.push(Request {
            stream: stream.to_owned(),
            name: name.to_owned(),
            at: json!(["109e000000000001", 0]),
            offset: 0,
            text: String::new(),
            is_lost: false,
            has_ended: false,
        });
        json!({"do": {"ask": {"message": MESSAGE, "stream": true}}, "as": name})
    }

    pub(super) fn find(&mut self, stream: &Value) -> Option<&mut Request> {
        self.0.iter_mut().find(|ask| *stream == *ask.stream)
    }

    /// Whether this is the name of one.
    pub(super) fn has(&self, name: &Value) -> bool {
        self.0.iter().any(|ask| *name == *ask.name)
    }

    /// It has ended: what the file calls it.
    pub(super) fn end(&mut self, stream: &Value) -> Option<String> {
        let ask = self.find(stream)?;
        ask.has_ended = true;
        Some(ask.name.clone())
    }

    /// What an `open` says of those that are read.
    pub(super) fn follow(&self) -> Option<Value> {
        let read = self.0.iter().filter(|ask| !ask.has_ended);
        let follow = read.map(
            |ask| json!({"stream": bound(&ask.stream), "received": ask.at, "offset": ask.offset}),
        );
        let follow: Vec<_> = follow.collect();
        (!follow.is_empty()).then(|| follow.into())
    }

    /// An envelope in which the names of their streams are those that the client has given.
    pub(super) fn named(&self, envelope: &mut Value) {
        match envelope {
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str().filter(|_| name == "stream") {
                        Some(stream) if self.0.iter().any(|ask| ask.stream == stream) => {
                            *value = bound(stream).into();
                        }
                        _ => self.named(value),
                    }
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.named(value)),
            _ => {}
        }
    }
}

impl Request {
    /// Whether the reader stands here.
    pub(super) fn is_at(&self, at: &Value, offset: &Value) -> bool {
        self.at == *at && *offset == self.offset
    }

    /// The reader goes on from here.
    pub(super) fn go_on(&mut self, at: &Value, offset: &Value) {
        self.at = at.clone();
        self.offset = offset.as_u64().unwrap_or_default();
    }

    /// Text has come, which stands from its offset on: the piece that its host is given.
    pub(super) fn grow(&mut self, text: &Value, at: &Value) -> Option<Value> {
        let offset = text["offset"].as_u64().unwrap_or_default();
        let added = written_out(&text["text"]);
        let added = added.as_str().unwrap_or_default();
        self.go_on(at, &(offset + added.len() as u64).into());
        let stays = usize::try_from(offset).ok().and_then(|offset| self.text.get(..offset))?;
        let restart = stays.len() < self.text.len();
        let piece = if restart { format!("{stays}{added}") } else { added.to_owned() };
        self.text = format!("{stays}{added}");
        let mut its = json!({"command": self.name, "text": piece});
        if restart {
            its["restart"] = true.into();
        }
        (!self.is_lost).then(|| json!({ "piece": its }))
    }
}

/// The body of the item that asks.
pub(super) fn body() -> Value {
    json!({"pam": {"type": "chat", "message": MESSAGE, "id": "$string"}})
}

/// The name of a stream that the client has given.
fn bound(stream: &str) -> String {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    format!("${}", stream.chars().filter(|it| is_part(*it)).collect::<String>())
}
