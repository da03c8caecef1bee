//! `cargo xtask package`: a wheel, an sdist, a jar, a Swift package and an npm package in `target/package`, each
//! installed into a fresh project of a user and run there.
//!
//! The sources of such a project are in `bindings/LANGUAGE/consumer`. It finds a running `pamlink
//! serve --dev` at `PAMLINK_URL`, and a token for it in `PAMLINK_TOKEN`; it says that it got an
//! answer with a line on its standard output and exit code 0.

mod kotlin;
mod python;
mod served;
mod swift;
mod web;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::bindings::{Bindings, Stamp, clear};
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::workspace::Workspace;
use served::Served;

/// A consumer sends one request.
const CONSUMER: Duration = Duration::from_secs(60);
/// One row for each language that is there, which may take a minute.
const REPORT: Duration = Duration::from_secs(240);

/// What every language needs to make its package and to run its consumer.
struct Making<'a> {
    workspace: &'a Workspace,
    console: Console,
    bindings: &'a Bindings,
    served: &'a Served,
    /// The program `pamlink`.
    program: &'a Path,
    /// `target/package`.
    folder: PathBuf,
    version: String,
}

/// Makes all packages; prints where they are. Whether every consumer ran.
pub(crate) fn run(workspace: &Workspace, console: Console) -> Result<bool> {
    let checks = checks(workspace, console).map_err(Stopped::into_error)?;
    for note in &checks.notes {
        println!("{note}");
    }
    println!("{}", checks.totals);
    Ok(checks.totals.failed == 0)
}

/// The same as checks: one for each package.
pub(crate) fn checks(workspace: &Workspace, console: Console) -> Outcome {
    let bindings = Bindings::make(workspace, console)?;
    let program = peers::with_page(workspace, console)?;
    let served = Served::start(&program)?;
    let making = Making {
        workspace,
        console,
        bindings: &bindings,
        served: &served,
        program: &program,
        folder: workspace.target.join("package"),
        version: workspace.version()?,
    };
    let mut checks = Checks::default();
    let all =
        [python::wheel, python::sdist, python::checkout, kotlin::jar, swift::package, web::npm];
    for package in all {
        package(&making, &mut checks)?;
    }
    Ok(checks)
}

/// A project of a user.
struct Project {
    folder: PathBuf,
    /// What it was last set up with.
    stamp: Stamp,
}

impl Making<'_> {
    /// A project that consumes what was made of `inputs`: a fresh copy of a language's consumer,
    /// or the last one, set up and all, when nothing of it has changed.
    fn project(&self, name: &str, language: &str, inputs: &[&Path]) -> Result<Project> {
        let folder = self.folder.join("consumers").join(name);
        let consumer = format!("bindings/{language}/consumer");
        let mut stamp = Stamp::new(&folder.with_extension("stamp"));
        stamp.add_all(self.workspace, &[&consumer])?;
        for input in inputs {
            stamp.add(input)?;
        }
        let project = Project { folder, stamp };
        if project.is_fresh() {
            return Ok(project);
        }
        clear(&project.folder)?;
        for file in self.workspace.files()? {
            let Ok(inside) = file.strip_prefix(&consumer) else { continue };
            copy(&self.workspace.root.join(&file), &project.folder.join(inside))?;
        }
        Ok(project)
    }

    /// Runs a consumer: one check.
    fn consume(&self, package: &Path, mut consumer: Command, checks: &mut Checks) -> Result<()> {
        consumer.envs(self.served.variables());
        let finished = self.console.run(consumer, CONSUMER)?;
        let shown = package.strip_prefix(&self.workspace.root).unwrap_or(package).display();
        let spoke = finished.lines.iter().any(|line| !line.trim().is_empty());
        checks.check(
            finished.success && spoke,
            format!("{shown}: its consumer got no answer\n{}", finished.tail(40)),
        );
        if finished.success && spoke {
            checks.note(shown);
        }
        Ok(())
    }
}

impl Making<'_> {
    /// The program, run in a folder of a user.
    fn program_in(&self, folder: &Path) -> Command {
        let mut program = Command::new(self.program);
        program.current_dir(folder);
        program
    }

    /// The report of the program, which is set up to run in a folder, shows a package that is installed for
    /// what runs there. One check.
    fn reported(
        &self,
        language: &str,
        folder: &Path,
        mut report: Command,
        checks: &mut Checks,
    ) -> Result<()> {
        report.args(["report", "--suite", "packages", "--out", "report"]);
        let finished = self.console.run(report, REPORT)?;
        let json = std::fs::read(folder.join("report/report.json")).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap_or_default();
        let cases = json["suites"][0]["cases"].as_array().map_or(&[][..], Vec::as_slice);
        let is_row = |case: &serde_json::Value| {
            let name = case["name"].as_str().unwrap_or_default();
            name.starts_with(&format!("{language}: ")) && case["passed"] == true
        };
        checks.check(
            finished.success && cases.iter().any(is_row),
            format!("the report shows no row of {language} that passed\n{}", finished.tail(40)),
        );
        Ok(())
    }
}

impl Project {
    fn is_fresh(&self) -> bool {
        self.folder.exists() && self.stamp.is_fresh()
    }
}

/// Copies a file, and makes the folders above it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to)?;
    Ok(())
}
