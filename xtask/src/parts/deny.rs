//! What the project depends on: licences, sources, bans and, where the database can be had,
//! advisories (`deny.toml`).

use std::time::Duration;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(300);

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let program = tools::cargo_deny(workspace, console)?;
    let deny = |arguments: &[&str]| {
        let mut deny = workspace.command(&program);
        deny.args(["--all-features", "--locked"]).args(arguments);
        deny
    };
    let mut checks = Checks::default();
    for what in ["licenses", "bans", "sources"] {
        let checked = console.run(deny(&["check", "--hide-inclusion-graph", what]), LIMIT)?;
        checks.add(Checks::of_command(&checked));
    }
    if console.run(deny(&["fetch", "db"]), LIMIT)?.success {
        let checked = console.run(deny(&["check", "advisories"]), LIMIT)?;
        checks.add(Checks::of_command(&checked));
    } else {
        checks.note("advisories are not checked: their database cannot be had here");
    }
    Ok(checks)
}
