//! Links, as far as sessions know them: which channels they have, and what they are to carry next.

use std::collections::VecDeque;

use super::config::SessionsConfig;
use super::numbers::{LinkNumber, SessionNumber};
use crate::delivery::numbered::Numbered;
use crate::delivery::turns::{Share, Turns};
use crate::envelope::v1::{Channel, Closed, Code, Message};

/// The links over which something of sessions was said.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: Numbered<LinkNumber, Link>,
    /// Those that have something to carry, each once.
    ready: VecDeque<LinkNumber>,
}

/// One link.
#[derive(Debug, Default)]
pub(super) struct Link {
    /// What each channel that was used stands for, in the order of the channels.
    channels: Vec<(Channel, Use)>,
    /// What is said of channels that have no session.
    texts: VecDeque<String>,
    /// A heartbeat is to be said, or answered.
    heartbeat: Heartbeats,
    /// The sessions that have something to say, each once.
    line: VecDeque<SessionNumber>,
    /// Whose turn it is among them.
    turns: Turns,
    /// It stands among those that are ready, or was named and has not carried everything.
    is_ready: bool,
}

/// What a channel stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A session.
    Session(SessionNumber),
    /// Nothing any more: what comes before the next `open` crossed the `closed`, or is of a session
    /// that goes on elsewhere (V-5.8).
    Closed,
}

/// What a link carries next.
#[derive(Debug)]
pub(super) enum Turn {
    /// A text.
    Text(String),
    /// A heartbeat.
    Heartbeat {
        /// It answers one.
        reply: bool,
    },
    /// What this session has to say.
    Session(SessionNumber),
}

/// Which heartbeats are to be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heartbeats {
    pub(super) own: bool,
    pub(super) reply: bool,
}

impl Links {
    /// Answers that may wait at one link.
    const TEXTS: usize = 512;
    /// The most bytes of one link, with its place in the table, which may be half empty.
    pub(super) const CEILING: usize = 4 * size_of::<(LinkNumber, Link)>()
        + 2 * SessionsConfig::LINK_CHANNELS
            * (size_of::<(Channel, Use)>() + size_of::<SessionNumber>())
        + 2 * Self::TEXTS * (size_of::<String>() + Self::ANSWER)
        + 2 * size_of::<LinkNumber>();
    /// The longest of these answers, an `opened`.
    const ANSWER: usize = 512;

    /// What the channel stands for; nothing if it was not used yet.
    pub(super) fn channel(&self, link: LinkNumber, channel: Channel) -> Option<Use> {
        self.links.get(&link)?.channel(channel)
    }

    /// Whether the channel can be used: as many channels of a link are known as a heartbeat names.
    pub(super) fn has_room(&self, link: LinkNumber, channel: Channel) -> bool {
        self.links.get(&link).is_none_or(|it| {
            it.channels.len() < SessionsConfig::LINK_CHANNELS || it.channel(channel).is_some()
        })
    }

    /// The sessions of a link, with their channels.
    pub(super) fn sessions(&self, link: LinkNumber) -> Vec<(Channel, SessionNumber)> {
        self.links.get(&link).into_iter().flat_map(Link::sessions).collect()
    }

    /// A channel carries a session from here on.
    pub(super) fn open(&mut self, link: LinkNumber, channel: Channel, session: SessionNumber) {
        self.links.entry(link).or_default().set(channel, Use::Session(session));
    }

    /// A channel carries nothing any more.
    pub(super) fn close(&mut self, link: LinkNumber, channel: Channel) {
        let known = self.links.get_mut(&link).filter(|it| it.channel(channel).is_some());
        if let Some(it) = known {
            it.set(channel, Use::Closed);
        }
    }

    /// Says that a channel is closed: whether there was room to. What comes for it after that is
    /// ignored until it is opened.
    #[must_use]
    pub(super) fn say_closed(&mut self, link: LinkNumber, channel: Channel, code: &str) -> bool {
        if self.has_room(link, channel) {
            self.links.entry(link).or_default().set(channel, Use::Closed);
        }
        let Some(code) = Code::new(code) else { return true };
        let closed = Message::Closed(Closed { code, retry_after: None });
        let mut text = String::new();
        closed.write(channel, &mut text);
        self.say(link, text)
    }

    /// A link is to carry this text before what its sessions have to say: whether there was room.
    #[must_use]
    pub(super) fn say(&mut self, link: LinkNumber, text: String) -> bool {
        let it = self.links.entry(link).or_default();
        let has_room = it.texts.len() < Self::TEXTS;
        if has_room {
            it.texts.push_back(text);
            it.be_ready(link, &mut self.ready);
        }
        has_room
    }

    /// A heartbeat is to be said.
    pub(super) fn say_heartbeat(&mut self, link: LinkNumber, reply: bool) {
        let it = self.links.entry(link).or_default();
        if reply {
            it.heartbeat.reply = true;
        } else {
            it.heartbeat.own = true;
        }
        it.be_ready(link, &mut self.ready);
    }

    /// A session of the link may have something to say, and does not stand in its line yet.
    pub(super) fn add_turn(&mut self, link: LinkNumber, session: SessionNumber) {
        let it = self.links.entry(link).or_default();
        it.line.push_back(session);
        it.be_ready(link, &mut self.ready);
    }

    /// A session is not of this link any more.
    pub(super) fn leave(&mut self, link: LinkNumber, session: SessionNumber) {
        if let Some(it) = self.links.get_mut(&link) {
            it.line.retain(|other| *other != session);
        }
    }

    /// The link is gone.
    pub(super) fn remove(&mut self, link: LinkNumber) {
        if self.links.remove(&link).is_some_and(|it| it.is_ready) {
            self.ready.retain(|other| *other != link);
        }
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        let of = |link: &Link| {
            let texts = link.texts.capacity() * size_of::<String>()
                + link.texts.iter().map(String::capacity).sum::<usize>();
            link.channels.capacity() * size_of::<(Channel, Use)>()
                + link.line.capacity() * size_of::<SessionNumber>()
                + texts
        };
        let ready = self.ready.capacity() * size_of::<LinkNumber>();
        self.links.allocation_size() + ready + self.links.values().map(of).sum::<usize>()
    }

    /// The next link that has something to carry.
    pub(super) fn pop_ready(&mut self) -> Option<LinkNumber> {
        self.ready.pop_front()
    }

    /// A link, to carry what its turns are.
    pub(super) fn of(&mut self, link: LinkNumber) -> Option<&mut Link> {
        self.links.get_mut(&link)
    }
}

impl Link {
    /// What the link carries next, which but for a session's turn it has carried with that. With
    /// nothing left it rests, and is named again once there is more. `standing`: whether what a
    /// session says next is urgent, and how far it has come.
    pub(super) fn pop(
        &mut self,
        standing: impl Fn(SessionNumber) -> Option<(bool, Share)>,
    ) -> Option<Turn> {
        if let Some(text) = self.texts.pop_front() {
            return Some(Turn::Text(text));
        }
        let Heartbeats { own, reply } = &mut self.heartbeat;
        if core::mem::take(reply) {
            return Some(Turn::Heartbeat { reply: true });
        }
        if core::mem::take(own) {
            return Some(Turn::Heartbeat { reply: false });
        }
        let turn = self.turn(standing).map(Turn::Session);
        if turn.is_none() {
            self.is_ready = false;
            self.turns.settle();
        }
        turn
    }

    /// Whether nothing is to be known of it: it carries nothing, and has carried no session.
    pub(super) fn is_unused(&self) -> bool {
        !self.is_ready && self.channels.is_empty()
    }

    /// The session whose turn it was has said so many bytes, out of turn where they were urgent, or
    /// nothing. It goes to the back of the line, or leaves it.
    pub(super) fn end_turn(
        &mut self,
        session: SessionNumber,
        share: &mut Share,
        said: Option<(usize, bool)>,
        has_more: bool,
    ) {
        if let Some(place) = self.line.iter().position(|other| *other == session) {
            self.line.remove(place);
        }
        match said {
            Some((bytes, true)) => self.turns.count(share, bytes),
            Some((bytes, false)) => self.turns.end(share, bytes),
            None => {}
        }
        if has_more {
            self.line.push_back(session);
        } else {
            share.rest();
        }
    }

    /// Its sessions, with their channels.
    pub(super) fn sessions(&self) -> impl Iterator<Item = (Channel, SessionNumber)> {
        self.channels.iter().filter_map(|(channel, used)| match used {
            Use::Session(number) => Some((*channel, *number)),
            Use::Closed => None,
        })
    }

    /// The session whose turn it is: one that has something urgent to say, and of several the one
    /// that has said least.
    fn turn(
        &self,
        standing: impl Fn(SessionNumber) -> Option<(bool, Share)>,
    ) -> Option<SessionNumber> {
        if self.line.len() < 2 {
            return self.line.front().copied();
        }
        let place = |number: &&SessionNumber| {
            standing(**number).map(|(is_urgent, share)| (!is_urgent, self.turns.place(share)))
        };
        self.line.iter().min_by_key(place).copied()
    }

    fn channel(&self, channel: Channel) -> Option<Use> {
        let place = self.channels.binary_search_by_key(&channel, |(channel, _)| *channel);
        place.ok().map(|place| self.channels[place].1)
    }

    fn set(&mut self, channel: Channel, used: Use) {
        match self.channels.binary_search_by_key(&channel, |(channel, _)| *channel) {
            Ok(place) => self.channels[place].1 = used,
            Err(place) => {
                // Most links have one.
                if self.channels.is_empty() {
                    self.channels.reserve_exact(1);
                }
                self.channels.insert(place, (channel, used));
            }
        }
    }

    fn be_ready(&mut self, number: LinkNumber, ready: &mut VecDeque<LinkNumber>) {
        if !self.is_ready {
            self.is_ready = true;
            ready.push_back(number);
        }
    }
}
