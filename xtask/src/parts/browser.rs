//! Headless Chromium on the page of `pamlink serve`.

use crate::check::Outcome;
use crate::command::Console;
use crate::parts::peers;
use crate::tools;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let chromium = tools::chromium(workspace, console)?;
    let modules = tools::node_modules(workspace, console)?;
    let binary = peers::with_page(workspace, console)?;
    let mut node = workspace.command("node");
    node.arg("tests/interop/browser/main.mjs");
    node.env("PAMLINK", binary).env("NODE_MODULES", modules).env("CHROMIUM", chromium);
    peers::script(workspace, console, node)
}
