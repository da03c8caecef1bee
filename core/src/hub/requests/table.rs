//! The table of running requests, which are not answered yet.
//!
//! Every request waits equally long for its reply, so the order of coming is the order of expiry:
//! a list through the entries finds the next one to expire at no cost. A second list through the
//! entries holds the requests of one user, for the rare cases (a repeat, a closed link) that have
//! to find them without an id.

use crate::dedup::Key;
use crate::envelope::Seam;
use crate::hub::index::{Index, LinkIndex, RequestIndex, UserIndex};
use crate::hub::inline_text::InlineText;
use crate::hub::slab::Slab;
use crate::hub::users::User;
use crate::routing::Ticket;
use crate::time::Mono;

/// One running request.
#[derive(Debug)]
pub(in crate::hub) struct Running {
    /// The newest link that sent it; `NONE` when that has ended.
    pub(in crate::hub) link: LinkIndex,
    pub(in crate::hub) user: UserIndex,
    /// The key in the duplicate window, if the request has one.
    pub(in crate::hub) key: Option<Key>,
    /// The id as it stood on the wire, to be echoed as `reply_to`.
    pub(in crate::hub) id: Option<InlineText>,
    /// What the router wants back when the request ends.
    pub(in crate::hub) ticket: Option<Ticket>,
    pub(in crate::hub) asked: Mono,
    /// Repeats without ids wait for the same answer.
    pub(in crate::hub) shared: bool,
    /// It is such a repeat.
    pub(in crate::hub) shares: bool,
    pub(in crate::hub) pieces: Pieces,
    /// What sessions wait for, beside the link.
    pub(in crate::hub) sessions: Awaited,
    /// Joins the pieces, where one ends within a character.
    pub(in crate::hub) seam: Seam,
    older: RequestIndex,
    newer: RequestIndex,
    next_of_user: RequestIndex,
    previous_of_user: RequestIndex,
}

/// Whether the peer gets the answer in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) enum Pieces {
    /// It did not ask for them, or has missed one: what it has must stay a beginning of the answer
    /// without gaps.
    Unwanted,
    /// It asked for them, and there was none yet.
    Wanted,
    /// It asked for them, and has all so far.
    Begun,
}

/// What sessions wait for of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) enum Awaited {
    /// None waits for it.
    Nothing,
    /// The answer, at its end.
    Answer,
    /// The stream of the first that asked grows with the answer.
    Stream,
}

impl Running {
    pub(in crate::hub) fn new(link: LinkIndex, user: UserIndex, asked: Mono) -> Self {
        Self {
            link,
            user,
            key: None,
            id: None,
            ticket: None,
            asked,
            shared: false,
            shares: false,
            pieces: Pieces::Unwanted,
            sessions: Awaited::Nothing,
            seam: Seam::default(),
            older: RequestIndex::NONE,
            newer: RequestIndex::NONE,
            next_of_user: RequestIndex::NONE,
            previous_of_user: RequestIndex::NONE,
        }
    }

    /// The next older request of the same user.
    pub(super) fn next_of_user(&self) -> RequestIndex {
        self.next_of_user
    }
}

/// The table of running requests.
#[derive(Debug)]
pub(super) struct Table {
    slab: Slab<RequestIndex, Running>,
    oldest: RequestIndex,
    newest: RequestIndex,
}

impl Table {
    pub(super) fn new(bound: u32) -> Self {
        Self { slab: Slab::new(bound), oldest: RequestIndex::NONE, newest: RequestIndex::NONE }
    }

    /// Enters a request; `None` at the bound.
    pub(super) fn insert(
        &mut self,
        mut request: Running,
        user: &mut User,
    ) -> Option<(RequestIndex, u32)> {
        let (newest, first) = (self.newest, user.first_request);
        request.older = newest;
        request.next_of_user = first;
        let (index, generation) = self.slab.insert(request).ok()?;
        match self.slab.get_mut(newest) {
            Some(newest) => newest.newer = index,
            None => self.oldest = index,
        }
        self.newest = index;
        if let Some(first) = self.slab.get_mut(first) {
            first.previous_of_user = index;
        }
        user.first_request = index;
        user.requests += 1;
        Some((index, generation))
    }

    /// Takes a request out, of both lists too.
    pub(super) fn remove(
        &mut self,
        index: RequestIndex,
        user: Option<&mut User>,
    ) -> Option<Running> {
        let request = self.slab.remove(index)?;
        match self.slab.get_mut(request.older) {
            Some(older) => older.newer = request.newer,
            None => self.oldest = request.newer,
        }
        match self.slab.get_mut(request.newer) {
            Some(newer) => newer.older = request.older,
            None => self.newest = request.older,
        }
        if let Some(next) = self.slab.get_mut(request.next_of_user) {
            next.previous_of_user = request.previous_of_user;
        }
        if let Some(previous) = self.slab.get_mut(request.previous_of_user) {
            previous.next_of_user = request.next_of_user;
        }
        if let Some(user) = user {
            user.requests -= 1;
            if user.first_request == index {
                user.first_request = request.next_of_user;
            }
        }
        Some(request)
    }

    /// A request that is there counts as one that comes now.
    pub(super) fn restart(&mut self, index: RequestIndex, now: Mono) {
        let Some(request) = self.slab.get_mut(index) else { return };
        request.asked = now;
        let (older, newer) = (request.older, request.newer);
        if newer == RequestIndex::NONE {
            return;
        }
        (request.older, request.newer) = (self.newest, RequestIndex::NONE);
        match self.slab.get_mut(older) {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        if let Some(newer) = self.slab.get_mut(newer) {
            newer.older = older;
        }
        if let Some(newest) = self.slab.get_mut(self.newest) {
            newest.newer = index;
        }
        self.newest = index;
    }

    /// When the oldest request came.
    pub(super) fn oldest_asked(&self) -> Option<Mono> {
        self.slab.get(self.oldest).map(|oldest| oldest.asked)
    }

    /// The oldest request.
    pub(super) fn oldest(&self) -> Option<RequestIndex> {
        (self.oldest != RequestIndex::NONE).then_some(self.oldest)
    }

    /// The requests of a user, newest first.
    pub(super) fn of_user<'a>(
        &'a self,
        user: &User,
    ) -> impl Iterator<Item = RequestIndex> + use<'a> {
        let first = (user.first_request != RequestIndex::NONE).then_some(user.first_request);
        core::iter::successors(first, |index| {
            self.slab
                .get(*index)
                .map(|request| request.next_of_user)
                .filter(|index| *index != RequestIndex::NONE)
        })
    }

    pub(super) fn get(&self, index: RequestIndex) -> Option<&Running> {
        self.slab.get(index)
    }

    pub(super) fn get_mut(&mut self, index: RequestIndex) -> Option<&mut Running> {
        self.slab.get_mut(index)
    }

    /// The request of an id that is not stale.
    pub(super) fn find(&self, index: RequestIndex, generation: u32) -> Option<&Running> {
        self.slab.find(index, generation)
    }

    /// As [`find`](Self::find), to change it.
    pub(super) fn find_mut(
        &mut self,
        index: RequestIndex,
        generation: u32,
    ) -> Option<&mut Running> {
        self.slab.find_mut(index, generation)
    }

    pub(super) fn generation(&self, index: RequestIndex) -> u32 {
        self.slab.generation(index)
    }

    pub(super) fn is_full(&self) -> bool {
        self.slab.is_full()
    }

    pub(super) fn len(&self) -> usize {
        self.slab.len()
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        let running = self.slab.places().filter_map(|index| self.slab.get(index));
        let ids: usize = running.filter_map(|it| it.id.as_ref()).map(InlineText::heap).sum();
        self.slab.memory() + ids
    }
}

#[cfg(test)]
mod tests {
    use ahash::RandomState;
    use proptest::prelude::*;

    use super::*;
    use crate::dedup::Keyer;
    use crate::hub::users::Users;
    use crate::seed::Seed;

    proptest! {
        /// Whatever the order of endings, the oldest is the first that came of those still running,
        /// and each user's list holds exactly its own.
        #[test]
        fn lists_hold_exactly_what_runs(steps in prop::collection::vec((0..4u32, any::<u8>()), 1..200)) {
            let keyer = Keyer::new(Seed::from_number(1));
            let mut users = Users::new(RandomState::with_seeds(1, 2, 3, 4));
            let names = ["a", "b", "c", "d"].map(|name| users.enter(name, keyer.user(name)));
            let mut table = Table::new(16);
            let mut model: Vec<(RequestIndex, (usize, UserIndex))> = Vec::new();
            for (time, (who, choice)) in steps.into_iter().enumerate() {
                if choice % 7 == 1 && !model.is_empty() {
                    // Of its user it stays where it was.
                    let moved = model.remove(usize::from(choice) % model.len());
                    table.restart(moved.0, Mono::from_nanos(time as u64));
                    model.push(moved);
                } else if choice % 3 == 0 && !model.is_empty() {
                    let (index, (_, user)) = model.remove(usize::from(choice) % model.len());
                    prop_assert!(table.remove(index, users.get_mut(user)).is_some());
                } else {
                    let user = names[who as usize];
                    let asked = Mono::from_nanos(time as u64);
                    let made = table.insert(Running::new(LinkIndex(0), user, asked), users.get_mut(user).unwrap());
                    prop_assert_eq!(made.is_none(), model.len() == 16);
                    model.extend(made.map(|(index, _)| (index, (time, user))));
                }
                prop_assert_eq!(table.oldest(), model.first().map(|(index, _)| *index));
                for user in names {
                    let listed: Vec<_> = table.of_user(users.get(user).unwrap()).collect();
                    let mut expected: Vec<_> =
                        model.iter().filter(|(_, (_, of))| *of == user).collect();
                    expected.sort_by_key(|(_, (entered, _))| core::cmp::Reverse(*entered));
                    let expected: Vec<_> = expected.iter().map(|(index, _)| *index).collect();
                    prop_assert_eq!(listed, expected);
                }
            }
        }
    }
}
