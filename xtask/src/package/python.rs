//! The wheel, and the sdist, which is built where it is installed.

use std::path::Path;
use std::process::Command;

use super::Making;
use crate::bindings::{BUILD, path_with, python};
use crate::check::{Checks, Stopped};
use crate::tools;

pub(super) fn wheel(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let wheel = python::wheel(workspace, console, bindings, &making.folder.join("wheel"))?;
    installed(making, "python", &wheel, checks)
}

pub(super) fn sdist(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let sdist = python::sdist(workspace, console, bindings, &making.folder.join("sdist"))?;
    installed(making, "python-sdist", &sdist, checks)
}

fn installed(
    making: &Making<'_>,
    name: &str,
    package: &Path,
    checks: &mut Checks,
) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let project = making.project(name, "python")?;
    let mut venv = Command::new(tools::python(workspace, console)?);
    venv.args(["-m", "venv", "venv"]).current_dir(&project);
    console.must(venv, BUILD)?;
    let python = project.join("venv/bin/python");
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).arg(package);
    // An sdist is compiled: with the generator of this version, and in a folder that is kept.
    pip.env("PATH", path_with(&bindings.bindgen)?).current_dir(&project);
    pip.env("CARGO_TARGET_DIR", making.folder.join("build"));
    console.must(pip, BUILD)?;
    let mut main = Command::new(python);
    main.args(["-B", "main.py"]).current_dir(&project);
    Ok(making.consume(package, main, checks)?)
}
