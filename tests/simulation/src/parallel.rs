//! Worlds on several threads, which are looked at in the order of their numbers.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What has become of these worlds, up to the first that breaks a promise, in the order of their
/// numbers: the same for any number of threads.
pub(crate) fn in_order<T: Send>(
    threads: usize,
    worlds: Range<u64>,
    run: impl Fn(u64) -> T + Sync,
    breaks: impl Fn(&T) -> bool + Sync,
) -> Vec<(u64, T)> {
    let (next, last) = (AtomicU64::new(worlds.start), AtomicU64::new(worlds.end));
    let ended: Mutex<Vec<(u64, T)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let world = next.fetch_add(1, Ordering::Relaxed);
                    if world >= last.load(Ordering::Relaxed) {
                        return;
                    }
                    let of_world = run(world);
                    if breaks(&of_world) {
                        last.fetch_min(world + 1, Ordering::Relaxed);
                    }
                    ended.lock().unwrap_or_else(PoisonError::into_inner).push((world, of_world));
                }
            });
        }
    });
    let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.sort_unstable_by_key(|(world, _)| *world);
    ended
}
