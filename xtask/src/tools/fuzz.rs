//! cargo-fuzz, and the nightly toolchain that it needs.

use std::process::Command;
use std::sync::{Mutex, PoisonError};

use super::{install, need};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const CARGO_FUZZ: &str = "0.13.2";
/// The toolchain of the fuzz targets, where no toolchain named `nightly` is there already.
const NIGHTLY: &str = "nightly-2026-05-20";

/// What runs fuzz targets: `cargo +nightly fuzz` with the right version, less its arguments.
pub(crate) fn cargo_fuzz(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let root = workspace.target.join("tools");
    let program = root.join("bin/cargo-fuzz");
    let right = Command::new(&program).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim().ends_with(&format!(" {CARGO_FUZZ}"))
    });
    if !right {
        // It starts a compiler: nothing of its own takes time.
        let mut cargo =
            workspace.cargo(["install", "cargo-fuzz", "--locked", "--force", "--debug"]);
        cargo.args(["--version", CARGO_FUZZ, "--root"]).arg(&root);
        install(console, cargo)?;
    }
    let toolchain = nightly(workspace, console)?;
    let mut fuzz = workspace.command(program);
    // A toolchain chosen for this process would win over the one chosen for the targets.
    fuzz.env("RUSTUP_TOOLCHAIN", toolchain).env_remove("CARGO").env_remove("RUSTC").arg("fuzz");
    Ok(fuzz)
}

/// The name of a nightly toolchain.
pub(crate) fn nightly(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    need("rustup")?;
    let list = workspace.command("rustup").args(["toolchain", "list"]).output()?;
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let has = |name: &str| {
        list.lines().any(|line| line.starts_with(&format!("{name}-x86_64")))
            || list.lines().any(|line| line.starts_with(&format!("{name}-aarch64")))
    };
    for name in ["nightly", NIGHTLY] {
        if has(name) {
            return Ok(name);
        }
    }
    let mut rustup = workspace.command("rustup");
    rustup.args(["toolchain", "install", NIGHTLY, "--profile", "minimal", "--no-self-update"]);
    install(console, rustup)?;
    Ok(NIGHTLY)
}
