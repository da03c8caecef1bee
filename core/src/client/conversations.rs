//! The sessions that a client has over its link, each in a channel of its own (V-1.2).

use core::time::Duration;

use super::conversation::Conversation;
use super::joining::Joining;
use crate::delivery::{Fault, SessionNumber, SessionsConfig, Turns};
use crate::envelope::v1::{BATCH_BYTES, Channel, Heartbeat, Message};
use crate::link::ClientLink;
use crate::seed::{Random, Seed};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// All sessions of a client. One that faults, is closed or has a gap harms no other.
#[derive(Debug)]
pub(super) struct Conversations {
    /// By number. The first is always there.
    list: Vec<Conversation>,
    /// The server has said a heartbeat that is to be answered, for all of them together.
    answers: bool,
    /// The number of the next session, and the channel from which on one is looked for: a channel
    /// rests for as long as may be before another session has it, so that what was said to the last
    /// one has come by then.
    next: u64,
    next_channel: u16,
    random: Random,
    turns: Turns,
    /// The last link has ended because a message of this end was too large for it.
    was_too_large: bool,
    /// So until then one session after the other is carried, and each envelope is a message: what is
    /// too large is that which has not arrived of the one that is carried (V-10.9).
    one_by_one: Option<Mono>,
    text: String,
    /// The memory of the message that is in the making.
    message: String,
}

/// How long the sessions are carried one by one over a link: as long as it takes for one to prove
/// itself.
const ONE_BY_ONE: Duration = Duration::from_secs(10);

/// As many channels of a link are used: a server takes no more (V-9.3).
#[expect(clippy::cast_possible_truncation, reason = "a channel is of 16 bits, and these are few")]
pub(super) const CHANNELS: u16 = SessionsConfig::LINK_CHANNELS as u16;

impl Conversations {
    /// The first session draws from `first`, and the later ones from `seed`.
    pub(super) fn new(first: Seed, seed: Seed) -> Self {
        let first = Conversation::new(SessionNumber::FIRST, Channel(0), first);
        Self::of(vec![first], (1, 1), seed)
    }

    /// These, by number, and the number and channel of the next.
    pub(super) fn of(list: Vec<Conversation>, next: (u64, u16), seed: Seed) -> Self {
        let (next, next_channel) = next;
        let random = seed.into_random();
        Self {
            list,
            answers: false,
            next,
            next_channel,
            random,
            turns: Turns::default(),
            was_too_large: false,
            one_by_one: None,
            text: String::new(),
            message: String::new(),
        }
    }

    // Inputs.

    /// An envelope has come that is about a session, or a heartbeat, which is about all.
    pub(super) fn handle_message(&mut self, now: Now, channel: Channel, message: &Message<'_>) {
        let Message::Heartbeat(heartbeat) = message else {
            if let Some(conversation) = self.in_channel(channel) {
                conversation.session.handle_message(now, message);
            }
            return;
        };
        self.answers |= !heartbeat.reply;
        for said in &heartbeat.channels {
            if let Some(conversation) = self.in_channel(said.channel) {
                // It is answered for all together.
                let own = Heartbeat { channels: vec![said.clone()], reply: true };
                conversation.session.handle_message(now, &Message::Heartbeat(own));
            }
        }
    }

    /// An envelope has come in this channel that is malformed.
    pub(super) fn handle_malformed(&mut self, now: Now, channel: Channel) {
        if let Some(conversation) = self.in_channel(channel) {
            conversation.session.handle_fault(now, Fault::Malformed);
        }
    }

    /// A link was welcomed with this.
    pub(super) fn handle_welcome(&mut self, now: Mono, mut welcome: Option<Box<str>>) {
        self.one_by_one = core::mem::take(&mut self.was_too_large).then(|| now + ONE_BY_ONE);
        for conversation in &mut self.list {
            conversation.handle_welcome(welcome.take());
        }
    }

    /// The link is lost, perhaps because a message of this end was too large for it.
    pub(super) fn handle_link_lost(&mut self, now: Now, too_large: bool) {
        (self.answers, self.one_by_one) = (false, None);
        // A link that was not welcomed has carried none of them.
        self.was_too_large |= too_large;
        for conversation in &mut self.list {
            conversation.handle_link_lost(now, too_large);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Now) {
        for conversation in &mut self.list {
            conversation.session.handle_timeout(now);
        }
    }

    /// What waits too long in a session without a link ends now: what is said next may open the
    /// session, and then the events of this moment were taken.
    pub(super) fn expire(&mut self, now: Now) {
        for conversation in self.list.iter_mut().filter(|it| !it.session.session().is_attached()) {
            conversation.session.handle_timeout(now);
        }
    }

    // Commands.

    /// Begins another session, unless there are so many. `over_link`: it is opened over the present
    /// link.
    pub(super) fn begin(&mut self, most: usize, over_link: bool) -> Option<SessionNumber> {
        if self.list.len() >= most {
            return None;
        }
        let number = SessionNumber::from_u64(self.next);
        let from = self.next_channel;
        let mut channels = (0..CHANNELS).map(|it| Channel((from + it) % CHANNELS));
        let channel = channels.find(|it| self.in_channel(*it).is_none())?;
        (self.next, self.next_channel) = (self.next + 1, (channel.0 + 1) % CHANNELS);
        let mut conversation = Conversation::new(number, channel, self.random.next_seed());
        if over_link {
            conversation.handle_welcome(None);
        }
        self.list.push(conversation);
        Some(number)
    }

    /// All is told of a session that was left.
    pub(super) fn remove(&mut self, session: SessionNumber) {
        self.list.retain(|it| it.number != session);
    }

    /// Ends every session; another one begins in the place of each.
    pub(super) fn leave_all(&mut self, now: Now) {
        for conversation in &mut self.list {
            conversation.session.leave(now);
        }
    }

    // Outputs.

    /// Opens the sessions over a link that has said its `hello` and was not welcomed, as far as a
    /// server keeps what is said before it has judged the token.
    pub(super) fn open_ahead(&mut self, now: Now, link: &mut ClientLink) {
        // Several that are carried one by one wait for the welcome.
        if !self.was_too_large || self.is_single() {
            self.list.iter_mut().for_each(|it| it.open_ahead(now, link));
        }
    }

    /// Moves what is to be said into a link that speaks the dialect, as long as little waits there.
    /// `joins`: one message may be several envelopes. Whether a heartbeat was among it.
    pub(super) fn pump(&mut self, now: Now, link: &mut ClientLink, joins: bool) -> bool {
        let says_heartbeat = link.take_heartbeat();
        let mut message = core::mem::take(&mut self.message);
        self.one_by_one = self.one_by_one.filter(|until| *until > now.mono);
        let mut joining = Joining::new(link, &mut message, joins && self.one_by_one.is_none());
        let carried = self.carried(now.mono);
        for (place, conversation) in self.list.iter_mut().enumerate() {
            if carried.is_none_or(|it| it == place) {
                conversation.open(now, &mut joining);
            }
        }
        if says_heartbeat {
            self.say_heartbeat(false, &mut joining);
        }
        if core::mem::take(&mut self.answers) {
            self.say_heartbeat(true, &mut joining);
        }
        self.say(now.mono, &mut joining);
        joining.end();
        self.message = message;
        for text in [&mut self.message, &mut self.text] {
            if text.capacity() > BATCH_BYTES {
                *text = String::new();
            }
        }
        says_heartbeat
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, and why.
    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        let all = self.one_by_one.map(|at| Deadline::new(at, TimerReason::Proven));
        // What is to be opened while another is carried alone waits for that one, not for a time.
        let waits = self.one_by_one.is_some() && self.list.iter().any(Conversation::is_under_way);
        self.list.iter().map(|it| it.poll_timeout(!waits)).fold(all, Deadline::earlier)
    }

    // Views.

    /// The session of this number, unless the host has left it.
    pub(super) fn get_mut(&mut self, session: SessionNumber) -> Option<&mut Conversation> {
        let place = self.list.binary_search_by_key(&session, |it| it.number).ok()?;
        self.list.get_mut(place).filter(|it| !it.is_left())
    }

    /// Whether every session is open over the link that the host has not left, and that the server
    /// has not closed there for a while.
    pub(super) fn are_open(&self, now: Mono) -> bool {
        self.list.iter().all(|it| it.is_held_back(now) || it.session.session().is_open())
    }

    /// Whether the first session is the only one.
    pub(super) fn is_single(&self) -> bool {
        self.list.len() == 1
    }

    /// Those that the host has left.
    pub(super) fn left(&self) -> impl Iterator<Item = SessionNumber> {
        self.list.iter().filter(|it| it.is_left()).map(|it| it.number)
    }

    /// The number of the next session, and the channel from which on one is looked for.
    pub(super) const fn next(&self) -> (u64, u16) {
        (self.next, self.next_channel)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Conversation> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Conversation> {
        self.list.iter_mut()
    }

    /// Where the sessions are carried one by one: the place of the one that is carried now, if any has
    /// something on its way.
    fn carried(&self, now: Mono) -> Option<usize> {
        self.one_by_one?;
        self.list.iter().position(|it| it.is_on_its_way(now))
    }

    fn in_channel(&mut self, channel: Channel) -> Option<&mut Conversation> {
        self.list.iter_mut().find(|it| it.channel == channel)
    }

    /// Says where each session is that is open (V-6.1).
    fn say_heartbeat(&mut self, reply: bool, joining: &mut Joining<'_>) {
        let channels = self.list.iter_mut().filter_map(|it| it.session.positions()).collect();
        self.text.clear();
        Message::Heartbeat(Heartbeat { channels, reply }).write(Channel(0), &mut self.text);
        joining.say(&self.text);
    }

    /// Says what the sessions have to say, in turn; what is urgent in any of them first.
    fn say(&mut self, now: Mono, joining: &mut Joining<'_>) {
        // Those that have said all, by their places; there are at most 16.
        let mut silent = 0_u32;
        while joining.has_room() {
            let carried = self.carried(now);
            let open = (0..self.list.len())
                .filter(|place| silent & 1 << place == 0 && carried.is_none_or(|it| it == *place));
            let next = open.min_by_key(|place| {
                let it = &self.list[*place];
                (!it.session.is_urgent(), self.turns.place(it.share))
            });
            let Some(place) = next else {
                if carried.is_none() {
                    self.turns.settle();
                }
                return;
            };
            let conversation = &mut self.list[place];
            let is_urgent = conversation.session.is_urgent();
            self.text.clear();
            if !conversation.session.poll_message(&mut self.text) {
                silent |= 1 << place;
                conversation.share.rest();
                continue;
            }
            if is_urgent {
                self.turns.count(&mut conversation.share, self.text.len());
            } else {
                self.turns.end(&mut conversation.share, self.text.len());
            }
            joining.say(&self.text);
        }
    }
}
