//! The simulator: a million faults, from a seed that stays.

use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::simulate;
use crate::workspace::Workspace;

/// With a clean build on two cores.
const LIMIT: Duration = Duration::from_secs(1_500);

const FAULTS: u64 = 1_000_000;

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    console.must(simulate::build(workspace), LIMIT)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let finished = console.run(simulate::command(workspace, FAULTS, 1), LIMIT)?;
    let mut checks = Checks::of_command(&finished);
    let figures = ["faults", "delivered", "comparisons", "a second"];
    for line in finished.lines.iter().filter(|line| figures.iter().any(|it| line.ends_with(it))) {
        checks.note(line);
    }
    Ok(checks)
}
