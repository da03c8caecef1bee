//! What cargo itself checks.

use std::process::Command;
use std::time::Duration;

use crate::check::{Checks, Outcome};
use crate::command::{Console, Finished, has_program};
use crate::tally::Tally;
use crate::workspace::Workspace;

/// Long enough for a clean build on two cores; a test that hangs is stopped by nextest long before.
const LIMIT: Duration = Duration::from_secs(1_500);

pub(super) fn format(workspace: &Workspace, console: Console) -> Outcome {
    one(workspace.cargo(["fmt", "--all", "--check"]), console)
}

pub(super) fn lint(workspace: &Workspace, console: Console) -> Outcome {
    let clippy =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    one(workspace.cargo(clippy), console)
}

pub(super) fn docs(workspace: &Workspace, console: Console) -> Outcome {
    let mut doc = workspace.cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    one(doc, console)
}

pub(super) fn unit(workspace: &Workspace, console: Console) -> Outcome {
    let test = test(workspace, &["--workspace", "--all-features"]);
    let finished = workspace.keep("unit", console.run(test, LIMIT)?);
    Ok(counted(&finished))
}

/// The tests of what these arguments of cargo choose.
pub(super) fn tests(workspace: &Workspace, console: Console, chosen: &[&str]) -> Outcome {
    Ok(counted(&console.run(test(workspace, chosen), LIMIT)?))
}

/// A command that runs the tests of what these arguments of cargo choose, and names each.
pub(super) fn test(workspace: &Workspace, chosen: &[&str]) -> Command {
    let mut test = if has_program("cargo-nextest") {
        workspace.cargo(["nextest", "run", "--no-fail-fast", "--status-level", "pass"])
    } else {
        workspace.cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    test.args(chosen);
    test
}

pub(super) fn doctest(workspace: &Workspace, console: Console) -> Outcome {
    let test = ["test", "--doc", "--no-fail-fast", "--workspace", "--all-features"];
    Ok(counted(&console.run(workspace.cargo(test), LIMIT)?))
}

fn one(command: Command, console: Console) -> Outcome {
    Ok(Checks::of_command(&console.run(command, LIMIT)?))
}

/// Counts tests. A run that fails without naming a failed test, as when it does not compile,
/// counts as one failure.
fn counted(finished: &Finished) -> Checks {
    let tally = Tally::of_test_run(&finished.lines).unwrap_or_default();
    let mut checks = Checks { tally, ..Checks::default() };
    if !finished.success {
        let failed = checks.tally.failed.max(1);
        checks.tally.failed = failed;
        checks.note(finished.tail(200));
    }
    checks
}
