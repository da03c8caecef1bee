//! Whatever the network does, every request takes effect once and gets its answer.

mod sim;

use sim::{Outcome, Plan, run};

/// Every request has exactly one effect and exactly one end: its answer.
fn assert_once(plan: Plan, outcome: &Outcome) {
    let asked = plan.clients * plan.requests;
    assert_eq!(outcome.otherwise, [""; 0], "{plan:?}");
    assert_eq!(outcome.answered.len(), asked, "{plan:?} answered");
    assert_eq!(outcome.effects.len(), asked, "{plan:?} took effect");
    assert!(outcome.answered.values().all(|times| *times == 1), "{plan:?} {outcome:?}");
    assert!(outcome.effects.values().all(|times| *times == 1), "{plan:?} {outcome:?}");
}

fn seeds(cuts: u32) -> (u32, u32) {
    let (mut cut, mut repeats, mut pieces) = (0, 0, 0);
    for seed in 0..SEEDS {
        let plan = Plan { seed, clients: 3, requests: 8, cuts, restarts: 0, patient: true };
        let outcome = run(plan);
        assert_once(plan, &outcome);
        assert!(outcome.memory < MEMORY, "{plan:?} held {} bytes", outcome.memory);
        cut += outcome.cuts;
        repeats += outcome.repeats;
        pieces += outcome.pieces;
    }
    assert!(pieces > 125, "{pieces} pieces, each a part of the beginning of its answer");
    (cut, repeats)
}

/// Conversations a test: they run without optimization, on 32 bits in an emulated machine as well.
const SEEDS: u64 = 25;

/// The duplicate window and the tables of rates are allocated once; the rest is small.
const MEMORY: usize = 1024 * 1024;

#[test]
fn without_cuts_nothing_is_repeated() {
    assert_eq!(seeds(0), (0, 0));
}

#[test]
fn at_5_percent_cuts_everything_takes_effect_once() {
    let (cuts, repeats) = seeds(5);
    assert!(cuts > 25 && repeats > 2, "{cuts} cuts, {repeats} repeats");
}

#[test]
fn at_15_percent_cuts_everything_takes_effect_once() {
    let (cuts, repeats) = seeds(15);
    assert!(cuts > 75 && repeats > 7, "{cuts} cuts, {repeats} repeats");
}

#[test]
fn at_30_percent_cuts_everything_takes_effect_once() {
    let (cuts, repeats) = seeds(30);
    assert!(cuts > 150 && repeats > 15, "{cuts} cuts, {repeats} repeats");
}

/// A server that dies has no memory of what it did: nobody may send it a request again in the
/// belief that it has, and nobody is left without an end.
#[test]
fn a_server_that_forgets_does_nothing_twice() {
    let mut unknown = 0;
    for seed in 0..SEEDS {
        let plan = Plan { seed, clients: 3, requests: 8, cuts: 10, restarts: 3, patient: true };
        let outcome = run(plan);
        assert_at_most_once(plan, &outcome);
        unknown += outcome.otherwise.iter().filter(|end| end.contains("Unknown")).count();
    }
    assert!(unknown > 8, "{unknown} requests were under way when the server died");
}

/// By default a request is given up long before the server's window forgets it.
#[test]
fn what_expires_has_had_at_most_one_effect() {
    let mut expired = 0;
    for seed in 0..SEEDS {
        let plan = Plan { seed, clients: 3, requests: 8, cuts: 40, restarts: 0, patient: false };
        let outcome = run(plan);
        assert_at_most_once(plan, &outcome);
        expired += outcome.otherwise.iter().filter(|end| end.contains("Expired")).count();
    }
    assert!(expired > 8, "{expired} requests expired");
}

/// Every request has exactly one end and at most one effect, and exactly one if it was answered.
fn assert_at_most_once(plan: Plan, outcome: &Outcome) {
    let ends = outcome.answered.len() + outcome.otherwise.len();
    assert_eq!(ends, plan.clients * plan.requests, "{plan:?} {outcome:?}");
    assert!(outcome.answered.values().all(|times| *times == 1), "{plan:?} {outcome:?}");
    assert!(outcome.effects.values().all(|times| *times == 1), "{plan:?} {outcome:?}");
    assert!(outcome.answered.keys().all(|text| outcome.effects.contains_key(text)), "{plan:?}");
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for cuts in [0, 15, 30] {
        let plan = Plan { seed: 42, clients: 4, requests: 10, cuts, restarts: 1, patient: true };
        assert_eq!(run(plan), run(plan));
        let other = Plan { seed: 43, ..plan };
        assert_ne!(run(plan).transcript, run(other).transcript);
    }
}
