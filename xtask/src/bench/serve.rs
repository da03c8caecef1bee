//! The programs that the group `serve` starts.

use std::ffi::OsString;

use crate::bindings::{BUILD, Bindings, python};
use crate::check::Stopped;
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

pub(super) const NAME: &str = "serve";

/// Builds them; the flags that name them.
pub(super) fn programs(workspace: &Workspace, console: Console) -> Result<[OsString; 6], Stopped> {
    console.must(workspace.cargo(["build", "--release", "--package", "pamlink-cli"]), BUILD)?;
    let bindings = Bindings::make(workspace, console)?;
    let python = python::installed(workspace, console, &bindings)?;
    let modules = tools::bench_modules(workspace, console)?;
    let pamlink = workspace.target.join("release").join("pamlink");
    Ok([
        "--pamlink".into(),
        pamlink.into(),
        "--python".into(),
        python.into(),
        "--modules".into(),
        modules.into(),
    ])
}
