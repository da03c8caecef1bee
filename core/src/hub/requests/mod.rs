//! The running requests and their answers: each ends once, and whoever repeats it gets the answer
//! that the first one got.
//!
//! The machine knows links by their places alone and sends nothing: it says what becomes of a
//! repeat, a piece, an answer, and the hub carries it out.

mod table;

use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;

use self::table::Table;
pub(super) use self::table::{Awaited, Pieces, Running};
use super::ids::RequestId;
use super::index::{Index, LinkIndex, RequestIndex, UserIndex};
use super::users::{User, Users};
use crate::dedup::{Eviction, First, Key, UserKey, Window};
use crate::metric_families::Metrics;
use crate::routing::Ticket;
use crate::time::Mono;

/// The running requests, and the window that recognises repeats.
#[derive(Debug)]
pub(super) struct Requests {
    table: Table,
    window: Window,
    timeout: Duration,
}

/// A request that comes again while the first one runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    pub(super) key: Key,
    pub(super) link: LinkIndex,
    pub(super) user: UserIndex,
    /// It has no id: its sender correlates answers by their order.
    pub(super) unnamed: bool,
    /// Its sender takes pieces.
    pub(super) pieces: bool,
}

/// What becomes of a request that comes again while the first one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attached {
    /// The answer goes to the link of the repeat from here on, and no more to the link of the
    /// request before it.
    Moved { first: RequestId, from: LinkIndex },
    /// Its sender correlates by order and wants one answer for each: this request gets the same
    /// one.
    Shared { first: RequestId, sharer: RequestIndex },
}

/// What becomes of a piece of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// It is sent to this link, up to its last whole character.
    Send(LinkIndex, Cow<'a, str>),
    /// It holds no whole character: it is sent with the next piece.
    Held(LinkIndex),
    /// No link waits for it. Whether a repeat gets the answer.
    Absent { kept: bool },
    /// The peer gets the answer whole.
    Whole,
    /// The stream of a session grows by its whole characters, which may be none.
    Grow(Cow<'a, str>),
}

impl Requests {
    /// At most `bound` at once, each for `timeout` at most.
    pub(super) fn new(bound: u32, timeout: Duration, window: Window) -> Self {
        Self { table: Table::new(bound), window, timeout }
    }

    // The window.

    /// What the window knows a user by.
    pub(super) fn user_key(&self, name: &str) -> UserKey {
        self.window.keyer().user(name)
    }

    /// The key of a request, if it has an id or comes from a user whose requests are recognised by
    /// what they say.
    pub(super) fn key_of(&self, user: UserKey, id: Option<&str>, content: &str) -> Option<Key> {
        self.window.key_of(user, id, content)
    }

    /// What became of the first request of this key, if there was one.
    pub(super) fn seen(&mut self, now: Mono, key: Key) -> Option<First> {
        self.window.seen(now, key)
    }

    /// Remembers the key: a later request with it is a repeat.
    pub(super) fn remember(&mut self, now: Mono, key: Key) {
        self.window.remember(now, key);
    }

    /// Forgets the key: a later request with it is no repeat.
    pub(super) fn forget(&mut self, key: Key) {
        self.window.forget(key);
    }

    // Requests come.

    /// Enters a request; `None` at the bound.
    pub(super) fn enter(&mut self, running: Running, users: &mut Users) -> Option<RequestId> {
        let user = users.get_mut(running.user)?;
        let (index, generation) = self.table.insert(running, user)?;
        Some(RequestId::new(index, generation))
    }

    /// Sees to it that the sender of a repeat gets the answer to the request that is running.
    pub(super) fn attach(
        &mut self,
        now: Mono,
        again: Again,
        users: &mut Users,
    ) -> Option<Attached> {
        // The first one is the oldest, and the list starts with the newest.
        let index = self.of_key(users.get(again.user)?, again.key).last()?;
        let first = self.id(index);
        if again.unnamed {
            self.table.get_mut(index)?.shared = true;
            let mut sharer = Running::new(again.link, again.user, now);
            (sharer.key, sharer.shares) = (Some(again.key), true);
            let sharer = self.enter(sharer, users)?.index;
            return Some(Attached::Shared { first, sharer });
        }
        let request = self.table.get_mut(index)?;
        let from = core::mem::replace(&mut request.link, again.link);
        if !again.pieces || (from != again.link && request.pieces == Pieces::Begun) {
            // This link wants no pieces, or has not had the first of them.
            request.pieces = Pieces::Unwanted;
        }
        Some(Attached::Moved { first, from })
    }

    /// A session waits for the answer to the running request of this key as well, if there is one.
    pub(super) fn join(&mut self, key: Key, user: &User) -> Option<RequestId> {
        let index = self.of_key(user, key).last()?;
        let request = self.table.get_mut(index)?;
        if request.sessions == Awaited::Nothing {
            request.sessions = Awaited::Answer;
        }
        Some(self.id(index))
    }

    /// A link has ended: the requests that it waited for belong to no link until they are repeated.
    pub(super) fn orphan(&mut self, link: LinkIndex, user: &User) {
        let mut next = user.first_request;
        while let Some(request) = self.table.get_mut(next) {
            next = request.next_of_user();
            if request.link == link {
                request.link = LinkIndex::NONE;
            }
        }
    }

    // Answers come.

    /// The request of an id that is not stale.
    pub(super) fn find(&self, request: RequestId) -> Option<&Running> {
        self.table.find(request.index, request.generation)
    }

    /// Whether the peer takes the answer in pieces.
    pub(super) fn wants_pieces(&self, request: RequestId) -> bool {
        self.find(request).is_some_and(|running| {
            running.pieces != Pieces::Unwanted || running.sessions == Awaited::Stream
        })
    }

    /// The next piece of an answer; `None` if the request is not running.
    pub(super) fn piece<'a>(&mut self, request: RequestId, text: &'a [u8]) -> Option<Piece<'a>> {
        let running = self.table.find_mut(request.index, request.generation)?;
        if running.sessions == Awaited::Stream {
            return Some(Piece::Grow(running.seam.join(text)));
        }
        if running.pieces == Pieces::Unwanted {
            return Some(Piece::Whole);
        }
        running.pieces = Pieces::Begun;
        if running.link == LinkIndex::NONE {
            return Some(Piece::Absent { kept: running.key.is_some() });
        }
        let whole = running.seam.join(text);
        Some(if whole.is_empty() && !text.is_empty() {
            Piece::Held(running.link)
        } else {
            Piece::Send(running.link, whole)
        })
    }

    /// A piece did not reach the peer: there are no more, so that it has a beginning without gaps.
    pub(super) fn stop_pieces(&mut self, request: RequestId) {
        if let Some(running) = self.table.find_mut(request.index, request.generation) {
            running.pieces = Pieces::Unwanted;
            if running.sessions == Awaited::Stream {
                running.sessions = Awaited::Answer;
            }
        }
    }

    /// Ends a request with this frame for an answer, which its repeats get as well.
    pub(super) fn end(
        &mut self,
        request: RequestId,
        frame: &Arc<[u8]>,
        users: &mut Users,
    ) -> Option<Running> {
        let user = self.find(request)?.user;
        let ended = self.table.remove(request.index, users.get_mut(user))?;
        if let Some(key) = ended.key {
            self.window.complete(key, Arc::clone(frame));
        }
        Some(ended)
    }

    /// Ends one of those that share the answer of the request that has [ended](Self::end).
    pub(super) fn end_sharer(
        &mut self,
        ended: &Running,
        users: &mut Users,
    ) -> Option<(RequestIndex, Running)> {
        let key = ended.key.filter(|_| ended.shared)?;
        let index = self.of_key(users.get(ended.user)?, key).next()?;
        let sharer = self.table.remove(index, users.get_mut(ended.user))?;
        Some((index, sharer))
    }

    // Time passes.

    /// When the next request expires.
    pub(super) fn expiry(&self) -> Option<Mono> {
        self.table.oldest_asked().map(|asked| asked + self.timeout)
    }

    /// The turn of a request has come, with its place at an agent: its time begins anew, and that of
    /// those which share its answer.
    pub(super) fn begin_turn(
        &mut self,
        request: RequestId,
        now: Mono,
        ticket: Option<Ticket>,
        users: &Users,
    ) {
        let Some(running) = self.table.find_mut(request.index, request.generation) else { return };
        running.ticket = ticket;
        let running = &*running;
        let (key, user) = (running.key.filter(|_| running.shared), users.get(running.user));
        let mut sharers: Vec<_> = match (key, user) {
            (Some(key), Some(user)) => self.of_key(user, key).collect(),
            _ => vec![request.index],
        };
        // The newest come first.
        while let Some(index) = sharers.pop() {
            self.table.restart(index, now);
        }
    }

    /// The next request that was not answered in time.
    pub(super) fn expired(&self, now: Mono) -> Option<RequestId> {
        self.expiry().filter(|due| *due <= now)?;
        self.table.oldest().map(|index| self.id(index))
    }

    // Views.

    pub(super) fn is_full(&self) -> bool {
        self.table.is_full()
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Fills in how the window is doing.
    pub(super) fn gauge(&self, metrics: &mut Metrics) {
        metrics.requests_active.set_size(self.table.len());
        metrics.window_entries.set_size(self.window.len());
        metrics.window_memory.set_size(self.window.memory());
        let evictions = self.window.evictions();
        metrics.window_evictions.set_total(Eviction::Count, evictions.count);
        metrics.window_evictions.set_total(Eviction::Age, evictions.age);
        metrics.window_evictions.set_total(Eviction::Result, evictions.results);
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.table.memory() + self.window.memory()
    }

    /// What the host calls the request of a place.
    pub(super) fn id(&self, index: RequestIndex) -> RequestId {
        RequestId::new(index, self.table.generation(index))
    }

    /// The running requests of a user, newest first.
    pub(super) fn of_user<'a>(
        &'a self,
        user: &User,
    ) -> impl Iterator<Item = RequestIndex> + use<'a> {
        self.table.of_user(user)
    }

    /// The running requests of a user that have this key, newest first.
    fn of_key<'a>(&'a self, user: &User, key: Key) -> impl Iterator<Item = RequestIndex> + use<'a> {
        let has = move |index: &RequestIndex| {
            self.table.get(*index).is_some_and(|request| request.key == Some(key))
        };
        self.table.of_user(user).filter(has)
    }
}

#[cfg(test)]
mod tests;
