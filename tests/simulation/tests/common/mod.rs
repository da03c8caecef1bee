//! What the tests of worlds of either make share.

use std::fmt::Debug;

use pamlink_simulation::Violation;

/// Each of these defects is found, by its own oracle first. `find` is what a run with it finds.
#[track_caller]
pub(crate) fn are_found<D: Copy + Debug, O: Debug + PartialEq>(
    defects: &[(D, O)],
    find: impl Fn(D) -> Option<Violation<O>>,
) {
    let mut wrong = Vec::new();
    for (defect, oracle) in defects {
        let found = find(*defect);
        if found.as_ref().map(|it| &it.oracle) != Some(oracle) {
            wrong.push(format!("{defect:?} is to be found by {oracle:?}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two runs say the same, and so do two traces of one world, which are long enough to mean it; one
/// of another seed differs.
#[track_caller]
pub(crate) fn are_the_same(runs: [String; 2], traces: [String; 2], other: &str, least: usize) {
    assert_eq!(runs[0], runs[1]);
    assert_eq!(traces[0], traces[1]);
    let lines = traces[0].lines().count();
    assert!(lines > least, "{lines} lines");
    assert_ne!(traces[0], other);
}
