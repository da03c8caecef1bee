//! A device of a user: the engine's end of a session, and a host that takes what it is told.

mod hearing;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::StreamKey;
use pamlink::delivery::{ClientSession, Cursor, Fault, SendOptions, SessionConfig, Target};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Channel, Message, Name};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use crate::action::Sending;
use crate::body;
use crate::defect::Defect;
use crate::network::{Network, Side};
use crate::oracle::{Kind, Sender, Text, Witness};
use crate::random::mixed;

/// One device.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) place: usize,
    pub(crate) user: usize,
    pub(crate) owner: Arc<str>,
    config: SessionConfig,
    seed: u64,
    life: u32,
    pub(crate) session: ClientSession,
    channel: Channel,
    pub(crate) link: Option<u64>,
    /// How far its clock is ahead.
    pub(crate) ahead: u64,
    pub(crate) dials_at: Option<u64>,
    /// When it has heard something over its link.
    pub(crate) heard: u64,
    pub(crate) asleep_until: u64,
    pub(crate) idle_until: u64,
    texts: BTreeMap<usize, Text>,
    commands: HashMap<u64, usize>,
    /// How often a session has ended, or something was lost with a gap.
    breaks: u32,
    unknown: Vec<usize>,
    /// Its channel is closed, and whether it may be opened again at once.
    closed: Option<bool>,
    /// Something garbled has come over its link, in either direction.
    pub(crate) is_garbled: bool,
    woken: u64,
}

impl Device {
    /// For how long it hears nothing before it takes its link for dead.
    const PATIENCE: u64 = 45_000;

    pub(crate) fn new(
        place: usize,
        user: usize,
        owner: Arc<str>,
        config: SessionConfig,
        seed: u64,
    ) -> Self {
        let seed = mixed(seed, 1_000 + place as u64);
        let session = ClientSession::new(config.clone(), Seed::from_number(seed));
        Self {
            place,
            user,
            owner,
            config,
            seed,
            life: 0,
            session,
            channel: Channel(u16::try_from(place % 3).unwrap_or(0)),
            link: None,
            ahead: 0,
            dials_at: Some(0),
            heard: 0,
            asleep_until: 0,
            idle_until: 0,
            texts: BTreeMap::new(),
            commands: HashMap::new(),
            breaks: 0,
            unknown: Vec::new(),
            closed: None,
            is_garbled: false,
            woken: 0,
        }
    }

    pub(crate) fn sender(&self) -> Sender {
        Sender::Device { device: self.place, life: self.life }
    }

    /// Both its clocks.
    fn now(&self, millis: u64) -> Now {
        let millis = millis + self.ahead;
        Now::new(Mono::from_millis(millis), Wall::EPOCH + Duration::from_millis(millis))
    }

    /// When it next has something to do by itself.
    pub(crate) fn due(&self, millis: u64) -> u64 {
        if self.asleep_until > millis {
            return self.asleep_until;
        }
        let deadline = self.session.poll_timeout().map_or(u64::MAX, |deadline| {
            let at = deadline.at.as_nanos().div_ceil(1_000_000).saturating_sub(self.ahead);
            // What was due when it was woken waits for something else, such as room in its link.
            if at <= self.woken { self.woken + 50 } else { at }
        });
        let idle = if self.idle_until > self.woken { self.idle_until } else { u64::MAX };
        let of_link = match self.link {
            Some(_) => self.heard + Self::PATIENCE,
            None => self.dials_at.unwrap_or(u64::MAX),
        };
        deadline.min(idle).min(of_link)
    }

    /// A time has come.
    pub(crate) fn wake(&mut self, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        if self.asleep_until > millis {
            return;
        }
        self.woken = millis;
        let now = self.now(millis);
        self.session.handle_timeout(now);
        if self.link.is_some() && self.heard + Self::PATIENCE <= millis {
            witness.counts.see("a link given up by its device");
            self.drop_link(network, witness, true);
        }
        self.react(network, witness);
        if self.link.is_none() && self.dials_at.is_some_and(|at| at <= millis) {
            self.dial(network, witness);
        }
    }

    /// Takes a new link, and leaves the one that it has, of which the server does not hear.
    pub(crate) fn dial(&mut self, network: &mut Network, witness: &mut Witness) -> bool {
        let millis = witness.millis;
        if self.is_idle(millis) {
            self.dials_at = Some(self.idle_until);
            return false;
        }
        self.take_events(witness);
        if let Some(before) = self.link.take() {
            network.leave(before, Side::Client, false, millis);
        }
        let now = self.now(millis);
        if self.session.attach(now, self.channel).is_err() {
            self.dials_at = Some(millis + 10);
            return false;
        }
        let link = network.dial(self.place, millis);
        (self.link, self.dials_at, self.heard) = (Some(link), None, millis);
        (self.closed, self.is_garbled) = (None, false);
        let place = self.place;
        witness.trace.line(millis, || format!("device {place} dials link {link}"));
        self.take_events(witness);
        self.say(network, witness);
        true
    }

    /// Gives its link up, and dials another one later.
    pub(crate) fn drop_link(
        &mut self,
        network: &mut Network,
        witness: &mut Witness,
        is_heard: bool,
    ) {
        let millis = witness.millis;
        let Some(link) = self.link.take() else { return };
        network.leave(link, Side::Client, is_heard, millis);
        self.session.detach(self.now(millis));
        self.dials_at = Some(millis + mixed(self.seed, link) % 2_000);
        self.take_events(witness);
    }

    /// A text has come over its link.
    pub(crate) fn handle_text(&mut self, text: &str, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        self.heard = millis;
        let now = self.now(millis);
        let tampered =
            text.contains(r#""following""#) && witness.planted.strikes(Defect::TellsOfGaps);
        let changed = tampered.then(|| text.replace(r#""resumed""#, r#""gap","reason":"evicted""#));
        let envelope = Envelope::parse(changed.as_deref().unwrap_or(text), v1::DEPTH);
        match envelope.as_ref().map(Message::read) {
            Ok(Ok(Some((channel, message)))) => {
                *witness.counts.to_client.entry(message.kind()).or_default() += 1;
                match message {
                    Message::Heartbeat(mut said) => {
                        said.channels.retain(|it| it.channel == self.channel);
                        self.session.handle_message(now, &Message::Heartbeat(said));
                    }
                    message if channel == self.channel => {
                        self.session.handle_message(now, &message);
                    }
                    _ => {}
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => {
                self.session.handle_fault(now, Fault::Malformed);
            }
        }
        self.react(network, witness);
    }

    /// Its link carries what it has to say, as long as there is room.
    pub(crate) fn say(&mut self, network: &mut Network, witness: &Witness) {
        let millis = witness.millis;
        if self.asleep_until > millis {
            return;
        }
        let mut text = String::new();
        let Some(link) = self.link.and_then(|link| network.get_mut(link)) else { return };
        while link.up.bytes() < link.most_bytes && self.session.poll_message(&mut text) {
            link.say(Side::Client, millis, std::mem::take(&mut text));
        }
    }

    /// The host takes everything that it is told, and does what follows for its link.
    pub(crate) fn react(&mut self, network: &mut Network, witness: &mut Witness) {
        self.take_events(witness);
        if let Some(at_once) = self.closed.take()
            && self.link.is_some()
        {
            let millis = witness.millis;
            let stays = at_once && mixed(self.seed, millis).is_multiple_of(2);
            if !stays || self.session.attach(self.now(millis), self.channel).is_err() {
                self.drop_link(network, witness, true);
            }
        }
        self.say(network, witness);
    }

    pub(crate) fn take_events(&mut self, witness: &mut Witness) {
        if !self.is_idle(witness.millis) {
            hearing::take_events(self, witness);
        }
    }

    /// Whether its host takes nothing, or has not been woken since.
    pub(crate) const fn is_idle(&self, millis: u64) -> bool {
        self.idle_until > millis || self.asleep_until > millis
    }

    /// Sends an item, and perhaps asks with it for a stream.
    pub(crate) fn send(
        &mut self,
        sending: Sending,
        wanted: Option<(usize, u32)>,
        witness: &mut Witness,
    ) -> bool {
        let number = witness.ledger.next();
        let body = body::of(number, sending.bytes);
        let stream = wanted.map(|(stream, _)| witness.truth.get(stream).name.clone());
        let agent = wanted.and_then(|(_, agent)| Name::new(format!("a{agent}")));
        let options = SendOptions {
            priority: sending.priority(),
            key: if sending.has_key { Name::new("k") } else { None },
            time_to_live: sending.is_brief.then_some(Duration::from_secs(1)),
            of: None,
            stream,
            agent,
        };
        let Ok(command) = self.session.send(self.now(witness.millis), &body, options) else {
            witness.counts.see("an item that is not taken");
            return false;
        };
        if let Some((stream, _)) = wanted {
            self.texts.insert(stream, Text::default());
            witness.truth.get_mut(stream).is_asked = true;
        }
        let kind = Kind::Item { priority: sending.priority };
        witness.ledger.sent(self.sender(), kind, self.breaks);
        self.commands.insert(command.as_u64(), number);
        true
    }

    /// Cancels streams.
    pub(crate) fn cancel(&mut self, target: Target<'_>, witness: &mut Witness) -> bool {
        let Ok(command) = self.session.cancel(self.now(witness.millis), target) else {
            witness.counts.see("a cancel that is not taken");
            return false;
        };
        let number = witness.ledger.sent(self.sender(), Kind::Cancel, self.breaks);
        self.commands.insert(command.as_u64(), number);
        true
    }

    /// Follows a stream, from where it has it.
    pub(crate) fn follow(&mut self, stream: usize, witness: &Witness) -> bool {
        let name = &witness.truth.get(stream).name;
        // What has ended for it is read from the beginning.
        let follows = self.session.follow(self.now(witness.millis), name, None).is_ok();
        if follows {
            self.texts.insert(stream, Text::default());
        }
        follows
    }

    /// Follows a stream no more.
    pub(crate) fn unfollow(&mut self, stream: usize, witness: &Witness) -> bool {
        let name = &witness.truth.get(stream).name;
        self.texts.remove(&stream);
        self.session.unfollow(self.now(witness.millis), name)
    }

    /// Ends its session.
    pub(crate) fn leave(&mut self, network: &mut Network, witness: &mut Witness) -> bool {
        self.session.leave(self.now(witness.millis));
        // Nothing is followed any more.
        self.texts.clear();
        self.take_events(witness);
        self.say(network, witness);
        let has_link = self.link.is_some();
        self.drop_link(network, witness, true);
        has_link
    }

    /// Its process dies, and another one begins that has what a host keeps of streams: their texts,
    /// and how far each has come.
    pub(crate) fn be_reborn(&mut self, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        // What it was not told before it died is lost with it.
        let kept: Vec<(Name<'static>, Cursor)> =
            self.session.followed().map(|(name, cursor)| (name.clone(), cursor)).collect();
        let was_idle = self.is_idle(millis);
        if let Some(link) = self.link.take() {
            network.leave(link, Side::Client, true, millis);
        }
        let sender = self.sender();
        witness.ledger.void(|it| it == sender);
        self.life += 1;
        let seed = Seed::from_number(mixed(self.seed, u64::from(self.life)));
        self.session = ClientSession::new(self.config.clone(), seed);
        self.commands.clear();
        (self.closed, self.idle_until) = (None, 0);
        self.dials_at = Some(millis + 100);
        let now = self.now(millis);
        let mut texts = std::mem::take(&mut self.texts);
        for (name, cursor) in kept {
            let key = StreamKey::new(Arc::clone(&self.owner), &name);
            let Some(stream) = witness.truth.place(&key) else { continue };
            // The cursor counts what an idle host has not taken.
            let (from, text) = match texts.remove(&stream) {
                Some(text) if !was_idle => (Some(cursor), text),
                _ => (None, Text::default()),
            };
            if self.session.follow(now, &name, from).is_ok() {
                self.texts.insert(stream, text);
            }
        }
    }

    /// What it still waits for, in words; nothing if everything has come to its end.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let followed: Vec<String> =
            self.session.followed().map(|(name, cursor)| format!("{name} {cursor:?}")).collect();
        if !self.session.session().is_open() {
            Some(format!("device {} has no open session", self.place))
        } else if !followed.is_empty() {
            Some(format!("device {} follows {}", self.place, followed.join(", ")))
        } else {
            None
        }
    }

    /// The number of its channel.
    pub(crate) const fn channel(&self) -> u16 {
        self.channel.0
    }

    pub(crate) fn memory(&self) -> (usize, usize) {
        (self.session.session().memory(), self.config.ceiling())
    }
}
