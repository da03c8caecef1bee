//! What cargo itself checks.

use std::process::Command;
use std::time::Duration;

use crate::check::{Checks, Outcome};
use crate::command::{Console, has_program};
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
    tests(workspace, console, &["--workspace", "--all-features"])
}

/// The tests of what these arguments of cargo choose.
pub(super) fn tests(workspace: &Workspace, console: Console, chosen: &[&str]) -> Outcome {
    let mut test = if has_program("cargo-nextest") {
        workspace.cargo(["nextest", "run", "--no-fail-fast", "--status-level", "fail"])
    } else {
        workspace.cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    test.args(chosen);
    counted(test, console)
}

pub(super) fn doctest(workspace: &Workspace, console: Console) -> Outcome {
    let test = ["test", "--doc", "--no-fail-fast", "--workspace", "--all-features"];
    counted(workspace.cargo(test), console)
}

fn one(command: Command, console: Console) -> Outcome {
    Ok(Checks::of_command(&console.run(command, LIMIT)?))
}

/// Counts tests. A run that fails without naming a failed test, as when it does not compile,
/// counts as one failure.
fn counted(command: Command, console: Console) -> Outcome {
    let finished = console.run(command, LIMIT)?;
    let tally = Tally::of_test_run(&finished.lines).unwrap_or_default();
    let mut checks = Checks { tally, ..Checks::default() };
    if !finished.success {
        let failed = checks.tally.failed.max(1);
        checks.tally.failed = failed;
        checks.note(finished.tail(200));
    }
    Ok(checks)
}
