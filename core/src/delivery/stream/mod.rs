//! A server's streams: answers that grow while their readers come and go, and outlive both their
//! producers and their readers.
//!
//! [`Streams`] holds who produces and who reads; what outlives them lies in a log behind a small
//! interface of values: [`Streams::poll_log`] says what is asked of it, and
//! [`Streams::handle_log`] takes its answers. [`MemoryLog`] is the log of a single server:
//!
//! ```
//! use core::time::Duration;
//!
//! use pamlink::delivery::stream::{
//!     End, Event, LogConfig, MemoryLog, ReaderId, StreamKey, Streams, StreamsConfig,
//! };
//! use pamlink::envelope::v1::{Epoch, How, Message, Name, Position};
//! use pamlink::time::{Mono, Now, Wall};
//!
//! let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_772_337_906));
//! let mut log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(1));
//! let mut streams = Streams::new(StreamsConfig::default(), log.epoch());
//!
//! // An item of a session asks for a stream, and is its first reader.
//! let (key, reader) = (StreamKey::new("ann", &Name::new("q-1").unwrap()), ReaderId::from_number(1));
//! let item = Position::new(Epoch::from_bits(2), 1);
//! streams.begin(now, &key, None, item, Some(reader))?;
//! streams.settle(now, &mut log);
//! assert!(matches!(streams.poll_event(), Some(Event::Begun { .. })));
//!
//! // Whoever answers claims it, appends and ends it.
//! streams.claim(now, &key)?;
//! streams.settle(now, &mut log);
//! let Some(Event::Claimed { generation, .. }) = streams.poll_event() else { panic!() };
//! streams.append(now, &key, generation, "40 liters")?;
//! streams.finish(now, &key, generation, End::new(How::Done))?;
//! streams.settle(now, &mut log);
//!
//! // The reader is sent what there is.
//! assert_eq!(streams.poll_ready(), Some(reader));
//! let Some(Message::Piece(piece)) = streams.poll_message(now, reader) else { panic!() };
//! assert_eq!((piece.offset, piece.append.as_str()), (0, "40 liters"));
//! assert!(matches!(streams.poll_message(now, reader), Some(Message::End(_))));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Bounds
//!
//! [`StreamsConfig`] and [`LogConfig`] have them; [`Streams::ceiling`] and [`MemoryLog::ceiling`]
//! say what memory follows from them.
//!
//! # Where it is specified
//!
//! Sections 7 and 8 of `docs/protocol-v1.md`; what a log has to answer,
//! `tests/conformance/vectors/log.json`.

mod audience;
mod cancels;
mod coalescing;
mod config;
mod counters;
mod credit;
mod ending;
mod entry;
mod error;
mod event;
mod interface;
mod journal;
mod kept;
mod keyed;
mod memory;
mod outputs;
mod placing;
mod producer;
mod readers;
mod saying;
mod stored;
mod streams;
mod table;
mod tail;
#[cfg(test)]
mod tests;
mod turns;
mod writer;

pub use self::config::{LogConfig, StreamsConfig};
pub(crate) use self::counters::Counters;
pub use self::error::{BeginError, ClaimError};
pub use self::event::{CancelId, Cancelled, Event, Fence};
pub use self::interface::{
    Answer, Base, End, Ended, Generation, LogAnswer, LogRequest, Read, Record, Refusal, Request,
    State, Status, StreamKey,
};
pub use self::journal::EntryError;
pub use self::memory::MemoryLog;
pub use self::producer::ProducerError;
pub use self::readers::ReaderId;
pub use self::stored::{Change, StoredLog};
pub use self::streams::{CancelScope, Streams};
pub(super) use self::turns::Taken;
