//! The Swift package: it is built, and its tests run, in the root that has Swift.

use std::process::Command;
use std::time::Duration;

use crate::bindings::{Bindings, swift};
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::totals::Totals;
use crate::workspace::Workspace;

const TESTS: Duration = Duration::from_secs(600);

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let finished = workspace.keep("swift", console.run(tests(workspace, console)?, TESTS)?);
    let notes = failures(&finished.lines);
    let mut checks = Checks { totals: totals(&finished.lines), notes };
    checks.close(workspace.ci, &finished);
    Ok(checks)
}

/// A command that builds the package and runs its tests.
pub(super) fn tests(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let ready = swift::ready(workspace, console, &bindings)?;
    peers::pamlink(workspace, console)?;
    Ok(ready.swift(workspace, &["test"], swift::FOLDER))
}

/// Counts the tests that XCTest (`Test Case 'A.b' passed (0.1 seconds)`) and Swift Testing
/// (`✔ Test "a" passed after 0.1 seconds.`) name. Not their summaries: each has one of its own
/// for each bundle and suite.
fn totals(lines: &[String]) -> Totals {
    let mut totals = Totals::default();
    for line in lines {
        let line = line.trim();
        let result = if let Some(rest) = line.strip_prefix("Test Case '") {
            rest.split_once("' ").map(|(_, result)| result)
        } else {
            let marked = ["✔ Test ", "✘ Test ", "➜ Test "];
            let rest = marked.iter().find_map(|mark| line.strip_prefix(mark));
            // The run itself is no test, nor is what went wrong in one.
            let rest = rest.filter(|rest| !rest.starts_with("run with "));
            rest.filter(|rest| !rest.contains(" recorded an issue")).and_then(|rest| {
                let ends = ["passed after ", "failed after ", "skipped"];
                ends.iter().filter_map(|end| rest.rfind(end)).max().map(|at| &rest[at..])
            })
        };
        match result.and_then(|result| result.split([' ', '.', ':']).next()) {
            Some("passed") => totals.passed += 1,
            Some("failed") => totals.failed += 1,
            Some("skipped") => totals.skipped += 1,
            _ => {}
        }
    }
    totals
}

/// The lines that say what did not hold: the last lines of the output do not reach back to them.
fn failures(lines: &[String]) -> Vec<String> {
    let says = |line: &&String| line.contains(": error: ") || line.contains(" recorded an issue");
    lines.iter().filter(says).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_tests_of_both_libraries() {
        let text = "\
Test Suite 'All tests' started at 2026-01-01 00:00:00.000
Test Case 'ChatTests.testSend' started at 2026-01-01 00:00:00.000
Test Case 'ChatTests.testSend' passed (0.002 seconds)
/src/A.swift:12: error: ChatTests.testLate : XCTAssertEqual failed: (\"1\") is not equal to (\"2\")
Test Case 'ChatTests.testLate' failed (0.002 seconds)
Test Case 'ChatTests.testOff' skipped (0.0 seconds)
Executed 3 tests, with 1 test skipped and 1 failure (0 unexpected) in 0.1 (0.1) seconds
◇ Test run started.
◇ Test \"a window\" started.
✔ Test \"a window\" passed after 0.001 seconds.
✘ Test backoff() recorded an issue at A.swift:4:5: Expectation failed: 1 == 2
✘ Test backoff() failed after 0.001 seconds with 1 issue.
➜ Test later() skipped: \"no peer\"
✔ Suite Windows passed after 0.001 seconds.
✘ Test run with 3 tests failed after 0.001 seconds with 1 issue.";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(totals(&lines), Totals { passed: 2, failed: 2, skipped: 2 });
        assert_eq!(failures(&lines), [lines[3].clone(), lines[10].clone()]);
    }
}
