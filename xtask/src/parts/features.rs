//! Each published crate alone, without its features and with each: together with the others it is
//! compiled with what they ask for.

use std::time::Duration;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

use super::rust;

const LIMIT: Duration = Duration::from_secs(1_200);
const PACKAGES: &[&str] =
    &["pamlink", "pamlink-tokio", "pamlink-cli", "pamlink-ffi", "pamlink-border", "pamlink-web"];

/// The module that stands in for what a feature would bring, and its file: its tests run without the
/// feature alone, and so here alone.
const STAND_IN: &str = "frame::deflate::absent::";
pub(super) const STAND_IN_FILE: &str = "core/src/frame/deflate/absent.rs";

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
    let without = ["--package", "pamlink", "--no-default-features", "--lib", STAND_IN];
    let stand_in = rust::tests(workspace, console, &without)?;
    checks.check(stand_in.totals.passed > 0, format!("{STAND_IN} has no test"));
    checks.add(stand_in);
    Ok(checks)
}
