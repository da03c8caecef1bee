//! The sessions of a server with their links, as far as what happens to one is one thing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::config::{SessionsBound, SessionsConfig};
use super::counters::Counters;
use super::links::{Links, Turn, Use};
use super::numbers::{LinkNumber, SessionNumber};
use super::said::{Lent, heartbeat, unknown};
use super::table::{Opening, Said, Table};
use crate::delivery::config::SessionConfig;
use crate::delivery::fault::Fault;
use crate::delivery::stream::{CancelId, StreamKey, Streams};
use crate::delivery::turns::Share;
use crate::envelope::v1::{Channel, Epoch, Open, Position, SessionId};
use crate::seed::{Random, Seed};
use crate::time::{Mono, Now, Wall};

/// What [`Sessions`](super::Sessions) is made of.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: SessionsConfig,
    /// That of each session, shared by all.
    pub(super) of_session: Arc<SessionConfig>,
    pub(super) now: Now,
    pub(super) random: Random,
    pub(super) table: Table,
    pub(super) links: Links,
    pub(super) streams: Streams,
    /// What each cancel that is under way answers.
    pub(super) cancels: BTreeMap<CancelId, (SessionNumber, Position)>,
    /// Which session's item asks for each stream that is being begun.
    pub(super) beginnings: BTreeMap<StreamKey, SessionNumber>,
    /// The sessions that may have events, each once.
    pub(super) eventful: VecDeque<SessionNumber>,
    /// Events that are of no session's own.
    pub(super) events: VecDeque<Lent>,
    pub(super) ignored: u64,
    pub(super) counters: Counters,
}

impl State {
    pub(super) fn new(config: SessionsConfig, log: Epoch, seed: Seed) -> Self {
        let mut random = seed.into_random();
        Self {
            now: Now::new(Mono::ZERO, Wall::EPOCH),
            table: Table::new(&mut random),
            random,
            links: Links::default(),
            streams: Streams::new(config.streams, log),
            of_session: Arc::new(config.session.clone().within_bounds()),
            config,
            cancels: BTreeMap::new(),
            beginnings: BTreeMap::new(),
            eventful: VecDeque::new(),
            events: VecDeque::new(),
            ignored: 0,
            counters: Counters::default(),
        }
    }

    /// Takes over what has become of a session: whether it still has its link, what it has to say,
    /// and when it is due.
    pub(super) fn follow_session(&mut self, number: SessionNumber) {
        let Some((mut held, mut due)) = self.table.get_with_due(number) else { return };
        if let Some((link, _)) = held.over
            && !held.session.is_attached()
        {
            // What a session says whose channel is closed.
            let mut text = String::new();
            let has_last = held.session.poll_message(&mut text);
            self.leave_link(number);
            if has_last {
                self.say_text(link, text);
            }
            let Some(left) = self.table.get_with_due(number) else { return };
            (held, due) = left;
        }
        held.note_events(number, &mut self.eventful);
        if held.session.may_say() {
            held.stir(number, &mut self.links);
        }
        held.note_due(number, self.now.mono, due);
        if held.session.has_ended() {
            self.table.end(number);
        }
    }

    /// The link of a session is gone, or carries it no more.
    pub(super) fn detach(&mut self, number: SessionNumber) {
        let Some(held) = self.table.get_mut(number) else { return };
        held.opening = None;
        if held.over.is_some() {
            held.session.detach(self.now);
            self.leave_link(number);
        }
        self.follow_session(number);
    }

    /// Appends the next of what a link carries: whether there is anything. What its sessions have to
    /// say, it carries in turn.
    pub(super) fn say(&mut self, link: LinkNumber, out: &mut String) -> bool {
        let Self { links, table, streams, counters, now, .. } = self;
        let Some(carrier) = links.of(link) else { return false };
        loop {
            let standing = |number| table.get(number).map(|it| (it.is_urgent(), it.share));
            match carrier.pop(standing) {
                Some(Turn::Text(text)) => {
                    out.push_str(&text);
                    return true;
                }
                Some(Turn::Heartbeat { reply }) => {
                    let positions = table.positions(carrier.sessions());
                    heartbeat(positions, reply).write(Channel::default(), out);
                    return true;
                }
                Some(Turn::Session(number)) => {
                    let Some((held, due)) = table.get_with_due(number) else {
                        let mut nobodys = Share::NEW;
                        carrier.end_turn(number, &mut nobodys, None, false);
                        continue;
                    };
                    let before = out.len();
                    let said = held.take_turn(number, *now, streams, counters, out);
                    let share = said.map(|said| (out.len() - before, said == Said::Urgent));
                    carrier.end_turn(number, &mut held.share, share, held.has_turn);
                    match said {
                        Some(Said::Own | Said::Urgent) => held.note_due(number, now.mono, due),
                        Some(Said::OfStream) => {}
                        None => continue,
                    }
                    return true;
                }
                None => {
                    if carrier.is_unused() {
                        links.remove(link);
                    }
                    return false;
                }
            }
        }
    }

    pub(super) fn leave_link(&mut self, number: SessionNumber) {
        let Some(held) = self.table.get_mut(number) else { return };
        let Some((link, channel)) = held.over.take() else { return };
        held.detached = self.now.mono;
        held.has_turn = false;
        self.links.leave(link, number);
        self.links.close(link, channel);
        self.streams.forget_reader(self.now, number.reader());
    }

    /// The session that a channel carries, for what is said in it. There is none before `open`, and
    /// what comes after `closed` has crossed that.
    pub(super) fn session_at(
        &mut self,
        link: LinkNumber,
        channel: Channel,
        user: &str,
    ) -> Option<SessionNumber> {
        let Some(used) = self.links.channel(link, channel) else {
            self.close(link, channel, Fault::NotOpen.code());
            return None;
        };
        let number = match used {
            Use::Session(number) => number,
            Use::Closed => return self.ignore(),
        };
        let Some(held) = self.table.get(number).filter(|held| *held.user == *user) else {
            return self.ignore();
        };
        if held.is_opening(link, channel) {
            self.fault(number, Fault::NotOpen);
            return None;
        }
        Some(number)
    }

    /// The client of a session has done what it must not.
    pub(super) fn fault(&mut self, number: SessionNumber, fault: Fault) {
        let Some(held) = self.table.get_mut(number) else { return };
        if let Some(opening) = held.opening.take() {
            let Opening { link, channel, .. } = *opening;
            self.close(link, channel, fault.code());
            return;
        }
        held.session.handle_fault(self.now, fault);
        self.follow_session(number);
    }

    pub(super) fn refuse(
        &mut self,
        link: LinkNumber,
        channel: Channel,
        user: &str,
        bound: SessionsBound,
    ) {
        self.close(link, channel, Fault::TooMany.code());
        self.events.push_back(Lent::Refused(link, user.into(), bound));
    }

    pub(super) fn close(&mut self, link: LinkNumber, channel: Channel, code: &str) {
        if !self.links.say_closed(link, channel, code) {
            self.events.push_back(Lent::Overrun(link));
        }
    }

    /// There is no such session, for this user.
    pub(super) fn say_unknown(
        &mut self,
        link: LinkNumber,
        channel: Channel,
        id: SessionId,
        open: &Open<'_>,
    ) {
        self.counters.unknown += 1;
        let answer = unknown(open, id, self.streams.log_epoch(), &self.config.session);
        let mut text = String::new();
        answer.write(channel, &mut text);
        self.say_text(link, text);
    }

    pub(super) fn say_text(&mut self, link: LinkNumber, text: String) {
        if !self.links.say(link, text) {
            self.events.push_back(Lent::Overrun(link));
        }
    }

    /// A session may have something to say.
    pub(super) fn stir(&mut self, number: SessionNumber) {
        if let Some(held) = self.table.get_mut(number) {
            held.stir(number, &mut self.links);
        }
    }

    /// A session may have events.
    pub(super) fn note_events(&mut self, number: SessionNumber) {
        if let Some(held) = self.table.get_mut(number) {
            held.note_events(number, &mut self.eventful);
        }
    }

    pub(super) fn ignore<T>(&mut self) -> Option<T> {
        self.ignored = self.ignored.saturating_add(1);
        None
    }
}
