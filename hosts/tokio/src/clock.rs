//! The clocks and the entropy that this host passes to the engine.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pamlink::seed::Seed;
use pamlink::time::{Deadline, Mono, Now, Wall};
use tokio::time::Instant;

/// Reads both clocks for the engine.
///
/// On Linux the monotonic one is `CLOCK_BOOTTIME`, and on Apple systems `CLOCK_MONOTONIC`: both
/// count sleep. Elsewhere it is what [`std::time::Instant`] reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    #[cfg(not(unix))]
    origin: std::time::Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(not(unix))]
            origin: std::time::Instant::now(),
        }
    }

    /// Both clocks, now.
    pub(crate) fn now(self) -> Now {
        Now::new(self.mono(), wall())
    }

    /// When a deadline comes, on tokio's clock. After a sleep of the machine it is late by the
    /// sleep: a program on a phone calls `wake`.
    pub(crate) fn instant(self, deadline: Deadline) -> Instant {
        Instant::now() + deadline.at.saturating_since(self.mono())
    }

    #[cfg(unix)]
    fn mono(self) -> Mono {
        use rustix::time::{ClockId, clock_gettime};
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let time = clock_gettime(ClockId::Boottime);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let time = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        let nanos = u64::try_from(time.tv_nsec).unwrap_or(0);
        Mono::from_nanos(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
    }

    #[cfg(not(unix))]
    fn mono(self) -> Mono {
        Mono::ZERO + self.origin.elapsed()
    }
}

fn wall() -> Wall {
    let since = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Wall::from_unix_micros(match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => since(after),
        Err(before) => -since(before.duration()),
    })
}

/// A seed of 32 bytes from the operating system.
pub(crate) fn seed() -> Seed {
    Seed::new(entropy())
}

/// 32 bytes from the operating system.
///
/// # Panics
///
/// If the operating system has no entropy to give: nothing safe can be done without.
pub(crate) fn entropy() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives entropy");
    bytes
}
