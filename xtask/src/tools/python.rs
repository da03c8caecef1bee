//! The Python environment: what the package is built, tested and measured with, and its peers.

use std::path::PathBuf;

use super::{install, need};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const PYPI: &[&str] = &[
    "maturin==1.16.0",
    "mypy==2.4.1",
    "pdoc==16.0.0",
    "pytest==9.2.0",
    "pytest-asyncio==1.5.0",
    // What the package is used with.
    "ag-ui-protocol==1.0.0",
    "anthropic==2.14.0",
    "anyio==4.16.0",
    "fastapi==0.165.0",
    "granian==2.8.9",
    "gunicorn==27.0.1",
    "httpx==0.28.1",
    "hypercorn==0.18.0",
    "langgraph==1.2.24",
    "openai==3.57.0",
    "prometheus_client==0.26.0",
    "pydantic==2.14.4",
    "PyJWT==2.15.1",
    "starlette==1.10.0",
    "uvicorn==0.54.0",
    "uvicorn-worker==0.4.0",
    "uvloop==0.23.0",
    "websockets==17.4",
    "wsproto==1.3.2",
];

/// The Python of an environment that has the packages of PyPI.
pub(crate) fn python(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    venv(workspace, console, "venv", PYPI)
}

/// The Python of an environment in the folder `name` of the tools, which has these packages.
pub(super) fn venv(
    workspace: &Workspace,
    console: Console,
    name: &str,
    packages: &[&str],
) -> Result<PathBuf, Stopped> {
    let folder = workspace.target.join("tools").join(name);
    let python = folder.join("bin/python");
    let marker = folder.join("installed");
    let wanted = packages.join("\n");
    if std::fs::read_to_string(&marker).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    need("python3")?;
    let mut venv = workspace.command("python3");
    venv.args(["-m", "venv", "--clear"]).arg(&folder);
    install(console, venv)?;
    let mut pip = workspace.command(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(packages);
    install(console, pip)?;
    std::fs::write(marker, wanted)?;
    Ok(python)
}
