//! What comes from Debian, where this process may install that.

use std::process::Command;

use super::install;
use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

const MIRROR: &str = "http://deb.debian.org/debian";

/// The program of a Chromium.
pub(crate) fn chromium(workspace: &Workspace, console: Console) -> Result<&'static str, Stopped> {
    const NAMES: [&str; 3] = ["/usr/bin/chromium", "chromium-browser", "google-chrome"];
    let there = || NAMES.into_iter().find(|name| has_program(name));
    if let Some(name) = there() {
        return Ok(name);
    }
    apt(workspace, console, &["chromium"])?;
    there().ok_or_else(|| Stopped::Missing("the package `chromium` brought no program".to_owned()))
}

/// Installs packages.
pub(super) fn apt(
    workspace: &Workspace,
    console: Console,
    packages: &[&str],
) -> Result<(), Stopped> {
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
    let mut get = apt(&["install", "--yes", "--no-install-recommends"]);
    get.args(packages);
    install(console, get)
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
