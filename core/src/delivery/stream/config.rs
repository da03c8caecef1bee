//! The bounds of streams and of the log behind them, as sections 7 and 8 of the protocol have them.

use core::time::Duration;

use super::coalescing::Pace;
use crate::options::{self, OptionError, Place, Spec};

/// The bounds of [`Streams`](super::Streams).
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct StreamsConfig {
    /// Streams that have a producer or a reader here. Default 16,384.
    pub max_streams: u32,
    /// Readers of one stream. Default 16.
    pub stream_readers: u32,
    /// Streams that one reader follows. Default 64.
    pub reader_streams: u32,
    /// Bytes of text that a reader is sent beyond what it has confirmed (V-7.9). Default 64 KiB,
    /// which is also the most that a reader takes.
    pub reader_credit: usize,
    /// Bytes of a stream's newest text that are held for its readers; what a reader has not taken
    /// by then is read from the log again. Default 64 KiB.
    pub held_bytes: usize,
    /// How long text waits for more. Default 40 ms.
    pub flush_after: Duration,
    /// With how many bytes text waits no longer. Default 512.
    pub flush_bytes: usize,
    /// Bytes of text of a producer that the log has not taken yet. Default 64 KiB.
    pub producer_bytes: usize,
    /// The body of an end. Default 64 KiB.
    pub body_bytes: usize,
    /// How long a producer is taken for alive after its last sign. Default 30 s.
    pub producer_lease: Duration,
    /// How long a reader is one after its last sign. Default 60 s.
    pub reader_lease: Duration,
    /// How long a log that was unavailable is not asked again for a stream. Default 1 s.
    pub log_retry: Duration,
    /// Cancels of one owner that are kept ahead of their streams. Default 64.
    pub cancels: u32,
    /// How long they are kept. Default 60 s.
    pub cancel_keep: Duration,
}

impl StreamsConfig {
    /// Every option, each once.
    pub const OPTIONS: &'static [Spec<Self>] = STREAMS;

    /// Sets the option of this name, a number.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::OPTIONS.iter(), self, name, value)
    }

    /// What is out of its bounds taken as the nearest inside.
    pub(super) fn within_bounds(mut self) -> Self {
        STREAMS.iter().for_each(|option| option.clamp(&mut self));
        self
    }

    pub(super) const fn pace(&self) -> Pace {
        Pace { after: self.flush_after, bytes: self.flush_bytes }
    }
}

impl Default for StreamsConfig {
    fn default() -> Self {
        Self {
            max_streams: 16_384,
            stream_readers: 16,
            reader_streams: 64,
            reader_credit: 64 * 1024,
            held_bytes: 64 * 1024,
            flush_after: Duration::from_millis(40),
            flush_bytes: 512,
            producer_bytes: 64 * 1024,
            body_bytes: 64 * 1024,
            producer_lease: Duration::from_secs(30),
            reader_lease: Duration::from_secs(60),
            log_retry: Duration::from_secs(1),
            cancels: 64,
            cancel_keep: Duration::from_secs(60),
        }
    }
}

/// The bounds that a log keeps, whichever it is.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct LogConfig {
    /// Streams of all owners. Default 16,384.
    pub max_streams: u32,
    /// Streams of one owner. Default 64.
    pub owner_streams: u32,
    /// Bytes of one stream's text. Default 256 KiB.
    pub stream_bytes: usize,
    /// Bytes of all streams' texts and bodies, with what keeping them takes. Default 256 MiB. Beyond
    /// it the streams that have ended make room, the oldest first; where none is left, a text that
    /// grows keeps its newest record alone.
    pub total_bytes: usize,
    /// How long a stream is kept after its end. Default 120 s.
    pub keep: Duration,
}

impl LogConfig {
    /// Every option, each once.
    pub const OPTIONS: &'static [Spec<Self>] = LOG;

    /// Sets the option of this name, a number.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::OPTIONS.iter(), self, name, value)
    }

    /// What is out of its bounds taken as the nearest inside.
    pub(crate) fn within_bounds(mut self) -> Self {
        LOG.iter().for_each(|option| option.clamp(&mut self));
        self
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            max_streams: 16_384,
            owner_streams: 64,
            stream_bytes: 256 * 1024,
            total_bytes: 256 * 1024 * 1024,
            keep: Duration::from_secs(120),
        }
    }
}

/// The most bytes of text in one record, of which several may be joined in a `piece`: few enough
/// that a reader who confirms after 16 KiB always has credit for the next.
pub(super) const RECORD_BYTES: usize = 16 * 1024;

/// The most bytes of text in a `piece` (V-1.3).
pub(super) const PIECE_BYTES: usize = 64 * 1024;

type StreamsRow = Spec<StreamsConfig>;

const STREAMS: &[StreamsRow] = &[
    StreamsRow::number(
        "max_streams",
        "streams",
        1..=1_048_576,
        |it| Place::Count(&mut it.max_streams),
        "Streams that have a producer or a reader here.",
    )
    .in_file("streams.max_streams"),
    StreamsRow::number(
        "stream_readers",
        "readers",
        1..=256,
        |it| Place::Count(&mut it.stream_readers),
        "Readers of one stream.",
    )
    .in_file("streams.stream_readers"),
    StreamsRow::number(
        "reader_streams",
        "streams",
        1..=1_024,
        |it| Place::Count(&mut it.reader_streams),
        "Streams that one reader follows.",
    )
    .in_file("streams.reader_streams"),
    StreamsRow::number(
        "reader_credit",
        "bytes",
        32_768..=65_536,
        |it| Place::Size(&mut it.reader_credit),
        "Text that a reader is sent beyond what it has confirmed.",
    )
    .in_file("streams.reader_credit"),
    StreamsRow::number(
        "held_bytes",
        "bytes",
        0..=1_048_576,
        |it| Place::Size(&mut it.held_bytes),
        "Newest text of a stream that is held for its readers.",
    )
    .in_file("streams.held_bytes"),
    StreamsRow::number(
        "flush_after_ms",
        "ms",
        0..=1_000,
        |it| Place::Span(&mut it.flush_after),
        "How long text waits for more.",
    )
    .in_file("streams.flush_after_ms"),
    StreamsRow::number(
        "flush_bytes",
        "bytes",
        1..=16_384,
        |it| Place::Size(&mut it.flush_bytes),
        "With how many bytes text waits no longer.",
    )
    .in_file("streams.flush_bytes"),
    StreamsRow::number(
        "producer_bytes",
        "bytes",
        1_024..=1_048_576,
        |it| Place::Size(&mut it.producer_bytes),
        "Text of a producer that the log has not taken yet.",
    )
    .in_file("streams.producer_bytes"),
    StreamsRow::number(
        "body_bytes",
        "bytes",
        0..=1_048_576,
        |it| Place::Size(&mut it.body_bytes),
        "The body of an end.",
    )
    .in_file("streams.body_bytes"),
    StreamsRow::number(
        "producer_lease_ms",
        "ms",
        1_000..=3_600_000,
        |it| Place::Span(&mut it.producer_lease),
        "How long a producer is taken for alive after its last sign.",
    )
    .in_file("streams.producer_lease_ms"),
    StreamsRow::number(
        "reader_lease_ms",
        "ms",
        1_000..=3_600_000,
        |it| Place::Span(&mut it.reader_lease),
        "How long a reader is one after its last sign.",
    )
    .in_file("streams.reader_lease_ms"),
    StreamsRow::number(
        "log_retry_ms",
        "ms",
        10..=60_000,
        |it| Place::Span(&mut it.log_retry),
        "How long a log that was unavailable is not asked again for a stream.",
    )
    .in_file("streams.log_retry_ms"),
    StreamsRow::number(
        "cancels",
        "cancels",
        0..=1_024,
        |it| Place::Count(&mut it.cancels),
        "Cancels of one owner that are kept ahead of their streams.",
    )
    .in_file("streams.cancels"),
    StreamsRow::number(
        "cancel_keep_ms",
        "ms",
        0..=3_600_000,
        |it| Place::Span(&mut it.cancel_keep),
        "How long a cancel is kept ahead of its stream.",
    )
    .in_file("streams.cancel_keep_ms"),
];

type LogRow = Spec<LogConfig>;

const LOG: &[LogRow] = &[
    LogRow::number(
        "max_streams",
        "streams",
        1..=16_777_216,
        |it| Place::Count(&mut it.max_streams),
        "Streams of all owners in the log.",
    )
    .in_file("log.max_streams"),
    LogRow::number(
        "owner_streams",
        "streams",
        1..=64,
        |it| Place::Count(&mut it.owner_streams),
        "Streams of one owner in the log.",
    )
    .in_file("log.owner_streams"),
    LogRow::number(
        "stream_bytes",
        "bytes",
        16_384..=67_108_864,
        |it| Place::Size(&mut it.stream_bytes),
        "Text of one stream in the log.",
    )
    .in_file("log.stream_bytes"),
    LogRow::number(
        "total_bytes",
        "bytes",
        65_536..=1 << 31,
        |it| Place::Size(&mut it.total_bytes),
        "Texts and bodies of all streams in the log.",
    )
    .in_file("log.total_bytes"),
    LogRow::number(
        "keep_ms",
        "ms",
        0..=86_400_000,
        |it| Place::Span(&mut it.keep),
        "How long a stream is kept after its end.",
    )
    .in_file("log.keep_ms"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::tests::{out_of_reach, sound};

    #[test]
    fn the_options_are_sound_and_complete() {
        let streams: Vec<_> = StreamsConfig::OPTIONS.iter().collect();
        sound(&streams, &StreamsConfig::default());
        assert_eq!(out_of_reach(&streams, &StreamsConfig::default()), Vec::<String>::new());
        let log: Vec<_> = LogConfig::OPTIONS.iter().collect();
        sound(&log, &LogConfig::default());
        assert_eq!(out_of_reach(&log, &LogConfig::default()), Vec::<String>::new());
    }

    #[test]
    fn no_reader_is_sent_more_than_the_protocol_lets_it_refuse() {
        let config = StreamsConfig { reader_credit: usize::MAX, ..StreamsConfig::default() };
        assert_eq!(config.within_bounds().reader_credit, 64 * 1024);
    }
}
