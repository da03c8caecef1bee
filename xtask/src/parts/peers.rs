//! Clients and servers that others wrote, over real sockets.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::check::{Outcome, Stopped};
use crate::command::Console;
use crate::workspace::Workspace;
use crate::{page, tap, tools};

const BUILD: Duration = Duration::from_secs(1_500);
/// The scripts bound each of their steps; this bounds what they forgot. All steps of the longest
/// may take their 60 seconds.
const SCRIPT: Duration = Duration::from_secs(360);

pub(super) fn node(workspace: &Workspace, console: Console) -> Outcome {
    let modules = tools::node_modules(workspace, console)?;
    let binary = pamlink(workspace, console)?;
    let mut node = workspace.command("node");
    node.arg("tests/interop/node/main.mjs");
    node.env("PAMLINK", binary).env("NODE_MODULES", modules);
    script(workspace, console, node)
}

pub(super) fn websockets(workspace: &Workspace, console: Console) -> Outcome {
    let python = tools::python(workspace, console)?;
    let binary = pamlink(workspace, console)?;
    let mut command = workspace.command(python);
    command.args(["-u", "-B", "tests/interop/python/main.py"]).env("PAMLINK", binary);
    script(workspace, console, command)
}

/// Builds the binary `pamlink` with the dependencies that the tests are built with.
pub(crate) fn pamlink(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    if !workspace.has_package("pamlink-cli") {
        return Err(Stopped::Broken(anyhow::anyhow!("the workspace has no `pamlink-cli`")));
    }
    let build = ["build", "--workspace", "--all-features", "--bins", "--tests"];
    console.must(workspace.cargo(build), BUILD)?;
    Ok(workspace.target.join("debug/pamlink"))
}

/// The same with its page, whose module is built before.
pub(crate) fn with_page(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    page::lay(workspace, console)?;
    pamlink(workspace, console)
}

/// Runs a script and counts the results that it prints.
pub(super) fn script(workspace: &Workspace, console: Console, command: Command) -> Outcome {
    Ok(tap::checks(workspace.ci, &console.run(command, SCRIPT)?))
}
