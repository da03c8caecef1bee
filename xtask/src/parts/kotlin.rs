//! The Kotlin package: it is compiled, and its tests run on a JVM.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::bindings::{Bindings, kotlin};
use crate::check::{Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::tap;
use crate::workspace::Workspace;

const TESTS: Duration = Duration::from_secs(300);

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let tests = tests(workspace, console, "Test")?;
    let finished = workspace.keep("kotlin", console.run(tests, TESTS)?);
    Ok(tap::checks(workspace.ci, &finished))
}

/// A command that runs the test classes whose names end in `suffix`.
pub(super) fn tests(
    workspace: &Workspace,
    console: Console,
    suffix: &str,
) -> Result<Command, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let compiled = kotlin::compile(workspace, console, &bindings)?;
    let jar = with_examples(&compiled, workspace, console)?;
    let mut java = compiled.java(workspace, &jar);
    // The JDK compiles this one file as it starts it.
    java.arg("xtask/java/RunTests.java").arg(jar).arg(suffix);
    java.env("PAMLINK", peers::pamlink(workspace, console)?);
    java.env("PAMLINK_VECTORS", workspace.root.join("tests/vectors"));
    Ok(java)
}

/// The tests and the examples, which they run, in one jar.
pub(super) fn with_examples(
    compiled: &kotlin::Compiled,
    workspace: &Workspace,
    console: Console,
) -> Result<PathBuf, Stopped> {
    let folder = workspace.root.join(kotlin::FOLDER);
    let sources = ["src/test/kotlin", "examples"].map(|it| folder.join(it));
    compiled.beside(workspace, console, "tests", &[&sources[0], &sources[1]])
}
