//! The npm package, packed, and installed into a project that runs in Node.

use std::time::Duration;

use super::Making;
use crate::check::{Checks, Stopped};
use crate::parts::web;

const NPM: Duration = Duration::from_secs(300);

pub(super) fn npm(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, .. } = *making;
    let folder = web::package(workspace, console)?;
    std::fs::create_dir_all(&making.folder)?;
    let mut pack = workspace.command("npm");
    pack.arg("pack").arg("--pack-destination").arg(&making.folder).current_dir(&folder);
    console.must(pack, NPM)?;
    let package = making.folder.join(format!("pamlink-{}.tgz", making.version));

    let project = making.project("web", "web", &[&package])?;
    if !project.is_fresh() {
        let mut install = workspace.command("npm");
        install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]);
        install.arg(&package).current_dir(&project.folder);
        console.must(install, NPM)?;
        project.stamp.write()?;
    }
    let report = making.program_in(&project.folder);
    making.reported("JavaScript", &project.folder, report, checks)?;
    let mut main = workspace.command("node");
    // Node 20 has a `WebSocket` of its own only so, and later ones take the flag.
    main.args(["--experimental-websocket", "main.js"]).current_dir(&project.folder);
    Ok(making.consume(&package, main, checks)?)
}
