//! A short run of each fuzz target.

use std::thread;

use anyhow::{Result, anyhow};

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::fuzz;
use crate::workspace::Workspace;

const SECONDS: u64 = 10;
/// How many run at once; each keeps one core busy.
const AT_ONCE: usize = 2;

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    fuzz::Fuzzer::build(workspace, console).map(drop)
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    let fuzzer = fuzz::Fuzzer::build(workspace, console)?;
    for targets in fuzz::targets(workspace)?.chunks(AT_ONCE) {
        let found: Vec<Result<Option<String>>> = thread::scope(|scope| {
            let fuzzer = &fuzzer;
            let run = |target| scope.spawn(move || fuzzer.run(console, target, SECONDS));
            let runs: Vec<_> = targets.iter().map(|target| run(target.as_str())).collect();
            let broken = |_panic| Err(anyhow!("a run of a fuzz target panicked"));
            runs.into_iter().map(|run| run.join().unwrap_or_else(broken)).collect()
        });
        for found in found {
            match found? {
                None => checks.pass(),
                Some(failure) => checks.fail(failure),
            }
        }
    }
    Ok(checks)
}
