//! The Python package: a wheel, and the environment that it is tested in.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::stamp::Stamp;
use super::{BUILD, Bindings, clear, files, path_with};
use crate::check::Stopped;
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

/// The folder of the package.
pub(crate) const FOLDER: &str = "bindings/python";

/// The Python of an environment in which the wheel is installed.
pub(crate) fn installed(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<PathBuf, Stopped> {
    let python = tools::python(workspace, console)?;
    // In the environment: a new one has no package.
    let mut stamp = Stamp::new(&workspace.target.join("tools/venv/pamlink.stamp"));
    stamp.add(&bindings.library)?;
    stamp.add_all(workspace, &[FOLDER, "Cargo.toml", "Cargo.lock", super::NAMES])?;
    if stamp.is_fresh() {
        return Ok(python);
    }
    let wheel = wheel(workspace, console, bindings, &bindings.folder.join("wheel"))?;
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    // What it depends on is there already, at versions that are pinned.
    pip.args(["--force-reinstall", "--no-deps"]).arg(wheel);
    console.must(pip, BUILD)?;
    stamp.write()?;
    Ok(python)
}

/// Builds the wheel into a folder, which is emptied first.
pub(crate) fn wheel(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
    folder: &Path,
) -> Result<PathBuf, Stopped> {
    maturin(workspace, console, bindings, &["build", "--release", "--locked"], folder, "whl")
}

/// Packs the sources into a folder, which is emptied first.
pub(crate) fn sdist(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
    folder: &Path,
) -> Result<PathBuf, Stopped> {
    maturin(workspace, console, bindings, &["sdist"], folder, "gz")
}

fn maturin(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
    task: &[&str],
    folder: &Path,
    extension: &str,
) -> Result<PathBuf, Stopped> {
    let python = tools::python(workspace, console)?;
    clear(folder)?;
    // It looks for the generator on the path, and has none of its own.
    let mut maturin = workspace.command(python);
    maturin.args(["-m", "maturin"]).args(task).arg("--out").arg(folder);
    maturin.env("PATH", path_with(&bindings.bindgen)?).current_dir(workspace.root.join(FOLDER));
    console.must(maturin, BUILD)?;
    let mut made = files(folder, extension)?;
    Ok(made.pop().with_context(|| format!("maturin left nothing in {}", folder.display()))?)
}
