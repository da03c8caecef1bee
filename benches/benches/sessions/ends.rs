//! Clients and their server in memory: envelopes go between them as text, and nothing else does.

use std::time::Duration;

use anyhow::{Context, Result};
use pamlink::delivery::stream::{
    Event as OfStream, Generation, LogConfig, MemoryLog, StreamKey, StreamsConfig,
};
use pamlink::delivery::{
    ClientEvent, ClientSession, Event, LinkNumber, Outcome, SendOptions, SessionConfig,
    SessionNumber, Sessions, SessionsConfig, SessionsEvent, StreamEvent,
};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Channel, DEPTH, Epoch, Message, Name};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

/// A server and its clients, each with one link: that of the client's place.
pub(crate) struct Ends {
    pub(crate) sessions: Sessions,
    pub(crate) log: MemoryLog,
    pub(crate) clients: Vec<ClientSession>,
    pub(crate) heard: Heard,
    users: Vec<String>,
    time: Duration,
    text: String,
}

/// What the hosts of both sides were told.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Items that came to the server, and to clients.
    pub(crate) items: usize,
    pub(crate) pushed: usize,
    /// Items of clients that were acknowledged.
    pub(crate) acknowledged: usize,
    /// Sessions of clients in which all has come that was outstanding.
    pub(crate) caught_up: usize,
    /// Bytes of streams' texts that came to clients, and ends of streams that did.
    pub(crate) text: usize,
    pub(crate) ended: usize,
    /// The session that the server was told of last.
    pub(crate) session: Option<SessionNumber>,
    /// Streams that have begun, until they are claimed.
    begun: Vec<StreamKey>,
    /// Streams that have a producer.
    pub(crate) claimed: Vec<(StreamKey, Generation)>,
}

impl Ends {
    /// Clients of these users, one each, whose sessions are open.
    pub(crate) fn open(streams: StreamsConfig, users: Vec<String>) -> Self {
        let epoch = Epoch::from_bits(0x109);
        let config = SessionsConfig { streams, ..SessionsConfig::default() };
        let client =
            |number| ClientSession::new(SessionConfig::default(), Seed::from_number(number));
        let mut ends = Self {
            sessions: Sessions::new(config, epoch, Seed::from_number(0)),
            log: MemoryLog::new(LogConfig::default(), epoch),
            clients: (1..).take(users.len()).map(client).collect(),
            heard: Heard::default(),
            users,
            time: Duration::from_secs(1),
            text: String::new(),
        };
        for at in 0..ends.clients.len() {
            ends.attach(at);
            ends.settle(at..at + 1);
        }
        ends
    }

    /// What the clocks of all say.
    pub(crate) fn now(&self) -> Now {
        let nanos = u64::try_from(self.time.as_nanos()).unwrap_or(u64::MAX);
        Now::new(Mono::from_nanos(nanos), Wall::from_unix_secs(1_757_120_000) + self.time)
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.time += time;
    }

    /// Time passes, and all do what is due by then.
    pub(crate) fn rest(&mut self, time: Duration) {
        self.pass(time);
        let now = self.now();
        self.clients.iter_mut().for_each(|client| client.handle_timeout(now));
        self.sessions.handle_timeout(now);
        self.settle(0..self.clients.len());
    }

    /// A new link carries a client's session.
    pub(crate) fn attach(&mut self, at: usize) {
        let now = self.now();
        self.clients[at].attach(now, Channel(0)).expect("all events were taken");
    }

    /// The link of a client is gone.
    pub(crate) fn cut(&mut self, at: usize) {
        let now = self.now();
        self.clients[at].detach(now);
        self.sessions.handle_link_closed(now, link(at));
    }

    /// Carries what these clients and the server have to say until all are silent.
    pub(crate) fn settle(&mut self, clients: std::ops::Range<usize>) {
        loop {
            let mut has_said = false;
            for at in clients.clone() {
                has_said |= self.client_says(at);
            }
            self.server_hears();
            if !self.server_says() && !has_said {
                break;
            }
        }
    }

    /// Carries what a client has to say, whose host takes its events first: whether there was any.
    pub(crate) fn client_says(&mut self, at: usize) -> bool {
        let now = self.now();
        let client = &mut self.clients[at];
        while let Some(event) = client.poll_event() {
            self.heard.of_client(&event);
        }
        let mut has_said = false;
        while client.poll_message(&mut self.text) {
            let envelope = Envelope::parse(&self.text, DEPTH).expect("a session writes envelopes");
            self.sessions.handle_envelope(now, link(at), &self.users[at], &envelope);
            self.text.clear();
            has_said = true;
        }
        has_said
    }

    /// The server's host does what is due.
    pub(crate) fn server_wakes(&mut self) {
        let now = self.now();
        if self.sessions.poll_timeout().is_some_and(|due| due.at <= now.mono) {
            self.sessions.handle_timeout(now);
        }
    }

    /// The server's host takes all events, and the log answers.
    pub(crate) fn server_hears(&mut self) {
        let now = self.now();
        loop {
            while let Some(event) = self.sessions.poll_event() {
                self.heard.of_server(&event);
            }
            for key in self.heard.begun.drain(..) {
                self.sessions.streams().claim(now, &key).expect("nobody else claims it");
            }
            if !self.sessions.settle(now, &mut self.log) {
                break;
            }
        }
    }

    /// Carries what the server has to say, and the clients' hosts take it: whether there was any.
    pub(crate) fn server_says(&mut self) -> bool {
        let now = self.now();
        let mut has_said = false;
        while let Some(number) = self.sessions.poll_ready() {
            let at = place(number);
            while self.sessions.poll_message(number, &mut self.text) {
                self.clients[at].handle_text(now, &self.text);
                self.text.clear();
                has_said = true;
            }
            while let Some(event) = self.clients[at].poll_event() {
                self.heard.of_client(&event);
            }
        }
        has_said
    }

    /// As [`server_says`](Self::server_says), for whoever carries the texts.
    pub(crate) fn each_text(&mut self, mut carry: impl FnMut(usize, &str)) {
        while let Some(number) = self.sessions.poll_ready() {
            while self.sessions.poll_message(number, &mut self.text) {
                carry(place(number), &self.text);
                self.text.clear();
            }
        }
    }

    /// A text that [`each_text`](Self::each_text) has given comes to its client.
    pub(crate) fn client_hears(&mut self, at: usize, text: &str) {
        let now = self.now();
        self.clients[at].handle_text(now, text);
        while let Some(event) = self.clients[at].poll_event() {
            self.heard.of_client(&event);
        }
    }

    /// Gives back what is not the server's.
    pub(crate) fn forget_clients(&mut self) {
        (self.clients, self.users, self.text) = (Vec::new(), Vec::new(), String::new());
        self.heard = Heard::default();
    }

    /// A client sends an item that asks for a stream, of which it gets a producer here.
    pub(crate) fn begin_stream(&mut self, at: usize, name: &str) -> Result<()> {
        let now = self.now();
        let stream = Name::new(name).context("no name of a stream")?;
        let options = SendOptions { stream: Some(stream), ..SendOptions::default() };
        self.clients[at].send(now, r#"{"message":"where may we camp?"}"#, options)?;
        self.settle(at..at + 1);
        Ok(())
    }
}

impl Heard {
    fn of_server(&mut self, event: &SessionsEvent<'_>) {
        match event {
            SessionsEvent::Session { session, user, event } => {
                self.session = Some(*session);
                if let Event::Item { stream, .. } = event {
                    self.items += 1;
                    self.begun.extend(stream.as_ref().map(|name| StreamKey::new(*user, name)));
                }
            }
            SessionsEvent::Stream(OfStream::Claimed { key, generation, .. }) => {
                self.claimed.push((key.clone(), *generation));
            }
            _ => {}
        }
    }

    fn of_client(&mut self, event: &ClientEvent<'_>) {
        match event {
            ClientEvent::Session(Event::Item { .. }) => self.pushed += 1,
            ClientEvent::Session(Event::Outcome { outcome: Outcome::Acknowledged, .. }) => {
                self.acknowledged += 1;
            }
            ClientEvent::Session(Event::CaughtUp) => self.caught_up += 1,
            ClientEvent::Stream(StreamEvent::Text { text, .. }) => self.text += text.len(),
            ClientEvent::Stream(StreamEvent::Ended { .. }) => self.ended += 1,
            _ => {}
        }
    }
}

/// What a client's host does with a text.
trait Hears {
    fn handle_text(&mut self, now: Now, text: &str);
}

impl Hears for ClientSession {
    fn handle_text(&mut self, now: Now, text: &str) {
        let envelope = Envelope::parse(text, DEPTH).expect("sessions write envelopes");
        let Ok(Some((_, message))) = Message::read(&envelope) else { panic!("{text}") };
        self.handle_message(now, &message);
    }
}

fn link(at: usize) -> LinkNumber {
    LinkNumber(at as u64)
}

fn place(link: LinkNumber) -> usize {
    usize::try_from(link.0).expect("a place")
}
