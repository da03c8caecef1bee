//! A run: one world after the other, until enough has gone wrong.

use crate::action::Action;
use crate::choose::Chooser;
use crate::defect::Defect;
use crate::oracle::{Counts, Violation};
use crate::parallel::in_order;
use crate::profile::{Kind, Profile};
use crate::random::mixed;
use crate::shrink::shrink;
use crate::summary::Summary;
use crate::world::World;

/// What is run.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a run is a literal")]
pub struct Run {
    /// From which every world follows.
    pub seed: u64,
    /// How many faults there are at least.
    pub faults: u64,
    /// Which worlds.
    pub kind: Kind,
    /// How many devices each has; drawn where it is not said.
    pub sessions: Option<usize>,
    /// A planted defect.
    pub defect: Option<Defect>,
    /// How many threads take part; what is found does not depend on it.
    pub threads: usize,
}

/// A world that does not keep a promise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broken {
    /// Which world of the run.
    pub world: u64,
    /// What was found.
    pub violation: Violation,
}

/// What has become of one world.
#[derive(Debug)]
struct Ended {
    counts: Counts,
    digest: u64,
    violation: Option<Violation>,
}

impl Run {
    /// Faults of one world.
    const OF_WORLD: u64 = 500;
    /// Actions of one world at the most.
    const MOST_ACTIONS: u64 = 20 * Self::OF_WORLD;
    /// After how many actions the memory of all machines is looked at.
    const WEIGHED: u64 = 50;

    /// Runs worlds until enough has gone wrong, or one breaks a promise.
    pub fn run(&self) -> (Summary, Option<Broken>) {
        let mut summary = Summary::default();
        let mut worlds = 0;
        while summary.faults() < self.faults {
            // A world in which too little can go wrong ends before it has all of its own.
            let more = (self.faults - summary.faults()).div_ceil(Self::OF_WORLD);
            let run = |world| self.world(world, false, None).1;
            let breaks = |ended: &Ended| ended.violation.is_some();
            for (world, ended) in in_order(self.threads, worlds..worlds + more, run, breaks) {
                summary.add(&ended.counts, ended.digest);
                if let Some(violation) = ended.violation {
                    return (summary, Some(Broken { world, violation }));
                }
            }
            worlds += more;
        }
        (summary, None)
    }

    /// The lines of one world, from its beginning to its end.
    pub fn trace(&self, world: u64) -> String {
        let (ran, _) = self.world(world, true, None);
        ran.lines
    }

    /// The fewest actions that a search finds after which one world still breaks the same promise:
    /// how many, and its lines.
    pub fn shrink(&self, broken: &Broken) -> (usize, String) {
        let (ran, _) = self.world(broken.world, false, None);
        let breaks = |actions: &[Action]| {
            let (_, ended) = self.world(broken.world, false, Some(actions));
            ended.violation.is_some_and(|it| it.oracle == broken.violation.oracle)
        };
        let least = shrink(ran.actions, breaks);
        let (ran, _) = self.world(broken.world, true, Some(&least));
        (least.len(), ran.lines)
    }

    /// Runs one world, of actions that it draws or of these.
    fn world(&self, world: u64, is_traced: bool, actions: Option<&[Action]>) -> (Ran, Ended) {
        let seed = mixed(self.seed, world);
        let profile = Profile::draw(seed, self.kind, self.sessions);
        let mut it = World::new(&profile, seed, self.defect, is_traced);
        let mut ran = Vec::new();
        let mut chooser = Chooser::new(seed);
        let mut count = 0;
        while it.witness.violation.is_none() {
            let action = match actions {
                Some(actions) => match actions.get(ran.len()) {
                    Some(action) => *action,
                    None => break,
                },
                None if it.witness.counts.all_faults() >= Self::OF_WORLD
                    || count >= Self::MOST_ACTIONS =>
                {
                    break;
                }
                None => chooser.next(&profile),
            };
            it.apply(action);
            ran.push(action);
            count += 1;
            if count % Self::WEIGHED == 0 {
                it.weigh();
            }
        }
        it.drain();
        let World { witness, .. } = it;
        let (counts, violation) = (witness.counts, witness.violation);
        let digest = witness.trace.digest();
        let lines = witness.trace.into_lines();
        (Ran { actions: ran, lines }, Ended { counts, digest, violation })
    }
}

/// What has happened in one world.
struct Ran {
    actions: Vec<Action>,
    lines: String,
}
