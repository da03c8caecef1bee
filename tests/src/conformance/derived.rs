//! Cases of one end of a session as cases of a whole client or server: the same conversation in the
//! first channel of a link.
//!
//! A link is made where the session is attached. The host is that of the whole end, which is told of
//! messages and, a client's, of outcomes and gaps; bodies are envelopes of `pam`. A case stays one
//! of the session alone where it wants more of its host, sets an option, is about a body's form, has
//! another channel, or takes so long that the link has a heartbeat.

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// How long a client may wait before it dials again.
const BACKOFF: u64 = 1_000;
/// How long a link is without a heartbeat.
const QUIET: u64 = 20_000;

/// The case of a whole end that a case comes to, if it does.
pub(super) fn derive(case: &Value, openings: &Value) -> Option<Value> {
    let end = case["end"].as_str()?;
    let (end, is_client) = match end {
        "client" => ("whole_client", true),
        "server" => ("whole_server", false),
        _ => return None,
    };
    if case.get("options").is_some() {
        return None;
    }
    let mut deriving = Deriving {
        is_client,
        opening: openings[end].as_array()?,
        steps: Vec::new(),
        links: 0,
        is_linked: false,
        is_opened: false,
        welcomes: false,
        is_welcomed: false,
        now: 0,
        shift: 0,
    };
    if case["opened"] == true {
        deriving.all(openings[case["end"].as_str()?].as_array()?)?;
    }
    deriving.all(case["steps"].as_array()?)?;
    deriving.welcome();
    // What shows a clause may be told to no host.
    let clauses: BTreeSet<_> =
        deriving.steps.iter().filter_map(|it| it["clause"].as_str()).collect();
    if clauses.is_empty() {
        return None;
    }
    let name = format!("{}, over a link", case["name"].as_str()?);
    Some(json!({"name": name, "end": end, "steps": deriving.steps}))
}

struct Deriving<'a> {
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
    now: u64,
    /// How much later it is than in the case.
    shift: u64,
}

impl Deriving<'_> {
    fn all(&mut self, steps: &[Value]) -> Option<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Value) -> Option<()> {
        let mut step = step.clone();
        if step.get("out").is_none() {
            self.welcome();
        }
        for name in ["at", "time"] {
            if let Some(at) = step.get(name).and_then(Value::as_u64) {
                // A client without a link dials by itself.
                if self.is_client && !self.is_linked && at + self.shift > self.now && self.links > 0
                {
                    return None;
                }
                self.now = at + self.shift;
                if self.now >= QUIET {
                    return None;
                }
                step[name] = self.now.into();
            }
        }
        if let Some(command) = step.get("do").cloned() {
            let (word, its) = command.as_object()?.iter().next()?;
            return self.command(word, its, step);
        }
        if let Some(event) = step.get("event").cloned() {
            let (word, its) = event.as_object()?.iter().next()?;
            return self.event(word, its, step);
        }
        if step.get("each").is_some() || step.get("result").is_some() {
            return None;
        }
        for way in ["in", "out"] {
            if let Some(envelope) = step.get_mut(way) {
                let of_server = self.is_client == (way == "in");
                *envelope = with_body(envelope.clone(), of_server)?;
                if envelope.is_string() || envelope.get("channel").is_some() {
                    return None;
                }
                self.is_opened |= envelope["type"] == "open";
            }
        }
        self.steps.push(step);
        Some(())
    }

    fn command(&mut self, word: &str, its: &Value, mut step: Value) -> Option<()> {
        match (word, self.is_client) {
            ("attach", _) => return self.attach(),
            ("detach", _) => {
                self.is_linked = false;
                self.steps.push(json!({"do": {"detach": {}}}));
                if self.is_client {
                    self.steps.push(json!({"event": {"retrying": {}}}));
                }
            }
            ("send", true) if its.get("stream").is_none() => {
                step["do"]["send"] = with_body(its.clone(), false)?;
                self.steps.push(step);
            }
            // A user without a session has nothing that keeps it.
            ("send", false) if self.is_opened && its.as_object()?.len() == 1 => {
                let push = with_body(json!({"user": "ann", "body": its["body"]}), true)?;
                self.steps.push(json!({"do": {"push": push}}));
            }
            _ => return None,
        }
        Some(())
    }

    /// A link is made, up to where its session is opened.
    fn attach(&mut self) -> Option<()> {
        if self.is_linked {
            return None;
        }
        let is_word = |step: &Value, way: &str, word: &str| step[way]["type"] == word;
        let until = if self.is_client { ("out", "open") } else { ("in", "open") };
        let until = self.opening.iter().position(|step| is_word(step, until.0, until.1))?;
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
        Some(())
    }

    /// The server's welcome comes once the client has opened its session.
    fn welcome(&mut self) {
        if std::mem::take(&mut self.welcomes) {
            let welcome = self.opening.iter().find(|step| step["in"]["type"] == "welcome");
            self.steps.extend(welcome.cloned());
        }
    }

    fn event(&mut self, word: &str, its: &Value, mut step: Value) -> Option<()> {
        match (word, self.is_client) {
            // Once a link.
            ("opened", true) if !std::mem::replace(&mut self.is_welcomed, true) => {
                step["event"] = json!({"welcomed": {}});
            }
            ("item", is_client) if its.get("stream").is_none() => {
                let body: Value = serde_json::from_str(its["body"].as_str()?).ok()?;
                let mut message = with_body(json!({ "body": body }), is_client)?;
                if !is_client {
                    message["user"] = "ann".into();
                }
                step["event"] = json!({ "message": message });
            }
            ("outcome" | "gap", true) => {}
            // A server's host is not told.
            ("opened" | "outcome", false) | ("caught_up", _) => return Some(()),
            _ => return None,
        }
        self.steps.push(step);
        Some(())
    }
}

/// Something whose body, if it has one, is an envelope of `pam`: a server's, or a client's. None
/// where the body is about its own form.
fn with_body(mut its: Value, of_server: bool) -> Option<Value> {
    if let Some(body) = its.get_mut("body") {
        let is_nested = body[0].is_array();
        if is_nested || body.get("$text").is_some() {
            return None;
        }
        let word = if of_server { "alert" } else { "init" };
        *body = json!({"type": word, "context": {"body": body}});
    }
    Some(its)
}
