//! A global allocator that counts while it is told to.
//!
//! This is the one place of the workspace with `unsafe`: whoever counts what everything else
//! allocates has to implement [`GlobalAlloc`], which is an unsafe trait. Each method hands its
//! arguments on unchanged to [`System`], whose contract is the same.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

/// The system's allocator, counted. Make it the `#[global_allocator]` of a bench.
///
/// Off, it costs one predictable branch, so that timings are not bent by who allocates more.
#[derive(Debug)]
pub struct Counting;

static ON: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// What happened while counting was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Blocks that were asked for, growing and shrinking included.
    pub allocations: u64,
    /// Bytes asked for less bytes given back, as asked: an allocator's own rounding is not in it.
    pub live: i64,
}

/// Runs `work` and counts what all threads allocate meanwhile. Not to be nested.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Counted) {
    let before = now();
    ON.store(true, Relaxed);
    let value = work();
    ON.store(false, Relaxed);
    let after = now();
    let allocations = after.allocations - before.allocations;
    (value, Counted { allocations, live: after.live - before.live })
}

fn now() -> Counted {
    Counted { allocations: CALLS.load(Relaxed), live: BYTES.load(Relaxed) }
}

#[inline]
fn note(calls: u64, grown: usize, shrunk: usize) {
    if ON.load(Relaxed) {
        CALLS.fetch_add(calls, Relaxed);
        BYTES.fetch_add(grown as i64 - shrunk as i64, Relaxed);
    }
}

// SAFETY: every call goes to `System` with the caller's arguments, and its answer goes back.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), 0);
        // SAFETY: the caller keeps to the contract of this same method.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), 0);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(0, 0, layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size, layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}
