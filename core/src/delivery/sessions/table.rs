//! The sessions of a server: by number, by id and user, and by the time at which each is due.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashMap;

use super::config::{AtUserBound, SessionsBound, SessionsConfig};
use super::counters::Counters;
use super::links::Links;
use super::numbers::{LinkNumber, SessionNumber};
use crate::delivery::config::SessionConfig;
use crate::delivery::event::CommandId;
use crate::delivery::numbered::Numbered;
use crate::delivery::session::Session;
use crate::delivery::stream::{Cancelled, StreamKey, Streams, Taken};
use crate::delivery::turns::Share;
use crate::envelope::v1::{Channel, ChannelPositions, Code, Name, Open, Position, SessionId};
use crate::seed::Random;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// One session and what it is about.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) session: Session,
    pub(super) user: Arc<str>,
    id: SessionId,
    /// Over which link, in which channel.
    pub(super) over: Option<(LinkNumber, Channel)>,
    /// Since when it is without a link.
    pub(super) detached: Mono,
    /// An `open` that waits until all events are taken.
    pub(super) opening: Option<Box<Opening>>,
    /// An item that asks for a stream, until the log has that.
    pub(super) beginning: Option<Box<Beginning>>,
    /// What the session has had no room for yet.
    pub(super) unsaid: VecDeque<Unsaid>,
    /// What was said in the engine's name and has no outcome yet.
    pub(super) said: Vec<CommandId>,
    /// It stands in the line of its link.
    pub(super) has_turn: bool,
    /// Its part of what was said over that.
    pub(super) share: Share,
    /// It stands in the line of those that may have events.
    pub(super) has_events: bool,
    due: Option<Deadline>,
}

/// An `open` that waits.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    pub(super) link: LinkNumber,
    pub(super) channel: Channel,
    pub(super) open: Open<'static>,
}

/// An item that asks for a stream.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub(super) at: Position,
    pub(super) of: Option<Position>,
    pub(super) stream: Name<'static>,
    pub(super) agent: Option<Name<'static>>,
    pub(super) body: Box<str>,
    pub(super) key: StreamKey,
}

/// A command of the engine's own.
#[derive(Clone, Debug)]
pub(super) enum Unsaid {
    Reject(Position, Code<'static>),
    CancelResult(Position, Vec<Cancelled>),
}

/// What a session has said in its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Something of its own.
    Own,
    /// Something of its own that has waited for no turn.
    Urgent,
    /// Something of a stream that it reads.
    OfStream,
}

impl Held {
    /// Whether nothing may be said in it: what is said acknowledges an item that may yet be
    /// rejected.
    pub(super) fn is_held_up(&self) -> bool {
        let rejects = |it: &Unsaid| matches!(it, Unsaid::Reject(..));
        self.beginning.is_some() || self.unsaid.iter().any(rejects)
    }

    /// It is its turn in its link: appends the next of what it and its streams have to say, if there
    /// is anything. Unless there may be more it has no turn any more.
    pub(super) fn take_turn(
        &mut self,
        number: SessionNumber,
        now: Now,
        streams: &mut Streams,
        counters: &mut Counters,
        out: &mut String,
    ) -> Option<Said> {
        // Mostly it is its streams' turn, which comes behind what the session says itself.
        if self.session.may_say() {
            let said = if self.is_urgent() { Said::Urgent } else { Said::Own };
            if self.say(out, counters) {
                self.has_turn = true;
                return Some(said);
            }
        }
        let taken = match self.over {
            Some((_, channel)) if self.session.is_open() && !self.is_held_up() => {
                streams.write_message(now, number.reader(), channel, out)
            }
            Some(_) | None => Taken::Nothing,
        };
        self.has_turn = taken == Taken::More;
        (taken != Taken::Nothing).then_some(Said::OfStream)
    }

    /// Appends the next of what the session itself has to say, if there is anything.
    fn say(&mut self, out: &mut String, counters: &mut Counters) -> bool {
        let (before, replays) = (out.len(), self.session.replays());
        let says = self.over.is_some() && !self.is_held_up() && self.session.poll_message(out);
        if says && replays {
            counters.replayed += (out.len() - before) as u64;
        }
        says
    }

    /// Bytes held, itself included.
    fn memory(&self) -> usize {
        let opening = self.opening.as_ref().map_or(0, |_| size_of::<Opening>());
        let beginning =
            self.beginning.as_ref().map_or(0, |it| size_of::<Beginning>() + it.body.len());
        let of_unsaid = |unsaid: &Unsaid| match unsaid {
            Unsaid::Reject(..) => 0,
            Unsaid::CancelResult(_, results) => results.capacity() * size_of::<Cancelled>(),
        };
        let unsaid = self.unsaid.capacity() * size_of::<Unsaid>()
            + self.unsaid.iter().map(of_unsaid).sum::<usize>();
        let said = self.said.capacity() * size_of::<CommandId>();
        let own = size_of::<Self>() - size_of::<Session>();
        own + self.session.memory() + opening + beginning + unsaid + said
    }

    /// It may have something to say.
    pub(super) fn stir(&mut self, number: SessionNumber, links: &mut Links) {
        if let Some((link, _)) = self.over
            && !self.has_turn
        {
            self.has_turn = true;
            links.add_turn(link, number);
        }
    }

    /// It may have events.
    pub(super) fn note_events(
        &mut self,
        number: SessionNumber,
        eventful: &mut VecDeque<SessionNumber>,
    ) {
        if !self.has_events {
            self.has_events = true;
            eventful.push_back(number);
        }
    }

    /// Takes over when it is due next.
    pub(super) fn note_due(&mut self, number: SessionNumber, now: Mono, all: &mut Due) {
        // An acknowledgement that is due already waits for its link, or for what holds the session
        // up, and for no time.
        let waits_for_time = |deadline: &Deadline| {
            // What the session has not been told of is still to come.
            let is_late = deadline.at <= now.min(self.session.latest()) || self.is_held_up();
            deadline.reason != TimerReason::Acknowledgement || !is_late
        };
        let due = self.session.poll_timeout().filter(waits_for_time);
        if due == self.due {
            return;
        }
        if let Some(due) = core::mem::replace(&mut self.due, due) {
            all.remove(&(due.at, number));
        }
        all.extend(due.map(|due| (due.at, number)));
    }

    /// Whether what it says next is the engine's own and waits for no turn.
    pub(super) fn is_urgent(&self) -> bool {
        !self.is_held_up() && self.session.is_urgent()
    }

    /// Whether an `open` of this link and channel waits.
    pub(super) fn is_opening(&self, link: LinkNumber, channel: Channel) -> bool {
        self.opening.as_ref().is_some_and(|it| (it.link, it.channel) == (link, channel))
    }
}

/// About how many bytes a tree of so many entries of this size takes: its nodes have room for eleven
/// each, of which eight are used on the whole.
const fn of_tree(entries: usize, size: usize) -> usize {
    entries.div_ceil(8) * (11 * size + 2 * size_of::<usize>())
}

/// The sessions that wait for a time, by that.
pub(super) type Due = BTreeSet<(Mono, SessionNumber)>;

/// Whether a user may have another session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Yes,
    /// In the place of this one.
    InPlaceOf(SessionNumber),
    No(SessionsBound),
}

/// All sessions.
#[derive(Debug)]
pub(super) struct Table {
    /// Each in a box: places of the table stay empty.
    sessions: Numbered<SessionNumber, Box<Held>>,
    by_id: HashMap<SessionId, SessionNumber, RandomState>,
    /// Those of each user that have not ended.
    by_user: BTreeMap<Arc<str>, BTreeSet<SessionNumber>>,
    due: Due,
    next: u64,
}

impl Table {
    /// The most bytes of a session beside itself: what waits in its name, a cancel of which may be
    /// about 64 streams, and its places in the tables, which may be half empty.
    pub(super) const MOST_BESIDE: usize = size_of::<Held>()
        + size_of::<Opening>()
        + size_of::<Beginning>()
        + SessionConfig::MAX_BODY
        + SessionConfig::MAX_CANCELS * (2 * size_of::<Unsaid>() + 64 * size_of::<Cancelled>())
        + 4 * size_of::<(SessionId, SessionNumber, Box<Held>)>()
        + of_tree(1, size_of::<(Arc<str>, BTreeSet<SessionNumber>)>())
        + of_tree(1, size_of::<(Mono, SessionNumber)>())
        + of_tree(1, size_of::<SessionNumber>())
        + 128;

    pub(super) fn new(random: &mut Random) -> Self {
        let mut draw = || random.next_u64();
        let hasher = RandomState::with_seeds(draw(), draw(), draw(), draw());
        Self {
            sessions: Numbered::default(),
            by_id: HashMap::with_hasher(hasher),
            by_user: BTreeMap::new(),
            due: BTreeSet::new(),
            next: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn get(&self, number: SessionNumber) -> Option<&Held> {
        self.sessions.get(&number).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, number: SessionNumber) -> Option<&mut Held> {
        self.sessions.get_mut(&number).map(Box::as_mut)
    }

    /// As [`get_mut`](Self::get_mut), with what [`Held::note_due`] needs.
    pub(super) fn get_with_due(&mut self, number: SessionNumber) -> Option<(&mut Held, &mut Due)> {
        let held = self.sessions.get_mut(&number)?;
        Some((held, &mut self.due))
    }

    /// Where sessions stand that may say so, as a heartbeat says it.
    pub(super) fn positions(
        &mut self,
        sessions: impl Iterator<Item = (Channel, SessionNumber)>,
    ) -> Vec<ChannelPositions> {
        let positions = sessions.filter_map(|(_, number)| {
            let held = self.get_mut(number)?;
            let says = held.session.is_open() && !held.is_held_up();
            says.then(|| held.session.positions())
        });
        positions.collect()
    }

    /// The session of this id, if it is this user's and goes on.
    pub(super) fn find(&self, id: SessionId, user: &str) -> Option<SessionNumber> {
        let number = *self.by_id.get(&id)?;
        let held = self.sessions.get(&number)?;
        (*held.user == *user && !held.session.has_ended()).then_some(number)
    }

    /// Whether a command that has its outcome now was the engine's own.
    pub(super) fn has_said(&mut self, number: SessionNumber, command: CommandId) -> bool {
        let Some(held) = self.sessions.get_mut(&number) else { return false };
        let place = held.said.iter().position(|said| *said == command);
        place.is_some_and(|place| {
            held.said.remove(place);
            true
        })
    }

    /// The sessions of a user that have not ended, the oldest first.
    pub(super) fn of_user(&self, user: &str) -> impl Iterator<Item = SessionNumber> {
        self.by_user.get(user).into_iter().flatten().copied()
    }

    /// The sessions that have not ended, the oldest first.
    pub(super) fn numbers(&self) -> impl Iterator<Item = SessionNumber> {
        let live = self.sessions.iter().filter(|(_, held)| !held.session.has_ended());
        let mut numbers: Vec<_> = live.map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.into_iter()
    }

    /// Whether there is room for another session of this user.
    pub(super) fn room_for(&self, user: &str, config: &SessionsConfig) -> Room {
        let is_full = self.sessions.len() >= config.max_sessions;
        let own = self.by_user.get(user);
        if own.is_none_or(|own| own.len() < config.user_sessions) {
            return if is_full { Room::No(SessionsBound::All) } else { Room::Yes };
        }
        let without_link = own.into_iter().flatten().filter_map(|number| {
            let held = self.sessions.get(number)?;
            (held.over.is_none() && held.opening.is_none()).then_some((held.detached, *number))
        });
        match config.at_user_bound {
            AtUserBound::EndDetached => match without_link.min() {
                Some((_, oldest)) => Room::InPlaceOf(oldest),
                None => Room::No(SessionsBound::User),
            },
            AtUserBound::Refuse => Room::No(SessionsBound::User),
        }
    }

    pub(super) fn insert(&mut self, id: SessionId, user: &str, session: Session) -> SessionNumber {
        self.next += 1;
        let number = SessionNumber::of(self.next);
        let user = match self.by_user.get_key_value(user) {
            Some((user, _)) => Arc::clone(user),
            None => user.into(),
        };
        self.by_user.entry(Arc::clone(&user)).or_default().insert(number);
        self.by_id.insert(id, number);
        let held = Held {
            session,
            user,
            id,
            over: None,
            detached: Mono::ZERO,
            opening: None,
            beginning: None,
            unsaid: VecDeque::new(),
            said: Vec::new(),
            has_turn: false,
            share: Share::NEW,
            has_events: false,
            due: None,
        };
        self.sessions.insert(number, Box::new(held));
        number
    }

    /// Bytes held by the sessions.
    pub(super) fn memory(&self) -> usize {
        let tables = self.sessions.allocation_size() + self.by_id.allocation_size();
        let trees = of_tree(self.by_user.len(), size_of::<(Arc<str>, BTreeSet<SessionNumber>)>())
            + of_tree(self.due.len(), size_of::<(Mono, SessionNumber)>());
        let of_user = |(user, own): (&Arc<str>, &BTreeSet<SessionNumber>)| {
            user.len() + 2 * size_of::<usize>() + of_tree(own.len(), size_of::<SessionNumber>())
        };
        let users: usize = self.by_user.iter().map(of_user).sum();
        tables + trees + users + self.sessions.values().map(|held| held.memory()).sum::<usize>()
    }

    /// The session has ended, and nobody can open it any more. It stays until its events are taken.
    pub(super) fn end(&mut self, number: SessionNumber) {
        let Some(held) = self.sessions.get(&number) else { return };
        self.by_id.remove(&held.id);
        if let Some(own) = self.by_user.get_mut(&held.user) {
            own.remove(&number);
            if own.is_empty() {
                self.by_user.remove(&held.user);
            }
        }
    }

    /// Forgets a session.
    pub(super) fn remove(&mut self, number: SessionNumber) {
        self.end(number);
        if let Some(held) = self.sessions.remove(&number)
            && let Some(due) = held.due
        {
            self.due.remove(&(due.at, number));
        }
    }

    /// Takes over when a session is due next.
    pub(super) fn note_due(&mut self, number: SessionNumber, now: Mono) {
        if let Some((held, due)) = self.get_with_due(number) {
            held.note_due(number, now, due);
        }
    }

    /// When the first session is due.
    pub(super) fn first_due(&self) -> Option<Deadline> {
        let (_, number) = self.due.first()?;
        self.sessions.get(number)?.due
    }

    /// The sessions that are due by now, which are due no more.
    pub(super) fn take_due(&mut self, now: Mono) -> Vec<SessionNumber> {
        let mut numbers = Vec::new();
        while let Some((at, number)) = self.due.first().copied()
            && at <= now
        {
            self.due.pop_first();
            if let Some(held) = self.sessions.get_mut(&number) {
                held.due = None;
            }
            numbers.push(number);
        }
        numbers
    }
}
