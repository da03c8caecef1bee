//! The streams of one user at a server, with their log in memory.

use std::collections::{BTreeMap, VecDeque};

use pamlink::delivery::Fault;
use pamlink::delivery::stream::{
    CancelScope, LogConfig, MemoryLog, ReaderId, StreamKey, Streams, StreamsConfig,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Channel, DEPTH, Epoch, Message};
use pamlink::time::Deadline;
use serde_json::{Map, Value, json};

use super::producing::{not_begun, produce, shown_event};
use super::values::{Members, json_of, millis, now};
use crate::conformance::file::{Input, Output};
use crate::conformance::play::{End, Stop};

/// Whose they are.
const OWNER: &str = "ann";

pub(super) struct StreamsEnd {
    streams: Streams,
    log: MemoryLog,
    /// The log is silent: what it is asked waits.
    is_log_silent: bool,
    at: u64,
    /// The reader of each link.
    readers: BTreeMap<String, ReaderId>,
    /// Who is taking messages.
    ready: Option<ReaderId>,
    outputs: VecDeque<Output>,
}

impl StreamsEnd {
    pub(super) fn new(options: &Map<String, Value>, seed: u64) -> Result<Self, String> {
        let (mut streams, mut log) = (StreamsConfig::default(), LogConfig::default());
        for (name, value) in options {
            let number = value.as_u64().ok_or_else(|| format!("{name}: {value}"))?;
            let set = streams.set(name, number).or_else(|_| log.set(name, number));
            set.map_err(|why| why.to_string())?;
        }
        let epoch = Epoch::from_bits(0x1090_0000_0000_0000 + seed);
        Ok(Self {
            streams: Streams::new(streams, epoch),
            log: MemoryLog::new(log, epoch),
            is_log_silent: false,
            at: 0,
            readers: BTreeMap::new(),
            ready: None,
            outputs: VecDeque::new(),
        })
    }

    fn reader(&mut self, link: &str) -> ReaderId {
        let next = ReaderId::from_number(u64::try_from(self.readers.len()).expect("few"));
        *self.readers.entry(link.to_owned()).or_insert(next)
    }

    fn handle_text(&mut self, link: &str, text: &str) -> Result<(), String> {
        let envelope = Envelope::parse(text, DEPTH).map_err(|why| why.to_string())?;
        let message = Message::read(&envelope).map_err(|why| why.to_string())?;
        let (reader, now) = (self.reader(link), now(self.at));
        let taken = match message {
            Some((_, Message::Follow(follow))) => {
                let key = StreamKey::new(OWNER, &follow.stream);
                self.streams.follow(now, reader, &key, follow.received, follow.offset)
            }
            Some((_, Message::Read(read))) => {
                let key = StreamKey::new(OWNER, &read.stream);
                self.streams.read(now, reader, &key, read.received)
            }
            Some((_, Message::Unfollow(unfollow))) => {
                let key = StreamKey::new(OWNER, &unfollow.stream);
                self.streams.unfollow(now, reader, &key);
                Ok(())
            }
            _ => return Err(format!("{text} is not said to streams")),
        };
        if let Err(fault) = taken {
            self.fault(fault);
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault) {
        self.outputs.push_back(Output::Event(json!({"fault": {"code": fault.code()}})));
    }

    fn command(&mut self, link: &str, command: &Value) -> Result<(), String> {
        let (word, mut its) = Members::of(command)?;
        let now = now(self.at);
        match word {
            "begin" => {
                let key = its.name("stream").map(|name| StreamKey::new(OWNER, &name));
                let (of, agent) = (its.position("of"), its.text("agent"));
                let (key, of) = (its.need("stream", key)?, its.need("of", of)?);
                let reader = self.reader(link);
                let begun = self.streams.begin(now, &key, agent.as_deref(), of, Some(reader));
                if let Err(why) = begun {
                    let event = not_begun(&key, of, why.code().as_ref());
                    self.outputs.push_back(Output::Event(event));
                }
            }
            "cancel" => {
                let key = its.name("stream").map(|name| StreamKey::new(OWNER, &name));
                let (scope, agent) = (its.text("scope"), its.text("agent"));
                let scope = match (its.need("scope", scope)?.as_str(), &key, &agent) {
                    ("stream", Some(key), None) => CancelScope::Stream(key),
                    ("agent", None, Some(agent)) => CancelScope::Agent { owner: OWNER, agent },
                    ("all", None, None) => CancelScope::All { owner: OWNER },
                    _ => return Err(format!("{command} has no scope")),
                };
                self.streams.cancel(now, scope);
            }
            "detach" => {
                let reader = self.reader(link);
                self.streams.forget_reader(now, reader);
            }
            "silence_log" => self.is_log_silent = true,
            "wake_log" => self.is_log_silent = false,
            _ => {
                let result = produce(&mut self.streams, now, OWNER, word, &mut its)?;
                self.outputs.extend(result);
            }
        }
        its.end()
    }
}

impl End for StreamsEnd {
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop> {
        self.at = at;
        match input {
            Input::Envelope { link, envelope } => self.handle_text(link, &envelope.to_string())?,
            Input::Command { link, command, .. } => self.command(link, command)?,
        }
        Ok(())
    }

    fn handle_timeout(&mut self, at: u64) {
        self.at = at;
        self.log.handle_timeout(now(at));
        self.streams.handle_timeout(now(at));
    }

    fn poll(&mut self) -> Option<Output> {
        let now = now(self.at);
        let mut requests = 0;
        while !self.is_log_silent
            && let Some(request) = self.streams.poll_log()
        {
            let answer = self.log.handle_request(now, &request);
            self.streams.handle_log(now, answer);
            requests += 1;
            assert!(requests < 10_000, "the log is asked for ever: {request:?}");
        }
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if let Some(event) = self.streams.poll_event() {
            return Some(Output::Event(shown_event(&event)));
        }
        loop {
            self.ready = self.ready.or_else(|| self.streams.poll_ready());
            let reader = self.ready?;
            if let Some(message) = self.streams.poll_message(now, reader) {
                let mut text = String::new();
                message.write(Channel(0), &mut text);
                let link = self.readers.iter().find(|(_, it)| **it == reader);
                let link = link.map(|(link, _)| link.clone()).unwrap_or_default();
                return Some(Output::Envelope { link, envelope: json_of(&text) });
            }
            self.ready = None;
        }
    }

    fn poll_timeout(&self) -> Option<u64> {
        let due = Deadline::earlier(self.streams.poll_timeout(), self.log.poll_timeout());
        due.map(|deadline| millis(deadline.at))
    }
}
