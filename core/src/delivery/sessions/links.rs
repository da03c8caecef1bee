//! Links, as far as sessions know them: which channels they have, and what they are to carry next.

use std::collections::{BTreeMap, VecDeque};

use super::config::SessionsConfig;
use super::numbers::{LinkNumber, SessionNumber};
use crate::envelope::v1::{Channel, Closed, Code, Message};

/// The links over which something of sessions was said.
#[derive(Debug, Default)]
pub(super) struct Links {
    links: BTreeMap<LinkNumber, Link>,
    /// Those that have something to carry, each once.
    ready: VecDeque<LinkNumber>,
}

#[derive(Debug, Default)]
struct Link {
    /// What each channel that was used stands for.
    channels: BTreeMap<Channel, Use>,
    /// What is said of channels that have no session.
    texts: VecDeque<String>,
    /// A heartbeat is to be said, or answered.
    heartbeat: Heartbeats,
    /// The sessions that have something to say, each once.
    turns: VecDeque<SessionNumber>,
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

/// Which heartbeats are to be said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heartbeats {
    pub(super) own: bool,
    pub(super) reply: bool,
}

impl Links {
    /// Answers that may wait at one link.
    const TEXTS: usize = 512;

    /// What the channel stands for; nothing if it was not used yet.
    pub(super) fn channel(&self, link: LinkNumber, channel: Channel) -> Option<Use> {
        self.links.get(&link)?.channels.get(&channel).copied()
    }

    /// Whether the channel can be used: as many channels of a link are known as a heartbeat names.
    pub(super) fn has_room(&self, link: LinkNumber, channel: Channel) -> bool {
        self.links.get(&link).is_none_or(|it| {
            it.channels.len() < SessionsConfig::LINK_CHANNELS || it.channels.contains_key(&channel)
        })
    }

    /// The sessions of a link, with their channels.
    pub(super) fn sessions(&self, link: LinkNumber) -> Vec<(Channel, SessionNumber)> {
        let channels = self.links.get(&link).into_iter().flat_map(|it| &it.channels);
        channels
            .filter_map(|(channel, used)| match used {
                Use::Session(number) => Some((*channel, *number)),
                Use::Closed => None,
            })
            .collect()
    }

    /// A channel carries a session from here on.
    pub(super) fn open(&mut self, link: LinkNumber, channel: Channel, session: SessionNumber) {
        let channels = &mut self.links.entry(link).or_default().channels;
        channels.insert(channel, Use::Session(session));
    }

    /// A channel carries nothing any more.
    pub(super) fn close(&mut self, link: LinkNumber, channel: Channel) {
        if let Some(used) = self.links.get_mut(&link).and_then(|it| it.channels.get_mut(&channel)) {
            *used = Use::Closed;
        }
    }

    /// Says that a channel is closed: whether there was room to. What comes for it after that is
    /// ignored until it is opened.
    #[must_use]
    pub(super) fn say_closed(&mut self, link: LinkNumber, channel: Channel, code: &str) -> bool {
        if self.has_room(link, channel) {
            self.links.entry(link).or_default().channels.insert(channel, Use::Closed);
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
        it.turns.push_back(session);
        it.be_ready(link, &mut self.ready);
    }

    /// A session is not of this link any more.
    pub(super) fn leave(&mut self, link: LinkNumber, session: SessionNumber) {
        if let Some(it) = self.links.get_mut(&link) {
            it.turns.retain(|other| *other != session);
        }
    }

    /// The link is gone.
    pub(super) fn remove(&mut self, link: LinkNumber) {
        if self.links.remove(&link).is_some_and(|it| it.is_ready) {
            self.ready.retain(|other| *other != link);
        }
    }

    /// The next link that has something to carry.
    pub(super) fn pop_ready(&mut self) -> Option<LinkNumber> {
        self.ready.pop_front()
    }

    /// What the link is to carry before all else.
    pub(super) fn pop_text(&mut self, link: LinkNumber) -> Option<String> {
        self.links.get_mut(&link)?.texts.pop_front()
    }

    /// The heartbeats that are to be said, which are said with that.
    pub(super) fn take_heartbeat(&mut self, link: LinkNumber) -> Option<bool> {
        let Heartbeats { own, reply } = &mut self.links.get_mut(&link)?.heartbeat;
        if core::mem::take(reply) {
            return Some(true);
        }
        core::mem::take(own).then_some(false)
    }

    /// The session whose turn it is.
    pub(super) fn turn(&self, link: LinkNumber) -> Option<SessionNumber> {
        self.links.get(&link)?.turns.front().copied()
    }

    /// The session whose turn it was goes to the back of the line, or leaves it.
    pub(super) fn end_turn(&mut self, link: LinkNumber, has_more: bool) {
        if let Some(it) = self.links.get_mut(&link)
            && let Some(session) = it.turns.pop_front()
            && has_more
        {
            it.turns.push_back(session);
        }
    }

    /// The link has carried everything, and is named again once there is more.
    pub(super) fn rest(&mut self, link: LinkNumber) {
        let Some(it) = self.links.get_mut(&link) else { return };
        it.is_ready = false;
        if it.channels.is_empty() {
            self.links.remove(&link);
        }
    }
}

impl Link {
    fn be_ready(&mut self, number: LinkNumber, ready: &mut VecDeque<LinkNumber>) {
        if !self.is_ready {
            self.is_ready = true;
            ready.push_back(number);
        }
    }
}
