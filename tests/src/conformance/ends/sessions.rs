//! Many sessions of many users at a server, over their links, with their streams and a log in
//! memory.

use std::collections::{BTreeMap, VecDeque};

use pamlink::delivery::stream::{LogConfig, MemoryLog, StreamKey};
use pamlink::delivery::{
    AtUserBound, LinkNumber, SessionNumber, Sessions, SessionsBound, SessionsConfig, SessionsEvent,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, Epoch};
use pamlink::seed::Seed;
use pamlink::time::Deadline;
use serde_json::{Map, Value, json};

use super::commands::{reject, reject_error, send, send_error, set};
use super::producing::{owner_of, produce, shown_event as shown_stream_event};
use super::session_events::shown_event;
use super::values::{Members, json_of, millis, now};
use crate::conformance::file::{Input, Output};
use crate::conformance::play::{End, Stop};

pub(super) struct SessionsEnd {
    sessions: Sessions,
    log: MemoryLog,
    at: u64,
    /// The number of each link.
    links: BTreeMap<String, LinkNumber>,
    /// Which link is carrying.
    ready: Option<LinkNumber>,
    /// Each session that was told of.
    known: BTreeMap<u64, SessionNumber>,
    /// What the file calls what was sent in each session.
    names: BTreeMap<SessionNumber, BTreeMap<u64, String>>,
    results: VecDeque<Output>,
}

impl SessionsEnd {
    pub(super) fn new(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let (mut config, mut log) = (SessionsConfig::default(), LogConfig::default());
        for (name, value) in options {
            let number = value.as_u64().and_then(|number| usize::try_from(number).ok());
            match (name.as_str(), number) {
                ("max_sessions", Some(number)) => config.max_sessions = number,
                ("user_sessions", Some(number)) => config.user_sessions = number,
                ("at_user_bound", _) if value == "refuse" => {
                    config.at_user_bound = AtUserBound::Refuse;
                }
                _ => {
                    let number = value.as_u64().unwrap_or_default();
                    let set = set(&mut config.session, name, value);
                    let set = set.or_else(|_| config.streams.set(name, number));
                    set.or_else(|_| log.set(name, number)).map_err(|why| why.to_string())?;
                }
            }
        }
        let epoch = Epoch::from_bits(0x1090_0000_0000_0000 + seed);
        Ok(Self {
            sessions: Sessions::new(config, epoch, Seed::from_number(seed)),
            log: MemoryLog::new(log, epoch),
            at: 0,
            links: BTreeMap::new(),
            ready: None,
            known: BTreeMap::new(),
            names: BTreeMap::new(),
            results: VecDeque::new(),
        })
    }

    fn link(&mut self, link: &str) -> LinkNumber {
        let next = LinkNumber(u64::try_from(self.links.len()).expect("few"));
        *self.links.entry(link.to_owned()).or_insert(next)
    }

    fn session(&self, its: &mut Members<'_>) -> Result<SessionNumber, String> {
        let number = its.number("session");
        let number = its.need("session", number)?;
        self.known.get(&number).copied().ok_or_else(|| format!("no session {number} was told of"))
    }

    fn command(&mut self, link: &str, name: Option<&str>, command: &Value) -> Result<(), String> {
        let now = now(self.at);
        let (word, mut its) = Members::of(command)?;
        let sent = match word {
            "detach" => {
                let number = self.link(link);
                self.sessions.handle_link_closed(now, number);
                // Its name is that of another link from now on.
                self.links.insert(format!("{} {link}", number.0), number);
                self.links.remove(link);
                None
            }
            "heartbeat" => {
                let number = self.link(link);
                self.sessions.heartbeat(now, number);
                None
            }
            "leave" => {
                let session = self.session(&mut its)?;
                self.sessions.leave(now, session);
                None
            }
            "send" => {
                let session = self.session(&mut its)?;
                let (body, options) = send(&mut its)?;
                let sent = self.sessions.send(now, session, &body, options);
                Some((session, sent.map_err(|why| send_error(&why))))
            }
            "reject" => {
                let session = self.session(&mut its)?;
                let (of, code, wait) = reject(&mut its)?;
                let (user, stream) = (its.text("user"), its.name("stream"));
                let rejected = self.sessions.reject(now, session, of, code, wait);
                if let (Some(user), Some(stream)) = (user, stream) {
                    self.sessions.unfollow(now, session, &StreamKey::new(&*user, &stream));
                }
                Some((session, rejected.map_err(|why| reject_error(&why))))
            }
            _ => {
                let user = its.text("user");
                let user = its.need("user", user)?;
                let result = produce(self.sessions.streams(), now, &user, word, &mut its)?;
                self.results.extend(result);
                None
            }
        };
        its.end()?;
        match (sent, name) {
            (Some((session, Ok(id))), Some(name)) => {
                self.names.entry(session).or_default().insert(id.as_u64(), name.to_owned());
            }
            (Some((_, Ok(_))), None) => return Err(format!("what {word} sends has no name")),
            (Some((_, Err(word))), _) => {
                self.results.push_back(Output::Result(json!({ "error": word })));
            }
            (None, _) => {}
        }
        Ok(())
    }

    /// The name of a link.
    fn name_of(&self, link: LinkNumber) -> String {
        let name = self.links.iter().find(|(_, number)| **number == link);
        name.map(|(name, _)| name.clone()).unwrap_or_default()
    }

    fn poll_event(&mut self) -> Option<Value> {
        let event = self.sessions.poll_event()?;
        let (session, user) = match &event {
            SessionsEvent::Session { session, user, .. }
            | SessionsEvent::Evicted { session, user } => (Some(*session), *user),
            _ => (None, ""),
        };
        let place = |session: SessionNumber| json!({"session": session.as_u64(), "user": user});
        let shown = match &event {
            SessionsEvent::Session { session, event, .. } => {
                let none = BTreeMap::new();
                let mut shown = shown_event(event, self.names.get(session).unwrap_or(&none));
                for its in shown.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    its["session"] = session.as_u64().into();
                    its["user"] = (*user).into();
                }
                shown
            }
            SessionsEvent::Evicted { session, .. } => json!({ "evicted": place(*session) }),
            SessionsEvent::Stream(event) => {
                let mut shown = shown_stream_event(event);
                shown["user"] = owner_of(event).into();
                json!({ "stream": shown })
            }
            SessionsEvent::Refused { link, user, bound } => {
                let bound = match bound {
                    SessionsBound::All => "all",
                    SessionsBound::User => "user",
                    SessionsBound::Link => "link",
                    other => panic!("{other:?}"),
                };
                let link = *link;
                let user = (*user).to_owned();
                json!({"refused": {"link": self.name_of(link), "user": user, "bound": bound}})
            }
            SessionsEvent::Overrun { link } => {
                let link = *link;
                json!({"overrun": {"link": self.name_of(link)}})
            }
            other => panic!("{other:?}"),
        };
        self.known.extend(session.map(|session| (session.as_u64(), session)));
        Some(shown)
    }
}

impl End for SessionsEnd {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
        self.at = at;
        match input {
            Input::Envelope { link, envelope } => {
                let text = match envelope {
                    Value::String(text) => text.clone(),
                    envelope => envelope.to_string(),
                };
                let envelope = Envelope::parse(&text, DEPTH).map_err(|why| why.to_string())?;
                let number = self.link(link);
                // A link is its user's: `ann.2` is one of ann's.
                let user = link.split('.').next().unwrap_or_default();
                self.sessions.handle_envelope(now(at), number, user, &envelope);
            }
            Input::Command { link, name, command } => {
                self.command(link, name.as_deref(), command)?;
            }
        }
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        self.at = at;
        self.log.handle_timeout(now(at));
        self.sessions.handle_timeout(now(at));
    }

    fn poll(&mut self) -> Option<Output> {
        if let Some(result) = self.results.pop_front() {
            return Some(result);
        }
        loop {
            if let Some(event) = self.poll_event() {
                return Some(Output::Event(event));
            }
            if !self.sessions.settle(now(self.at), &mut self.log) {
                break;
            }
        }
        loop {
            let link = self.ready.or_else(|| self.sessions.poll_ready())?;
            self.ready = Some(link);
            let mut text = String::new();
            if self.sessions.poll_message(link, &mut text) {
                return Some(Output::Envelope {
                    link: self.name_of(link),
                    envelope: json_of(&text),
                });
            }
            self.ready = None;
        }
    }

    fn poll_timeout(&self) -> Option<u64> {
        let due = Deadline::earlier(self.sessions.poll_timeout(), self.log.poll_timeout());
        due.map(|deadline| millis(deadline.at))
    }
}
