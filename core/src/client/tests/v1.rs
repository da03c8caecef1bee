//! A client that speaks `pamlink.v1` where the server has it: how the two agree, and requests that
//! outlive links.

mod agreeing;
mod asking;
mod batches;
mod changing;
mod going_back;
mod sessions;
mod sizes;
mod snapshots;
mod staying;
mod turns;

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::delivery::stream::{Event as OfStream, Generation, LogConfig, MemoryLog, StreamKey};
use crate::delivery::{
    Event as OfSession, LinkNumber, SessionNumber, Sessions, SessionsConfig, SessionsEvent, stream,
};
use crate::envelope::v1::{self, Epoch, How, Name};
use crate::frame::{Incoming, Outgoing};
use crate::link::TokenNeed;

const WELCOME: &str =
    r#"{"type":"welcome","version":1,"features":0,"limits":{"message":1048576},"heartbeat":20000}"#;

/// A client over a transport that has whole messages, and a server with sessions.
struct World {
    client: Client,
    now: Now,
    events: Vec<String>,
    /// What it was asked to dial: with which token and subprotocol.
    dials: Vec<String>,
    /// Why it was asked for a token.
    needs: Vec<TokenNeed>,
    /// What the client has said over the present link and no server has taken.
    said: VecDeque<String>,
    sessions: Sessions,
    log: MemoryLog,
    link: u64,
    /// The same of the second link.
    second_dials: usize,
    second_said: VecDeque<String>,
    second_link: u64,
    /// The last session that something happened to at the server.
    session: Option<SessionNumber>,
    /// The streams that were asked for, and the text of each item.
    asked: Vec<(String, String)>,
    /// The generation of the producer of each.
    producers: BTreeMap<String, Generation>,
}

impl World {
    fn new() -> Self {
        Self::with(ClientConfig::default())
    }

    fn with(config: ClientConfig) -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
        let log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(0x109e));
        let mut world = Self {
            client: Client::new(config, endpoint, Seed::from_number(9), now).unwrap(),
            now,
            events: Vec::new(),
            dials: Vec::new(),
            needs: Vec::new(),
            said: VecDeque::new(),
            sessions: Sessions::new(SessionsConfig::default(), log.epoch(), Seed::from_number(4)),
            log,
            link: 0,
            second_dials: 0,
            second_said: VecDeque::new(),
            second_link: 0,
            session: None,
            asked: Vec::new(),
            producers: BTreeMap::new(),
        };
        world.client.connect(now);
        world.drain();
        world.client.provide_token(now, Token::new("t")).unwrap();
        world.drain();
        world
    }

    /// A client whose session is open.
    fn welcomed() -> Self {
        let mut world = Self::new();
        world.open(Some("pamlink.v1"));
        world.welcome();
        world.events.clear();
        world
    }

    /// The transport is made, and the server takes this subprotocol.
    fn open(&mut self, subprotocol: Option<&str>) {
        self.link += 1;
        self.said.clear();
        self.client.handle_opened(self.now, subprotocol);
        self.drain();
    }

    /// The server takes the `hello`, and answers.
    fn welcome(&mut self) {
        let hello = self.said.pop_front().unwrap();
        assert!(hello.starts_with(r#"{"type":"hello""#), "{hello}");
        self.say(WELCOME);
        self.settle();
    }

    /// The server says this.
    fn say(&mut self, text: &str) {
        self.client.handle_message(self.now, Incoming::Text(text)).unwrap();
        self.drain();
    }

    /// It says this over the second link.
    fn say_over_second(&mut self, text: &str) {
        let mut second = self.client.second_link();
        second.handle_message(self.now, Incoming::Text(text)).unwrap();
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(event) = self.client.poll_event() {
            if let Event::Link(ClientLinkEvent::Dial(dial)) = &event {
                let token = dial.token.map_or("-", Token::expose);
                self.dials.push(format!("{token} {}", dial.subprotocol.unwrap_or("-")));
            }
            if let Event::Link(ClientLinkEvent::NeedToken(need)) = &event {
                self.needs.push(*need);
            }
            if let Event::SecondLink(ClientLinkEvent::Dial(_)) = &event {
                self.second_dials += 1;
            }
            if let Event::ChangedPlaces = &event {
                core::mem::swap(&mut self.said, &mut self.second_said);
                core::mem::swap(&mut self.link, &mut self.second_link);
            }
            self.events.extend(words(&event));
        }
        assert!(self.client.settled_cancels.is_empty(), "a result is not told");
        let mut out = Vec::new();
        while let Some(outgoing) = self.client.poll_message(&mut out) {
            self.said.push_back(said(outgoing, core::mem::take(&mut out)));
        }
        while let Some(outgoing) = self.client.second_link().poll_message(&mut out) {
            self.second_said.push_back(said(outgoing, core::mem::take(&mut out)));
        }
    }

    /// Server and client say all that they have to say.
    fn settle(&mut self) {
        while self.settle_these() {}
    }

    /// The server takes what is said now, and says what it has to say. Whether there was anything.
    fn settle_these(&mut self) -> bool {
        let mut any = false;
        for text in core::mem::take(&mut self.said) {
            any = true;
            // The link's close frame is nothing of a session.
            if text.starts_with("close ") {
                continue;
            }
            for text in v1::divide(&text, true) {
                let envelope = Envelope::parse(text, v1::DEPTH).expect("an envelope");
                self.sessions.handle_envelope(self.now, LinkNumber(self.link), "ada", &envelope);
                self.serve();
            }
        }
        while let Some(link) = self.sessions.poll_ready() {
            let mut text = String::new();
            while self.sessions.poll_message(link, &mut text) {
                any = true;
                if link == LinkNumber(self.link) {
                    self.say(&text);
                } else if link == LinkNumber(self.second_link) {
                    self.say_over_second(&text);
                }
                text.clear();
            }
        }
        any
    }

    /// The server's host takes all events.
    fn serve(&mut self) {
        loop {
            let mut any = false;
            let mut begun = Vec::new();
            while let Some(event) = self.sessions.poll_event() {
                any = true;
                if let SessionsEvent::Session { session, .. } = &event {
                    self.session = Some(*session);
                }
                match event {
                    SessionsEvent::Session {
                        event: OfSession::Item { stream: Some(stream), body, .. },
                        ..
                    } => {
                        begun.push(key(&stream));
                        self.asked.push((stream.to_string(), body.as_json().to_owned()));
                    }
                    SessionsEvent::Session { event: OfSession::Item { body, .. }, .. } => {
                        self.asked.push((String::new(), body.as_json().to_owned()));
                    }
                    SessionsEvent::Stream(OfStream::Claimed { key, generation, .. }) => {
                        self.producers.insert(key.name.to_string(), generation);
                    }
                    _ => {}
                }
            }
            for key in begun {
                self.sessions.streams().claim(self.now, &key).expect("it can be claimed");
            }
            any |= self.sessions.settle(self.now, &mut self.log);
            if !any {
                return;
            }
        }
    }

    /// The stream that was asked for last.
    fn stream(&self) -> StreamKey {
        key(&self.asked.last().expect("something was asked").0)
    }

    /// The server's host answers on.
    fn append(&mut self, text: &str) {
        let key = self.stream();
        let by = self.producers[&*key.name];
        self.sessions.streams().append(self.now, &key, by, text).expect("it produces");
        self.serve();
        self.pass(50);
    }

    /// It has answered.
    fn finish(&mut self, how: How<'static>, body: Option<&str>) {
        let key = self.stream();
        let by = self.producers[&*key.name];
        let mut end = stream::End::new(how);
        end.body = body.map(Into::into);
        self.sessions.streams().finish(self.now, &key, by, end).expect("it produces");
        self.serve();
        self.settle();
    }

    /// An answer in the words of `pam`.
    fn answer(&self, text: &str) -> String {
        let stream = &self.asked.last().unwrap().0;
        answer(Some(&format!("\"{stream}\"")), text)
    }

    fn ask(&mut self, text: &str) -> RequestId {
        let chat = Chat { message: Some(text.into()), ..Chat::default() };
        let request = self.client.ask(self.now, &chat).unwrap();
        self.drain();
        request
    }

    /// The transport is gone; the server knows.
    fn cut(&mut self) {
        self.client.handle_closed(self.now);
        self.drain();
        self.said.clear();
        self.sessions.handle_link_closed(self.now, LinkNumber(self.link));
        self.serve();
    }

    /// The client dials again, and its session goes on.
    fn reconnect(&mut self) {
        self.pass(2_000);
        self.open(Some("pamlink.v1"));
        self.welcome();
    }

    fn pass(&mut self, millis: u64) {
        let end = self.now.mono + Duration::from_millis(millis);
        loop {
            let due =
                [self.client.poll_timeout(), self.sessions.poll_timeout(), self.log.poll_timeout()];
            let due = due.into_iter().flatten().map(|due| due.at).min().filter(|at| *at <= end);
            let at = due.unwrap_or(end).max(self.now.mono);
            let step = at.saturating_since(self.now.mono);
            self.now = Now::new(at, self.now.wall + step);
            self.sessions.handle_timeout(self.now);
            self.log.handle_timeout(self.now);
            self.serve();
            self.client.handle_timeout(self.now);
            self.drain();
            if self.client.is_welcomed() {
                self.settle();
            }
            if due.is_none() {
                return;
            }
        }
    }

    fn events(&mut self) -> Vec<String> {
        core::mem::take(&mut self.events)
    }

    fn said(&mut self) -> Vec<String> {
        core::mem::take(&mut self.said).into()
    }
}

fn said(outgoing: Outgoing, text: Vec<u8>) -> String {
    let text = String::from_utf8(text).unwrap();
    match outgoing {
        Outgoing::Close(code) => format!("close {} {text}", code.as_u16()),
        _ => text,
    }
}

fn key(stream: &str) -> StreamKey {
    StreamKey::new("ada", &Name::new(stream.to_owned()).expect("a name"))
}
