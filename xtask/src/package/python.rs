//! The wheel, and the sdist, which is built where it is installed.

use std::path::Path;
use std::process::Command;

use super::{Making, copy};
use crate::bindings::{BUILD, path_with, python};
use crate::check::{Checks, Stopped};
use crate::tools;

pub(super) fn wheel(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let wheel = python::wheel(making.workspace, making.console, making.bindings)?;
    consumed(making, "python", &wheel, checks)
}

pub(super) fn sdist(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let sdist = python::sdist(making.workspace, making.console, making.bindings)?;
    consumed(making, "python-sdist", &sdist, checks)
}

fn consumed(
    making: &Making<'_>,
    name: &str,
    made: &Path,
    checks: &mut Checks,
) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let package = making.folder.join(made.file_name().unwrap_or_default());
    copy(made, &package)?;
    let project = making.project(name, "python", &[made])?;
    let python = project.folder.join("venv/bin/python");
    if !project.is_fresh() {
        let mut venv = Command::new(tools::python(workspace, console)?);
        venv.args(["-m", "venv", "venv"]).current_dir(&project.folder);
        console.must(venv, BUILD)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg(&package).current_dir(&project.folder);
        // An sdist is compiled: with the generator of this version, and in a folder that is kept.
        pip.env("PATH", path_with(&bindings.bindgen)?);
        pip.env("CARGO_TARGET_DIR", workspace.target.join("bindings/sdist-build"));
        console.must(pip, BUILD)?;
        project.stamp.write()?;
    }
    let mut main = Command::new(python);
    main.args(["-B", "main.py"]).current_dir(&project.folder);
    Ok(making.consume(&package, main, checks)?)
}
