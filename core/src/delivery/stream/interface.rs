//! The small interface behind which what outlives a link lies: what a log is asked, and what it
//! answers, as values.
//!
//! A log is whatever answers these requests as `tests/conformance/vectors/log.json` says: the
//! [`MemoryLog`](super::MemoryLog) here, or a database that a host reaches. The engine decides
//! everything else; a log compares numbers, keeps records, and does each request as a whole or not at
//! all.
//!
//! Every request is answered once, whenever and in whatever order. A host that hears nothing from its
//! log in time answers [`Answer::Unavailable`]: then it may have been done or not, and the
//! engine asks anew. Each request is made so that doing it twice does it once.

use core::time::Duration;
use std::sync::Arc;

use crate::envelope::v1::{Code, Epoch, How, Name, Position};

/// Which stream: its owner, which is the user who asks for it, and the name that it was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct StreamKey {
    /// Whose it is.
    pub owner: Arc<str>,
    /// Its name among those of the owner (V-7.1).
    pub name: Arc<str>,
}

impl StreamKey {
    /// The stream `name` of `owner`.
    pub fn new(owner: impl Into<Arc<str>>, name: &Name<'_>) -> Self {
        Self { owner: owner.into(), name: name.as_str().into() }
    }

    /// How many bytes its names take, each with the two counts of who has it.
    pub(super) fn size(&self) -> usize {
        self.owner.len() + self.name.len() + 4 * size_of::<usize>()
    }
}

/// Which producer of a stream, counted from 1 (V-7.5). 0 is whoever is to begin it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// Whoever is to begin the stream: it has been asked for, and nobody has claimed it.
    pub const NONE: Self = Self(0);

    /// The generation of this number.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The one after it.
    pub(super) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogRequest {
    /// What its answer is known by; no two requests of one [`Streams`](super::Streams) have the same.
    pub id: u64,
    /// Which stream it is about.
    pub key: StreamKey,
    /// What is asked.
    pub request: Request,
}

impl LogRequest {
    /// A request.
    pub const fn new(id: u64, key: StreamKey, request: Request) -> Self {
        Self { id, key, request }
    }
}

/// What a log is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Claims the effect of an item, which begins the stream that it names: once for all who ask.
    /// [`Answer::Begun`]; refused with `Exists` or `Full`.
    ClaimEffect {
        /// The item's position: the same item claims the same effect.
        of: Position,
        /// How long the stream waits for its first producer.
        lease: Duration,
    },
    /// Claims the stream for a new producer, and fences the one before it. [`Answer::Claimed`];
    /// refused with `Ended` or `Unknown`.
    ClaimProducer {
        /// How long its lease is.
        lease: Duration,
    },
    /// Renews a producer's lease. [`Answer::Renewed`]; refused with `Fenced`, `Ended`, `Unknown`.
    Renew {
        /// Whose lease.
        generation: Generation,
        /// How long it is from now on.
        lease: Duration,
    },
    /// Appends text as one record. At an `offset` before the end of the stream's text it is a
    /// restart: what stands from there on is void. [`Answer::Appended`]; refused with `Fenced`,
    /// `Ended`, `Unknown`, `Misplaced`.
    Append {
        /// Who appends.
        generation: Generation,
        /// Which of this producer's records, from 0. One below the next has been appended before:
        /// nothing happens, and the answer says where the stream stands.
        sequence: u64,
        /// Where in the stream's text it belongs.
        offset: u64,
        /// 1 byte to 16 KiB, in whole characters.
        text: Arc<str>,
    },
    /// Reads records. [`Answer::Read`]; refused with `Unknown`.
    ReadAfter {
        /// Those with a number beyond this.
        sequence: u64,
        /// As many as this many bytes of text hold, and one at least.
        most: usize,
    },
    /// Ends the stream. [`Answer::Finished`]; refused with `Fenced`, `Ended`, `Unknown`.
    Finish {
        /// Who ends it, unless another has claimed it; nothing for whoever may end it in any case.
        by: Option<Generation>,
        /// How.
        end: Arc<End>,
    },
    /// Asks where a stream stands. [`Answer::Status`]; refused with `Unknown`.
    Status,
    /// Forgets a stream, whatever it is in. [`Answer::Discarded`]; refused with `Unknown`.
    Discard,
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogAnswer {
    /// That of the request.
    pub id: u64,
    /// The log's epoch: another one says that everything before it is lost.
    pub epoch: Epoch,
    /// What it says.
    pub answer: Answer,
}

impl LogAnswer {
    /// An answer.
    pub const fn new(id: u64, epoch: Epoch, answer: Answer) -> Self {
        Self { id, epoch, answer }
    }
}

/// What a log answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// The stream has begun.
    Begun {
        /// Not if the same item had claimed it before.
        first: bool,
    },
    /// The stream has a new producer.
    Claimed {
        /// Its generation.
        generation: Generation,
        /// How long the stream's text is.
        offset: u64,
    },
    /// The lease is renewed.
    Renewed,
    /// The record is in the log.
    Appended {
        /// The number of the stream's last record, which is this one.
        sequence: u64,
        /// How long the stream's text is with it.
        offset: u64,
    },
    /// The records.
    Read(Read),
    /// The stream has ended.
    Finished(Ended),
    /// Where the stream stands.
    Status(Status),
    /// The stream is forgotten.
    Discarded,
    /// It was not done, for a reason that stays.
    Refused(Refusal),
    /// It may have been done or not.
    Unavailable,
}

/// Why a log does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Another item has claimed the name.
    Exists,
    /// There are as many streams as there may be, and none of them has ended.
    Full,
    /// Another producer has claimed the stream.
    Fenced {
        /// Its generation.
        generation: Generation,
    },
    /// The stream has ended.
    Ended(Ended),
    /// The text does not belong there: beyond the end of the stream's text, inside a character, or
    /// where, but for the very beginning, the text is given up; or the record is not the producer's
    /// next.
    Misplaced {
        /// How long the stream's text is.
        offset: u64,
    },
    /// There is no such stream, or none any more.
    Unknown,
}

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The number of its last record, of which the end is one; 0 before the first.
    pub sequence: u64,
    /// How long its text is, in bytes.
    pub offset: u64,
    /// What it is in.
    pub state: State,
}

impl Status {
    /// Where it stands.
    pub const fn new(sequence: u64, offset: u64, state: State) -> Self {
        Self { sequence, offset, state }
    }
}

/// What a stream is in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It has been asked for, and nobody has claimed it.
    Pending {
        /// How long it still waits for who does; zero if it should have ended.
        lease: Duration,
    },
    /// It has a producer.
    Running {
        /// The newest.
        generation: Generation,
        /// How long its lease still is; zero if the stream should have ended.
        lease: Duration,
    },
    /// It has ended.
    Ended(Arc<End>),
}

/// Records of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// Where the stream stands.
    pub status: Status,
    /// What of it is given up.
    pub base: Base,
    /// Records in their order. The end of a stream is none of them: it is in `status`.
    pub records: Vec<Record>,
}

impl Read {
    /// What was read.
    pub const fn new(status: Status, base: Base, records: Vec<Record>) -> Self {
        Self { status, base, records }
    }
}

/// What of a stream's beginning a log has given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Base {
    /// The records up to this number are.
    pub sequence: u64,
    /// The text that is kept begins here.
    pub offset: u64,
    /// Of the restarts that are given up, the last one's number and the lowest offset.
    pub restart: Option<(u64, u64)>,
}

impl Base {
    /// What is given up.
    pub const fn new(sequence: u64, offset: u64, restart: Option<(u64, u64)>) -> Self {
        Self { sequence, offset, restart }
    }
}

/// Text in a log: what was appended at once, or several such joined.
///
/// A log may join what was appended to what stands before it, up to 4 KiB, but nothing to a restart;
/// what a restart has made void it need not give, either.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// Its number, or that of the last that is joined in it.
    pub sequence: u64,
    /// Where in the stream's text it begins.
    pub offset: u64,
    /// The text.
    pub text: Arc<str>,
    /// Whether what stood from `offset` on before it is void.
    pub restart: bool,
}

impl Record {
    /// A record.
    pub const fn new(sequence: u64, offset: u64, text: Arc<str>, restart: bool) -> Self {
        Self { sequence, offset, text, restart }
    }

    /// Where the text after it begins.
    pub(super) fn end(&self) -> u64 {
        self.offset + bytes(self.text.len())
    }
}

/// How a stream ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct End {
    /// How (V-7.3).
    pub how: How<'static>,
    /// Of one that failed: why, for programs.
    pub code: Option<Code<'static>>,
    /// What else its producer says, JSON.
    pub body: Option<Box<str>>,
}

impl End {
    /// An end without code and body.
    pub const fn new(how: How<'static>) -> Self {
        Self { how, code: None, body: None }
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let code = self.code.as_ref().map_or(0, |code| code.len());
        size_of::<Self>() + self.body.as_ref().map_or(0, |body| body.len()) + code
    }
}

/// The end of a stream as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ended {
    /// The number of the end.
    pub sequence: u64,
    /// How long the stream's text is.
    pub offset: u64,
    /// How.
    pub end: Arc<End>,
}

impl Ended {
    /// An end in its place.
    pub const fn new(sequence: u64, offset: u64, end: Arc<End>) -> Self {
        Self { sequence, offset, end }
    }
}

/// A size as an offset counts.
pub(super) const fn bytes(size: usize) -> u64 {
    size as u64
}
