//! The vectors in four languages: each runs every case of every file.
//!
//! The suite of each language prints one line for each file that it has run, `vectors LANGUAGE
//! FILE N`: N cases of the file at that path within `tests/vectors`. A case that fails fails its
//! suite; a case that was left out shows here, because the counts must be the same.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::Duration;

use crate::bindings::{self, Bindings};
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::{kotlin, swift};
use crate::workspace::Workspace;

const SUITE: Duration = Duration::from_secs(600);
const FOLDER: &str = "tests/vectors";

/// The suites: Rust is the crate of the library, so that all four go the same way.
/// Under the second name what they have printed is kept.
const SUITES: &[(&str, &str, Suite)] = &[
    ("rust", "vectors rust", rust),
    ("python", "vectors python", python),
    ("kotlin", "vectors kotlin", kotlin_tests),
    ("swift", "vectors swift", swift_tests),
];

type Suite = fn(&Workspace, Console) -> Result<Command, Stopped>;

/// How many cases of each file a language has run.
type Counts = BTreeMap<String, u64>;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let ran = run_suites(workspace, console)?;
    let folder = workspace.root.join(FOLDER);
    let mut checks = ran.checks;
    for file in bindings::files(&folder, "json")? {
        let file = file.strip_prefix(&folder)?.to_string_lossy().into_owned();
        let fault = fault(&file, &ran.counts);
        checks.check(fault.is_none(), fault.unwrap_or_default());
    }
    let named: BTreeSet<&String> = ran.counts.iter().flat_map(|(_, it)| it.keys()).collect();
    for file in named {
        if !folder.join(file).is_file() {
            checks.fail(format!("{FOLDER} has no {file}"));
        }
    }
    Ok(checks)
}

/// What the suites of the four languages have run.
#[derive(Debug)]
pub(super) struct Ran {
    /// One check for each suite: that it ended well.
    checks: Checks,
    counts: Vec<(&'static str, Counts)>,
}

impl Ran {
    /// What is wrong with how a file was run.
    pub(super) fn fault(&self, file: &str) -> Option<String> {
        if self.checks.totals.failed > 0 {
            return Some(self.checks.notes.join("\n"));
        }
        fault(file, &self.counts)
    }
}

/// Runs the suites.
pub(super) fn run_suites(workspace: &Workspace, console: Console) -> Result<Ran, Stopped> {
    let mut ran = Ran { checks: Checks::default(), counts: Vec::new() };
    for (language, key, suite) in SUITES {
        let finished = match workspace.kept(key) {
            Some(finished) => finished,
            None => {
                let mut suite = suite(workspace, console)?;
                suite.env("PAMLINK_VECTORS", workspace.root.join(FOLDER));
                workspace.keep(key, console.run(suite, SUITE)?)
            }
        };
        ran.counts.push((*language, counts(language, &finished.lines)));
        ran.checks.add(Checks::of_command(&finished));
    }
    Ok(ran)
}

fn rust(workspace: &Workspace, _console: Console) -> Result<Command, Stopped> {
    // As the part `unit` has built it: a choice of packages would build it anew.
    let mut cargo = workspace.cargo(["test", "--workspace", "--all-features", "--test", "vectors"]);
    cargo.args(["--", "--nocapture"]);
    Ok(cargo)
}

fn python(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let python = bindings::python::installed(workspace, console, &bindings)?;
    let mut pytest = workspace.command(python);
    pytest.args(["-P", "-B", "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider"]);
    pytest.arg("bindings/python/tests/test_vectors.py");
    Ok(pytest)
}

fn kotlin_tests(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    kotlin::tests(workspace, console, "VectorsTest")
}

fn swift_tests(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let mut swift = swift::tests(workspace, console)?;
    swift.args(["--filter", "Vectors"]);
    Ok(swift)
}

/// Reads what one language printed. The line may stand after what a test runner has begun to
/// print; a file in several lines is a file whose cases were run in parts.
fn counts(language: &str, lines: &[String]) -> Counts {
    let mark = format!("vectors {language} ");
    let mut counts = Counts::new();
    for line in lines {
        let Some((_, rest)) = line.split_once(&mark) else { continue };
        let mut words = rest.split_whitespace();
        let (Some(file), Some(count)) = (words.next(), words.next()) else { continue };
        if let Ok(count) = count.parse::<u64>() {
            *counts.entry(file.to_owned()).or_default() += count;
        }
    }
    counts
}

/// What is wrong with how a file was run.
fn fault(file: &str, all: &[(&str, Counts)]) -> Option<String> {
    let of = |counts: &Counts| counts.get(file).copied().unwrap_or_default();
    let first = all.first().map_or(0, |(_, counts)| of(counts));
    if first > 0 && all.iter().all(|(_, counts)| of(counts) == first) {
        return None;
    }
    let each = all.iter().map(|(language, counts)| format!("{language} {}", of(counts)));
    Some(format!("{file}: cases run by {}", each.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(language: &str, text: &str) -> Counts {
        counts(language, &text.lines().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn reads_the_lines_of_one_language() {
        let text = "..vectors python a.json 3\nvectors rust a.json 4\nvectors python a.json 2";
        assert_eq!(of("python", text), Counts::from([("a.json".to_owned(), 5)]));
        assert_eq!(of("swift", text), Counts::new());
    }

    #[test]
    fn every_language_runs_every_case() {
        let text = "vectors rust a.json 3\nvectors swift a.json 3\nvectors rust b.json 3\n\
                    vectors swift b.json 2\nvectors rust c.json 0\nvectors swift c.json 0";
        let all = ["rust", "swift"].map(|language| (language, of(language, text)));
        assert_eq!(fault("a.json", &all), None);
        assert_eq!(fault("b.json", &all).unwrap(), "b.json: cases run by rust 3, swift 2");
        assert!(fault("c.json", &all).is_some() && fault("d.json", &all).is_some());
    }
}
