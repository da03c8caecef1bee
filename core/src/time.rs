//! The two clocks that a host passes in, and the deadlines that it is given.
//!
//! The engine reads no clock. Every input carries a [`Now`]: a monotonic reading that *counts
//! sleep* (`elapsedRealtime` on Android, the continuous clock on Apple systems, `CLOCK_BOOTTIME`
//! on Linux clients, `CLOCK_MONOTONIC` on servers) for every interval and deadline, and the wall
//! clock for what the outside world dates: tokens and timestamps.
//!
//! ```
//! use std::time::{Duration, Instant, SystemTime};
//!
//! use pamlink::time::{Deadline, Mono, Now, TimerReason, Wall};
//!
//! let origin = Instant::now(); // Stops while a phone sleeps: there another clock is needed.
//! let wall = SystemTime::UNIX_EPOCH.elapsed()?;
//! let now = Now::new(Mono::ZERO + origin.elapsed(), Wall::EPOCH + wall);
//!
//! // What a machine answers to `poll_timeout`, and how long a host then sleeps.
//! let due = Deadline::new(now.mono + Duration::from_secs(20), TimerReason::Heartbeat);
//! assert_eq!(due.at.saturating_since(now.mono), Duration::from_secs(20));
//! # Ok::<(), std::time::SystemTimeError>(())
//! ```
//!
//! # Bounds
//!
//! Both clocks saturate and never wrap: [`Mono`] 584 years after its origin, [`Wall`] 292,000 years
//! from 1970. A monotonic reading that is earlier than one before counts as that one; the wall
//! clock may be set in either direction.
//!
//! # Where it is specified
//!
//! The times of the protocol are in the sections that use them, a timestamp on the wire in P-3.6
//! and P-3.7 of `docs/protocol.md`.

use core::fmt;
use core::ops::Add;
use core::time::Duration;

/// Both clocks, read together by the host at the moment of an input.
///
/// Closed: a host has these two clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Now {
    /// The monotonic clock that counts sleep.
    pub mono: Mono,
    /// The wall clock.
    pub wall: Wall,
}

impl Now {
    /// Both clocks as the host read them.
    pub const fn new(mono: Mono, wall: Wall) -> Self {
        Self { mono, wall }
    }

    /// Takes a later reading over. The monotonic clock never goes back.
    pub(crate) fn advance(&mut self, now: Self) {
        *self = Self::new(self.mono.max(now.mono), now.wall);
    }
}

/// A reading of the monotonic clock: nanoseconds since an origin that the host chooses.
///
/// Only differences mean anything. Arithmetic saturates: a reading never wraps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(u64);

impl Mono {
    /// The origin.
    pub const ZERO: Self = Self(0);

    /// The last reading there is, 584 years after the origin, where arithmetic saturates. A
    /// deadline there never comes.
    pub const END: Self = Self(u64::MAX);

    /// A reading of `nanos` nanoseconds after the origin.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A reading of `millis` milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the origin.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this reading; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

/// A point on the wall clock: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(i64);

impl Wall {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// `micros` microseconds after the epoch.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// `millis` milliseconds after the epoch; saturates.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// `secs` seconds after the epoch; saturates.
    pub const fn from_unix_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    pub const fn as_unix_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_unix_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time from `earlier` to this point; zero if `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        if micros <= 0 { Duration::ZERO } else { Duration::from_micros(micros.unsigned_abs()) }
    }
}

impl Add<Duration> for Wall {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

/// The whole part of a number. What is out of range becomes the nearest within, and what is no
/// number 0.
#[expect(clippy::cast_possible_truncation, reason = "of floats it saturates")]
pub(crate) const fn whole(number: f64) -> i64 {
    number as i64
}

/// A span in seconds, rounded up to the millisecond. By whole numbers: to write a float takes ten
/// kilobytes of code.
pub(crate) fn seconds(span: Duration) -> String {
    let millis = span.as_nanos().div_ceil(1_000_000);
    let mut text = (millis / 1_000).to_string();
    if !millis.is_multiple_of(1_000) {
        let fraction = format!(".{:03}", millis % 1_000);
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// When a machine wants to be woken, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Deadline {
    /// Call `handle_timeout` at this reading or as soon after it as possible.
    pub at: Mono,
    /// The reason, for logs and tests.
    pub reason: TimerReason,
}

impl Deadline {
    /// A deadline at `at` for `reason`.
    pub const fn new(at: Mono, reason: TimerReason) -> Self {
        Self { at, reason }
    }

    /// The earlier of two deadlines, where either may be absent.
    pub fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}

/// Why a deadline exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TimerReason {
    /// What was received is to be acknowledged.
    Acknowledgement,
    /// The wait before the next attempt to connect, or to open a session again, is over.
    Backoff,
    /// The peer has had its time to finish the close handshake.
    CloseHandshake,
    /// The transport has had its time to connect.
    Dial,
    /// A link is to be closed or changed at this moment: its hub drains or has told it to move, or
    /// at a client it is old enough.
    Drain,
    /// The peer has had its time to finish the opening handshake or to be welcomed.
    Handshake,
    /// The interval of the keepalive is over: time to send a ping.
    Heartbeat,
    /// The peer has sent nothing for as long as a live one may be silent.
    Liveness,
    /// The log behind streams was unavailable, and may be asked again.
    LogRetry,
    /// A producer of a stream, or whoever was to begin it, has not been heard of.
    ProducerLease,
    /// A link has been open long enough to reset the backoff, or for its sessions to be carried
    /// together again.
    Proven,
    /// Something has waited for its number as long as it may.
    QueueExpiry,
    /// A reader of a stream has not been heard of.
    ReaderLease,
    /// A request has waited as long as it may: at a client for its answer, in a hub for the host's
    /// reply.
    RequestExpiry,
    /// A session has been without a link for as long as it is kept.
    SessionExpiry,
    /// A stream that has ended has been kept long enough.
    StreamKept,
    /// What was received of a stream is to be confirmed.
    StreamRead,
    /// Text of a stream has waited long enough for more.
    StreamText,
    /// The token wants renewal ahead of its expiry.
    TokenRenewal,
    /// The token of a link has expired.
    TokenExpiry,
}

impl fmt::Display for TimerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Backoff => "backoff",
            Self::CloseHandshake => "close handshake",
            Self::Dial => "dial",
            Self::Drain => "drain",
            Self::Handshake => "handshake",
            Self::Heartbeat => "heartbeat",
            Self::Liveness => "liveness",
            Self::LogRetry => "log retry",
            Self::ProducerLease => "producer lease",
            Self::Proven => "proven",
            Self::QueueExpiry => "queue expiry",
            Self::ReaderLease => "reader lease",
            Self::RequestExpiry => "request expiry",
            Self::SessionExpiry => "session expiry",
            Self::StreamKept => "stream kept",
            Self::StreamRead => "stream read",
            Self::StreamText => "stream text",
            Self::TokenRenewal => "token renewal",
            Self::TokenExpiry => "token expiry",
        })
    }
}
