//! `cargo xtask simulate`: worlds in which everything fails that can, until enough has.

use std::process::Command;

use anyhow::{Context as _, Result};

use crate::SimulateArgs;
use crate::workspace::Workspace;

const PACKAGE: &str = "pamlink-simulation";

/// Runs the simulator, and lets it print. Whether every promise was kept, and enough was seen.
pub(crate) fn run(workspace: &Workspace, args: &SimulateArgs) -> Result<bool> {
    let mut simulation = command(workspace, args.faults, args.seed, &args.profile);
    for (name, value) in [("--sessions", args.sessions), ("--world", args.world)] {
        if let Some(value) = value {
            simulation.args([name, &value.to_string()]);
        }
    }
    Ok(simulation.status().context("cargo does not start")?.success())
}

/// What builds the simulator.
pub(crate) fn build(workspace: &Workspace) -> Command {
    workspace.cargo(["build", "--release", "-p", PACKAGE])
}

/// What runs so many faults from this seed in worlds of this profile.
pub(crate) fn command(workspace: &Workspace, faults: u64, seed: u64, profile: &str) -> Command {
    let mut simulation = workspace.cargo(["run", "--release", "--quiet", "-p", PACKAGE, "--"]);
    simulation.args(["--faults", &faults.to_string(), "--seed", &seed.to_string()]);
    simulation.args(["--profile", profile]);
    simulation
}
