//! Where a thread runs, and how long.

use std::time::Duration;

/// Keeps the calling thread, and threads that it starts, on one core. Returns whether it is so;
/// where the system has no such thing the figures are noisier, nothing else.
pub fn pin(core: usize) -> bool {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        set.set(core % cores());
        rustix::thread::sched_setaffinity(None, &set).is_ok()
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = core;
        false
    }
}

/// How many cores there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get())
}

/// Measures the time that the calling thread computes.
///
/// The time of others on the same core is not in it where the system can tell (on Linux); it is
/// elsewhere. Reading it takes a few hundred nanoseconds, so it is for batches.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch {
    #[cfg(target_os = "linux")]
    start: Duration,
    #[cfg(not(target_os = "linux"))]
    start: std::time::Instant,
}

impl Stopwatch {
    /// Begins to measure.
    #[must_use]
    pub fn start() -> Self {
        #[cfg(target_os = "linux")]
        let start = thread_time();
        #[cfg(not(target_os = "linux"))]
        let start = std::time::Instant::now();
        Self { start }
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        #[cfg(target_os = "linux")]
        let elapsed = thread_time() - self.start;
        #[cfg(not(target_os = "linux"))]
        let elapsed = self.start.elapsed();
        elapsed
    }
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
