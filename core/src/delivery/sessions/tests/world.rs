//! A server and devices of its users, with links in memory that can be cut.

use core::fmt::Write as _;
use std::collections::{BTreeMap, VecDeque};

use crate::delivery::stream::{
    End, Event as OfStream, Generation, LogConfig, MemoryLog, StreamKey,
};
use crate::delivery::{
    ClientEvent, ClientSession, CommandId, Event, FollowAnswer, LinkNumber, Outcome, SendOptions,
    SessionConfig, SessionNumber, Sessions, SessionsConfig, SessionsEvent, StreamEvent, Target,
};
use crate::envelope::Envelope;
use crate::envelope::v1::{self, Channel, Epoch, How, Message, Name, Position};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

/// The channel of all devices.
pub(super) const CHANNEL: Channel = Channel(3);

pub(super) struct World {
    pub(super) sessions: Sessions,
    pub(super) log: MemoryLog,
    pub(super) devices: Vec<Device>,
    /// What the server's host has heard, as lines.
    pub(super) heard: Vec<String>,
    /// The items that it has heard, and of which session.
    pub(super) items: Vec<(SessionNumber, Position)>,
    /// The generation of the newest producer of each stream.
    pub(super) producers: BTreeMap<String, Generation>,
    pub(super) millis: u64,
    next_link: u64,
}

/// One device of a user.
pub(super) struct Device {
    pub(super) user: &'static str,
    pub(super) session: ClientSession,
    pub(super) link: Option<LinkNumber>,
    to_server: VecDeque<String>,
    to_client: VecDeque<String>,
    /// What its host has heard, as lines.
    pub(super) heard: Vec<String>,
    /// The text of each stream, as its host has it.
    pub(super) texts: BTreeMap<String, String>,
    /// The envelopes that it was sent.
    pub(super) received: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(SessionsConfig::default())
    }

    pub(super) fn with(config: SessionsConfig) -> Self {
        let log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(0x109e));
        Self {
            sessions: Sessions::new(config, log.epoch(), Seed::from_number(9)),
            log,
            devices: Vec::new(),
            heard: Vec::new(),
            items: Vec::new(),
            producers: BTreeMap::new(),
            millis: 0,
            next_link: 0,
        }
    }

    pub(super) fn now(&self) -> Now {
        Now::new(Mono::from_millis(self.millis), Wall::EPOCH)
    }

    /// A device without a link.
    pub(super) fn device(&mut self, user: &'static str) -> usize {
        let seed = Seed::from_number(100 + self.devices.len() as u64);
        self.devices.push(Device {
            user,
            session: ClientSession::new(SessionConfig::default(), seed),
            link: None,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            heard: Vec::new(),
            texts: BTreeMap::new(),
            received: Vec::new(),
        });
        self.devices.len() - 1
    }

    /// A device whose session has begun.
    pub(super) fn begun(&mut self, user: &'static str) -> usize {
        let device = self.device(user);
        self.connect(device);
        self.settle();
        assert!(self.devices[device].session.session().is_open());
        device
    }

    /// A new link carries the session of a device. The server does not hear of the end of the link
    /// before, if it has not yet.
    pub(super) fn connect(&mut self, device: usize) -> LinkNumber {
        let now = self.now();
        self.next_link += 1;
        let link = LinkNumber(self.next_link);
        let it = &mut self.devices[device];
        it.to_server.clear();
        it.to_client.clear();
        it.link = Some(link);
        it.session.attach(now, CHANNEL).expect("its events are taken");
        link
    }

    /// The link of a device is gone, with all that is on its way.
    pub(super) fn cut(&mut self, device: usize) {
        let now = self.now();
        let it = &mut self.devices[device];
        it.to_server.clear();
        it.to_client.clear();
        it.session.detach(now);
        it.take_events();
        if let Some(link) = it.link.take() {
            self.sessions.handle_link_closed(now, link);
        }
        self.serve();
    }

    /// Carries everything until nobody has anything to say.
    pub(super) fn settle(&mut self) {
        while self.carry_to_server() | self.carry_to_clients() {}
    }

    /// What devices have to say reaches the server.
    pub(super) fn carry_to_server(&mut self) -> bool {
        let mut any = false;
        for device in 0..self.devices.len() {
            self.devices[device].say();
            let Some(link) = self.devices[device].link else { continue };
            while let Some(text) = self.devices[device].to_server.pop_front() {
                self.hand_over(link, self.devices[device].user, &text);
                any = true;
            }
        }
        self.serve();
        any
    }

    /// What the server has to say reaches the devices.
    pub(super) fn carry_to_clients(&mut self) -> bool {
        let now = self.now();
        let mut any = false;
        for (link, text) in self.said() {
            let Some(it) = self.devices.iter_mut().find(|it| it.link == Some(link)) else {
                continue;
            };
            it.received.push(text.clone());
            let envelope = Envelope::parse(&text, v1::DEPTH).expect("an envelope");
            match Message::read(&envelope) {
                Ok(Some((channel, message))) => {
                    assert!(channel == CHANNEL || matches!(message, Message::Heartbeat(_)));
                    it.session.handle_message(now, &message);
                }
                other => panic!("{text}: {other:?}"),
            }
            it.take_events();
            any = true;
        }
        any
    }

    /// All that the server has to say now, over which links.
    pub(super) fn said(&mut self) -> Vec<(LinkNumber, String)> {
        let mut said = Vec::new();
        while let Some(link) = self.sessions.poll_ready() {
            let mut text = String::new();
            while self.sessions.poll_message(link, &mut text) {
                said.push((link, core::mem::take(&mut text)));
            }
        }
        said
    }

    /// An envelope reaches the server.
    pub(super) fn hand_over(&mut self, link: LinkNumber, user: &str, text: &str) {
        let envelope = Envelope::parse(text, v1::DEPTH).expect("an envelope");
        self.sessions.handle_envelope(self.now(), link, user, &envelope);
        self.serve();
    }

    /// Time passes, in steps to each deadline.
    pub(super) fn pass(&mut self, millis: u64) {
        let end = self.millis + millis;
        loop {
            let deadlines = self.devices.iter().filter_map(|it| it.session.poll_timeout());
            let of_server = [self.sessions.poll_timeout(), self.log.poll_timeout()];
            let next = deadlines.chain(of_server.into_iter().flatten()).min();
            let Some(next) = next.filter(|it| it.at <= Mono::from_millis(end)) else { break };
            let at = next.at.as_nanos().div_ceil(1_000_000);
            assert!(at > self.millis || self.millis == 0, "{next:?} has passed");
            self.millis = at;
            self.wake();
        }
        self.millis = end;
        self.wake();
    }

    /// The server's host takes all events, and lets the log answer.
    pub(super) fn serve(&mut self) {
        loop {
            let mut any = false;
            while let Some(event) = self.sessions.poll_event() {
                any = true;
                let line = line_of_server(&event);
                match event {
                    SessionsEvent::Session { session, event: Event::Item { at, .. }, .. } => {
                        self.items.push((session, at));
                    }
                    SessionsEvent::Stream(OfStream::Claimed { key, generation, .. }) => {
                        self.producers.insert(key.name.to_string(), generation);
                    }
                    _ => {}
                }
                self.heard.push(line);
            }
            let now = Now::new(Mono::from_millis(self.millis), Wall::EPOCH);
            any |= self.sessions.settle(now, &mut self.log);
            if !any {
                break;
            }
        }
    }

    /// A device asks for a stream.
    pub(super) fn ask(&mut self, device: usize, stream: &'static str) -> CommandId {
        let now = self.now();
        let options = SendOptions { stream: Name::new(stream), ..SendOptions::default() };
        self.devices[device].session.send(now, r#""fuel?""#, options).expect("room")
    }

    /// A device cancels a stream.
    pub(super) fn cancel(&mut self, device: usize, stream: &'static str) -> CommandId {
        let now = self.now();
        let target = Target::Stream(Name::new(stream).expect("a name"));
        self.devices[device].session.cancel(now, target).expect("room")
    }

    /// The server's host begins to answer.
    pub(super) fn claim(&mut self, user: &str, stream: &str) {
        let now = self.now();
        self.sessions.streams().claim(now, &key(user, stream)).expect("it can be claimed");
        self.serve();
    }

    /// It answers on.
    pub(super) fn append(&mut self, user: &str, stream: &str, text: &str) {
        let (now, by) = (self.now(), self.producers[stream]);
        self.sessions.streams().append(now, &key(user, stream), by, text).expect("it produces");
        self.serve();
        self.pass(50);
    }

    /// It has answered.
    pub(super) fn finish(&mut self, user: &str, stream: &str) {
        let (now, by) = (self.now(), self.producers[stream]);
        let end = End::new(How::Done);
        self.sessions.streams().finish(now, &key(user, stream), by, end).expect("it produces");
        self.serve();
    }

    fn wake(&mut self) {
        let now = self.now();
        self.sessions.handle_timeout(now);
        self.log.handle_timeout(now);
        self.serve();
        for it in &mut self.devices {
            it.session.handle_timeout(now);
            it.take_events();
        }
        self.settle();
    }
}

impl Device {
    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.session.poll_event() {
            let line = match event {
                ClientEvent::Session(event) => line_of_session(&event),
                ClientEvent::Stream(event) => {
                    match &event {
                        StreamEvent::Text { stream, offset, text, .. } => {
                            let has = self.texts.entry((*stream).to_owned()).or_default();
                            has.truncate(usize::try_from(*offset).expect("small"));
                            assert_eq!(has.len() as u64, *offset);
                            has.push_str(text);
                        }
                        StreamEvent::Following { stream, stays, offset, .. } => {
                            assert_eq!(stays, offset, "nothing is lost here");
                            let has = self.texts.entry((*stream).to_owned()).or_default();
                            has.truncate(usize::try_from(*stays).expect("small"));
                        }
                        _ => {}
                    }
                    line_of_stream(&event)
                }
            };
            self.heard.push(line);
        }
    }

    /// What was heard since it was asked last.
    pub(super) fn heard(&mut self) -> Vec<String> {
        core::mem::take(&mut self.heard)
    }

    /// The types of the envelopes that were received since this was asked last.
    pub(super) fn received(&mut self) -> Vec<String> {
        let types = core::mem::take(&mut self.received).into_iter().map(|text| {
            let envelope = Envelope::parse(&text, v1::DEPTH).expect("an envelope");
            let kind = envelope.field("type").and_then(|kind| Some(kind.text()?.to_string()));
            kind.expect("a type")
        });
        types.collect()
    }

    pub(super) fn say(&mut self) {
        self.take_events();
        let mut text = String::new();
        while self.session.poll_message(&mut text) {
            self.to_server.push_back(core::mem::take(&mut text));
        }
        if self.link.is_none() {
            self.to_server.clear();
        }
    }
}

pub(super) fn key(user: &str, stream: &str) -> StreamKey {
    StreamKey::new(user, &Name::new(stream).expect("a name"))
}

fn line_of_server(event: &SessionsEvent<'_>) -> String {
    match event {
        SessionsEvent::Session { user, event, .. } => format!("{user}: {}", line_of_session(event)),
        SessionsEvent::Stream(event) => match event {
            OfStream::Claimed { key, .. } => format!("claimed {}", key.name),
            OfStream::Fenced { key, why, .. } => format!("fenced {} {why:?}", key.name),
            OfStream::Ended { key, ended } => {
                format!("ended {} {}", key.name, ended.end.how.as_str())
            }
            other => format!("{other:?}"),
        },
        SessionsEvent::Refused { user, bound, .. } => format!("refused {user} {bound:?}"),
        SessionsEvent::Evicted { user, .. } => format!("evicted {user}"),
        SessionsEvent::Overrun { .. } => "overrun".to_owned(),
    }
}

fn line_of_session(event: &Event<'_>) -> String {
    match event {
        Event::Opened { answer } => format!("opened {}", answer.as_str()),
        Event::CaughtUp => "caught up".to_owned(),
        Event::Item { stream, .. } => {
            format!("item {}", stream.as_ref().map_or("", |stream| stream.as_str()))
        }
        Event::CancelResult { results, .. } => {
            let mut line = "result".to_owned();
            for it in *results {
                write!(line, " {} {}", it.stream.as_str(), it.outcome.as_str()).unwrap();
                it.offset.iter().for_each(|offset| write!(line, " {offset}").unwrap());
                it.how.iter().for_each(|how| write!(line, " {}", how.as_str()).unwrap());
            }
            line
        }
        Event::Outcome { outcome, .. } => match outcome {
            Outcome::Rejected { code, .. } => format!("rejected {code}"),
            other => format!("{other:?}").to_lowercase(),
        },
        Event::Closed { code, .. } => format!("closed {code}"),
        Event::Fault(fault) => format!("fault {fault}"),
        Event::Ended(ending) => format!("ended {ending:?}").to_lowercase(),
        Event::Gap { reason, .. } => format!("gap {reason}"),
        Event::Cancel { .. } => "cancel".to_owned(),
    }
}

fn line_of_stream(event: &StreamEvent<'_>) -> String {
    match event {
        StreamEvent::Following { stream, answer, offset, .. } => {
            let word = match answer {
                FollowAnswer::Resumed => "resumed",
                FollowAnswer::Pending => "pending",
                FollowAnswer::Ended(_) => "ended",
                FollowAnswer::Gap { .. } => "gap",
                FollowAnswer::Unknown => "unknown",
            };
            format!("{stream} {word} at {offset}")
        }
        StreamEvent::Text { stream, offset, text, .. } => format!("{stream} {offset} {text}"),
        StreamEvent::CaughtUp { stream, offset } => format!("{stream} caught up at {offset}"),
        StreamEvent::Ended { stream, offset, how, .. } => {
            format!("{stream} {} at {offset}", how.as_str())
        }
    }
}
