//! The simulator: a million faults of sessions, and some of whole engines, from a seed that stays.

use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::simulate;
use crate::workspace::Workspace;

/// With a clean build on two cores.
const LIMIT: Duration = Duration::from_secs(1_500);

/// Of each profile so many faults: a world of whole engines costs much more.
const FAULTS: [(&str, u64); 2] = [("swarm", 1_000_000), ("whole", 20_000)];

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    console.must(simulate::build(workspace), LIMIT)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    for (profile, faults) in FAULTS {
        let finished = console.run(simulate::command(workspace, faults, 1, profile), LIMIT)?;
        checks.add(Checks::of_command(&finished));
        let figures = ["faults", "delivered", "comparisons", "a second"];
        let is_figure = |line: &&String| figures.iter().any(|it| line.ends_with(it));
        for line in finished.lines.iter().filter(is_figure) {
            checks.note(format!("{profile}: {line}"));
        }
    }
    Ok(checks)
}
