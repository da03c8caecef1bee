//! Worlds in which whole engines meet: [`Client`](pamlink::client::Client)s of `pamlink.v1` and of
//! `pam`, and one [`Hub`](pamlink::hub::Hub), over pipes of bytes.
//!
//! Every link begins with its opening handshake. The network delays, splits at any byte, cuts inside
//! frames, and lets an end not hear of it; proxies answer instead of the hub; devices sleep, get no
//! tokens or refused ones, and die to go on with what they have stored; the hub dies and knows
//! nothing any more. In the end all that is healed, and every device must be answered.
//!
//! What must be is said by [oracles](Oracle) that see what both hosts do and are told.

mod action;
mod device;
mod framing;
mod host;
mod network;
mod oracle;
mod summary;
mod witness;
mod world;

pub use self::oracle::{Defect, Oracle, Violation};
pub use self::summary::Summary;

use self::action::{Action, Chooser, Profile};
use self::witness::Counts;
use self::world::World;
use crate::parallel::in_order;
use crate::random::mixed;
use crate::shrink::shrink;

/// What is run.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a run is a literal")]
pub struct Run {
    /// From which every world follows.
    pub seed: u64,
    /// How many faults there are at least.
    pub faults: u64,
    /// How many devices each world has; drawn where it is not said.
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

impl Run {
    /// Faults of one world.
    const OF_WORLD: u64 = 60;
    /// Actions of one world at the most.
    const MOST_ACTIONS: usize = 20 * 60;

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
        self.world(world, true, None).0.lines
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
        let profile = Profile::draw(seed, self.sessions);
        let mut it = World::new(&profile, seed, self.defect, is_traced)
            .unwrap_or_else(|error| panic!("the address is one: {error}"));
        let mut chooser = Chooser::new(seed);
        let mut ran = Vec::new();
        while it.witness.violation.is_none() {
            let is_enough =
                it.witness.counts.all_faults() >= Self::OF_WORLD || ran.len() >= Self::MOST_ACTIONS;
            let action = match actions {
                Some(actions) => actions.get(ran.len()).copied(),
                None if is_enough => None,
                None => Some(chooser.next(&profile)),
            };
            let Some(action) = action else { break };
            it.apply(action);
            ran.push(action);
        }
        it.drain();
        let World { witness, .. } = it;
        let (counts, violation, digest) =
            (witness.counts, witness.violation, witness.trace.digest());
        let lines = witness.trace.into_lines();
        (Ran { actions: ran, lines }, Ended { counts, digest, violation })
    }
}

/// What has happened in one world.
struct Ran {
    actions: Vec<Action>,
    lines: String,
}

/// What has become of one world.
#[derive(Debug)]
struct Ended {
    counts: Counts,
    digest: u64,
    violation: Option<Violation>,
}
