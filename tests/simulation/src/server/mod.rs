//! The server: the engine's sessions of many users, the log behind their streams, and a host that
//! answers.

mod hearing;
mod log;
mod producing;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::Streams;
use pamlink::delivery::{LinkNumber, SendOptions, SessionNumber, Sessions, SessionsConfig};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Message, Position};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use self::log::Log;
use self::producing::Producer;
use crate::action::Sending;
use crate::body;
use crate::defect::Defect;
use crate::network::{Network, Side};
use crate::oracle::{Kind, Oracle, Sender, Witness};
use crate::profile::{Policy, Profile};
use crate::random::mixed;

/// The server.
#[derive(Debug)]
pub(crate) struct Server {
    sessions: Sessions,
    config: SessionsConfig,
    pub(crate) log: Log,
    seed: u64,
    life: u32,
    policy: Policy,
    /// How far its clock is ahead.
    pub(crate) ahead: u64,
    /// The links that have something to carry.
    ready: BTreeSet<LinkNumber>,
    /// What this life has sent, by session and command.
    commands: HashMap<(SessionNumber, u64), usize>,
    /// How often each session has broken off.
    breaks: HashMap<SessionNumber, u32>,
    producers: BTreeMap<usize, Producer>,
    /// Streams that wait until another of their user has ended.
    queued: VecDeque<usize>,
    /// What has ended as unknown, until it is looked at why.
    unknown: Vec<(SessionNumber, usize)>,
    /// How many texts that were garbled have come, and were not told of yet.
    pub(crate) garbled: u32,
    heartbeat_at: u64,
    renews_at: u64,
    woken: u64,
}

/// What the host does about an item.
#[derive(Clone, Copy, Debug)]
enum Reply {
    Reject(SessionNumber, Position),
    Answer(SessionNumber, Position),
    Begin(usize),
    RejectStream(SessionNumber, Position, usize),
    Ended(usize),
}

impl Server {
    /// After how long a link over which nothing comes is closed, and how often it is asked.
    const PATIENCE: u64 = 45_000;
    const HEARTBEAT: u64 = 15_000;
    const RENEWAL: u64 = 3_000;
    /// How often the host looks for more in one moment.
    const MOST_ROUNDS: u32 = 5_000;

    pub(crate) fn new(profile: &Profile, seed: u64) -> Self {
        let log = Log::new(profile.log, seed);
        Self {
            sessions: Self::sessions(&profile.sessions, &log, seed, 0),
            config: profile.sessions.clone(),
            log,
            seed,
            life: 0,
            policy: profile.policy,
            ahead: 0,
            ready: BTreeSet::new(),
            commands: HashMap::new(),
            breaks: HashMap::new(),
            producers: BTreeMap::new(),
            queued: VecDeque::new(),
            unknown: Vec::new(),
            garbled: 0,
            heartbeat_at: Self::HEARTBEAT,
            renews_at: Self::RENEWAL,
            woken: 0,
        }
    }

    fn sessions(config: &SessionsConfig, log: &Log, seed: u64, life: u32) -> Sessions {
        let seed = Seed::from_number(mixed(seed, u64::from(life)));
        Sessions::new(config.clone(), log.epoch(), seed)
    }

    fn now(&self, millis: u64) -> Now {
        let millis = millis + self.ahead;
        Now::new(Mono::from_millis(millis), Wall::EPOCH + Duration::from_millis(millis))
    }

    /// When it next has something to do by itself.
    pub(crate) fn due(&self) -> u64 {
        let deadlines = [self.sessions.poll_timeout(), self.log.poll_timeout()];
        let first = deadlines.into_iter().flatten().map(|deadline| deadline.at).min();
        let deadline = first.map_or(u64::MAX, |at| {
            let at = at.as_nanos().div_ceil(1_000_000).saturating_sub(self.ahead);
            if at <= self.woken { self.woken + 50 } else { at }
        });
        deadline.min(self.log.due()).min(self.heartbeat_at).min(self.renews_at)
    }

    /// A time has come.
    pub(crate) fn wake(&mut self, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        let now = self.now(millis);
        self.woken = millis;
        self.sessions.handle_timeout(now);
        self.log.handle_timeout(now);
        self.log.answer(now, self.life, &mut self.sessions, witness);
        if self.renews_at <= millis {
            self.renews_at = millis + Self::RENEWAL;
            self.renew(now, witness);
        }
        if self.heartbeat_at <= millis {
            self.heartbeat_at = millis + Self::HEARTBEAT;
            self.say_heartbeats(now, network, witness);
        }
        self.serve(network, witness);
    }

    fn say_heartbeats(&mut self, now: Now, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        let links: Vec<(u64, bool)> = network
            .links()
            .filter(|link| link.at_server)
            .map(|link| (link.number, link.heard + Self::PATIENCE <= millis))
            .collect();
        for (number, is_silent) in links {
            if is_silent {
                witness.counts.see("a link given up by the server");
                self.close(number, network, witness, true);
            } else {
                self.sessions.heartbeat(now, LinkNumber(number));
            }
        }
    }

    /// Says a heartbeat over a link.
    pub(crate) fn heartbeat(&mut self, link: u64, network: &mut Network, witness: &mut Witness) {
        self.sessions.heartbeat(self.now(witness.millis), LinkNumber(link));
        self.serve(network, witness);
    }

    /// A link is gone, for the server.
    pub(crate) fn close(
        &mut self,
        link: u64,
        network: &mut Network,
        witness: &mut Witness,
        is_heard: bool,
    ) {
        let millis = witness.millis;
        network.leave(link, Side::Server, is_heard, millis);
        self.ready.remove(&LinkNumber(link));
        self.sessions.handle_link_closed(self.now(millis), LinkNumber(link));
        self.serve(network, witness);
    }

    /// A text has come over a link of this user's.
    pub(crate) fn handle_text(
        &mut self,
        (link, owner): (u64, &Arc<str>),
        text: &str,
        network: &mut Network,
        witness: &mut Witness,
    ) {
        let now = self.now(witness.millis);
        if let Some(link) = network.get_mut(link) {
            link.heard = witness.millis;
        }
        let Ok(envelope) = Envelope::parse(text, v1::DEPTH) else { return };
        if let Ok(Some((_, message))) = Message::read(&envelope) {
            *witness.counts.to_server.entry(message.kind()).or_default() += 1;
        }
        self.sessions.handle_envelope(now, LinkNumber(link), owner, &envelope);
        self.serve(network, witness);
    }

    /// The host takes all events, lets the log answer, and then the links carry what there is to
    /// say.
    pub(crate) fn serve(&mut self, network: &mut Network, witness: &mut Witness) {
        let now = self.now(witness.millis);
        for round in 0.. {
            let mut has_more = false;
            if round > Self::MOST_ROUNDS {
                witness.check(Oracle::Live, false, || "the server has no end of work".to_owned());
            }
            if witness.violation.is_some() {
                return;
            }
            while self.take_event(now, witness) {
                has_more = true;
            }
            self.explain(witness);
            for _ in 0..Self::MOST_ROUNDS {
                let Some(request) = self.sessions.poll_log() else { break };
                self.log.ask(now, self.life, request, &mut self.sessions, witness);
                has_more = true;
            }
            if !has_more && !self.say(network, witness) {
                return;
            }
        }
    }

    /// The links carry what there is to say, as long as there is room; whether anything was said.
    fn say(&mut self, network: &mut Network, witness: &mut Witness) -> bool {
        while let Some(link) = self.sessions.poll_ready() {
            self.ready.insert(link);
        }
        let mut has_said = false;
        let mut text = String::new();
        let (millis, sessions) = (witness.millis, &mut self.sessions);
        self.ready.retain(|number| {
            let Some(link) = network.get_mut(number.0) else { return false };
            while link.down.bytes() < link.most_bytes {
                if !sessions.poll_message(*number, &mut text) {
                    return false;
                }
                has_said = true;
                let said = std::mem::take(&mut text);
                let is_lost = witness.planted.strikes(Defect::LosesEnvelopes);
                let is_silent =
                    said.contains(r#""end""#) && witness.planted.strikes(Defect::LosesEnds);
                if !is_lost && !is_silent {
                    link.say(Side::Server, millis, said);
                }
            }
            true
        });
        has_said
    }

    /// Sends an item in one of the sessions there are.
    pub(crate) fn push(
        &mut self,
        (place, owners): (u32, &[Arc<str>]),
        sending: Sending,
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let Some(session) = self.session(place, owners) else { return false };
        let options = SendOptions {
            priority: sending.priority(),
            key: if sending.has_key { v1::Name::new("k") } else { None },
            time_to_live: sending.is_brief.then_some(Duration::from_secs(1)),
            ..SendOptions::default()
        };
        let is_sent = self.send(session, sending, options, witness);
        self.serve(network, witness);
        is_sent
    }

    fn send(
        &mut self,
        session: SessionNumber,
        sending: Sending,
        options: SendOptions<'_>,
        witness: &mut Witness,
    ) -> bool {
        let number = witness.ledger.next();
        let body = body::of(number, sending.bytes);
        let now = self.now(witness.millis);
        let Ok(command) = self.sessions.send(now, session, &body, options) else {
            witness.counts.see("an item that is not taken");
            return false;
        };
        let kind = Kind::Item { priority: sending.priority };
        witness.ledger.sent(self.sender(session), kind, self.broken(session));
        self.commands.insert((session, command.as_u64()), number);
        true
    }

    /// Ends one of the sessions there are.
    pub(crate) fn send_away(
        &mut self,
        (place, owners): (u32, &[Arc<str>]),
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let Some(session) = self.session(place, owners) else { return false };
        self.sessions.leave(self.now(witness.millis), session);
        self.serve(network, witness);
        true
    }

    /// Its process dies, with all links, sessions and producers, and another begins.
    pub(crate) fn restart(
        &mut self,
        keeps_log: bool,
        network: &mut Network,
        witness: &mut Witness,
    ) {
        let millis = witness.millis;
        let links: Vec<u64> = network.links().map(|link| link.number).collect();
        for link in links {
            // Every other device hears of it at once, the rest when their patience is over.
            network.leave(link, Side::Server, mixed(self.seed, link) & 1 == 0, millis);
        }
        let life = self.life;
        witness
            .ledger
            .void(|sender| matches!(sender, Sender::Server { life: of, .. } if of == life));
        self.life += 1;
        if !keeps_log {
            self.log.lose(witness);
        }
        self.sessions = Self::sessions(&self.config, &self.log, self.seed, self.life);
        self.ready.clear();
        self.commands.clear();
        self.breaks.clear();
        self.producers.clear();
        self.queued.clear();
        self.unknown.clear();
    }

    /// What its machines take, and what they may: the sessions with their streams, the streams, and
    /// the log.
    pub(crate) fn memory(&mut self) -> [(usize, usize); 3] {
        let sessions = (self.sessions.memory(), Sessions::ceiling(&self.config));
        let streams = self.sessions.streams().allocated();
        [sessions, (streams, Streams::ceiling(&self.config.streams)), self.log.memory()]
    }

    fn session(&self, place: u32, owners: &[Arc<str>]) -> Option<SessionNumber> {
        let all: Vec<SessionNumber> =
            owners.iter().flat_map(|owner| self.sessions.of_user(owner)).collect();
        let place = (place as usize).checked_rem(all.len())?;
        all.get(place).copied()
    }

    const fn sender(&self, session: SessionNumber) -> Sender {
        Sender::Server { life: self.life, session: session.as_u64() }
    }

    fn broken(&self, session: SessionNumber) -> u32 {
        self.breaks.get(&session).copied().unwrap_or(0)
    }
}
