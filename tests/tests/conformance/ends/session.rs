//! One end of one session.

use std::collections::{BTreeMap, VecDeque};

use pamlink::delivery::{
    AtBound, Ending, Event, Expiry, Fault, Outcome, Priority, RejectError, SendError, SendOptions,
    Session, SessionConfig, Target,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{CancelResult, Channel, DEPTH, Epoch, How, Message, Name, SessionId};
use pamlink::seed::Seed;
use serde_json::{Map, Value, json};

use super::values::{Members, json_of, millis, now, shown, shown_millis, shown_result};
use crate::file::{Input, Output};
use crate::play::End;

pub(super) struct SessionEnd {
    session: Session,
    /// What the file calls what was sent.
    names: BTreeMap<u64, String>,
    results: VecDeque<Value>,
}

impl SessionEnd {
    pub(super) fn client(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        Ok(Self::new(Session::client(config(options)?, Seed::from_number(seed))))
    }

    pub(super) fn server(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let id = SessionId::from_bytes([u8::try_from(seed).expect("a small seed"); 16]);
        let log = Epoch::from_bits(0x1090_0000_0000_0000 + seed);
        Ok(Self::new(Session::server(config(options)?, id, log, Seed::from_number(seed))))
    }

    fn new(session: Session) -> Self {
        Self { session, names: BTreeMap::new(), results: VecDeque::new() }
    }

    fn handle_text(&mut self, at: u64, text: &str) {
        let envelope = Envelope::parse(text, DEPTH);
        match envelope.as_ref().map(Message::read) {
            Ok(Ok(Some((_, message)))) => self.session.handle_message(now(at), &message),
            // A type of the future.
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => self.session.handle_fault(now(at), Fault::Malformed),
        }
    }

    fn command(&mut self, at: u64, name: Option<&str>, command: &Value) -> Result<(), String> {
        let now = now(at);
        let (word, mut its) = Members::of(command)?;
        let sent = match word {
            "attach" => {
                let channel = its.number("channel").unwrap_or(0).try_into().expect("a channel");
                let attached = self.session.attach(now, Channel(channel));
                attached.map_err(|why| why.to_string())?;
                None
            }
            "detach" => {
                self.session.detach(now);
                None
            }
            "leave" => {
                self.session.leave(now);
                None
            }
            "send" => {
                let body = its.take("body");
                let body = its.need("body", body)?.to_string();
                let priority = match its.text("priority").as_deref() {
                    Some("urgent") => Priority::Urgent,
                    Some("bulk") => Priority::Bulk,
                    Some("normal") | None => Priority::Normal,
                    Some(other) => return Err(format!("{other} is no priority")),
                };
                let options = SendOptions {
                    priority,
                    key: its.name("key"),
                    time_to_live: its.millis("ttl"),
                    of: its.position("of"),
                    stream: its.name("stream"),
                    agent: its.name("agent"),
                };
                Some(self.session.send(now, &body, options).map_err(send_error))
            }
            "reject" => {
                let (of, code) = (its.position("at"), its.code("code"));
                let (of, code) = (its.need("at", of)?, its.need("code", code)?);
                let rejected = self.session.reject(now, of, code, its.millis("retry_after"));
                Some(rejected.map_err(reject_error))
            }
            "cancel" => {
                let (stream, agent) = (its.name("stream"), its.name("agent"));
                let target = match its.text("scope").as_deref() {
                    Some("stream") => Target::Stream(its.need("stream", stream)?),
                    Some("agent") => Target::Agent(its.need("agent", agent)?),
                    Some("all") => Target::All,
                    _ => return Err("no scope".to_owned()),
                };
                Some(self.session.cancel(now, target).map_err(send_error))
            }
            "cancel_result" => {
                // As the envelope that it becomes.
                let of = its.take("of").unwrap_or_default();
                let results = its.take("results").unwrap_or_default();
                let kind = "cancel_result";
                let text = json!({"type": kind, "at": of, "of": of, "results": results});
                let text = text.to_string();
                let envelope = Envelope::parse(&text, DEPTH).map_err(|why| why.to_string())?;
                let message = Message::read(&envelope).map_err(|why| why.to_string())?;
                let Some((_, Message::CancelResult(CancelResult { of, results, .. }))) = message
                else {
                    unreachable!("its type says so");
                };
                Some(self.session.cancel_result(now, of, &results).map_err(send_error))
            }
            _ => return Err(format!("a session has no {word}")),
        };
        its.end()?;
        match (sent, name) {
            (Some(Ok(id)), Some(name)) => {
                self.names.insert(id.as_u64(), name.to_owned());
            }
            (Some(Ok(_)), None) => return Err(format!("what {word} sends has no name")),
            (Some(Err(word)), _) => self.results.push_back(json!({ "error": word })),
            (None, _) => {}
        }
        Ok(())
    }
}

impl End for SessionEnd {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), String> {
        match input {
            Input::Envelope { envelope: Value::String(text), .. } => self.handle_text(at, text),
            Input::Envelope { envelope, .. } => self.handle_text(at, &envelope.to_string()),
            Input::Command { name, command, .. } => {
                self.command(at, name.as_deref(), command)?;
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        self.session.handle_timeout(now(at));
    }

    fn poll(&mut self) -> Option<Output> {
        if let Some(result) = self.results.pop_front() {
            return Some(Output::Result(result));
        }
        if let Some(event) = self.session.poll_event() {
            return Some(Output::Event(shown_event(&event, &self.names)));
        }
        let mut text = String::new();
        let is_there = self.session.poll_message(&mut text);
        let envelope = || Output::Envelope { link: String::new(), envelope: json_of(&text) };
        is_there.then(envelope)
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.session.poll_timeout().map(|deadline| millis(deadline.at))
    }
}

fn config(options: &Map<String, Value>) -> Result<SessionConfig, String> {
    let mut config = SessionConfig::default();
    for (name, value) in options {
        match (name.as_str(), value) {
            ("at_bound", Value::String(word)) if word == "drop_oldest" => {
                config.at_bound = AtBound::DropOldest;
            }
            (name, value) => {
                let number = value.as_u64().ok_or_else(|| format!("{name}: {value}"))?;
                config.set(name, number).map_err(|why| why.to_string())?;
            }
        }
    }
    Ok(config)
}

fn send_error(why: SendError) -> &'static str {
    match why {
        SendError::Body(_) => "body",
        SendError::TooLarge { .. } => "too_large",
        SendError::Full => "full",
        SendError::WrongRole => "wrong_role",
        SendError::NoCancel => "no_cancel",
        SendError::TooManyResults => "too_many_results",
        SendError::Ended => "ended",
        other => panic!("{other}"),
    }
}

fn reject_error(why: RejectError) -> &'static str {
    match why {
        RejectError::NoItem => "no_item",
        RejectError::Ended => "ended",
        other => panic!("{other}"),
    }
}

fn shown_event(event: &Event<'_>, names: &BTreeMap<u64, String>) -> Value {
    match event {
        Event::Opened { answer } => json!({"opened": {"answer": answer.as_str()}}),
        Event::Gap { lost, reason } => json!({"gap": {"lost": lost, "reason": reason.as_str()}}),
        Event::CaughtUp => json!({"caught_up": {}}),
        Event::Item { at, of, stream, agent, body } => json!({"item": {
            "at": shown(*at),
            "of": of.map(shown),
            "stream": stream.as_ref().map(Name::as_str),
            "agent": agent.as_ref().map(Name::as_str),
            "body": body.as_json(),
        }}),
        Event::Cancel { at, target } => {
            let (stream, agent) = match target {
                Target::Stream(name) => (Some(name.as_str()), None),
                Target::Agent(name) => (None, Some(name.as_str())),
                Target::All => (None, None),
            };
            json!({"cancel": {
                "at": shown(*at),
                "scope": target.scope().as_str(),
                "stream": stream,
                "agent": agent,
            }})
        }
        Event::CancelResult { command, results } => json!({"cancel_result": {
            "command": names[&command.as_u64()],
            "results": results.iter().map(shown_result).collect::<Vec<_>>(),
        }}),
        Event::Outcome { command, outcome } => {
            let command = &names[&command.as_u64()];
            json!({"outcome": match outcome {
                Outcome::Acknowledged => json!({"command": command, "outcome": "acknowledged"}),
                Outcome::Rejected { code, retry_after } => json!({
                    "command": command,
                    "outcome": "rejected",
                    "code": code.as_str(),
                    "retry_after": shown_millis(*retry_after),
                }),
                Outcome::Expired(expiry) => json!({
                    "command": command,
                    "outcome": "expired",
                    "reason": match expiry {
                        Expiry::Age => "age",
                        Expiry::Dropped => "dropped",
                        Expiry::Replaced => "replaced",
                        Expiry::SessionEnded => "session_ended",
                        other => panic!("{other:?}"),
                    },
                }),
                Outcome::Unknown => json!({"command": command, "outcome": "unknown"}),
                other => panic!("{other:?}"),
            }})
        }
        Event::Closed { code, retry_after } => json!({"closed": {
            "code": code.as_str(),
            "retry_after": shown_millis(*retry_after),
        }}),
        Event::Fault(fault) => json!({"fault": {"code": fault.code()}}),
        Event::Ended(ending) => json!({"ended": match ending {
            Ending::Left => json!({"ending": "left"}),
            Ending::Expired => json!({"ending": "expired"}),
            Ending::Unknown => json!({"ending": "unknown"}),
            Ending::Ended(how) => {
                json!({"ending": "ended", "how": how.as_ref().map(How::as_str)})
            }
            other => panic!("{other:?}"),
        }}),
        other => panic!("{other:?}"),
    }
}
