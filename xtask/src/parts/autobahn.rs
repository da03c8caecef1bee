//! The Autobahn testsuite in both roles.

use crate::autobahn::{self, Role, Selection};
use crate::check::Outcome;
use crate::command::Console;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let selection = if workspace.whole { Selection::Whole } else { Selection::Subset };
    autobahn::checks(workspace, console, Role::BOTH, &selection)
}
