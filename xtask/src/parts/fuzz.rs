//! A short run of each fuzz target.

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::fuzz;
use crate::workspace::Workspace;

const SECONDS: u64 = 10;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    let fuzzer = fuzz::Fuzzer::build(workspace, console)?;
    for target in fuzz::targets(workspace)? {
        let found = fuzzer.run(console, &target, SECONDS)?;
        match found {
            None => checks.pass(),
            Some(failure) => checks.fail(failure),
        }
    }
    Ok(checks)
}
