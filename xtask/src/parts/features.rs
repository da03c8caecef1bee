//! Each published crate alone, without its features and with each: together with the others it is
//! compiled with what they ask for.

use std::time::Duration;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(1_200);
const PACKAGES: &[&str] =
    &["pamlink", "pamlink-tokio", "pamlink-cli", "pamlink-ffi", "pamlink-border", "pamlink-web"];

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    for package in PACKAGES {
        let features = workspace.features(package);
        let sets = features.iter().map(|feature| vec!["--features", feature.as_str()]);
        for set in [Vec::new()].into_iter().chain(sets) {
            let mut check = workspace.cargo(["clippy", "--package", package, "--locked"]);
            check.arg("--no-default-features").args(set);
            // The part `unit` runs the tests, with all features: here they compile.
            if !features.is_empty() {
                check.args(["--lib", "--tests"]);
            }
            check.args(["--", "-D", "warnings"]);
            checks.add(Checks::of_command(&console.run(check, LIMIT)?));
        }
    }
    Ok(checks)
}
