//! Worlds in which whole engines meet: [`Client`](pamlink::client::Client)s of `pamlink.v1` and of
//! `pam`, and one [`Hub`](pamlink::hub::Hub), over pipes of bytes.
//!
//! Every link begins with its opening handshake. The network delays, splits at any byte, cuts inside
//! frames, and lets an end not hear of it; proxies answer instead of the hub; devices sleep, get no
//! tokens or refused ones, and die to go on with what they have stored; the hub dies and knows
//! nothing any more, or what a log of its host has kept. In the end all that is healed, and every
//! device must be answered.
//!
//! What must be is said by [oracles](Oracle) that see what both hosts do and are told.

mod action;
mod change;
mod device;
mod framing;
mod held;
mod host;
mod log;
mod network;
mod oracle;
mod said;
mod submitted;
mod summary;
mod wire;
mod witness;
mod world;

pub use self::oracle::{Defect, Oracle};
pub use self::summary::Summary;

use self::action::{Action, Chooser, Profile};
use self::witness::Counts;
use self::world::World;
use crate::random::mixed;
use crate::worlds::{self, Broken, Ended, Ran, Worlds};

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

impl Run {
    /// Actions of one world at the most.
    const MOST_ACTIONS: usize = 20 * 60;

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

    const FAULTS: u64 = 60;

    fn world(&self, world: u64, is_traced: bool, actions: Option<&[Action]>) -> Ran<Self> {
        let seed = mixed(self.seed, world);
        let profile = Profile::draw(seed, self.sessions);
        let mut it = World::new(&profile, seed, self.defect, is_traced)
            .unwrap_or_else(|error| panic!("the address is one: {error}"));
        let mut chooser = Chooser::new(seed);
        let mut ran = Vec::new();
        while it.witness.violation.is_none() {
            let is_enough =
                it.witness.counts.all_faults() >= Self::FAULTS || ran.len() >= Self::MOST_ACTIONS;
            let action = worlds::next(actions, ran.len(), is_enough, || chooser.next(&profile));
            let Some(action) = action else { break };
            it.apply(action);
            ran.push(action);
        }
        it.drain();
        let World { witness, .. } = it;
        let (counts, violation) = (witness.counts, witness.violation);
        let digest = witness.trace.digest();
        let lines = witness.trace.into_lines();
        Ran { actions: ran, lines, ended: Ended { counts, digest, violation } }
    }
}
