//! Where a thread runs, and how long.

use std::sync::OnceLock;
use std::time::Duration;

/// Keeps the calling thread, and threads that it starts, on one core. Returns whether it is so;
/// where the system has no such thing the figures are noisier, nothing else.
pub fn pin(core: usize) -> bool {
    allow(|at| at == core)
}

/// Keeps the calling thread, and threads that it starts, off one core, if there is another.
pub fn pin_beside(core: usize) -> bool {
    allow(|at| at != core || cores() == 1)
}

#[cfg(target_os = "linux")]
fn allow(allowed: impl Fn(usize) -> bool) -> bool {
    let mut set = rustix::thread::CpuSet::new();
    (0..cores()).filter(|core| allowed(*core)).for_each(|core| set.set(core));
    rustix::thread::sched_setaffinity(None, &set).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn allow(_: impl Fn(usize) -> bool) -> bool {
    false
}

/// How many cores there were for this program when it was first asked.
pub fn cores() -> usize {
    // A thread that is pinned is told of one core only.
    static CORES: OnceLock<usize> = OnceLock::new();
    *CORES.get_or_init(|| std::thread::available_parallelism().map_or(1, |cores| cores.get()))
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
