//! What has no number yet.

use std::collections::VecDeque;

use super::config::{AtBound, SessionConfig};
use super::event::{CommandId, Expiry};
use super::events::{End, Events};
use super::payload::Payload;
use crate::envelope::v1::{Name, Position};
use crate::time::Mono;

/// What was sent and waits for a number, in lines of which an earlier one goes first (V-4.4).
///
/// Its bounds are those of items. The engine's own envelopes have bounds elsewhere: there is at
/// most one reject for each item that is not acknowledged and one result for each cancel, and
/// cancels are counted until they have theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
    /// Rejects wait for a link alone: the other end's window has the room, whose items they answer.
    rejects: VecDeque<Waiting>,
    lines: [VecDeque<Waiting>; 3],
    items: usize,
    bytes: usize,
    /// Nothing expires before this.
    soonest: Option<Mono>,
}

/// Something that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) command: CommandId,
    pub(super) payload: Payload,
    pub(super) key: Option<Name<'static>>,
    /// When it does; rejects and results never do.
    pub(super) expires: Option<Mono>,
    /// It comes from a snapshot, after which it may have been sent.
    pub(super) restored: bool,
}

/// What of the queue is sent first (V-4.4).
///
/// Closed: the dialect has three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Priority {
    /// Before all others, as cancels, their results and rejects are.
    Urgent,
    /// What nothing else is said of.
    #[default]
    Normal,
    /// After all others.
    Bulk,
}

impl Priority {
    pub(super) const ALL: [Self; 3] = [Self::Urgent, Self::Normal, Self::Bulk];

    const fn line(self) -> usize {
        match self {
            Self::Urgent => 0,
            Self::Normal => 1,
            Self::Bulk => 2,
        }
    }
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

impl Queue {
    /// Lets an item wait. What makes way for it, or is replaced by it, ends as expired.
    pub(super) fn push_item(
        &mut self,
        item: Waiting,
        priority: Priority,
        config: &SessionConfig,
        events: &mut Events,
    ) -> Result<(), Full> {
        let replaced = item.key.as_ref().and_then(|key| self.under(key));
        let (mut items, mut bytes) = (self.items + 1, self.bytes + item.payload.bytes());
        if let Some((line, place)) = replaced {
            items -= 1;
            bytes -= self.lines[line][place].payload.bytes();
        }
        if items > config.queue_envelopes || bytes > config.queue_bytes {
            let may_drop = match config.at_bound {
                AtBound::Reject => false,
                AtBound::DropOldest => true,
            };
            let droppable = if may_drop { self.droppable(priority, replaced) } else { (0, 0) };
            if items - droppable.0 > config.queue_envelopes
                || bytes - droppable.1 > config.queue_bytes
            {
                return Err(Full);
            }
        }
        if let Some((line, place)) = replaced
            && let Some(old) = self.remove(line, place)
        {
            events.end(old.command, End::Expired(Expiry::Replaced));
        }
        let bytes = item.payload.bytes();
        while self.items + 1 > config.queue_envelopes || self.bytes + bytes > config.queue_bytes {
            let Some(old) = self.drop_oldest(priority) else { break };
            events.end(old.command, End::Expired(Expiry::Dropped));
        }
        self.push(item, priority);
        Ok(())
    }

    /// Lets one of the engine's own envelopes wait, or what a snapshot has.
    pub(super) fn push(&mut self, waiting: Waiting, priority: Priority) {
        if let Some(at) = waiting.expires {
            self.soonest = Some(self.soonest.map_or(at, |soonest| soonest.min(at)));
        }
        if waiting.payload.is_item() {
            self.items += 1;
            self.bytes += waiting.payload.bytes();
        }
        if waiting.payload.is_reject() {
            self.rejects.push_back(waiting);
        } else {
            self.lines[priority.line()].push_back(waiting);
        }
    }

    /// The reject that is numbered next.
    pub(super) fn take_reject(&mut self) -> Option<Waiting> {
        let reject = self.rejects.pop_front();
        give_back(&mut self.rejects);
        reject
    }

    /// What is numbered next of the rest, if the window has room for its bytes.
    pub(super) fn take_next(&mut self, fits: impl FnOnce(usize) -> bool) -> Option<Waiting> {
        let line = self.lines.iter().position(|line| !line.is_empty())?;
        let bytes = self.lines[line].front()?.payload.bytes();
        if !fits(bytes) {
            return None;
        }
        self.remove(line, 0)
    }

    /// What is numbered next of the rest.
    pub(super) fn next(&self) -> Option<&Payload> {
        self.lines.iter().find_map(VecDeque::front).map(|waiting| &waiting.payload)
    }

    /// Ends what has waited for as long as it may (V-4.3).
    pub(super) fn expire(&mut self, now: Mono, events: &mut Events) {
        if self.soonest.is_none_or(|soonest| soonest > now) {
            return;
        }
        let late = |waiting: &Waiting| waiting.expires.is_some_and(|at| at <= now);
        self.end_those(late, &End::Expired(Expiry::Age), events);
        let expiries = self.lines.iter().flatten().filter_map(|waiting| waiting.expires);
        self.soonest = expiries.min();
    }

    /// Ends what a snapshot had, since it may have been sent after that: an end that remembers more
    /// than this one has had numbers that this one has not given (V-5.7).
    pub(super) fn end_restored(&mut self, events: &mut Events) {
        self.end_those(|waiting| waiting.restored, &End::Unknown, events);
    }

    /// Ends the rejects of what `is_over` at the other end.
    pub(super) fn end_rejects(&mut self, is_over: impl Fn(Position) -> bool, events: &mut Events) {
        let ends = |waiting: &Waiting| match &waiting.payload {
            Payload::Reject { of, .. } => is_over(*of),
            Payload::Item { .. } | Payload::Cancel(_) | Payload::CancelResult { .. } => false,
        };
        self.end_those(ends, &End::Unknown, events);
    }

    /// What a snapshot had was not sent after it.
    pub(super) fn keep_restored(&mut self) {
        for waiting in self.lines.iter_mut().chain([&mut self.rejects]).flatten() {
            waiting.restored = false;
        }
    }

    /// Ends what belongs to the session that has ended: all of it, or all but the items, which the
    /// next one sends.
    pub(super) fn end_session(&mut self, with_items: bool, events: &mut Events) {
        let ends = |waiting: &Waiting| with_items || !waiting.payload.is_item();
        self.end_those(ends, &End::Expired(Expiry::SessionEnded), events);
    }

    /// When something may expire.
    pub(super) const fn soonest(&self) -> Option<Mono> {
        self.soonest
    }

    /// Whether nothing waits for a number but rejects, which wait for a link.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(VecDeque::is_empty)
    }

    /// How many rejects wait.
    pub(super) fn rejects(&self) -> usize {
        self.rejects.len()
    }

    /// All that waits, with its priority, in the order in which it would leave.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (Priority, &Waiting)> {
        let rejects = self.rejects.iter().map(|waiting| (Priority::Urgent, waiting));
        let lines = Priority::ALL.into_iter().zip(&self.lines);
        rejects.chain(lines.flat_map(|(it, line)| line.iter().map(move |waiting| (it, waiting))))
    }

    /// The bytes that are allocated.
    pub(super) fn memory(&self) -> usize {
        let lines = self.lines.iter().chain([&self.rejects]);
        let places = lines.map(|line| line.capacity() * size_of::<Waiting>()).sum::<usize>();
        let texts = self.waiting().map(|(_, waiting)| {
            waiting.payload.memory() + waiting.key.as_deref().map_or(0, str::len)
        });
        places + texts.sum::<usize>()
    }

    /// Where an item waits under this key.
    fn under(&self, key: &Name<'_>) -> Option<(usize, usize)> {
        self.lines.iter().enumerate().find_map(|(number, line)| {
            let same = |waiting: &Waiting| waiting.key.as_deref() == Some(key.as_str());
            line.iter().position(same).map(|place| (number, place))
        })
    }

    /// How many items of this priority and lower ones may be dropped, and how many bytes of them,
    /// beside the one that is replaced.
    fn droppable(&self, priority: Priority, replaced: Option<(usize, usize)>) -> (usize, usize) {
        let mut sum = (0, 0);
        for (number, line) in self.lines.iter().enumerate().skip(priority.line()) {
            for (place, waiting) in line.iter().enumerate() {
                if waiting.payload.is_item() && replaced != Some((number, place)) {
                    sum = (sum.0 + 1, sum.1 + waiting.payload.bytes());
                }
            }
        }
        sum
    }

    /// Takes the oldest item of the lowest priority, none of a higher one than this.
    fn drop_oldest(&mut self, priority: Priority) -> Option<Waiting> {
        (priority.line()..self.lines.len()).rev().find_map(|line| {
            let place = self.lines[line].iter().position(|waiting| waiting.payload.is_item())?;
            self.remove(line, place)
        })
    }

    fn remove(&mut self, line: usize, place: usize) -> Option<Waiting> {
        let waiting = self.lines[line].remove(place)?;
        give_back(&mut self.lines[line]);
        self.forget(&waiting);
        Some(waiting)
    }

    fn end_those(&mut self, ends: impl Fn(&Waiting) -> bool, end: &End, events: &mut Events) {
        let mut ended = Vec::new();
        for line in self.lines.iter_mut().chain([&mut self.rejects]) {
            let all = core::mem::take(line);
            let (gone, kept): (VecDeque<_>, VecDeque<_>) =
                all.into_iter().partition(|waiting| ends(waiting));
            *line = kept;
            ended.extend(gone);
        }
        for waiting in ended {
            self.forget(&waiting);
            events.end(waiting.command, end.clone());
        }
    }

    /// Counts something that has left no more.
    fn forget(&mut self, waiting: &Waiting) {
        if waiting.payload.is_item() {
            self.items -= 1;
            self.bytes -= waiting.payload.bytes();
        }
        if self.is_empty() {
            self.soonest = None;
        }
    }
}

/// Gives the memory of a line back that a burst has left.
fn give_back(line: &mut VecDeque<Waiting>) {
    if line.is_empty() && line.capacity() > 16 {
        *line = VecDeque::new();
    }
}
