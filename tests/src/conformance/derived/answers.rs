//! What a server does with streams and sessions, as what a hub does over links: items ask, and its
//! host answers in pieces.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};

use super::super::file::{flat, written_out};
use super::{Reason, early, with_body, without_options, word};

/// What the host answers with at last.
const ANSWER: &str = "well";
/// From so many bytes on text does not wait for more.
const FULL: usize = 512;
/// After so long what was received is acknowledged.
const ACKNOWLEDGED: u64 = 1_000;
/// So much is acknowledged at once.
const MOST: u64 = 32;
/// How many requests an agent answers at once.
const AT_ONCE: usize = 32;
/// How many sessions a user may have.
const SESSIONS: usize = 16;

/// The steps of a whole server that a case comes to.
pub(super) fn steps(case: &Value, openings: &Value) -> Result<Vec<Value>, Reason> {
    without_options(case)?;
    let mut answers = Answers {
        has_sessions: case["end"] == "sessions",
        opening: openings["whole_server"].as_array().ok_or("no opening")?,
        steps: Vec::new(),
        links: BTreeMap::new(),
        last: String::new(),
        running: VecDeque::new(),
        claimed: Vec::new(),
        ends: BTreeMap::new(),
        waiting: 0,
        now: 0,
    };
    for step in case["steps"].as_array().into_iter().flatten().flat_map(flat) {
        answers.step(step)?;
    }
    Ok(answers.steps)
}

struct Answers<'a> {
    /// The case opens its sessions itself.
    has_sessions: bool,
    /// The steps that open a link and its first session.
    opening: &'a [Value],
    steps: Vec<Value>,
    links: BTreeMap<String, Link>,
    /// The link over which something came last.
    last: String,
    /// The streams whose requests run, the oldest first, with the ids of these.
    running: VecDeque<(String, String)>,
    claimed: Vec<String>,
    /// The bodies with which streams end.
    ends: BTreeMap<String, Value>,
    /// How much text waits for more.
    waiting: usize,
    now: u64,
}

/// A link, and the session over it where that is not of the case.
#[derive(Default)]
struct Link {
    is_open: bool,
    /// How much each end has numbered.
    items: u64,
    said: u64,
    /// Since when something is to be acknowledged, and from which number on.
    unacknowledged: Option<(u64, u64)>,
}

impl Answers<'_> {
    fn step(&mut self, mut step: Value) -> Result<(), Reason> {
        let link = step["link"].as_str().unwrap_or_default().to_owned();
        if let Some(event) = step.get("event").cloned() {
            let (word, its) = word(&event)?;
            return self.event(word, its, &step);
        }
        if let Some(envelope) = step.get("out").cloned() {
            return self.out(&link, &envelope, step);
        }
        if step.get("result").is_some() {
            return Err("what a host does in vain is told by no product alike".to_owned());
        }
        for name in ["at", "time"] {
            if let Some(at) = step[name].as_u64() {
                self.pass(early(at)?);
            }
        }
        if let Some(command) = step.get("do").cloned() {
            let (word, its) = word(&command)?;
            return self.command(&link, word, its, step);
        }
        if let Some(envelope) = step.get("in").cloned() {
            self.open(&link)?;
            step["in"] = asked(envelope)?;
            self.last.clone_from(&link);
        }
        self.steps.push(step);
        Ok(())
    }

    /// The time comes, and what is to be acknowledged until then.
    fn pass(&mut self, to: u64) {
        for (name, link) in self.links.iter_mut().filter(|(_, link)| link.is_open) {
            let due = link.unacknowledged.map(|(since, _)| since + ACKNOWLEDGED);
            let Some(due) = due.filter(|due| *due <= to) else { continue };
            link.unacknowledged = None;
            self.steps.push(json!({ "time": due }));
            self.steps.push(ack(name, link.items, link.said));
        }
        self.now = to;
    }

    /// Opens a link over which something is to come, and the session where that is not of the case.
    fn open(&mut self, name: &str) -> Result<(), Reason> {
        if !self.has_sessions && self.links.len() == SESSIONS && !self.links.contains_key(name) {
            return Err("a user has 16 sessions".to_owned());
        }
        let has_sessions = self.has_sessions;
        let is_first = !self.links.contains_key(name);
        let link = self.links.entry(name.to_owned()).or_default();
        if std::mem::replace(&mut link.is_open, true) {
            return Ok(());
        }
        let is_open = |step: &&Value| step["in"]["type"] == "open";
        let until = self.opening.iter().position(|step| is_open(&step)).unwrap_or_default();
        let user = name.split('.').next().filter(|_| has_sessions).unwrap_or("ann");
        for step in &self.opening[..until] {
            let mut step = over(name, step.clone());
            for (way, of) in [("in", "request"), ("event", "authorize"), ("do", "authorize")] {
                let Some(its) = step.get_mut(way).and_then(|its| its.get_mut(of)) else { continue };
                match way {
                    "in" => its["path"] = format!("/api/v1/pam/ws/{user}").into(),
                    _ => its["user"] = user.into(),
                }
                if way == "event" && !name.is_empty() {
                    its["link"] = name.into();
                }
            }
            self.steps.push(step);
        }
        if has_sessions {
            return Ok(());
        }
        if is_first {
            for step in &self.opening[until..] {
                let text = step.to_string();
                let text = text.replace("$session", &session(name));
                let text = text.replace("$server", &server(name));
                let step = serde_json::from_str(&text).unwrap_or_default();
                self.steps.push(over(name, step));
            }
            return Ok(());
        }
        link.unacknowledged = None;
        let (client, server) = (at_client(link.items), at_server(name, link.said));
        let open = json!({
            "type": "open", "session": session(name), "received": server, "sent": client,
        });
        let window = json!({"envelopes": 512, "bytes": 262_144});
        let opened = json!({
            "type": "opened", "session": session(name), "answer": "resumed", "received": client,
            "from": server, "sent": server, "log": "$log", "window": window, "keep": 120_000,
        });
        let caught_up = json!({"type": "caught_up", "at": server});
        for (way, envelope) in [("in", open), ("out", opened), ("out", caught_up)] {
            self.steps.push(over(name, json!({way: envelope})));
        }
        Ok(())
    }

    fn command(
        &mut self,
        link: &str,
        word: &str,
        its: &Value,
        mut step: Value,
    ) -> Result<(), Reason> {
        let stream = its["stream"].as_str().unwrap_or_default().to_owned();
        match word {
            "begin" if its.get("agent").is_some() => return Err("it names an agent".to_owned()),
            "begin" => {
                let at = self.number(link)?;
                let id = format!("{stream}-{}", self.links[link].items);
                let item = json!({
                    "type": "item", "at": at, "stream": stream, "body": request(&id),
                });
                self.running.push_back((stream, id));
                if self.running.len() > AT_ONCE {
                    return Err("an agent answers 32 at once".to_owned());
                }
                step["in"] = item;
            }
            "cancel" => {
                let at = self.number(link)?;
                let mut cancel = json!({"type": "cancel", "at": at});
                for name in ["scope", "stream", "agent"] {
                    cancel[name] = its[name].clone();
                }
                step["in"] = cancel;
            }
            "claim" if !self.claimed.contains(&stream) => {
                self.claimed.push(stream);
                return Ok(());
            }
            "append" => {
                self.produces(its)?;
                let text = written_out(&its["text"]);
                let bytes = text.as_str().unwrap_or_default().len();
                if self.waiting > 0 {
                    return Err("it is about less than 40 ms".to_owned());
                }
                self.waiting = if bytes < FULL { bytes } else { 0 };
                step["do"] = json!({"piece": {"text": its["text"]}});
            }
            "finish" => {
                self.produces(its)?;
                self.waiting = 0;
                let (_, id) = self.running.pop_front().unwrap_or_default();
                let code = its["code"].as_str().map(str::to_uppercase);
                let (reply, body) = match (its["how"].as_str(), code) {
                    (Some("done"), _) => (
                        json!({ "message": ANSWER }),
                        json!({"type": "chat_response", "message": ANSWER, "reply_to": id}),
                    ),
                    (Some("failed"), Some(code)) => (
                        json!({ "error_code": code }),
                        json!({"type": "error", "error_code": code, "reply_to": id}),
                    ),
                    _ => return Err("it waits for more than 10 s".to_owned()),
                };
                self.ends.insert(stream, json!({ "pam": body }));
                step["do"] = json!({ "reply": reply });
            }
            "detach" => {
                let carries = self.links.get_mut(link).filter(|link| link.is_open);
                carries.ok_or("there is no link")?.is_open = false;
            }
            _ => return Err(format!("no command `{word}`")),
        }
        if step.get("in").is_some() {
            self.last = link.to_owned();
            step = over(link, json!({"in": step["in"], "at": step.get("at")}));
            if step["at"].is_null() {
                step.as_object_mut().map(|step| step.remove("at"));
            }
        }
        self.steps.push(step);
        if word == "begin" {
            self.acknowledge(link);
        }
        Ok(())
    }

    /// The position of what the client numbers next over a link, which is opened where it is not.
    fn number(&mut self, name: &str) -> Result<Value, Reason> {
        self.open(name)?;
        let now = self.now;
        let link = self.links.entry(name.to_owned()).or_default();
        link.items += 1;
        link.unacknowledged = link.unacknowledged.or(Some((now, link.items)));
        Ok(at_client(link.items))
    }

    /// Acknowledges what has come over a link, where it is as much as that.
    fn acknowledge(&mut self, name: &str) {
        let Some(link) = self.links.get_mut(name) else { return };
        let (items, said) = (link.items, link.said);
        let is_due = |(_, first): &mut (u64, u64)| items + 1 - *first == MOST;
        if link.unacknowledged.as_mut().is_some_and(is_due) {
            link.unacknowledged = None;
            self.steps.push(ack(name, items, said));
        }
    }

    /// That it is what a host can do: it answers what was asked first.
    fn produces(&self, its: &Value) -> Result<(), Reason> {
        if its["generation"] != 1 {
            return Err("no command `claim`".to_owned());
        }
        let is_first = self.running.front().is_some_and(|(stream, _)| its["stream"] == **stream);
        is_first.then_some(()).ok_or_else(|| "its host answers in turn".to_owned())
    }

    fn out(&mut self, link: &str, envelope: &Value, mut step: Value) -> Result<(), Reason> {
        match envelope["type"].as_str() {
            Some("end") => {
                // What was cancelled runs no more.
                self.running.retain(|(stream, _)| envelope["stream"] != **stream);
                let body = envelope["stream"].as_str().and_then(|stream| self.ends.get(stream));
                if let Some(body) = body {
                    step["out"]["body"] = body.clone();
                }
            }
            Some("item") => return Err("no command `send`".to_owned()),
            // What a hub was asked it begins at once.
            Some("following") if envelope["answer"] == "pending" => {
                step["out"]["answer"] = "resumed".into();
                step.as_object_mut().map(|step| step.remove("clause"));
            }
            Some("piece") => self.waiting = 0,
            _ => {}
        }
        self.steps.push(over(link, step));
        Ok(())
    }

    fn event(&mut self, word: &str, its: &Value, step: &Value) -> Result<(), Reason> {
        let mut shown = match word {
            "stream" => {
                let mut event = its.clone();
                event.as_object_mut().map(|its| its.remove("user"));
                let (word, its) = super::word(&event)?;
                return self.event(word, its, step);
            }
            "begun" => {
                let (_, id) = self.running.back().ok_or("nothing runs")?;
                json!({"event": {"request": {"user": "ann", "body": request(id)}}})
            }
            "not_begun" => {
                self.running.pop_back();
                let (last, code) = (self.last.clone(), its["code"].clone());
                let reject = self.answer(&last, json!({"type": "reject", "code": code}));
                over(&last, json!({ "out": reject }))
            }
            "item" => match its["stream"].as_str() {
                Some(stream) => {
                    self.running.push_back((stream.to_owned(), stream.to_owned()));
                    let body = request(stream);
                    json!({"event": {"request": {"user": its["user"], "body": body}}})
                }
                None => {
                    let body: Value =
                        serde_json::from_str(its["body"].as_str().unwrap_or_default())
                            .map_err(|why| why.to_string())?;
                    let message = with_body(json!({"user": its["user"], "body": body}), false)?;
                    json!({"event": { "message": message }})
                }
            },
            "cancelled" => {
                let results = its["results"].as_array().into_iter().flatten();
                for _ in results.filter(|result| result["outcome"] == "cancelled") {
                    self.steps.push(json!({"event": {"cancelled": {"user": "ann"}}}));
                }
                let last = self.last.clone();
                let result = json!({"type": "cancel_result", "results": its["results"]});
                over(&last, json!({"out": self.answer(&last, result)}))
            }
            "fault" if !self.has_sessions => {
                let closed = json!({"type": "closed", "code": its["code"]});
                over(&self.last, json!({ "out": closed }))
            }
            // The host of a hub is not told.
            "claimed" if its["generation"] == 1 => return Ok(()),
            "ended" | "opened" | "fault" | "outcome" => return Ok(()),
            "refused" | "evicted" | "overrun" => return Ok(()),
            _ => return Err(format!("no event `{word}`")),
        };
        shown = with_clause(shown, step);
        self.steps.push(shown);
        Ok(())
    }

    /// What the server says to what the client has numbered last.
    fn answer(&mut self, name: &str, mut envelope: Value) -> Value {
        let link = self.links.entry(name.to_owned()).or_default();
        link.said += 1;
        link.unacknowledged = None;
        let received = at_client(link.items);
        envelope["at"] = at_server(name, link.said);
        envelope["of"] = received.clone();
        envelope["received"] = received;
        envelope
    }
}

/// The body of a request with this id.
fn request(id: &str) -> Value {
    json!({"type": "chat", "id": id, "message": "fuel so far?"})
}

/// What comes over a link, with the body of a request where it asks for a stream.
fn asked(mut envelope: Value) -> Result<Value, Reason> {
    if envelope["type"] != "item" || envelope.get("body").is_none() {
        return with_body(envelope, false);
    }
    if envelope.get("agent").is_some() {
        return Err("it names an agent".to_owned());
    }
    match envelope["stream"].as_str().map(str::to_owned) {
        Some(stream) => envelope["body"] = request(&stream),
        None => envelope = with_body(envelope, false)?,
    }
    Ok(envelope)
}

/// A step over a link, where it is one.
fn over(link: &str, mut step: Value) -> Value {
    if !link.is_empty() && step.get("event").is_none() {
        step["link"] = link.into();
    }
    step
}

/// An acknowledgement of a server.
fn ack(link: &str, items: u64, said: u64) -> Value {
    let (received, sent) = (at_client(items), at_server(link, said));
    over(link, json!({"out": {"type": "ack", "received": received, "sent": sent}}))
}

fn with_clause(mut step: Value, of: &Value) -> Value {
    if let Some(clause) = of.get("clause") {
        step["clause"] = clause.clone();
    }
    step
}

/// What the session over a link is called, and the epoch in which the server numbers there.
fn session(link: &str) -> String {
    if link.is_empty() { "$session".to_owned() } else { format!("$session_{link}") }
}

fn server(link: &str) -> String {
    if link.is_empty() { "$server".to_owned() } else { format!("$server_{link}") }
}

fn at_client(number: u64) -> Value {
    json!(["c1a5e00000000001", number])
}

fn at_server(link: &str, number: u64) -> Value {
    json!([server(link), number])
}
