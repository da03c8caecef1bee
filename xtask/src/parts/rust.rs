//! What cargo itself checks.

use std::process::Command;
use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::{Console, Finished, has_program};
use crate::tools;
use crate::totals::Totals;
use crate::workspace::Workspace;

/// Long enough for a clean build on two cores; a test that hangs is stopped by nextest long before.
const LIMIT: Duration = Duration::from_secs(1_500);

/// The package whose tests need servers: the part `nodes` runs them.
const SERVERS: &str = "pamlink-nodes";
/// Where they are.
pub(super) const SERVERS_FOLDER: &str = "tests/nodes";

/// The tests of several processes over one store, with the server that this is.
pub(super) fn nodes(workspace: &Workspace, console: Console) -> Outcome {
    let mut test = test(workspace, &["--package", SERVERS]);
    test.env("REDIS_SERVER", tools::redis(workspace, console)?);
    Ok(counted(&console.run(test, LIMIT)?))
}

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
    let test = test(workspace, &["--workspace", "--all-features", "--exclude", SERVERS]);
    let finished = workspace.keep("unit", console.run(test, LIMIT)?);
    Ok(counted(&finished))
}

/// The tests of what these arguments of cargo choose.
pub(super) fn tests(workspace: &Workspace, console: Console, chosen: &[&str]) -> Outcome {
    Ok(counted(&console.run(test(workspace, chosen), LIMIT)?))
}

/// A command that runs the tests of what these arguments of cargo choose, and names each.
pub(super) fn test(workspace: &Workspace, chosen: &[&str]) -> Command {
    let mut test = if has_nextest() {
        workspace.cargo(["nextest", "run", "--no-fail-fast", "--status-level", "pass"])
    } else {
        workspace.cargo(["test", "--no-fail-fast", "--lib", "--bins", "--tests"])
    };
    test.args(chosen);
    test
}

/// Whether tests run with nextest.
pub(super) fn has_nextest() -> bool {
    has_program("cargo-nextest")
}

/// The tests there are, as [`results`] names them: those that the part `unit` ran, or, where it has
/// not, those that cargo lists.
pub(super) fn names(workspace: &Workspace, console: Console) -> Result<Vec<String>, Stopped> {
    let ran = workspace.kept("unit");
    let names: Vec<_> = ran.iter().flat_map(|ran| results(ran)).map(|(name, _)| name).collect();
    if !names.is_empty() {
        return Ok(names);
    }
    let nextest = has_nextest();
    let list = if nextest {
        ["nextest", "list", "--message-format=oneline"].as_slice()
    } else {
        &["test", "--lib", "--bins", "--tests"]
    };
    let mut cargo = workspace.cargo([]);
    cargo.args(list).args(["--workspace", "--all-features", "--exclude", SERVERS]);
    if !nextest {
        cargo.args(["--", "--list"]);
    }
    let lines = console.must(cargo, LIMIT)?;
    // What cargo says while it builds is not the name of a test either way.
    let name = |line: &String| {
        if nextest {
            line.split_once(' ').map(|(binary, test)| format!("{binary}::{test}"))
        } else {
            line.strip_suffix(": test").map(str::to_owned)
        }
    };
    Ok(lines.iter().filter_map(name).collect())
}

/// The tests that ran, and whether they passed: by package, binary and path with nextest, by path
/// alone without.
pub(super) fn results(finished: &Finished) -> impl Iterator<Item = (String, bool)> {
    finished.lines.iter().filter_map(|line| result(line.trim()))
}

/// `PASS [   0.005s] (1/7) PACKAGE::BINARY a::b` of nextest, `test a::b ... ok` of cargo.
fn result(line: &str) -> Option<(String, bool)> {
    if let Some(rest) = line.strip_prefix("test ") {
        let (name, result) = rest.split_once(" ... ")?;
        return Some((name.to_owned(), result.starts_with("ok")));
    }
    let (status, rest) = line.split_once(" [")?;
    let passed = match status {
        "PASS" => true,
        "FAIL" | "SIGABRT" | "SIGSEGV" | "TIMEOUT" => false,
        _ => return None,
    };
    let mut words = rest.split_once("] ")?.1.rsplitn(2, ' ');
    let (test, binary) = (words.next()?, words.next()?);
    let binary = binary.rsplit(' ').next()?;
    Some((format!("{binary}::{test}"), passed))
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
    let totals = Totals::of_test_run(&finished.lines).unwrap_or_default();
    let mut checks = Checks { totals, ..Checks::default() };
    if !finished.success {
        let failed = checks.totals.failed.max(1);
        checks.totals.failed = failed;
        checks.note(finished.tail(200));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_results_of_both_runners() {
        let is = |line: &str, name: &str, passed| {
            assert_eq!(result(line), Some((name.to_owned(), passed)), "{line}");
        };
        is("PASS [   0.005s] pamlink hub::a", "pamlink::hub::a", true);
        is("FAIL [   0.1s] (3/7) pamlink-tests::bad b::c", "pamlink-tests::bad::b::c", false);
        is("test hub::a ... ok", "hub::a", true);
        assert_eq!(result("SLOW [> 30.0s] pamlink a::b"), None);
    }
}
