//! The generator of UniFFI, built from `bindings/bindgen`.

use std::path::PathBuf;
use std::time::Duration;

use super::INSTALL;
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

/// The generator, at the version of the library: built when it is not, which takes two minutes.
pub(crate) fn bindgen(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let target = workspace.target.join("tools/bindgen");
    let mut build = workspace.cargo(["build", "--locked", "--manifest-path"]);
    build.arg("bindings/bindgen/Cargo.toml").arg("--target-dir").arg(&target);
    console.must(build, INSTALL.max(Duration::from_secs(1_200)))?;
    Ok(target.join("debug/uniffi-bindgen"))
}
