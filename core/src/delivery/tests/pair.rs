//! Two ends, and a link in memory that can be cut.

use core::fmt::Write as _;
use core::time::Duration;
use std::collections::VecDeque;

use super::{Ending, Event, Outcome, SendOptions, Session, SessionConfig};
use crate::delivery::CommandId;
use crate::envelope::Envelope;
use crate::envelope::v1::{self, Channel, Code, Epoch, Message, Position, SessionId};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

/// The channel of all tests.
const CHANNEL: Channel = Channel(7);

/// A client, a server, what is on its way between them, and what each has heard.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) client: End,
    pub(super) server: End,
    pub(super) millis: u64,
}

/// One end.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) session: Session,
    /// What is on its way to it.
    pub(super) incoming: VecDeque<String>,
    /// Every envelope that it has sent.
    pub(super) sent: Vec<String>,
    /// Every event that it had, as a line.
    pub(super) heard: Vec<String>,
    /// The positions of the items that it has heard.
    pub(super) items: Vec<Position>,
    /// The positions of the cancels that it has heard.
    pub(super) cancels: Vec<Position>,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::with(SessionConfig::default(), SessionConfig::default())
    }

    pub(super) fn with(client: SessionConfig, server: SessionConfig) -> Self {
        Self::of(client, server, (1, 2))
    }

    /// One whose ends draw other epochs.
    pub(super) fn with_seeds(client: u64, server: u64) -> Self {
        Self::of(SessionConfig::default(), SessionConfig::default(), (client, server))
    }

    fn of(client: SessionConfig, server: SessionConfig, seeds: (u64, u64)) -> Self {
        let id = SessionId::from_bytes(*b"one session of n");
        let log = Epoch::from_bits(0x109);
        Self {
            client: End::new(Session::client(client, Seed::from_number(seeds.0))),
            server: End::new(Session::server(server, id, log, Seed::from_number(seeds.1))),
            millis: 0,
        }
    }

    /// A pair with a link over which the session has begun.
    pub(super) fn begun() -> Self {
        let mut pair = Self::new();
        pair.connect();
        pair.settle();
        pair.forget();
        pair
    }

    pub(super) fn now(&self) -> Now {
        Now::new(Mono::from_millis(self.millis), Wall::EPOCH + Duration::from_millis(self.millis))
    }

    /// A new link carries the session.
    pub(super) fn connect(&mut self) {
        let now = self.now();
        self.cut_wires();
        self.client.drain(None);
        self.server.drain(None);
        self.client.session.attach(now, CHANNEL).unwrap();
        self.server.session.attach(now, CHANNEL).unwrap();
    }

    /// The link is gone with what was on its way.
    pub(super) fn cut(&mut self) {
        let now = self.now();
        self.cut_wires();
        self.client.session.detach(now);
        self.server.session.detach(now);
        self.client.drain(None);
        self.server.drain(None);
    }

    /// Carries everything until both ends are silent.
    pub(super) fn settle(&mut self) {
        while self.step_client() | self.step_server() {}
    }

    /// The client polls, and takes one envelope: whether there was anything.
    pub(super) fn step_client(&mut self) -> bool {
        let now = self.now();
        let text = self.client.incoming.pop_front();
        if let Some(text) = &text {
            hand_over(&mut self.client.session, now, text);
        }
        self.client.drain(Some(&mut self.server.incoming)) | text.is_some()
    }

    /// The same for the server.
    pub(super) fn step_server(&mut self) -> bool {
        let now = self.now();
        let text = self.server.incoming.pop_front();
        if let Some(text) = &text {
            hand_over(&mut self.server.session, now, text);
        }
        self.server.drain(Some(&mut self.client.incoming)) | text.is_some()
    }

    /// Time passes at both ends.
    pub(super) fn pass(&mut self, millis: u64) {
        self.millis += millis;
        let now = self.now();
        self.client.session.handle_timeout(now);
        self.server.session.handle_timeout(now);
        self.client.drain(Some(&mut self.server.incoming));
        self.server.drain(Some(&mut self.client.incoming));
    }

    /// The client's host sends this text.
    pub(super) fn ask(&mut self, text: &str) -> CommandId {
        let now = self.now();
        self.client.session.send(now, &body(text), SendOptions::default()).unwrap()
    }

    /// The server's host does.
    pub(super) fn tell(&mut self, text: &str) -> CommandId {
        let now = self.now();
        self.server.session.send(now, &body(text), SendOptions::default()).unwrap()
    }

    /// What was heard and sent until now is of no interest.
    pub(super) fn forget(&mut self) {
        for end in [&mut self.client, &mut self.server] {
            end.sent.clear();
            end.heard.clear();
            end.items.clear();
            end.cancels.clear();
        }
    }

    /// The client's process has ended, and another goes on with its snapshot.
    pub(super) fn restore_client(&mut self) {
        let now = self.now();
        self.client.restore(now, self.millis);
    }

    /// The server's has.
    pub(super) fn restore_server(&mut self) {
        let now = self.now();
        self.server.restore(now, self.millis);
    }

    /// Hands an envelope to the client that the server has not sent.
    pub(super) fn forge_to_client(&mut self, text: &str) {
        let now = self.now();
        hand_over(&mut self.client.session, now, text);
        self.client.drain(Some(&mut self.server.incoming));
    }

    /// Hands an envelope to the server that the client has not sent.
    pub(super) fn forge_to_server(&mut self, text: &str) {
        let now = self.now();
        hand_over(&mut self.server.session, now, text);
        self.server.drain(Some(&mut self.client.incoming));
    }

    fn cut_wires(&mut self) {
        self.client.incoming.clear();
        self.server.incoming.clear();
    }
}

impl End {
    pub(super) fn new(session: Session) -> Self {
        Self {
            session,
            incoming: VecDeque::new(),
            sent: Vec::new(),
            heard: Vec::new(),
            items: Vec::new(),
            cancels: Vec::new(),
        }
    }

    /// Another process goes on with a snapshot, with randomness of its own.
    pub(super) fn restore(&mut self, now: Now, seed: u64) {
        let mut bytes = Vec::new();
        self.session.snapshot(&mut bytes).unwrap();
        let config = self.session.config().clone();
        let seed = Seed::from_number(1_000 + seed);
        self.session = Session::restore(config, &bytes, seed, now).unwrap();
        self.incoming.clear();
    }

    /// Takes all events and sends all messages: whether there were any.
    pub(super) fn drain(&mut self, wire: Option<&mut VecDeque<String>>) -> bool {
        let mut any = false;
        while let Some(event) = self.session.poll_event() {
            match &event {
                Event::Item { at, .. } => self.items.push(*at),
                Event::Cancel { at, .. } => self.cancels.push(*at),
                _ => {}
            }
            self.heard.push(line(&event));
            any = true;
        }
        if let Some(wire) = wire {
            while let Some(text) = next_message(&mut self.session) {
                self.sent.push(text.clone());
                wire.push_back(text);
                any = true;
            }
        }
        any
    }

    /// The items among what was heard, in order.
    pub(super) fn bodies(&self) -> Vec<&str> {
        let bodies = self.heard.iter().filter_map(|line| line.strip_prefix("item "));
        bodies.map(|body| body.trim_matches('"')).collect()
    }

    /// The outcomes among what was heard, in order.
    pub(super) fn outcomes(&self) -> Vec<&str> {
        self.heard.iter().filter_map(|line| line.strip_prefix("outcome ")).collect()
    }

    /// The types of what was sent, in order.
    pub(super) fn types(&self) -> Vec<String> {
        let types = self.sent.iter().map(|text| {
            let envelope = Envelope::parse(text, v1::DEPTH).unwrap();
            envelope.field("type").unwrap().text().unwrap().as_str().to_owned()
        });
        types.collect()
    }
}

/// The next envelope of a session.
pub(super) fn next_message(session: &mut Session) -> Option<String> {
    let mut out = String::new();
    session.poll_message(&mut out).then_some(out)
}

/// A text as a body.
pub(super) fn body(text: &str) -> String {
    format!("\"{text}\"")
}

/// A code.
pub(super) fn code(word: &str) -> Code<'_> {
    Code::new(word).unwrap()
}

/// Hands an envelope to a session, as whoever owns the link does.
pub(super) fn hand_over(session: &mut Session, now: Now, text: &str) {
    let envelope = Envelope::parse(text, v1::DEPTH).unwrap();
    match Message::read(&envelope) {
        Ok(Some((_, message))) => session.handle_message(now, &message),
        Ok(None) => {}
        Err(_malformed) => session.handle_fault(now, crate::delivery::Fault::Malformed),
    }
}

/// An event as a line.
fn line(event: &Event<'_>) -> String {
    match event {
        Event::Opened { answer } => format!("opened {}", answer.as_str()),
        Event::Gap { lost, reason } => {
            let mut line = format!("gap {reason}");
            if let Some(lost) = lost {
                write!(line, " {lost}").unwrap();
            }
            line
        }
        Event::CaughtUp => "caught_up".to_owned(),
        Event::Item { body, .. } => format!("item {body:?}"),
        Event::Cancel { target, .. } => format!("cancel {}", target.scope().as_str()),
        Event::CancelResult { command, results } => {
            format!("result {command} of {}", results.len())
        }
        Event::Outcome { command, outcome } => match outcome {
            Outcome::Acknowledged => format!("outcome {command} acknowledged"),
            Outcome::Rejected { code, .. } => format!("outcome {command} rejected {code}"),
            Outcome::Expired(why) => format!("outcome {command} expired {why:?}"),
            Outcome::Unknown => format!("outcome {command} unknown"),
        },
        Event::Closed { code, .. } => format!("closed {code}"),
        Event::Fault(fault) => format!("fault {fault}"),
        Event::Ended(ending) => match ending {
            Ending::Left => "ended left".to_owned(),
            Ending::Expired => "ended expired".to_owned(),
            Ending::Unknown => "ended unknown".to_owned(),
            Ending::Ended(how) => {
                format!("ended ended {}", how.as_ref().map_or("", |how| how.as_str()))
            }
        },
    }
}
