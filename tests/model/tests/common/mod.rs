//! What the tests of each model do with a run and with a planted defect.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use pamlink_model::{Checked, Checking, counterexample, runs};
use stateright::Model;

/// A model with this planted defect does not have the property, and without it has.
#[track_caller]
pub(crate) fn finds<D, M>(
    defect: D,
    property: &'static str,
    depth: usize,
    model: impl Fn(Option<D>) -> M,
) where
    D: Debug + Copy,
    M: Model + Clone + Send + Sync + 'static,
    M::State: Hash + Send + Sync + Debug + Clone + PartialEq,
    M::Action: Send + Sync + Debug + Clone + PartialEq,
{
    let bounds = |depth| Checking { depth, states: 1_000_000, time: Duration::from_secs(120) };
    let steps = counterexample(model(Some(defect)), property, bounds(depth));
    let steps = steps.expect("the checker finds the defect");
    println!("{defect:?}: not {property:?} after {} steps: {}", steps.len(), steps.join(", "));
    // Without the defect the same bounds show nothing.
    assert_eq!(counterexample(model(None), property, bounds(steps.len())), None);
}

/// Nothing is found within the near bounds.
#[track_caller]
pub(crate) fn holds(run: runs::Run) {
    let checked = run.check(run.near, Duration::from_secs(120));
    println!("{}\n{checked}", Checked::HEADING);
    assert!(checked.holds(), "{:#?}", checked.faults);
}
