//! The Python package: a wheel, and the environment that it is tested in.

use std::path::PathBuf;

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
    let wheel = wheel(workspace, console, bindings)?;
    // In the environment: a new one has no package.
    let mut stamp = Stamp::new(&workspace.target.join("tools/venv/pamlink.stamp"));
    stamp.add(&wheel)?;
    if stamp.is_fresh() {
        return Ok(python);
    }
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    // What it depends on is there already, at versions that are pinned.
    pip.args(["--force-reinstall", "--no-deps"]).arg(wheel);
    console.must(pip, BUILD)?;
    stamp.write()?;
    Ok(python)
}

/// The wheel.
pub(crate) fn wheel(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<PathBuf, Stopped> {
    let mut stamp = Stamp::new(&bindings.folder.join("wheel.stamp"));
    stamp.add(&bindings.library)?;
    stamp.add_all(workspace, &[FOLDER, "Cargo.toml", "Cargo.lock"])?;
    let task = ["build", "--release", "--locked"];
    maturin(workspace, console, bindings, &task, "wheel", "whl", &stamp)
}

/// The sources that a wheel can be built from.
pub(crate) fn sdist(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<PathBuf, Stopped> {
    let mut stamp = Stamp::new(&bindings.folder.join("sdist.stamp"));
    stamp.add_all(workspace, &["bindings", "core", "Cargo.toml", "Cargo.lock"])?;
    maturin(workspace, console, bindings, &["sdist"], "sdist", "gz", &stamp)
}

/// Makes a file with this extension in a folder of its own, unless it is there already.
fn maturin(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
    task: &[&str],
    folder: &str,
    extension: &str,
    stamp: &Stamp,
) -> Result<PathBuf, Stopped> {
    let folder = bindings.folder.join(folder);
    let made = || files(&folder, extension).unwrap_or_default().pop();
    if let Some(made) = made().filter(|_| stamp.is_fresh()) {
        return Ok(made);
    }
    let python = tools::python(workspace, console)?;
    clear(&folder)?;
    // It looks for the generator on the path, and has none of its own.
    let mut maturin = workspace.command(python);
    maturin.args(["-m", "maturin"]).args(task).arg("--out").arg(&folder);
    maturin.env("PATH", path_with(&bindings.bindgen)?).current_dir(workspace.root.join(FOLDER));
    console.must(maturin, BUILD)?;
    stamp.write()?;
    Ok(made().with_context(|| format!("maturin left nothing in {}", folder.display()))?)
}
