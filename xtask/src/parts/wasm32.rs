//! The tests of core where `usize` has 32 bits, as on phones and in browsers.

use std::time::Duration;

use serde_json::Value;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::{Console, Finished};
use crate::tools::{self, Wasm32};
use crate::totals::Totals;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_200);
const TESTS: Duration = Duration::from_secs(600);
const RUNNER: &str = "tests/wasm32/run.py";

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    programs(workspace, console).map(drop)
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let (compiler, programs) = programs(workspace, console)?;
    let python = tools::wasmtime(workspace, console)?;

    let mut checks = Checks::default();
    for named in programs {
        let mut test = workspace.command(&python);
        test.arg(RUNNER).arg(compiler.path(workspace, &named));
        test.arg(&workspace.root).arg(compiler.source(workspace)).arg("--test-threads=1");
        let finished = console.run(test, TESTS)?;
        let totals = Totals::of_test_run(&finished.lines);
        let mut run = Checks { totals: totals.unwrap_or_default(), ..Checks::default() };
        if totals.is_none() {
            // A panic ends the program, and its sum with it.
            run.totals.passed = passed(&finished);
            run.fail(finished.tail(40));
        }
        run.close(workspace.ci, &finished);
        checks.add(run);
    }
    Ok(checks)
}

/// A compiler, and the names that it has for the programs of the tests.
fn programs(workspace: &Workspace, console: Console) -> Result<(Wasm32, Vec<String>), Stopped> {
    let compiler = tools::wasm32(workspace, console, tools::PROGRAMS)?;
    let mut arguments = vec!["test", "--package", "pamlink", "--all-features", "--lib", "--tests"];
    arguments.extend(["--locked", "--no-run", "--message-format", "json-render-diagnostics"]);
    let built = console.must(compiler.cargo(workspace, &arguments), BUILD)?;
    let programs = built.iter().filter_map(|line| executable(line)).collect();
    Ok((compiler, programs))
}

/// The program that a line of cargo's messages names.
fn executable(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    message["executable"].as_str().map(str::to_owned)
}

/// How many tests a program named as passed.
fn passed(finished: &Finished) -> u64 {
    let passed = |line: &&String| line.starts_with("test ") && line.ends_with(" ... ok");
    finished.lines.iter().filter(passed).map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_leaves_the_tests_before_it_counted() {
        let text = "running 3 tests\ntest a::b ... ok\ntest a::c ... ok\ntest a::d ...";
        let lines = text.lines().map(str::to_owned).collect();
        assert_eq!(passed(&Finished { success: false, lines }), 2);
    }

    #[test]
    fn only_programs_are_run() {
        let artifact = r#"{"reason":"compiler-artifact","executable":"/target/a.wasm"}"#;
        assert_eq!(executable(artifact).as_deref(), Some("/target/a.wasm"));
        for other in ["warning: unused", r#"{"reason":"compiler-artifact","executable":null}"#] {
            assert_eq!(executable(other), None);
        }
    }
}
