//! The Python package: its wheel is built and installed, its tests run, its types hold.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::bindings::{self, Bindings, python};
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::tools;
use crate::totals::Totals;
use crate::workspace::Workspace;

const TESTS: Duration = Duration::from_secs(300);
/// The most lines of a run that are shown.
const SHOWN: usize = 200;
/// What uses the package as its users do, for the type checkers to read; both are strict.
const TYPED: &str = "bindings/python/tests/typing/sample.py";
/// The settings of mypy and pyright, beside those of the package.
const SETTINGS: &str = "bindings/python/pyproject.toml";

/// What all languages share.
pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    Bindings::make(workspace, console).map(drop)
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let bindings = Bindings::make(workspace, console)?;
    let python = python::installed(workspace, console, &bindings)?;
    let mut checks = pytest(workspace, console, &python)?;
    checks.add(mypy(workspace, console, &python)?);
    checks.add(pyright(workspace, console, &python)?);
    Ok(checks)
}

fn pytest(workspace: &Workspace, console: Console, python: &Path) -> Outcome {
    let finished =
        workspace.keep("python", console.run(tests(workspace, console, python)?, TESTS)?);
    let mut checks = Checks { totals: totals(&finished.lines), ..Checks::default() };
    if checks.totals.failed > 0 {
        checks.note(shown(&finished.lines));
    }
    checks.close(workspace.ci, &finished);
    Ok(checks)
}

/// What is shown of a run with failures: not the tests that passed, which it names last.
fn shown(lines: &[String]) -> String {
    let shown: Vec<_> = lines.iter().filter(|line| !line.starts_with("PASSED ")).collect();
    let shown = &shown[shown.len().saturating_sub(SHOWN)..];
    shown.iter().map(|line| line.as_str()).collect::<Vec<_>>().join("\n")
}

/// A command that runs the tests that are named after it, or all, and names each.
pub(super) fn tests(
    workspace: &Workspace,
    console: Console,
    python: &Path,
) -> Result<Command, Stopped> {
    let mut pytest = workspace.command(python);
    // What is tested is what was installed: neither the folder of the sources is on the path, nor
    // the one that this starts in.
    pytest.args(["-P", "-B", "-m", "pytest", "-q", "-rap", "--tb=short", "--color=no"]);
    pytest.args(["-p", "no:cacheprovider"]);
    pytest.current_dir(workspace.root.join(python::FOLDER));
    pytest.env("PAMLINK", peers::pamlink(workspace, console)?);
    pytest.env("PAMLINK_VECTORS", workspace.root.join("tests/vectors"));
    Ok(pytest)
}

/// The package as it is installed, and a program that uses it.
fn mypy(workspace: &Workspace, console: Console, python: &Path) -> Outcome {
    let cache = workspace.target.join("mypy");
    let mut checks = Checks::default();
    for what in [&["--package", "pamlink"][..], &[TYPED]] {
        let mut mypy = workspace.command(python);
        mypy.args(["-P", "-m", "mypy", "--strict", "--no-error-summary"]);
        mypy.args(["--config-file", SETTINGS, "--cache-dir"]).arg(&cache).args(what);
        checks.add(Checks::of_command(&console.run(mypy, TESTS)?));
    }
    Ok(checks)
}

/// Whether each public name of the package has a type that is known, and the same program.
fn pyright(workspace: &Workspace, console: Console, python: &Path) -> Outcome {
    let pyright = tools::pyright(workspace, console)?;
    let mut checks = Checks::default();
    for what in [&["--ignoreexternal", "--verifytypes", "pamlink"][..], &["--warnings", TYPED]] {
        let mut node = workspace.command("node");
        // It looks up packages in the Python that is first on the path: with `--verifytypes` it
        // does not heed `--pythonpath`.
        node.arg(&pyright).args(what).env("PATH", bindings::path_with(python)?);
        checks.add(Checks::of_command(&console.run(node, TESTS)?));
    }
    Ok(checks)
}

/// Reads the last line of pytest: `1 failed, 3 passed, 2 skipped, 1 warning in 0.12s`.
fn totals(lines: &[String]) -> Totals {
    let summary = |line: &&String| {
        let (counts, time) = line.rsplit_once(" in ").unwrap_or_default();
        time.trim_end_matches('=').trim().starts_with(|c: char| c.is_ascii_digit())
            && counts.contains(|c: char| c.is_ascii_digit())
    };
    let mut totals = Totals::default();
    let Some(line) = lines.iter().rev().find(summary) else { return totals };
    let counts = line.rsplit_once(" in ").unwrap_or_default().0;
    for count in counts.trim_matches(['=', ' ']).split(", ") {
        let Some((number, word)) = count.split_once(' ') else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match word {
            "passed" => totals.passed += number,
            "failed" | "error" | "errors" | "xpassed" => totals.failed += number,
            "skipped" | "xfailed" => totals.skipped += number,
            _ => {}
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Totals {
        totals(&text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn shows_what_failed_and_not_what_passed() {
        let all = "E   assert 1 == 2\nFAILED tests/test_a.py::test_b - assert 1 == 2\n\
                   PASSED tests/test_a.py::test_c\n1 failed, 1 passed in 0.12s";
        let lines: Vec<_> = all.lines().map(str::to_owned).collect();
        let first = "E   assert 1 == 2\nFAILED tests/test_a.py::test_b - assert 1 == 2\n";
        assert_eq!(shown(&lines), format!("{first}1 failed, 1 passed in 0.12s"));
        let many: Vec<_> = lines.iter().cycle().take(4 * SHOWN).cloned().collect();
        assert_eq!(shown(&many).lines().count(), SHOWN);
    }

    #[test]
    fn reads_the_summary_of_pytest() {
        let all =
            "x.py .sF\n2 failed, 11 passed, 3 skipped, 1 xfailed, 1 error, 9 warnings in 1.2s";
        assert_eq!(of(all), Totals { passed: 11, failed: 3, skipped: 4 });
        let framed = "==== 1 passed in 61.02s (0:01:01) ====";
        assert_eq!(of(framed), Totals { passed: 1, ..Totals::default() });
        assert_eq!(of("no tests ran in 0.01s"), Totals::default());
        assert_eq!(of("3 passed the ball"), Totals::default());
    }
}
