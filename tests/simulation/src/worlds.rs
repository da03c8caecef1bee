//! Worlds of any make: run one after the other until enough has gone wrong, and the least of one that
//! breaks a promise.

use std::fmt;

use crate::parallel::in_order;
use crate::shrink::shrink;

/// What an oracle has found, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation<O> {
    /// Which promise is not kept.
    pub oracle: O,
    /// What was seen.
    pub what: String,
    /// After how many milliseconds of the world's time.
    pub millis: u64,
}

impl<O: fmt::Debug> fmt::Display for Violation<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} ms: {}", self.oracle, self.millis, self.what)
    }
}

/// A world that does not keep a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken<O> {
    /// Which world of the run.
    pub world: u64,
    /// What was found.
    pub violation: Violation<O>,
}

/// Worlds of one make.
pub(crate) trait Worlds: Sync {
    /// What may happen in them.
    type Action: Copy;
    /// What is counted in them.
    type Counts: Send;
    /// Who holds them to their promises.
    type Oracle: Copy + PartialEq + Send;

    /// Faults of one world.
    const FAULTS: u64;

    /// Runs one world, of actions that it draws or of these.
    fn world(&self, world: u64, is_traced: bool, actions: Option<&[Self::Action]>) -> Ran<Self>;
}

/// What has happened in one world.
pub(crate) struct Ran<W: Worlds + ?Sized> {
    pub(crate) actions: Vec<W::Action>,
    pub(crate) lines: String,
    pub(crate) ended: Ended<W>,
}

/// What has become of one world.
pub(crate) struct Ended<W: Worlds + ?Sized> {
    pub(crate) counts: W::Counts,
    pub(crate) digest: u64,
    pub(crate) violation: Option<Violation<W::Oracle>>,
}

/// Runs worlds until there were so many faults, or one breaks a promise. `add` takes what was counted
/// in a world and its digest, and says how many faults there were in all.
pub(crate) fn run<W: Worlds>(
    worlds: &W,
    faults: u64,
    threads: usize,
    mut add: impl FnMut(&W::Counts, u64) -> u64,
) -> Option<Broken<W::Oracle>> {
    let (mut next, mut seen) = (0, 0);
    while seen < faults {
        // A world in which too little can go wrong ends before it has all of its own.
        let more = (faults - seen).div_ceil(W::FAULTS);
        let run = |world| worlds.world(world, false, None).ended;
        let breaks = |ended: &Ended<W>| ended.violation.is_some();
        for (world, ended) in in_order(threads, next..next + more, run, breaks) {
            seen = add(&ended.counts, ended.digest);
            if let Some(violation) = ended.violation {
                return Some(Broken { world, violation });
            }
        }
        next += more;
    }
    None
}

/// The next action of a world that has had `done` of them: of these, or drawn until it is enough.
pub(crate) fn next<A: Copy>(
    actions: Option<&[A]>,
    done: usize,
    is_enough: bool,
    draw: impl FnOnce() -> A,
) -> Option<A> {
    match actions {
        Some(actions) => actions.get(done).copied(),
        None => (!is_enough).then(draw),
    }
}

/// The fewest actions that a search finds after which one world still breaks the same promise: how
/// many, and its lines.
pub(crate) fn least<W: Worlds>(worlds: &W, broken: &Broken<W::Oracle>) -> (usize, String) {
    let ran = worlds.world(broken.world, false, None);
    let breaks = |actions: &[W::Action]| {
        let ran = worlds.world(broken.world, false, Some(actions));
        ran.ended.violation.is_some_and(|it| it.oracle == broken.violation.oracle)
    };
    let least = shrink(ran.actions, breaks);
    (least.len(), worlds.world(broken.world, true, Some(&least)).lines)
}
