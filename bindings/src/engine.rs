//! One engine behind its lock, and the table of handles that the C entry looks it up in.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pamlink::time::{Mono, Now, Wall};
use parking_lot::{Mutex, RwLock};

use pamlink_border::{Code, Fault, Machine};

/// A machine behind its lock, which is never held over code of the host.
#[derive(Debug)]
pub(crate) struct Engine<M> {
    inner: Mutex<Inner<M>>,
}

#[derive(Debug)]
struct Inner<M> {
    /// Nothing once it has panicked.
    machine: Option<M>,
    /// The output of a step in the making, or one that its caller had no room for.
    out: Vec<u8>,
}

/// Bytes that the output buffer keeps between two steps.
const KEEP: usize = 4 * 1024;

impl<M: Machine> Engine<M> {
    pub(crate) fn new(machine: M) -> Self {
        Self { inner: Mutex::new(Inner { machine: Some(machine), out: Vec::new() }) }
    }

    /// Uses the machine. A panic in it is caught, and the machine is dropped.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut M) -> T) -> Result<T, Fault> {
        guard(&mut self.inner.lock().machine, work)
    }

    /// A step whose output is a buffer of its own.
    pub(crate) fn step(&self, now: Now, input: &[u8]) -> Result<Vec<u8>, Fault> {
        let mut out = Vec::new();
        self.with(|machine| machine.step(now, input, &mut out))?;
        Ok(out)
    }
}

/// What the C entry needs of an engine.
pub(crate) trait Stepping: Send + Sync {
    /// A step whose output goes to `give`, which says whether it had room. If not, the output
    /// waits for [`output`](Self::output). Returns its length.
    fn step_into(
        &self,
        now: Now,
        input: &[u8],
        give: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, Fault>;

    /// The output that waits.
    fn output(&self, give: &mut dyn FnMut(&[u8]) -> bool) -> usize;
}

impl<M: Machine> Stepping for Engine<M> {
    fn step_into(
        &self,
        now: Now,
        input: &[u8],
        give: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<usize, Fault> {
        let mut inner = self.inner.lock();
        let Inner { machine, out } = &mut *inner;
        if !out.is_empty() {
            return Err(Fault::new(Code::OutputPending, "fetch the output of the step before"));
        }
        guard(machine, |machine| machine.step(now, input, out)).inspect_err(|_| out.clear())?;
        Ok(hand_over(out, give))
    }

    fn output(&self, give: &mut dyn FnMut(&[u8]) -> bool) -> usize {
        hand_over(&mut self.inner.lock().out, give)
    }
}

fn hand_over(out: &mut Vec<u8>, give: &mut dyn FnMut(&[u8]) -> bool) -> usize {
    let length = out.len();
    if give(out) {
        out.clear();
        out.shrink_to(KEEP);
    }
    length
}

/// Runs `work` and drops the machine if it panics: nobody knows what state it left.
fn guard<M, T>(machine: &mut Option<M>, work: impl FnOnce(&mut M) -> T) -> Result<T, Fault> {
    let poisoned = || {
        Fault::new(Code::Poisoned, "the engine has panicked: make a new one, and report the panic")
    };
    let alive = machine.as_mut().ok_or_else(poisoned)?;
    catch_unwind(AssertUnwindSafe(|| work(alive))).map_err(|_| {
        let wreck = machine.take();
        // Its destructor may panic as well.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(wreck)));
        poisoned()
    })
}

/// The clocks as they cross the border.
pub(crate) fn now(mono_nanos: u64, wall_micros: i64) -> Now {
    Now::new(Mono::from_nanos(mono_nanos), Wall::from_unix_micros(wall_micros))
}

/// An engine in the table of handles, for as long as its object lives.
#[derive(Debug)]
pub(crate) struct Handle(u64);

static NEXT: AtomicU64 = AtomicU64::new(1);
static TABLE: LazyLock<RwLock<HashMap<u64, Arc<dyn Stepping>>>> = LazyLock::new(RwLock::default);

impl Handle {
    /// Enters an engine. A number is never used twice.
    pub(crate) fn new(engine: Arc<dyn Stepping>) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        TABLE.write().insert(number, engine);
        Self(number)
    }

    pub(crate) const fn number(&self) -> u64 {
        self.0
    }

    /// The engine of a number.
    pub(crate) fn find(number: u64) -> Option<Arc<dyn Stepping>> {
        TABLE.read().get(&number).cloned()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // The engine is dropped when the lock is free again.
        let engine = TABLE.write().remove(&self.0);
        drop(engine);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fragile;

    impl Machine for Fragile {
        fn step(&mut self, _now: Now, input: &[u8], out: &mut Vec<u8>) {
            out.extend_from_slice(b"half of it");
            assert!(input.is_empty(), "it breaks");
        }
    }

    #[test]
    fn a_panic_poisons_its_engine_alone() {
        let (broken, sound) = (Engine::new(Fragile), Engine::new(Fragile));
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let first = broken.step(now(0, 0), b"x").unwrap_err();
        std::panic::set_hook(hook);
        assert_eq!(first.code, Code::Poisoned);
        assert_eq!(broken.step(now(0, 0), b"").unwrap_err().code, Code::Poisoned);
        let into = broken.step_into(now(0, 0), b"", &mut |_| true);
        assert_eq!(into.unwrap_err().code, Code::Poisoned);
        assert_eq!(broken.output(&mut |_| true), 0);
        assert_eq!(sound.step(now(0, 0), b"").unwrap(), b"half of it");
    }

    #[test]
    fn an_output_without_room_waits_and_is_not_lost() {
        let engine = Engine::new(Fragile);
        assert_eq!(engine.step_into(now(0, 0), b"", &mut |_| false), Ok(10));
        let again = engine.step_into(now(0, 0), b"", &mut |_| true).unwrap_err();
        assert_eq!(again.code, Code::OutputPending);
        let mut got = Vec::new();
        let length = engine.output(&mut |out| {
            got.extend_from_slice(out);
            true
        });
        assert_eq!((length, got.as_slice()), (10, &b"half of it"[..]));
        assert_eq!(engine.output(&mut |_| true), 0);
    }
}
