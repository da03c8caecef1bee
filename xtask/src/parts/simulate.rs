//! The simulator: a million faults of sessions, and some of whole engines, from a seed that stays.

use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::simulate;
use crate::workspace::Workspace;

/// With a clean build on two cores.
const LIMIT: Duration = Duration::from_secs(1_500);

/// Of each profile so many faults, since a world of whole engines costs much more; and how many there
/// are to be in a second of processor time. The aim is 20,000 a second. Another process takes time
/// away from a run, of which its processor time knows nothing: with a load of 18 on two cores there
/// were 115,000 in a second of that, and 40,000 in one of the clock. What is held is a quarter.
/// Whole engines have no such aim.
const PROFILES: [(&str, u64, f64); 2] = [("swarm", 1_000_000, 30_000.0), ("whole", 20_000, 0.0)];

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    console.must(simulate::build(workspace), LIMIT)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    for (profile, faults, least) in PROFILES {
        let finished = console.run(simulate::command(workspace, faults, 1, profile), LIMIT)?;
        checks.add(Checks::of_command(&finished));
        let rate = rate(&finished.lines);
        let why_not = format!("{profile}: {rate:?} faults a second of processor time, not {least}");
        checks.check(rate.is_some_and(|rate| rate >= least), why_not);
        let figures = ["faults", "delivered", "comparisons", "a second", "of processor time"];
        let is_figure = |line: &&String| figures.iter().any(|it| line.ends_with(it));
        for line in finished.lines.iter().filter(is_figure) {
            checks.note(format!("{profile}: {line}"));
        }
    }
    Ok(checks)
}

/// How many faults there were in a second of processor time, as the simulator says.
fn rate(lines: &[String]) -> Option<f64> {
    let mut said =
        lines.iter().filter_map(|line| line.strip_suffix(" faults a second of processor time"));
    said.next_back()?.trim().parse().ok()
}
