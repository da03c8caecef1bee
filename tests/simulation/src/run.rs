//! A run: one world after the other, until enough has gone wrong.

use crate::action::Action;
use crate::choose::Chooser;
use crate::defect::Defect;
use crate::oracle::{Counts, Oracle};
use crate::profile::{Kind, Profile};
use crate::random::mixed;
use crate::summary::Summary;
use crate::world::World;
use crate::worlds::{self, Broken, Ended, Ran, Worlds};

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

impl Run {
    /// Actions of one world at the most.
    const MOST_ACTIONS: usize = 20 * 500;
    /// After how many actions the memory of all machines is looked at.
    const WEIGHED: usize = 50;

    /// Runs worlds until enough has gone wrong, or one breaks a promise.
    pub fn run(&self) -> (Summary, Option<Broken<Oracle>>) {
        let mut summary = Summary::default();
        let broken = worlds::run(self, self.faults, self.threads, |counts, digest| {
            summary.add(counts, digest);
            summary.faults()
        });
        (summary, broken)
    }

    /// The lines of one world, from its beginning to its end.
    pub fn trace(&self, world: u64) -> String {
        self.world(world, true, None).lines
    }

    /// The fewest actions that a search finds after which one world still breaks the same promise:
    /// how many, and its lines.
    pub fn shrink(&self, broken: &Broken<Oracle>) -> (usize, String) {
        worlds::least(self, broken)
    }
}

impl Worlds for Run {
    type Action = Action;
    type Counts = Counts;
    type Oracle = Oracle;

    const FAULTS: u64 = 500;

    fn world(&self, world: u64, is_traced: bool, actions: Option<&[Action]>) -> Ran<Self> {
        let seed = mixed(self.seed, world);
        let profile = Profile::draw(seed, self.kind, self.sessions);
        let mut it = World::new(&profile, seed, self.defect, is_traced);
        let mut ran = Vec::new();
        let mut chooser = Chooser::new(seed);
        while it.witness.violation.is_none() {
            let is_enough =
                it.witness.counts.all_faults() >= Self::FAULTS || ran.len() >= Self::MOST_ACTIONS;
            let action = worlds::next(actions, ran.len(), is_enough, || chooser.next(&profile));
            let Some(action) = action else { break };
            it.apply(action);
            ran.push(action);
            if ran.len() % Self::WEIGHED == 0 {
                it.weigh();
            }
        }
        it.drain();
        let World { witness, .. } = it;
        let (counts, violation) = (witness.counts, witness.violation);
        let digest = witness.trace.digest();
        let lines = witness.trace.into_lines();
        Ran { actions: ran, lines, ended: Ended { counts, digest, violation } }
    }
}
