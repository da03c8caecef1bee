//! No module of `core` reaches back: it names only modules above it in docs/architecture.md. And
//! within a module, no file does.

mod files;

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::parts::purity::without_tests;
use crate::workspace::Workspace;

const ARCHITECTURE: &str = "docs/architecture.md";

/// Modules whose files still know each other in circles. None may come to them.
const TIED: &[&str] = &["dedup", "frame", "routing"];

/// The table of modules follows this line of the document.
const TABLE: &str = "| module | owns |";

pub(super) fn run(workspace: &Workspace, _console: Console) -> Outcome {
    let document = workspace.read(Path::new(ARCHITECTURE))?;
    let order = order(&document).with_context(|| format!("{ARCHITECTURE}: no table of modules"))?;
    let mut checks = Checks::default();
    let mut sources: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for path in workspace.files()? {
        let Some(module) = module(&path) else { continue };
        let text = workspace.read(&path)?;
        let faults = faults(&path, module, &without_tests(&text).0, &order);
        checks.check(faults.is_empty(), faults.join("\n"));
        let module = module.to_owned();
        if !path.iter().any(|name| name == "tests") {
            sources.entry(module).or_default().push((path, text));
        }
    }
    for (module, files) in &sources {
        let circles = files::circles(files)?;
        if TIED.contains(&&**module) {
            let untied =
                format!("`{module}` is untied: take it from the list of those that are not");
            checks.check(!circles.is_empty(), untied);
        } else {
            checks.check(circles.is_empty(), circles.join("\n"));
        }
    }
    Ok(checks)
}

/// The modules in the order of the document.
fn order(document: &str) -> Option<Vec<&str>> {
    let (_, table) = document.split_once(TABLE)?;
    let names = table.lines().skip(2).map_while(|row| row.strip_prefix("| `")?.split('`').next());
    Some(names.collect())
}

/// The module of `core` that a source file belongs to, unless it holds tests.
fn module(path: &Path) -> Option<&str> {
    let inside = path.strip_prefix("core/src").ok()?;
    if path.extension()? != "rs" || path.file_stem()?.to_str()?.ends_with("tests") {
        return None;
    }
    let Component::Normal(first) = inside.components().next()? else { return None };
    let name = first.to_str()?;
    Some(name.strip_suffix(".rs").unwrap_or(name)).filter(|name| *name != "lib")
}

/// The lines of a file that name a module which stands below its own.
fn faults(path: &Path, module: &str, text: &str, order: &[&str]) -> Vec<String> {
    let shown = path.display();
    let place = |name: &str| order.iter().position(|known| *known == name);
    let Some(own) = place(module) else {
        return vec![format!("{shown}: {ARCHITECTURE} does not list the module `{module}`")];
    };
    let mut faults = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for (start, mark) in code.match_indices("crate::") {
            let named = &code[start + mark.len()..];
            let end = named.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(named.len());
            let named = &named[..end];
            if place(named).is_some_and(|place| place > own) {
                let at = at + 1;
                faults.push(format!("{shown}:{at}: `{module}` may not know `{named}`"));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str =
        "text\n\n| module | owns |\n|---|---|\n| `time` | clocks |\n| `hub` | links |\n\n| `no` |";

    #[test]
    fn reads_the_order_from_the_document() {
        assert_eq!(order(DOCUMENT), Some(vec!["time", "hub"]));
        assert_eq!(order("no table"), None);
    }

    #[test]
    fn knows_the_module_of_a_file() {
        assert_eq!(module(Path::new("core/src/hub/run.rs")), Some("hub"));
        assert_eq!(module(Path::new("core/src/time.rs")), Some("time"));
        assert_eq!(module(Path::new("core/src/lib.rs")), None);
        assert_eq!(module(Path::new("core/src/hub/tests.rs")), None);
        assert_eq!(module(Path::new("hosts/cli/src/main.rs")), None);
    }

    #[test]
    fn names_the_line_that_reaches_back() {
        let order = ["time", "hub"];
        let text = "use crate::time::Now;\n// crate::hub is not code\nuse crate::hub::Hub;\n";
        let found = faults(Path::new("core/src/time.rs"), "time", text, &order);
        assert_eq!(found, ["core/src/time.rs:3: `time` may not know `hub`"]);
        assert!(faults(Path::new("core/src/hub.rs"), "hub", text, &order).is_empty());
        assert_eq!(faults(Path::new("core/src/new.rs"), "new", "", &order).len(), 1);
    }
}
