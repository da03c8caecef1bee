//! The public API of `core` is a reviewed file: whoever changes the one changes the other.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

const SNAPSHOT: &str = "core/public-api.txt";
/// Set to write the file instead of comparing with it.
const WRITE: &str = "PAMLINK_WRITE_API";
const LIMIT: Duration = Duration::from_secs(1_200);
/// So many differences are shown.
const SHOWN: usize = 40;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let toolchain = tools::nightly(workspace, console)?;
    let target = workspace.target.join("api");
    let mut rustdoc = workspace.command("cargo");
    // What is chosen for this process would win over it.
    rustdoc.env("RUSTUP_TOOLCHAIN", toolchain).env_remove("CARGO").env_remove("RUSTC");
    rustdoc.args(["rustdoc", "--package", "pamlink", "--lib", "--all-features", "--locked"]);
    rustdoc.arg("--target-dir").arg(&target);
    rustdoc.args(["--", "-Zunstable-options", "--output-format=json", "--cap-lints=allow"]);
    console.must(rustdoc, LIMIT)?;

    let api = public_api::Builder::from_rustdoc_json(target.join("doc/pamlink.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| Stopped::Missing(format!("the docs of {toolchain}: {error}")))?;
    let mut now = api.items().map(|item| item.to_string()).collect::<Vec<_>>();
    now.sort();
    if std::env::var_os(WRITE).is_some() {
        let text = now.iter().map(|line| format!("{line}\n")).collect::<String>();
        std::fs::write(workspace.root.join(SNAPSHOT), text).context(SNAPSHOT)?;
    }

    let held = workspace.read(Path::new(SNAPSHOT))?;
    let mut checks = Checks::default();
    let faults = faults(&held, &now);
    checks.check(faults.is_empty(), faults.join("\n"));
    let types = now.iter().filter(|line| is_type(line)).count();
    checks.note(format!("{types} public types, {} items", now.len()));
    Ok(checks)
}

/// What is in one of the two alone.
fn faults(held: &str, now: &[String]) -> Vec<String> {
    let held: Vec<&str> = held.lines().collect();
    let gone = held.iter().filter(|line| !now.iter().any(|it| it == *line));
    let new = now.iter().filter(|line| !held.contains(&line.as_str()));
    let mut faults: Vec<String> = gone.map(|line| format!("- {line}")).collect();
    faults.extend(new.map(|line| format!("+ {line}")));
    if faults.len() > SHOWN {
        let more = faults.len() - SHOWN;
        faults.truncate(SHOWN);
        faults.push(format!("and {more} more"));
    }
    if !faults.is_empty() {
        faults.insert(0, format!("{SNAPSHOT} is another API ({WRITE}=1 writes it anew):"));
    }
    faults
}

/// Whether a line of the file is that of a struct, enum, trait or other type.
fn is_type(line: &str) -> bool {
    let line = line.replace("#[non_exhaustive] ", "");
    ["pub struct ", "pub enum ", "pub trait ", "pub type ", "pub union "]
        .iter()
        .any(|start| line.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_came_and_what_went() {
        let now = ["pub fn a()".to_owned(), "pub fn c()".to_owned()];
        assert!(faults("pub fn a()\npub fn c()\n", &now).is_empty());
        let found = faults("pub fn a()\npub fn b()\n", &now);
        assert_eq!(found[1..], ["- pub fn b()", "+ pub fn c()"]);
    }

    #[test]
    fn counts_types_alone() {
        assert!(is_type("#[non_exhaustive] pub enum pamlink::a::B"));
        assert!(!is_type("pub fn pamlink::a::b()"));
    }
}
