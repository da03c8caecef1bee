//! `cargo xtask model`: a model checker over the machines of conversations that outlive links.

use anyhow::{Context as _, Result};

use crate::workspace::Workspace;

/// Checks every model to its depth, or to this one, and lets it print its table as it goes. Whether
/// every property holds.
pub(crate) fn run(workspace: &Workspace, depth: Option<usize>, seconds: u64) -> Result<bool> {
    let mut model = workspace.cargo(["run", "--release", "--quiet", "-p", "pamlink-model", "--"]);
    model.args(["--seconds", &seconds.to_string()]);
    if let Some(depth) = depth {
        model.args(["--depth", &depth.to_string()]);
    }
    Ok(model.status().context("cargo does not start")?.success())
}
