//! The tools that the tests need and cargo does not bring: installed at pinned versions, into the
//! build folder where that is possible.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

/// The npm packages: the client of the report, and what drives Chromium.
const NPM: &[(&str, &str)] = &[("ws", "8.14.2"), ("puppeteer-core", "25.16.0")];
/// The PyPI packages.
const PYPI: &[&str] = &["websockets==17.4"];
const CARGO_FUZZ: &str = "0.13.2";
/// The toolchain of the fuzz targets, where no toolchain named `nightly` is there already.
const NIGHTLY: &str = "nightly-2026-05-20";

const INSTALL: Duration = Duration::from_secs(600);

/// The folder of the npm packages.
pub(crate) fn node_modules(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    need("node")?;
    let folder = workspace.target.join("tools/node");
    let modules = folder.join("node_modules");
    let installed = |(name, version): &(&str, &str)| {
        let manifest = modules.join(name).join("package.json");
        let manifest = std::fs::read(manifest).unwrap_or_default();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
        manifest["version"] == *version
    };
    if !NPM.iter().all(installed) {
        need("npm")?;
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
        let mut npm = workspace.command("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]);
        npm.args(NPM.iter().map(|(name, version)| format!("{name}@{version}")));
        npm.current_dir(&folder);
        install(console, npm)?;
    }
    Ok(modules)
}

/// The Python of an environment that has the PyPI packages.
pub(crate) fn python(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let folder = workspace.target.join("tools/venv");
    let python = folder.join("bin/python");
    let marker = folder.join("installed");
    let wanted = PYPI.join("\n");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    need("python3")?;
    let mut venv = workspace.command("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    install(console, venv)?;
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(PYPI);
    install(console, pip)?;
    std::fs::write(marker, wanted)?;
    Ok(python)
}

/// The program of a Chromium; installed from Debian where this process may do that.
pub(crate) fn chromium(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
    const NAMES: [&str; 3] = ["/usr/bin/chromium", "chromium-browser", "google-chrome"];
    let there = || NAMES.into_iter().find(|name| has_program(name));
    if let Some(name) = there() {
        return Ok(name);
    }
    if !has_program("apt-get") || !is_root() {
        return Err(Stopped::Missing("no Chromium; install the package `chromium`".to_owned()));
    }
    let apt = |args: &[&str]| {
        let mut apt = workspace.command("apt-get");
        apt.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    install(console, apt(&["update"]))?;
    install(console, apt(&["install", "--yes", "--no-install-recommends", "chromium"]))?;
    there().ok_or_else(|| Stopped::Missing("the package `chromium` brought no program".to_owned()))
}

/// What runs fuzz targets: `cargo +nightly fuzz` with the right version, less its arguments.
pub(crate) fn cargo_fuzz(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let root = workspace.target.join("tools");
    let program = root.join("bin/cargo-fuzz");
    let right = Command::new(&program).arg("--version").output().is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).trim().ends_with(&format!(" {CARGO_FUZZ}"))
    });
    if !right {
        let mut cargo = workspace.cargo(["install", "cargo-fuzz", "--locked", "--force"]);
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
fn nightly(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
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

fn need(program: &str) -> Result<(), Stopped> {
    if has_program(program) {
        Ok(())
    } else {
        Err(Stopped::Missing(format!("no `{program}` on the path")))
    }
}

/// Runs a command that installs; what cannot be installed is missing.
fn install(console: Console, command: Command) -> Result<(), Stopped> {
    match console.must(command, INSTALL) {
        Ok(_lines) => Ok(()),
        Err(error) => Err(Stopped::Missing(format!("{error:#}"))),
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}
