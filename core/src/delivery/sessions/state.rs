//! The sessions of a server with their links, as far as what happens to one is one thing.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::config::{SessionsBound, SessionsConfig};
use super::counters::Counters;
use super::links::{Links, Use};
use super::numbers::{LinkNumber, SessionNumber};
use super::said::{Lent, unknown};
use super::table::{Opening, Table};
use crate::delivery::config::SessionConfig;
use crate::delivery::fault::Fault;
use crate::delivery::stream::{CancelId, StreamKey, Streams, Taken};
use crate::delivery::turns::Share;
use crate::envelope::v1::{Channel, ChannelPositions, Epoch, Open, Position, SessionId};
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

    /// It is a session's turn in its link: appends the next of what it and its streams have to say,
    /// and whether there was anything. Unless there may be more it has no turn any more.
    pub(super) fn say(
        &mut self,
        link: LinkNumber,
        number: SessionNumber,
        out: &mut String,
    ) -> bool {
        let Some(held) = self.table.get_mut(number) else {
            let mut nobodys = Share::NEW;
            self.links.end_turn(link, number, &mut nobodys, None, false);
            return false;
        };
        // Mostly it is its streams' turn.
        let (before, may_say) = (out.len(), held.session.may_say());
        let is_urgent = may_say && held.is_urgent();
        let is_own = may_say && held.say(out, &mut self.counters);
        // Behind what the session says first.
        let taken = match held.over {
            Some(_) if is_own => Taken::More,
            Some((_, channel)) if held.session.is_open() && !held.is_held_up() => {
                self.streams.write_message(self.now, number.reader(), channel, out)
            }
            Some(_) | None => Taken::Nothing,
        };
        held.has_turn = taken == Taken::More;
        let said = (taken != Taken::Nothing).then(|| (out.len() - before, is_urgent));
        self.links.end_turn(link, number, &mut held.share, said, taken == Taken::More);
        if is_own {
            self.table.note_due(number, self.now.mono);
        }
        taken != Taken::Nothing
    }

    /// Where the sessions of a link stand, as a heartbeat says it.
    pub(super) fn positions(&mut self, link: LinkNumber) -> Vec<ChannelPositions> {
        let sessions = self.links.sessions(link).into_iter();
        let positions = sessions.filter_map(|(_, number)| {
            let held = self.table.get_mut(number)?;
            let says = held.session.is_open() && !held.is_held_up();
            says.then(|| held.session.positions())
        });
        positions.collect()
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
