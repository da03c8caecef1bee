//! A log whose streams are stored: what a server needs whose answers outlive its process.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::config::LogConfig;
use super::interface::{Answer, LogAnswer, LogRequest, Request, StreamKey};
use super::journal::{self, Entry, EntryError};
use super::memory::MemoryLog;
use crate::envelope::v1::Epoch;
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// A log that answers from memory, as a [`MemoryLog`] does, and says what its host has to store
/// before it gives the answer.
///
/// What is stored are entries: bytes of a stream, in their order. A host that has them goes on where
/// another process has ended: it makes a log, [restores](Self::restore) each entry in the order in
/// which they were stored, those of all streams together, and does the [changes](Self::poll_change)
/// that follow from that. Where a change cannot be stored, the log in memory knows more than was
/// stored: then it is given up, what was asked is [`Answer::Unavailable`], and another is restored.
///
/// Whoever calls [`handle_timeout`](Self::handle_timeout) at its [time](Self::poll_timeout) keeps
/// nothing for ever: also what an earlier process has begun, and nobody ends, is forgotten.
///
/// For each request: [`handle_request`](Self::handle_request), then
/// [`poll_change`](Self::poll_change) until there is none, then the answer. Several requests may
/// share one such round.
///
/// Times go on by the wall clock while no process runs, and by the monotonic clock while one does. A
/// wall clock that was set back meanwhile makes no lease longer than it was.
///
/// # Bounds
///
/// Those of a [`MemoryLog`]. The entries of a stream have no more than three times the bytes that the
/// stream has in memory, and 64 KiB.
pub struct StoredLog {
    memory: MemoryLog,
    /// When this log was made: both clocks.
    made: Now,
    /// The moment of the last entry that was restored.
    last: Mono,
    changes: VecDeque<Change>,
    /// The bytes of the entries of each stream, since all of it was one.
    behind: BTreeMap<StreamKey, usize>,
    /// The streams that another process has begun and not ended, each with a time before which it is
    /// not forgotten.
    left: BTreeSet<(Mono, StreamKey)>,
}

/// What a host has to store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// An entry comes behind all that are stored.
    Add {
        /// Of which stream.
        key: StreamKey,
        /// The entry.
        entry: Vec<u8>,
    },
    /// An entry comes behind all that are stored, and those of the same stream before it are
    /// deleted.
    Replace {
        /// Of which stream.
        key: StreamKey,
        /// The entry.
        entry: Vec<u8>,
    },
    /// The entries of a stream are deleted.
    Remove {
        /// Of which stream.
        key: StreamKey,
    },
}

impl StoredLog {
    /// What the log's clock stands at when it is made, so that there is room for what was before.
    const MADE: Mono = Mono::from_nanos(1 << 62);
    /// The bytes of entries that a stream may have in any case.
    const BEHIND: usize = 32 * 1024;

    /// A log without streams, of an epoch: that of the entries that are restored, or for the first
    /// one that is of no log before it.
    pub fn new(config: LogConfig, epoch: Epoch, now: Now) -> Self {
        let mut memory = MemoryLog::new(config, epoch);
        memory.say_what_is_forgotten();
        let (changes, behind) = (VecDeque::new(), BTreeMap::new());
        Self { memory, made: now, last: Mono::ZERO, changes, behind, left: BTreeSet::new() }
    }

    /// Takes the next entry that is stored, which is of this stream. What the log does not keep any
    /// more is [removed](Change::Remove).
    ///
    /// # Errors
    ///
    /// The entry cannot be taken. One that is [damaged](EntryError::Damaged) or
    /// [misplaced](EntryError::Misplaced) takes its stream with it, which is unknown from here on and
    /// is removed; the others are as they were. One of a [later version](EntryError::Version) says
    /// that the whole log is better left as it is.
    pub fn restore(&mut self, key: &StreamKey, entry: &[u8]) -> Result<(), EntryError> {
        let (made, last) = (self.made, self.last);
        let read = journal::read(entry, |wall| moment(made, wall).max(last));
        let taken = read.and_then(|(now, read)| {
            self.last = now;
            // Each stream has one of those before all else of it.
            let begins =
                matches!(read, Entry::Whole(_) | Entry::Request(Request::ClaimEffect { .. }));
            let taken = match read {
                Entry::Whole(kept) => {
                    self.behind.insert(key.clone(), 0);
                    if !self.memory.put(key, kept) {
                        self.remove(key);
                    }
                    Ok(())
                }
                Entry::Request(request) => {
                    let now = Now::new(now, Wall::EPOCH);
                    let answer = self.memory.answer(now, key, &mut None, &request);
                    *self.behind.entry(key.clone()).or_default() += entry.len();
                    if changes(&answer) { Ok(()) } else { Err(EntryError::Misplaced) }
                }
            };
            let lapse = self.memory.lapse(key).filter(|_| begins);
            self.left.extend(lapse.map(|lapse| (lapse, key.clone())));
            taken
        });
        self.note_forgotten();
        if let Err(EntryError::Damaged | EntryError::Misplaced) = taken {
            self.remove(key);
        }
        taken
    }

    /// Does what is asked. The answer counts once the [changes](Self::poll_change) are stored.
    pub fn handle_request(&mut self, now: Now, request: &LogRequest) -> LogAnswer {
        let at = Now::new(self.moment(now), now.wall);
        let LogRequest { id, key, request } = request;
        let answer = self.memory.answer(at, key, &mut None, request);
        self.note_forgotten();
        if changes(&answer)
            && let Some(entry) = journal::of_request(request, now.wall)
        {
            self.store(key, entry, at);
        }
        LogAnswer::new(*id, self.memory.epoch(), answer)
    }

    /// Forgets the streams that have ended long enough ago, and those of an earlier process that
    /// nobody has ended: when they would be forgotten, had they ended with their lease.
    pub fn handle_timeout(&mut self, now: Now) {
        let at = self.moment(now);
        self.memory.handle_timeout(Now::new(at, now.wall));
        self.note_forgotten();
        while let Some((lapse, key)) = self.left.pop_first() {
            if lapse > at {
                self.left.insert((lapse, key));
                break;
            }
            match self.memory.lapse(&key) {
                Some(later) if later > at => drop(self.left.insert((later, key))),
                Some(_) => self.discard(at, &key),
                // It has ended, or is forgotten already.
                None => {}
            }
        }
    }

    /// What is to be stored next.
    pub fn poll_change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// When the next stream is forgotten.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let left = self.left.first();
        let left = left.map(|(lapse, _)| Deadline::new(*lapse, TimerReason::StreamKept));
        let due = Deadline::earlier(self.memory.poll_timeout(), left)?;
        let after = due.at.saturating_since(Self::MADE);
        Some(Deadline::new(self.made.mono + after, due.reason))
    }

    /// The epoch of its numbers.
    pub const fn epoch(&self) -> Epoch {
        self.memory.epoch()
    }

    /// How many streams it keeps.
    pub fn streams(&self) -> usize {
        self.memory.streams()
    }

    fn store(&mut self, key: &StreamKey, entry: Vec<u8>, now: Now) {
        let Some(kept) = self.memory.stream(key) else { return };
        let behind = self.behind.entry(key.clone()).or_default();
        *behind += entry.len();
        let key = key.clone();
        self.changes.push_back(if *behind > Self::BEHIND + kept.size {
            *behind = 0;
            Change::Replace { key, entry: journal::of_stream(kept, now.mono, now.wall) }
        } else {
            Change::Add { key, entry }
        });
    }

    /// Whatever was stored of the stream is deleted, and it is unknown.
    fn remove(&mut self, key: &StreamKey) {
        self.discard(self.last, key);
        // Nothing of it may be in memory.
        let removed = Change::Remove { key: key.clone() };
        if self.changes.back() != Some(&removed) {
            self.behind.remove(key);
            self.changes.push_back(removed);
        }
    }

    fn discard(&mut self, now: Mono, key: &StreamKey) {
        let now = Now::new(now, Wall::EPOCH);
        let _unknown = self.memory.answer(now, key, &mut None, &Request::Discard);
        self.note_forgotten();
    }

    fn note_forgotten(&mut self) {
        for key in self.memory.take_forgotten() {
            self.behind.remove(&key);
            self.changes.push_back(Change::Remove { key });
        }
    }

    fn moment(&self, now: Now) -> Mono {
        Self::MADE + now.mono.saturating_since(self.made.mono)
    }
}

impl fmt::Debug for StoredLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLog").field("memory", &self.memory).finish_non_exhaustive()
    }
}

/// When something was by the log's clock that was then by the wall clock, and before the log was
/// made.
fn moment(made: Now, then: Wall) -> Mono {
    let age = made.wall.saturating_since(then);
    let age = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
    Mono::from_nanos(StoredLog::MADE.as_nanos().saturating_sub(age))
}

/// Whether what was asked has changed the stream, and has left it there.
const fn changes(answer: &Answer) -> bool {
    match answer {
        Answer::Begun { first } => *first,
        Answer::Claimed { .. }
        | Answer::Renewed
        | Answer::Appended { .. }
        | Answer::Finished(_) => true,
        Answer::Read(_)
        | Answer::Status(_)
        | Answer::Discarded
        | Answer::Refused(_)
        | Answer::Unavailable => false,
    }
}
