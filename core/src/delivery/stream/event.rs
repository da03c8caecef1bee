//! What streams say to their host.

use std::sync::Arc;

use super::interface::{Ended, Generation, StreamKey};
use super::readers::ReaderId;
use crate::envelope::v1::{CancelOutcome, Code, How, Name, Position, StreamResult};

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A stream has begun, as an item asked: its work is to start.
    Begun {
        /// Which.
        key: StreamKey,
        /// The item.
        of: Position,
    },
    /// The same item had begun the stream before: its work has been started, and is not to be.
    Repeated {
        /// Which.
        key: StreamKey,
        /// The item.
        of: Position,
    },
    /// A stream does not begin: the item that asks for it is to be rejected.
    NotBegun {
        /// Which.
        key: StreamKey,
        /// The item.
        of: Position,
        /// The code of the rejection: `stream_exists`, `too_many_streams`, or `unavailable`.
        code: Code<'static>,
    },
    /// A stream has a new producer.
    Claimed {
        /// Which.
        key: StreamKey,
        /// What it appends as.
        generation: Generation,
        /// How long the stream's text is: there its text goes on, unless it restarts from earlier.
        offset: u64,
    },
    /// A stream has no new producer.
    NotClaimed {
        /// Which.
        key: StreamKey,
        /// How it has ended; nothing if there is none.
        ended: Option<Ended>,
    },
    /// A producer of a stream is none any more: its work is to stop.
    Fenced {
        /// Which.
        key: StreamKey,
        /// As what it appended.
        generation: Generation,
        /// Why.
        why: Fence,
    },
    /// There is room again for text of a producer that was told there is none.
    Room {
        /// Which.
        key: StreamKey,
        /// The producer's.
        generation: Generation,
    },
    /// A stream has ended.
    Ended {
        /// Which.
        key: StreamKey,
        /// How.
        ended: Ended,
    },
    /// A cancel has its outcome.
    Cancelled {
        /// Which.
        cancel: CancelId,
        /// For each stream that was running, or for the one that was named.
        results: Vec<Cancelled>,
    },
    /// Nothing was heard of a reader for as long as it may be silent: it is none any more.
    ReaderLapsed {
        /// Of which stream.
        key: StreamKey,
        /// Who.
        reader: ReaderId,
    },
    /// The log has lost a stream that is not over here.
    Lost {
        /// Which.
        key: StreamKey,
    },
    /// The log was unavailable for a stream; it is asked again.
    Unavailable {
        /// Which.
        key: StreamKey,
    },
}

/// Why a producer is none any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fence {
    /// Another has claimed the stream.
    Claimed {
        /// As what.
        by: Generation,
    },
    /// The stream has ended, or is about to.
    Ended(How<'static>),
    /// The log has no place for its text: it restarted inside a character.
    Misplaced,
    /// The log has lost the stream.
    Lost,
}

/// Which cancel, by the order in which they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CancelId(pub(super) u64);

/// What a cancel has come to for one stream (V-8.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cancelled {
    /// The stream's name.
    pub stream: Arc<str>,
    /// What has become of it.
    pub outcome: CancelOutcome<'static>,
    /// How long its text is, where it has ended.
    pub offset: Option<u64>,
    /// How it had ended before.
    pub how: Option<How<'static>>,
    /// Why it goes on.
    pub code: Option<Code<'static>>,
}

impl Cancelled {
    /// As it stands in a `cancel_result`; nothing if the name is none of the dialect.
    pub fn to_result(&self) -> Option<StreamResult<'_>> {
        Some(StreamResult {
            stream: Name::new(&*self.stream)?,
            outcome: self.outcome.clone(),
            offset: self.offset,
            how: self.how.clone(),
            code: self.code.clone(),
        })
    }

    /// It ended by this cancel.
    pub(super) fn done(key: &StreamKey, ended: &Ended) -> Self {
        let offset = Some(ended.offset);
        Self { offset, ..Self::of(key, CancelOutcome::Cancelled) }
    }

    /// It had ended before.
    pub(super) fn late(key: &StreamKey, ended: &Ended) -> Self {
        let (offset, how) = (Some(ended.offset), Some(ended.end.how.clone()));
        Self { offset, how, ..Self::of(key, CancelOutcome::Ended) }
    }

    /// There is none.
    pub(super) fn unknown(key: &StreamKey) -> Self {
        Self::of(key, CancelOutcome::NoStream)
    }

    /// It goes on.
    pub(super) fn refused(key: &StreamKey, code: Code<'static>) -> Self {
        Self { code: Some(code), ..Self::of(key, CancelOutcome::Refused) }
    }

    fn of(key: &StreamKey, outcome: CancelOutcome<'static>) -> Self {
        Self { stream: Arc::clone(&key.name), outcome, offset: None, how: None, code: None }
    }
}
