//! A case of one end of a session as one of a whole end: the session is in the first channel of a
//! link, which is made where the session is attached.
//!
//! What a client follows is asked for by its host. A case stays one of the session alone where it
//! wants more of its host, sets an option, is about a body's form, has another channel, or takes so
//! long that the link has a heartbeat.

use serde_json::{Value, json};

use super::super::file::{flat, written_out};
use super::requests::{self, Requests};
use super::{Reason, early, with_body, without_options, word};

/// How long a client may wait before it dials again.
const BACKOFF: u64 = 1_000;
/// Around the digits that are a body in a text.
const BODY: (&str, &str) = (r#""body":{"type":"init","context":{"body":"#, "}}");

/// The steps of a whole client or server that a case comes to.
pub(super) fn steps(case: &Value, openings: &Value) -> Result<Vec<Value>, Reason> {
    without_options(case)?;
    let is_client = case["end"] == "client";
    let whole = if is_client { "whole_client" } else { "whole_server" };
    let mut session = Session {
        is_client,
        opening: openings[whole].as_array().ok_or("no opening")?,
        steps: Vec::new(),
        links: 0,
        is_linked: false,
        is_opened: false,
        welcomes: false,
        is_welcomed: false,
        requests: Requests::default(),
        asked: 0,
        sent: 0,
        received: 0,
        before: 0,
        epoch: "$client".into(),
        ends: false,
        is_heartbeat: false,
        piece: Value::Null,
        is_awaited: false,
        follows: false,
        is_over: false,
        now: 0,
        shift: 0,
    };
    let opened = openings[case["end"].as_str().unwrap_or_default()].as_array();
    let opened = opened.filter(|_| case["opened"] == true).into_iter().flatten();
    let steps = case["steps"].as_array().into_iter().flatten();
    for step in opened.chain(steps).flat_map(flat) {
        session.step(step)?;
    }
    session.welcome();
    Ok(session.steps)
}

struct Session<'a> {
    is_client: bool,
    /// The steps that open a link and its first session.
    opening: &'a [Value],
    steps: Vec<Value>,
    links: usize,
    is_linked: bool,
    /// The session was opened over a link.
    is_opened: bool,
    /// A client's link has yet to be welcomed.
    welcomes: bool,
    /// A client's session was opened over this link.
    is_welcomed: bool,
    /// What a client's host requests in the place of what the case follows.
    requests: Requests,
    /// How many items that are not of the case have asked.
    asked: u64,
    /// The last numbers of a client and of its server.
    sent: u64,
    received: u64,
    /// The server's last number before the envelope that has come last.
    before: u64,
    /// The epoch in which a client numbers.
    epoch: Value,
    /// What has come last ends the link.
    ends: bool,
    /// A heartbeat has come last, which the link answers.
    is_heartbeat: bool,
    /// What a client was told of a stream last.
    piece: Value,
    /// A client has followed a stream, and what its server says of that comes next.
    is_awaited: bool,
    /// And its host has asked in the place of what the case says.
    follows: bool,
    /// A client has found a fault and opened its session again.
    is_over: bool,
    now: u64,
    /// How much later it is than in the case.
    shift: u64,
}

impl Session<'_> {
    fn step(&mut self, mut step: Value) -> Result<(), Reason> {
        if self.is_over {
            return Err("it goes on after a fault".to_owned());
        }
        if step.get("out").is_none() {
            self.welcome();
        }
        for name in ["at", "time"] {
            if let Some(at) = step.get(name).and_then(Value::as_u64) {
                // A client without a link dials by itself.
                if self.is_client && !self.is_linked && at + self.shift > self.now && self.links > 0
                {
                    return Err("time passes without a link".to_owned());
                }
                self.now = early(at + self.shift)?;
                step[name] = self.now.into();
            }
        }
        if let Some(command) = step.get("do").cloned() {
            let (word, its) = word(&command)?;
            return self.command(word, its, step);
        }
        if let Some(event) = step.get("event").cloned() {
            let (word, its) = word(&event)?;
            return self.event(word, its, step);
        }
        if step.get("result").is_some() {
            return Err("a command has a result".to_owned());
        }
        if let Some(envelope) = step.get("in").cloned() {
            return self.comes(envelope, step);
        }
        match step.get("out").cloned() {
            Some(envelope) => self.goes(envelope, step),
            None => {
                self.steps.push(step);
                Ok(())
            }
        }
    }

    /// What comes over the link.
    fn comes(&mut self, envelope: Value, mut step: Value) -> Result<(), Reason> {
        if let Some(text) = envelope.as_str() {
            return self.comes_as_text(text, step);
        }
        let mut envelope = self.of_link(envelope, self.is_client)?;
        if self.is_client {
            self.before = self.received;
            self.received = numbered(&envelope).unwrap_or(self.received).max(self.received);
            if envelope["type"] == "following" && std::mem::take(&mut self.is_awaited) {
                let ask = self.requests.find(&envelope["stream"]);
                let is_said = ["resumed", "pending"].iter().any(|it| envelope["answer"] == *it);
                let is_at =
                    ask.is_some_and(|ask| ask.is_at(&envelope["from"], &envelope["offset"]));
                if is_said && is_at {
                    // Who has asked is told nothing of it.
                    self.piece = Value::Null;
                    return Ok(());
                }
                self.attach_again()?;
            }
            if matches!(envelope["type"].as_str(), Some("piece" | "end" | "following")) {
                self.piece = envelope.clone();
            }
            self.requests.named(&mut envelope);
        }
        step["in"] = envelope;
        self.steps.push(step);
        Ok(())
    }

    fn comes_as_text(&mut self, text: &str, mut step: Value) -> Result<(), Reason> {
        let is_envelope =
            serde_json::from_str::<Value>(text).is_ok_and(|it| it["type"].is_string());
        let is_form = |part: &str| !part.starts_with(|first: char| first.is_ascii_digit());
        if text.split(r#""body":"#).skip(1).any(is_form) {
            return Err("it is about the form of a body".to_owned());
        }
        step["in"] = with_bodies(text).into();
        self.steps.push(step);
        // What is none ends the link of a server (V-10.5), and a client's host is told.
        self.ends = !is_envelope;
        if self.ends && self.is_client { Err("it is no envelope".to_owned()) } else { Ok(()) }
    }

    /// What goes over the link.
    fn goes(&mut self, envelope: Value, mut step: Value) -> Result<(), Reason> {
        if envelope["type"] == "follow" && std::mem::take(&mut self.follows) {
            return Ok(());
        }
        if self.ends {
            step["out"] = json!({"type": "goodbye", "code": envelope["code"]});
            self.steps.extend([step, json!({"out": {"close": {"code": 4_003}}})]);
            return Ok(());
        }
        let is_request =
            envelope["type"] == "item" && self.requests.find(&envelope["stream"]).is_some();
        let mut envelope =
            if is_request { envelope } else { self.of_link(envelope, !self.is_client)? };
        if self.is_client {
            shift(&mut envelope, self.asked);
            self.note_sent(&envelope);
            if is_request {
                envelope["body"] = requests::body();
            }
            self.requests.named(&mut envelope);
        }
        step["out"] = envelope;
        self.steps.push(step);
        Ok(())
    }

    /// Where a client's numbers are: those of another epoch begin anew.
    fn note_sent(&mut self, envelope: &Value) {
        let at = ["sent", "from", "at"].into_iter().map(|name| &envelope[name]);
        let other = at.clone().find(|at| {
            at[0].as_str().is_some_and(|epoch| epoch.starts_with('$')) && at[0] != self.epoch
        });
        match other {
            Some(at) => {
                self.epoch = at[0].clone();
                self.sent = at[1].as_u64().unwrap_or_default();
            }
            None => self.sent = numbered(envelope).unwrap_or(self.sent),
        }
    }

    /// An envelope as it is over a link, from a server or not.
    fn of_link(&mut self, envelope: Value, of_server: bool) -> Result<Value, Reason> {
        let mut envelope = with_body(envelope, of_server)?;
        if envelope.get("channel").is_some() {
            return Err("it is about another channel".to_owned());
        }
        let reopens = self.is_opened && !self.is_client && envelope["type"] == "open";
        if reopens && envelope["session"] != "$session" {
            return Err("it is another session of the server".to_owned());
        }
        self.is_opened |= envelope["type"] == "open";
        if self.is_client == of_server {
            self.is_heartbeat = envelope["type"] == "heartbeat" && envelope["reply"] != true;
        }
        if self.is_client && of_server {
            shift(&mut envelope, self.asked);
        }
        if !self.is_client && !of_server && envelope["type"] == "item" {
            // One that requests for an answer is another matter: its host is to give it.
            if envelope.get("agent").is_some() {
                return Err("it names an agent".to_owned());
            }
            if let Some(stream) = written_out(&envelope["stream"]).as_str() {
                envelope["body"] = json!({"type": "chat", "id": stream, "message": "fuel so far?"});
            }
        }
        Ok(envelope)
    }

    fn command(&mut self, word: &str, its: &Value, mut step: Value) -> Result<(), Reason> {
        match (word, self.is_client) {
            ("attach", _) => return self.attach(),
            ("detach", _) => {
                self.is_linked = false;
                self.steps.push(json!({"do": {"detach": {}}}));
                if self.is_client {
                    self.steps.push(json!({"event": {"retrying": {}}}));
                }
            }
            ("follow", true) if self.is_welcomed => self.follow(its)?,
            ("send", true) if its["stream"].is_string() => {
                if its.as_object().is_some_and(|its| its.len() != 2) {
                    return Err("no command `ask` with an agent".to_owned());
                }
                let name = step["as"].as_str().unwrap_or_default().to_owned();
                let stream = its["stream"].as_str().unwrap_or_default();
                self.steps.push(self.requests.ask(stream, &name));
            }
            ("send", true) => {
                step["do"]["send"] = with_body(its.clone(), false)?;
                self.steps.push(step);
            }
            // A user without a session has nothing that keeps it.
            ("send", false)
                if self.is_opened && its.as_object().is_some_and(|its| its.len() == 1) =>
            {
                let push = with_body(json!({"user": "ann", "body": its["body"]}), true)?;
                self.steps.push(json!({"do": {"push": push}}));
            }
            _ => return Err(format!("no command `{word}`")),
        }
        Ok(())
    }

    /// The host requests for what is to be followed, and has come to where that begins.
    fn follow(&mut self, its: &Value) -> Result<(), Reason> {
        let stream = its["stream"].as_str().unwrap_or_default().to_owned();
        self.steps.push(self.requests.ask(&stream, &stream));
        self.sent += 1;
        self.asked += 1;
        let at = json!(["$client", self.sent]);
        let mut item =
            json!({"type": "item", "at": at, "stream": stream, "body": requests::body()});
        if self.received > 0 {
            return Err("what has come is acknowledged with it".to_owned());
        }
        self.requests.named(&mut item);
        self.steps.push(json!({ "out": item }));
        let ack = json!({"type": "ack", "received": at, "sent": ["5e7f00000000000a", 0]});
        self.steps.push(json!({ "in": ack }));
        if let Some(offset) = its["offset"].as_u64() {
            let text = "x".repeat(usize::try_from(offset).unwrap_or_default());
            let mut piece = json!({
                "type": "piece", "stream": stream, "at": its["received"], "offset": 0,
                "append": text,
            });
            let text = json!({"stream": stream, "offset": 0, "text": text});
            let ask = self.requests.find(&its["stream"]).ok_or("nothing was asked")?;
            let event = ask.grow(&text, &its["received"]);
            self.requests.named(&mut piece);
            self.steps.push(json!({ "in": piece }));
            self.steps.extend(event.map(|event| json!({ "event": event })));
        }
        (self.is_awaited, self.follows) = (true, true);
        Ok(())
    }

    /// A link is made, up to where its session is opened.
    fn attach(&mut self) -> Result<(), Reason> {
        if self.is_linked {
            return Err("a link takes the place of another".to_owned());
        }
        let is_word = |step: &Value, way: &str, word: &str| step[way]["type"] == word;
        let until = if self.is_client { ("out", "open") } else { ("in", "open") };
        let until = self.opening.iter().position(|step| is_word(step, until.0, until.1));
        let until = until.ok_or("no opening")?;
        let request = self.opening.iter().position(|step| step["out"].get("request").is_some());
        let from = match request.filter(|_| self.links > 0) {
            Some(request) => {
                self.shift += BACKOFF;
                self.now += BACKOFF;
                self.steps.push(json!({ "time": self.now }));
                request
            }
            None => 0,
        };
        self.steps.extend(self.opening[from..until].iter().cloned());
        self.welcomes = self.is_client;
        self.is_linked = true;
        self.is_welcomed = false;
        self.links += 1;
        Ok(())
    }

    /// A client comes back over another link: so it follows what it has asked for.
    fn attach_again(&mut self) -> Result<(), Reason> {
        self.command("detach", &Value::Null, Value::Null)?;
        self.attach()?;
        let (client, server) = (json!(["$client", self.sent]), self.server());
        self.steps.push(json!({ "out": self.open_again() }));
        self.welcome();
        let window = json!({"envelopes": 512, "bytes": 262_144});
        let opened = json!({
            "type": "opened", "session": "9f2c4e6a8b0d1f3557799bbddff01234", "answer": "resumed",
            "received": client, "from": server, "sent": server, "log": "109e000000000001",
            "window": window, "keep": 120_000,
        });
        let caught_up = |at: &Value| json!({"type": "caught_up", "at": at});
        self.is_welcomed = true;
        self.steps.extend([
            json!({ "in": opened }),
            json!({"event": {"welcomed": {}}}),
            json!({ "out": caught_up(&client) }),
            json!({ "in": caught_up(&server) }),
        ]);
        Ok(())
    }

    /// What a client says of its session over another link, or once its channel was closed.
    fn open_again(&self) -> Value {
        let mut open = json!({"type": "open", "sent": [self.epoch, self.sent]});
        if self.is_welcomed || self.links > 1 {
            open["session"] = "9f2c4e6a8b0d1f3557799bbddff01234".into();
            open["received"] = self.server();
            open["follow"] = self.requests.follow().unwrap_or_default();
        }
        open
    }

    fn server(&self) -> Value {
        json!(["5e7f00000000000a", self.received])
    }

    /// The server's welcome comes once the client has opened its session.
    fn welcome(&mut self) {
        if std::mem::take(&mut self.welcomes) {
            let welcome = self.opening.iter().find(|step| step["in"]["type"] == "welcome");
            self.steps.extend(welcome.cloned());
        }
    }

    fn event(&mut self, word: &str, its: &Value, mut step: Value) -> Result<(), Reason> {
        match (word, self.is_client) {
            // Once a link.
            ("opened", true) if !std::mem::replace(&mut self.is_welcomed, true) => {
                step["event"] = json!({"welcomed": {}});
            }
            ("item", is_client) if is_client || its.get("stream").is_none() => {
                let body: Value = serde_json::from_str(its["body"].as_str().unwrap_or_default())
                    .map_err(|why| why.to_string())?;
                let mut message = with_body(json!({ "body": body }), is_client)?;
                if !is_client {
                    message["user"] = "ann".into();
                }
                step["event"] = json!({ "message": message });
            }
            ("item", false) => {
                let stream = written_out(&its["stream"]);
                let body = json!({"type": "chat", "id": stream, "message": "fuel so far?"});
                step["event"] = json!({"request": {"user": "ann", "body": body}});
            }
            ("stream", true) => {
                let (word, its) = super::word(its)?;
                let Some(event) = self.of_stream(word, its)? else { return Ok(()) };
                step["event"] = event;
            }
            ("outcome", true) if self.requests.has(&its["command"]) => {
                match its["outcome"].as_str() {
                    Some("acknowledged") => return Ok(()),
                    Some("rejected") => {
                        step["event"] = json!({"rejected": {"command": its["command"]}});
                    }
                    _ => return Err("no event `expired`".to_owned()),
                }
            }
            ("outcome" | "gap", true) => {}
            // Its host is not told, and it opens the session again.
            ("fault", true) => {
                // What is numbered in its turn has come all the same.
                if its["code"] != "ahead" {
                    self.received = self.before;
                }
                self.answer_heartbeat();
                self.steps.push(json!({ "out": self.open_again() }));
                self.is_over = true;
                return Ok(());
            }
            ("fault", false) => {
                self.answer_heartbeat();
                return Ok(());
            }
            // A server's host is not told.
            ("opened" | "outcome", false) | ("caught_up", _) => return Ok(()),
            _ => return Err(format!("no event `{word}`")),
        }
        self.steps.push(step);
        Ok(())
    }

    /// The link answers a heartbeat, whose session is closed.
    fn answer_heartbeat(&mut self) {
        if self.is_heartbeat {
            let reply = json!({"type": "heartbeat", "channels": [], "reply": true});
            self.steps.push(json!({ "out": reply }));
        }
    }

    /// What a host that has asked learns of what happened to a stream.
    fn of_stream(&mut self, word: &str, its: &Value) -> Result<Option<Value>, Reason> {
        let Some(ask) = self.requests.find(&its["stream"]) else {
            return Err("nobody has asked for it".to_owned());
        };
        match word {
            "following" if its["answer"] == "unknown" => {
                let name = self.requests.end(&its["stream"]);
                Ok(Some(json!({"unknown": { "command": name }})))
            }
            "following" => {
                ask.is_lost |= its["stays"].as_u64() < its["offset"].as_u64();
                if self.piece["type"] == "following" {
                    ask.go_on(&self.piece["from"], &its["offset"]);
                }
                Ok(None)
            }
            "text" => Ok(ask.grow(its, &self.piece["at"])),
            "ended" if self.piece.get("body").is_some() => {
                Err("its end has a body of its own".to_owned())
            }
            "ended" => {
                let name = self.requests.end(&its["stream"]);
                let word = if its["how"] == "done" { "answered" } else { "rejected" };
                Ok(Some(json!({word: { "command": name }})))
            }
            _ => Ok(None),
        }
    }
}

/// The number that an envelope has.
fn numbered(envelope: &Value) -> Option<u64> {
    let words = ["item", "reject", "cancel", "cancel_result"];
    let is_numbered = words.iter().any(|word| envelope["type"] == *word);
    envelope["at"][1].as_u64().filter(|_| is_numbered)
}

/// Moves a client's numbers in an envelope.
fn shift(envelope: &mut Value, by: u64) {
    match envelope {
        Value::Array(position) if position.len() == 2 && position[0] == "$client" => {
            if let Some(number) = position[1].as_u64() {
                position[1] = (number + by).into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shift(value, by)),
        Value::Object(members) => members.values_mut().for_each(|value| shift(value, by)),
        _ => {}
    }
}

/// A text with an envelope of `pam` in the place of each body, which is a digit.
fn with_bodies(text: &str) -> String {
    let mut parts = text.split(r#""body":"#);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digit, rest) = part.split_at(1);
        shown.extend([BODY.0, digit, BODY.1, rest]);
    }
    shown
}
