//! One end of one session: a client's, with the streams that it follows, or a server's.

use std::collections::{BTreeMap, VecDeque};

use pamlink::delivery::{
    ClientEvent, ClientSendError, ClientSession, Cursor, Fault, FollowError, Session, SessionConfig,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{CancelResult, Channel, DEPTH, Epoch, Message, SessionId};
use pamlink::seed::Seed;
use serde_json::{Map, Value, json};

use super::commands::{reject, reject_error, send, send_error, set, target};
use super::session_events::{shown_event, shown_stream_event};
use super::values::{Members, json_of, millis, now};
use crate::conformance::file::{Input, Output};
use crate::conformance::play::{End, Stop};

pub(super) struct SessionEnd {
    machine: Machine,
    config: SessionConfig,
    seed: u64,
    /// The last that was taken.
    snapshot: Vec<u8>,
    /// What the file calls what was sent.
    names: BTreeMap<u64, String>,
    results: VecDeque<Value>,
    /// Its host takes no events.
    paused: bool,
}

enum Machine {
    Client(Box<ClientSession>),
    Server(Box<Session>),
}

/// What both can do.
macro_rules! either {
    ($end:ident, $session:ident => $does:expr) => {
        match &mut $end.machine {
            Machine::Client($session) => $does,
            Machine::Server($session) => $does,
        }
    };
}

impl SessionEnd {
    pub(super) fn client(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let config = config(options)?;
        let session = ClientSession::new(config.clone(), Seed::from_number(seed));
        Ok(Self::new(Machine::Client(Box::new(session)), config, seed))
    }

    pub(super) fn server(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let config = config(options)?;
        let id = SessionId::from_bytes([u8::try_from(seed).expect("a small seed"); 16]);
        let log = Epoch::from_bits(0x1090_0000_0000_0000 + seed);
        let session = Session::server(config.clone(), id, log, Seed::from_number(seed));
        Ok(Self::new(Machine::Server(Box::new(session)), config, seed))
    }

    fn new(machine: Machine, config: SessionConfig, seed: u64) -> Self {
        let (snapshot, names, results) = Default::default();
        Self { machine, config, seed, snapshot, names, results, paused: false }
    }

    fn handle_text(&mut self, at: u64, text: &str) {
        let envelope = Envelope::parse(text, DEPTH);
        match envelope.as_ref().map(Message::read) {
            Ok(Ok(Some((_, message)))) => {
                either!(self, session => session.handle_message(now(at), &message));
            }
            // A type of the future.
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => {
                either!(self, session => session.handle_fault(now(at), Fault::Malformed));
            }
        }
    }

    fn command(&mut self, at: u64, name: Option<&str>, command: &Value) -> Result<(), String> {
        let now = now(at);
        let (word, mut its) = Members::of(command)?;
        let sent = match word {
            "attach" => {
                let channel = its.number("channel").unwrap_or(0).try_into().expect("a channel");
                let attached = either!(self, session => session.attach(now, Channel(channel)));
                attached.map_err(|why| why.to_string())?;
                None
            }
            "detach" => {
                either!(self, session => session.detach(now));
                None
            }
            "leave" => {
                either!(self, session => session.leave(now));
                None
            }
            "pause" | "resume" => {
                self.paused = word == "pause";
                None
            }
            "send" => {
                let (body, options) = send(&mut its)?;
                Some(match &mut self.machine {
                    Machine::Client(session) => {
                        session.send(now, &body, options).map_err(|why| match why {
                            ClientSendError::Send(why) => send_error(&why),
                            ClientSendError::Follow(why) => follow_error(why),
                            other => panic!("{other}"),
                        })
                    }
                    Machine::Server(session) => {
                        session.send(now, &body, options).map_err(|why| send_error(&why))
                    }
                })
            }
            "reject" => {
                let (of, code, wait) = reject(&mut its)?;
                let rejected = either!(self, session => session.reject(now, of, code, wait));
                Some(rejected.map_err(|why| reject_error(&why)))
            }
            "cancel" => {
                let target = target(&mut its)?;
                let sent = either!(self, session => session.cancel(now, target));
                Some(sent.map_err(|why| send_error(&why)))
            }
            "cancel_result" => {
                let Machine::Server(session) = &mut self.machine else {
                    return Err("a client has no cancel_result".to_owned());
                };
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
                let sent = session.cancel_result(now, of, &results);
                Some(sent.map_err(|why| send_error(&why)))
            }
            "follow" | "unfollow" => {
                let Machine::Client(session) = &mut self.machine else {
                    return Err(format!("a server has no {word}"));
                };
                let (stream, received) = (its.name("stream"), its.position("received"));
                let stream = its.need("stream", stream)?;
                let offset = its.number("offset");
                if word == "follow" {
                    let from = received
                        .map(|received| Cursor { received, offset: offset.unwrap_or_default() });
                    if let Err(why) = session.follow(now, &stream, from) {
                        self.results.push_back(json!({ "error": follow_error(why) }));
                    }
                } else {
                    session.unfollow(now, &stream);
                }
                None
            }
            "snapshot" => {
                self.snapshot.clear();
                let taken = either!(self, session => session.snapshot(&mut self.snapshot));
                taken.map_err(|why| why.to_string())?;
                None
            }
            "restore" => {
                // Another process draws anew.
                self.seed += 100;
                let (seed, config) = (Seed::from_number(self.seed), self.config.clone());
                let restored = match &self.machine {
                    Machine::Client(_) => {
                        let restored = ClientSession::restore(config, &self.snapshot, seed, now);
                        restored.map(|session| Machine::Client(Box::new(session)))
                    }
                    Machine::Server(_) => {
                        let restored = Session::restore(config, &self.snapshot, seed, now);
                        restored.map(|session| Machine::Server(Box::new(session)))
                    }
                };
                self.machine = restored.map_err(|why| why.to_string())?;
                None
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
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
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
        either!(self, session => session.handle_timeout(now(at)));
    }

    fn poll(&mut self) -> Option<Output> {
        if let Some(result) = self.results.pop_front() {
            return Some(Output::Result(result));
        }
        let event = match &mut self.machine {
            _ if self.paused => None,
            Machine::Client(session) => session.poll_event().map(|event| match event {
                ClientEvent::Session(event) => shown_event(&event, &self.names),
                ClientEvent::Stream(event) => shown_stream_event(&event),
            }),
            Machine::Server(session) => {
                session.poll_event().map(|event| shown_event(&event, &self.names))
            }
        };
        if let Some(event) = event {
            return Some(Output::Event(event));
        }
        let mut text = String::new();
        let is_there = either!(self, session => session.poll_message(&mut text));
        let envelope = || Output::Envelope { link: String::new(), envelope: json_of(&text) };
        is_there.then(envelope)
    }

    fn poll_timeout(&self) -> Option<u64> {
        let due = match &self.machine {
            Machine::Client(session) => session.poll_timeout(),
            Machine::Server(session) => session.poll_timeout(),
        };
        due.map(|deadline| millis(deadline.at))
    }
}

fn config(options: &Map<String, Value>) -> Result<SessionConfig, String> {
    let mut config = SessionConfig::default();
    for (name, value) in options {
        set(&mut config, name, value)?;
    }
    Ok(config)
}

fn follow_error(why: FollowError) -> &'static str {
    match why {
        FollowError::AlreadyFollowed => "already_followed",
        FollowError::TooMany => "too_many",
        other => panic!("{other}"),
    }
}
