//! Runs what the rows name, each kind in one go, and the programs of `tests/field`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::FOLDER;
use super::row::{Check, Row};
use crate::bindings::{self, Bindings};
use crate::check::Stopped;
use crate::command::{Console, Finished};
use crate::parts::{PARTS, kotlin, peers, python, rust, settle, swift, vectors};
use crate::tools;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(900);
/// The programs bound each of their steps; this bounds what they forgot.
const PROGRAM: Duration = Duration::from_secs(300);

/// What ran, and whether it passed.
#[derive(Debug, Default)]
pub(super) struct Results(BTreeMap<Check, Result<(), String>>);

impl Results {
    /// Whether a check has run and passed, and if not, why not.
    pub(super) fn of(&self, check: &Check) -> Result<(), String> {
        let none = || Err(format!("{} was not run", check.name()));
        self.0.get(check).cloned().unwrap_or_else(none)
    }

    /// Notes the results of the tests that a run has printed as lines.
    fn note(&mut self, wanted: &[&Check], ran: &[(String, bool)], finished: &Finished) {
        for check in wanted {
            let named = ran.iter().filter(|(name, _)| is_named(check, name));
            let passed: Vec<bool> = named.map(|(_, passed)| *passed).collect();
            let result = match passed.as_slice() {
                [] if finished.success => continue,
                [] => Err(finished.tail(40)),
                all if all.iter().all(|passed| *passed) => Ok(()),
                _ => Err(format!("{} failed", check.name())),
            };
            self.0.insert((*check).clone(), result);
        }
    }
}

/// Whether a test that ran under `name` is the one that a row names.
fn is_named(check: &Check, name: &str) -> bool {
    let wanted = check.name();
    match check {
        // Without nextest the name of the package and of the binary are not told.
        Check::Rust(_) => name == wanted || wanted.ends_with(&format!("::{name}")),
        // A test with parameters has several cases.
        Check::Pytest(_) => name == wanted || name.starts_with(&format!("{wanted}[")),
        _ => name == wanted,
    }
}

/// Runs all that the rows name. What has run before in the same command is not run again.
pub(super) fn run_all(
    workspace: &Workspace,
    console: Console,
    rows: &[Row],
) -> Result<Results, Stopped> {
    let wanted: BTreeSet<&Check> = rows.iter().map(|row| &row.check).collect();
    let of = |is: fn(&Check) -> bool| -> Vec<&Check> {
        wanted.iter().copied().filter(|check| is(check)).collect()
    };
    let mut results = Results::default();
    cargo(workspace, console, &of(|it| matches!(it, Check::Rust(_))), &mut results)?;
    pytest(workspace, console, &of(|it| matches!(it, Check::Pytest(_))), &mut results)?;
    kotlin(workspace, console, &of(|it| matches!(it, Check::Kotlin(_))), &mut results)?;
    swift(workspace, console, &of(|it| matches!(it, Check::Swift(_))), &mut results)?;
    vectors(workspace, console, &of(|it| matches!(it, Check::Vectors(_))), &mut results)?;
    parts(workspace, console, &of(|it| matches!(it, Check::Part(_))), &mut results);
    Ok(results)
}

fn cargo(
    workspace: &Workspace,
    console: Console,
    wanted: &[&Check],
    results: &mut Results,
) -> Result<(), Stopped> {
    if wanted.is_empty() {
        return Ok(());
    }
    let finished = match workspace.kept("unit") {
        Some(finished) => finished,
        None => {
            // What the part `unit` builds: a choice of packages would build them anew, with other
            // features.
            let mut test = rust::test(workspace, &["--workspace", "--all-features"]);
            if rust::has_nextest() {
                let filters: Vec<_> = wanted.iter().map(|check| filter(check.name())).collect();
                test.args(["--filterset", &filters.join(" | ")]);
            }
            Arc::new(console.run(test, LIMIT)?)
        }
    };
    let ran: Vec<_> = rust::results(&finished).collect();
    results.note(wanted, &ran, &finished);
    Ok(())
}

/// A test of the library of a package, or of another of its binaries. That the binary is the right
/// one shows in what the run prints: a filter that names a binary that is not there is an error.
fn filter(name: &str) -> String {
    let (package, path) = name.split_once("::").unwrap_or((name, ""));
    let rest = path.split_once("::").map_or(path, |(_binary, rest)| rest);
    format!("(package(={package}) & (test(={path}) | test(={rest})))")
}

fn pytest(
    workspace: &Workspace,
    console: Console,
    wanted: &[&Check],
    results: &mut Results,
) -> Result<(), Stopped> {
    if wanted.is_empty() {
        return Ok(());
    }
    let finished = match workspace.kept("python") {
        Some(finished) => finished,
        None => {
            let bindings = Bindings::make(workspace, console)?;
            let python = bindings::python::installed(workspace, console, &bindings)?;
            let mut pytest = python::tests(workspace, console, &python)?;
            pytest.args(wanted.iter().map(|check| check.name()));
            Arc::new(console.run(pytest, LIMIT)?)
        }
    };
    let ran: Vec<_> = finished.lines.iter().filter_map(|line| pytest_line(line)).collect();
    results.note(wanted, &ran, &finished);
    Ok(())
}

/// `PASSED tests/test_hub.py::test_text`, `FAILED tests/test_hub.py::test_text - reason`.
fn pytest_line(line: &str) -> Option<(String, bool)> {
    let (status, rest) = line.split_once(' ')?;
    let passed = match status {
        "PASSED" => true,
        "FAILED" | "ERROR" => false,
        _ => return None,
    };
    let name = rest.split(" - ").next().unwrap_or(rest);
    name.contains("::").then(|| (name.to_owned(), passed))
}

fn kotlin(
    workspace: &Workspace,
    console: Console,
    wanted: &[&Check],
    results: &mut Results,
) -> Result<(), Stopped> {
    if let Some(finished) = workspace.kept("kotlin") {
        let ran: Vec<_> = finished.lines.iter().filter_map(|line| kotlin_line(line)).collect();
        results.note(wanted, &ran, &finished);
        return Ok(());
    }
    // The classes one by one: all of them together are a part of their own.
    let classes: BTreeSet<&str> =
        wanted.iter().filter_map(|check| check.name().split_once('.')).map(|it| it.0).collect();
    for class in classes {
        let finished = console.run(kotlin::tests(workspace, console, class)?, LIMIT)?;
        let ran: Vec<_> = finished.lines.iter().filter_map(|line| kotlin_line(line)).collect();
        let of_class = |check: &&&Check| check.name().starts_with(&format!("{class}."));
        let wanted: Vec<&Check> = wanted.iter().filter(of_class).copied().collect();
        results.note(&wanted, &ran, &finished);
    }
    Ok(())
}

/// `ok N name(dev.pamlink.Class)`, as `RunTests.java` prints it.
fn kotlin_line(line: &str) -> Option<(String, bool)> {
    let (passed, rest) = match line.strip_prefix("not ok ") {
        Some(rest) => (false, rest),
        None => (true, line.strip_prefix("ok ")?),
    };
    let (name, class) = rest.split_once(' ')?.1.rsplit_once('(')?;
    let class = class.split(')').next()?.rsplit('.').next()?;
    Some((format!("{class}.{name}"), passed && !line.contains("# SKIP")))
}

fn swift(
    workspace: &Workspace,
    console: Console,
    wanted: &[&Check],
    results: &mut Results,
) -> Result<(), Stopped> {
    if wanted.is_empty() {
        return Ok(());
    }
    let finished = match workspace.kept("swift") {
        Some(finished) => finished,
        None => {
            let mut test = swift::tests(workspace, console)?;
            for check in wanted {
                test.args(["--filter", &format!("{}$", check.name())]);
            }
            Arc::new(console.run(test, LIMIT)?)
        }
    };
    let ran: Vec<_> = finished.lines.iter().filter_map(|line| swift_line(line)).collect();
    results.note(wanted, &ran, &finished);
    Ok(())
}

/// `Test Case 'Class.name' passed (0.002 seconds)` of XCTest.
fn swift_line(line: &str) -> Option<(String, bool)> {
    let (name, result) = line.split_once("Test Case '")?.1.split_once("' ")?;
    let passed = result.starts_with("passed");
    (passed || result.starts_with("failed")).then(|| (name.replacen('.', "/", 1), passed))
}

fn vectors(
    workspace: &Workspace,
    console: Console,
    wanted: &[&Check],
    results: &mut Results,
) -> Result<(), Stopped> {
    if wanted.is_empty() {
        return Ok(());
    }
    let ran = vectors::run_suites(workspace, console)?;
    for check in wanted {
        let result = ran.fault(check.name()).map_or(Ok(()), Err);
        results.0.insert((*check).clone(), result);
    }
    Ok(())
}

fn parts(workspace: &Workspace, console: Console, wanted: &[&Check], results: &mut Results) {
    for check in wanted {
        let Some(part) = PARTS.iter().find(|part| part.name == check.name()) else { continue };
        let passed = workspace.passed(part.name).unwrap_or_else(|| {
            let checks = settle(true, part.name, (part.run)(workspace, console));
            checks.totals.failed == 0
        });
        let result = if passed { Ok(()) } else { Err(format!("part {} failed", part.name)) };
        results.0.insert((*check).clone(), result);
    }
}

/// Runs the programs of the folder: `NAME/main.py` for each.
pub(super) fn programs(
    workspace: &Workspace,
    console: Console,
) -> Result<Vec<(&'static str, Finished)>, Stopped> {
    const PROGRAMS: &[&str] = &["proxies", "servers"];
    let mut ran = Vec::new();
    for name in PROGRAMS {
        let bindings = Bindings::make(workspace, console)?;
        let mut program =
            workspace.command(bindings::python::installed(workspace, console, &bindings)?);
        program.args(["-u", "-B", "-P"]);
        program.arg(workspace.root.join(FOLDER).join(name).join("main.py"));
        program.env("PAMLINK", peers::with_page(workspace, console)?);
        if *name == "proxies" {
            let proxies = tools::proxies(workspace, console)?;
            program.env("PAMLINK_NGINX", proxies.nginx);
            program.env("PAMLINK_HAPROXY", proxies.haproxy);
            program.env("PAMLINK_CADDY", proxies.caddy);
        }
        ran.push((*name, console.run(program, PROGRAM).context(*name)?));
    }
    Ok(ran)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_line_of_each_runner() {
        let read =
            |line: Option<(String, bool)>| line.map(|(name, passed)| format!("{name} {passed}"));
        let is = |line, expected: &str| assert_eq!(read(line).as_deref(), Some(expected));
        is(pytest_line("PASSED tests/a.py::test_b[1]"), "tests/a.py::test_b[1] true");
        is(pytest_line("FAILED tests/a.py::test_b - assert 1 == 2"), "tests/a.py::test_b false");
        is(
            kotlin_line("not ok 3 a late one(dev.pamlink.ClientTest)"),
            "ClientTest.a late one false",
        );
        is(swift_line("Test Case 'ATests.testB' passed (0.1 seconds)"), "ATests/testB true");
        assert_eq!(swift_line("Test Case 'ATests.testB' started at"), None);
    }

    #[test]
    fn a_name_is_found_whole() {
        let rust = Check::Rust("pamlink::hub::tests::a".to_owned());
        assert!(is_named(&rust, "pamlink::hub::tests::a") && is_named(&rust, "hub::tests::a"));
        assert!(!is_named(&rust, "pamlink::hub::tests::b") && !is_named(&rust, "s::a"));
        let pytest = Check::Pytest("tests/a.py::test_b".to_owned());
        assert!(
            is_named(&pytest, "tests/a.py::test_b[3]") && !is_named(&pytest, "tests/a.py::test_bc")
        );
    }

    #[test]
    fn a_filter_finds_the_test_in_a_library_and_in_another_binary() {
        assert_eq!(
            filter("pamlink-tests::protocol::a"),
            "(package(=pamlink-tests) & (test(=protocol::a) | test(=a)))"
        );
    }
}
