//! What becomes of a request while an answer to its user runs: it runs beside that, waits for its
//! end, is refused, or takes its place.

use std::collections::{BTreeMap, VecDeque};

use super::Hub;
use super::config::WhileAnswering;
use super::event::Unlent;
use super::ids::RequestId;
use super::index::{Index as _, LinkIndex, RequestIndex, UserIndex};
use super::requests::Awaited;
use crate::envelope::Envelope;
use crate::routing::Choice;

/// The most requests of one user that wait for an answer to end.
const MOST_OF_USER: usize = 8;

/// Where the texts of all that wait have so many bytes, no more wait.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The requests that wait for their turn, of which the host has not heard, and those whose place
/// another has taken, of which it is to hear.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    waiting: BTreeMap<RequestIndex, Waiting>,
    /// The bytes of their texts.
    bytes: usize,
    /// Those whose turn has come.
    due: VecDeque<RequestId>,
    /// Those whose place another has taken.
    replaced: VecDeque<(RequestId, UserIndex)>,
    /// The text of the last that came to its turn.
    lent: Box<str>,
}

/// A request that waits for its turn.
#[derive(Debug)]
struct Waiting {
    choice: Choice,
    text: Box<str>,
}

impl Backlog {
    /// The text of the request whose turn came last.
    pub(super) fn lent(&self) -> &str {
        &self.lent
    }

    /// Whether the request waits for its turn.
    pub(super) fn is_waiting(&self, request: RequestIndex) -> bool {
        self.waiting.contains_key(&request)
    }

    /// A newer request has taken the place of this one, of which the host is to hear.
    pub(super) fn note_replaced(&mut self, request: RequestId, user: UserIndex) {
        self.replaced.push_back((request, user));
    }

    /// Takes out a request that has ended or comes to its turn.
    fn take(&mut self, request: RequestIndex) -> Option<Waiting> {
        let taken = self.waiting.remove(&request)?;
        self.bytes -= taken.text.len();
        Some(taken)
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.bytes
            + self.waiting.len() * size_of::<(RequestIndex, Waiting)>()
            + self.due.capacity() * size_of::<RequestId>()
            + self.replaced.capacity() * size_of::<(RequestId, UserIndex)>()
            + self.lent.len()
    }
}

impl Hub {
    /// Whether one more request of a user may run or wait.
    pub(super) fn may_request(&self, user: UserIndex) -> bool {
        match self.config.while_answering {
            WhileAnswering::Parallel | WhileAnswering::Replace => true,
            WhileAnswering::Reject => !self.is_answering(user),
            WhileAnswering::Queue => {
                !self.has_to_wait(user)
                    || self.waiting_of(user).count() < MOST_OF_USER
                        && self.backlog.bytes < MOST_BYTES
            }
        }
    }

    /// A request waits until no answer to its user runs.
    pub(super) fn wait_for_turn(&mut self, request: RequestId, choice: Choice, text: Box<str>) {
        self.backlog.bytes += text.len();
        self.backlog.waiting.insert(request.index, Waiting { choice, text });
    }

    /// A request of a user is over, or nobody waits for its answer: the next may come to its turn.
    pub(super) fn leave_turn(&mut self, request: RequestIndex, user: UserIndex) {
        self.backlog.take(request);
        if self.backlog.waiting.is_empty() || self.is_answering(user) {
            return;
        }
        // The newest come first.
        let next = self.waiting_of(user).last();
        self.backlog.due.extend(next.map(|next| self.requests.id(next)));
    }

    /// The next event of requests that have come to their turn or have lost their place.
    pub(super) fn next_of_backlog(&mut self) -> Option<Unlent> {
        if let Some((request, user)) = self.backlog.replaced.pop_front() {
            return Some(Unlent::Cancelled { request, user });
        }
        while let Some(request) = self.backlog.due.pop_front() {
            let user = self.requests.find(request).map(|running| running.user);
            // Of one that finds an answer running again, the end of that lets it come.
            if user.is_some_and(|user| !self.is_answering(user))
                && let Some(waiting) = self.backlog.take(request.index)
                && let Some(event) = self.come_to_turn(request, waiting)
            {
                return Some(event);
            }
        }
        None
    }

    /// The host hears of a request that has waited, once its stream has the hub for a producer.
    fn come_to_turn(&mut self, request: RequestId, waiting: Waiting) -> Option<Unlent> {
        let Waiting { choice, text } = waiting;
        self.requests.restart(request, self.now.mono, &self.users);
        if self.requests.find(request)?.sessions == Awaited::Stream
            && let Some(v1) = &mut self.v1
            && v1.claim(self.now, request.index, choice, &text)
        {
            return None;
        }
        Envelope::scan_into(&mut self.scan, &text, self.config.sizes.depth).ok()?;
        self.backlog.lent = text;
        Some(Unlent::TurnCame { request, choice })
    }

    /// Whether a request of a user that comes now is to wait: behind an answer, or behind others.
    pub(super) fn has_to_wait(&self, user: UserIndex) -> bool {
        self.is_answering(user) || self.waiting_of(user).next().is_some()
    }

    /// The requests of a user that wait, the newest first.
    fn waiting_of(&self, user: UserIndex) -> impl Iterator<Item = RequestIndex> {
        self.requests_of(user).filter(|index| self.backlog.is_waiting(*index))
    }

    fn is_answering(&self, user: UserIndex) -> bool {
        self.answers_of(user).next().is_some()
    }

    /// The running requests of a user whose answers somebody waits for, or may.
    pub(super) fn answers_of(&self, user: UserIndex) -> impl Iterator<Item = RequestIndex> {
        self.requests_of(user).filter(|index| {
            let running = self.requests.find(self.requests.id(*index));
            let is_kept = running.is_some_and(|it| it.sessions == Awaited::Nothing);
            let shares = running.is_some_and(|it| it.shares);
            let runs = !shares && !self.backlog.is_waiting(*index);
            runs && (is_kept || self.is_awaited(*index))
        })
    }

    fn requests_of(&self, user: UserIndex) -> impl Iterator<Item = RequestIndex> {
        self.users.get(user).into_iter().flat_map(|user| self.requests.of_user(user))
    }

    /// The link from which a request came whose turn has come, in either dialect.
    pub(super) fn link_of_request(&self, request: RequestId) -> LinkIndex {
        let link = self.requests.find(request).map_or(LinkIndex::NONE, |it| it.link);
        let in_session = || {
            let v1 = self.v1.as_ref()?;
            v1.links_of(request.index).next().map(|link| link.index)
        };
        if link == LinkIndex::NONE { in_session().unwrap_or(link) } else { link }
    }
}
