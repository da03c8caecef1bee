//! What becomes of a request while an answer to its user runs: it runs beside that, waits for its
//! end, is refused, or takes its place.

use std::collections::{BTreeMap, VecDeque};

use super::Hub;
use super::admission::Turn;
use super::config::WhileAnswering;
use super::ids::RequestId;
use super::index::{Index as _, LinkIndex, RequestIndex, UserIndex};
use super::requests::Awaited;

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

/// A request that waits for its turn. It has no place at an agent meanwhile.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) text: Box<str>,
    /// The agent that what it came in names.
    pub(super) agent: Option<Box<str>>,
}

impl Waiting {
    fn size(&self) -> usize {
        self.text.len() + self.agent.as_ref().map_or(0, |agent| agent.len())
    }
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

    /// The next whose place another has taken.
    pub(super) fn next_replaced(&mut self) -> Option<(RequestId, UserIndex)> {
        self.replaced.pop_front()
    }

    /// The next whose turn has come.
    pub(super) fn next_due(&mut self) -> Option<RequestId> {
        self.due.pop_front()
    }

    /// The text of the request whose turn has come, for the host.
    pub(super) fn lend(&mut self, text: Box<str>) {
        self.lent = text;
    }

    /// Takes out a request that has ended or comes to its turn.
    pub(super) fn take(&mut self, request: RequestIndex) -> Option<Waiting> {
        let taken = self.waiting.remove(&request)?;
        self.bytes -= taken.size();
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
    /// What becomes of a request of a user that comes now.
    pub(super) fn turn_of(&self, user: UserIndex) -> Turn {
        match self.config.while_answering {
            WhileAnswering::Parallel | WhileAnswering::Replace => Turn::Now,
            WhileAnswering::Reject if self.is_answering(user) => Turn::Never,
            WhileAnswering::Queue if self.has_to_wait(user) => {
                let is_full = self.waiting_of(user).count() >= MOST_OF_USER
                    || self.backlog.bytes >= MOST_BYTES;
                if is_full { Turn::Never } else { Turn::Later }
            }
            WhileAnswering::Reject | WhileAnswering::Queue => Turn::Now,
        }
    }

    /// A request waits until no answer to its user runs; the agent is the one that what it came in
    /// names.
    pub(super) fn wait_for_turn(
        &mut self,
        request: RequestId,
        text: Box<str>,
        agent: Option<&str>,
    ) {
        let waiting = Waiting { text, agent: agent.map(Box::from) };
        self.backlog.bytes += waiting.size();
        self.backlog.waiting.insert(request.index, waiting);
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

    /// Whether a request of a user that comes now is to wait: behind an answer, or behind others.
    fn has_to_wait(&self, user: UserIndex) -> bool {
        self.is_answering(user) || self.waiting_of(user).next().is_some()
    }

    /// The requests of a user that wait, the newest first.
    fn waiting_of(&self, user: UserIndex) -> impl Iterator<Item = RequestIndex> {
        self.requests_of(user).filter(|index| self.backlog.is_waiting(*index))
    }

    pub(super) fn is_answering(&self, user: UserIndex) -> bool {
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
