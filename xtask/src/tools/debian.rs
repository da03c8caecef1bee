//! What comes from Debian, where this process may install that.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install;
use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

const MIRROR: &str = "http://deb.debian.org/debian";

/// The program of a Chromium.
pub(crate) fn chromium(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
    let names = ["/usr/bin/chromium", "chromium-browser", "google-chrome"];
    program(workspace, console, &names, "chromium")
}

/// The program of a Firefox.
pub(crate) fn firefox(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
    program(workspace, console, &["/usr/bin/firefox-esr", "firefox"], "firefox-esr")
}

/// The server of Redis.
pub(crate) fn redis(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let folder = workspace.target.join("tools/redis");
    unpacked(workspace, console, &folder, ("redis-server", "usr/bin/redis-server"))
}

/// The first of the programs that is there, if need be from a package.
fn program(
    workspace: &Workspace,
    console: Console,
    names: &[&'static str],
    package: &str,
) -> Result<&'static str, Stopped> {
    let there = || names.iter().copied().find(|name| has_program(name));
    if let Some(name) = there() {
        return Ok(name);
    }
    apt(workspace, console, &[package])?;
    let missing = || Stopped::Missing(format!("the package `{package}` brought no program"));
    there().ok_or_else(missing)
}

/// Installs packages.
pub(super) fn apt(
    workspace: &Workspace,
    console: Console,
    packages: &[&str],
) -> Result<(), Stopped> {
    let mut get = apt_install(workspace, console, packages)?;
    get.args(packages);
    install(console, get)
}

/// A server that this machine has, or a script that runs the one of a package, which is unpacked and
/// not installed: that would start its service. `program` is its path without the first slash.
pub(super) fn unpacked(
    workspace: &Workspace,
    console: Console,
    folder: &Path,
    (package, program): (&str, &str),
) -> Result<PathBuf, Stopped> {
    let installed = Path::new("/").join(program);
    if installed.exists() {
        return Ok(installed);
    }
    let script = folder.join(format!("{package}.sh"));
    if script.exists() {
        return Ok(script);
    }
    let root = folder.join(package);
    unpack(workspace, console, package, &root)?;
    let program = root.join(program);
    if !program.exists() {
        return Err(Stopped::Missing(format!("the package `{package}` brought no program")));
    }
    let libraries = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    let (libraries, program) = (libraries.display(), program.display());
    let text = format!("#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{program}' \"$@\"\n");
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(script)
}

/// Unpacks a package into a folder, with what it needs and this machine has not. Nothing is
/// installed.
pub(super) fn unpack(
    workspace: &Workspace,
    console: Console,
    package: &str,
    folder: &Path,
) -> Result<(), Stopped> {
    let archives = folder.join("archives");
    std::fs::create_dir_all(archives.join("partial"))?;
    let mut get = apt_install(workspace, console, &[package])?;
    // The user `_apt` may not write there.
    get.args(["--download-only", "-o", "APT::Sandbox::User=root", "-o"]);
    get.arg(format!("Dir::Cache::archives={}", archives.display())).arg(package);
    install(console, get)?;
    for archive in archives.read_dir()? {
        let archive = archive?.path();
        if archive.extension().is_some_and(|extension| extension == "deb") {
            let mut dpkg = workspace.command("dpkg");
            dpkg.arg("--extract").arg(archive).arg(folder);
            install(console, dpkg)?;
        }
    }
    Ok(std::fs::remove_dir_all(archives)?)
}

/// An `apt-get install` to which the packages are to be added, with lists that are new.
fn apt_install(
    workspace: &Workspace,
    console: Console,
    packages: &[&str],
) -> Result<Command, Stopped> {
    if !has_program("apt-get") || !is_root() {
        let packages = packages.join(" ");
        return Err(Stopped::Missing(format!("install with your package manager: {packages}")));
    }
    let apt = |args: &[&str]| {
        let mut apt = workspace.command("apt-get");
        apt.args(args).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    install(console, apt(&["update"]))?;
    Ok(apt(&["install", "--yes", "--no-install-recommends"]))
}

pub(super) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n")
}

/// The mirror that this machine uses.
pub(super) fn mirror() -> String {
    let sources = std::fs::read_to_string("/etc/apt/sources.list.d/debian.sources");
    let sources = sources.unwrap_or_default();
    let mirror = sources.lines().find_map(|line| line.strip_prefix("URIs:"));
    mirror.map_or(MIRROR, str::trim).to_owned()
}
