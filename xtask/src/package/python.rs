//! The wheel, the sdist, which is built where it is installed, and the folder of a checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Making, copy};
use crate::bindings::{BUILD, path_with, python};
use crate::check::{Checks, Stopped};
use crate::tools;

pub(super) fn wheel(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let wheel = python::wheel(making.workspace, making.console, making.bindings)?;
    consumed(making, "python", &placed(making, &wheel)?, checks)
}

/// It has nothing but Rust: the generator comes with it.
pub(super) fn sdist(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let sdist = python::sdist(making.workspace, making.console, making.bindings)?;
    consumed(making, "python-sdist", &placed(making, &sdist)?, checks)
}

/// `pip install ./bindings/python`, as who wants what is not released yet.
pub(super) fn checkout(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    // What it is made of is what the sdist is made of, which is what tells whether it changed.
    let folder = making.workspace.root.join(python::FOLDER);
    consumed(making, "python-checkout", &folder, checks)
}

/// A file of the packages, where they all are.
fn placed(making: &Making<'_>, made: &Path) -> Result<PathBuf, Stopped> {
    let package = making.folder.join(made.file_name().unwrap_or_default());
    copy(made, &package)?;
    Ok(package)
}

fn consumed(
    making: &Making<'_>,
    name: &str,
    package: &Path,
    checks: &mut Checks,
) -> Result<(), Stopped> {
    let Making { workspace, console, .. } = *making;
    // A folder is as new as the sdist of it.
    let input = if package.is_dir() {
        python::sdist(workspace, console, making.bindings)?
    } else {
        package.to_owned()
    };
    let project = making.project(name, "python", &[&input])?;
    let python = project.folder.join("venv/bin/python");
    if !project.is_fresh() {
        let mut venv = Command::new(tools::python(workspace, console)?);
        venv.args(["-m", "venv", "venv"]).current_dir(&project.folder);
        console.must(venv, BUILD)?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.arg(package).current_dir(&project.folder);
        // The generator is nowhere on the path; what it and the library depend on is compiled.
        pip.env("CARGO_TARGET_DIR", &workspace.target);
        console.must(pip, BUILD)?;
        project.stamp.write()?;
    }
    checks.check(licensed(&python)?, format!("{}: without its licences", package.display()));
    let mut report = making.program_in(&project.folder);
    report.env("PATH", path_with(&python)?);
    making.reported("Python", &project.folder, report, checks)?;
    let mut main = Command::new(python);
    main.args(["-B", "main.py"]).current_dir(&project.folder);
    Ok(making.consume(package, main, checks)?)
}

/// Whether both licences were installed, at the place where tools look for them (PEP 639).
fn licensed(python: &Path) -> std::io::Result<bool> {
    let found = Command::new(python)
        .args(["-c", "import importlib.metadata as m; print(*m.files('pamlink'), sep='\\n')"])
        .output()?;
    let files = String::from_utf8_lossy(&found.stdout);
    let has = |name: &str| files.lines().any(|file| file.ends_with(&format!("licenses/{name}")));
    Ok(has("LICENSE-MIT") && has("LICENSE-APACHE"))
}
