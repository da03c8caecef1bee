//! `cargo xtask page`: what the page of `pamlink serve` loads from the npm package, laid where the
//! build script of `hosts/cli` embeds it from.
//!
//! The folder is not in git and is part of the packaged crate. A program that is built without it has
//! a page that says how to build it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::check::Stopped;
use crate::command::Console;
use crate::parts::web;
use crate::workspace::Workspace;

const FOLDER: &str = "hosts/cli/page/pamlink";
const MODULE: &str = "pamlink.wasm";

/// Builds the package, and lays its files; prints where.
pub(crate) fn run(workspace: &Workspace, console: Console) -> Result<bool> {
    let folder = lay(workspace, console).map_err(Stopped::into_error)?;
    println!("{}", folder.strip_prefix(&workspace.root).unwrap_or(&folder).display());
    Ok(true)
}

/// Builds the package, and lays the files that its first module reaches. What is as it was is not
/// written again, for each change builds the program anew.
pub(crate) fn lay(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let package = web::package(workspace, console)?.join("js");
    let folder = workspace.root.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    let mut wanted = reached(&package)?;
    wanted.insert(MODULE.to_owned());
    for entry in folder.read_dir()? {
        let entry = entry?;
        if !wanted.contains(&*entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    for name in wanted {
        let made = std::fs::read(package.join(&name))?;
        let laid = folder.join(&name);
        if std::fs::read(&laid).ok().as_ref() != Some(&made) {
            std::fs::write(laid, made)?;
        }
    }
    Ok(folder)
}

/// The modules that `index.js` imports, and those that they do; with it.
fn reached(package: &Path) -> Result<BTreeSet<String>> {
    let mut reached = BTreeSet::new();
    let mut ahead = vec!["index.js".to_owned()];
    while let Some(name) = ahead.pop() {
        if reached.contains(&name) {
            continue;
        }
        let text = std::fs::read_to_string(package.join(&name)).context(name.clone())?;
        ahead.extend(imports(&text).map(str::to_owned));
        reached.insert(name);
    }
    Ok(reached)
}

/// The names of the files beside a module that it imports from.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    let from = text.match_indices("from './").map(|(at, from)| &text[at + from.len()..]);
    from.filter_map(|rest| Some(rest.split_once('\'')?.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_those_from_files_beside_a_module() {
        let text = "import { a } from './a.js';\nimport {\n  b,\n} from './b.js';\n\
                    export { c } from './c.js';\nimport React from 'react';\n";
        assert_eq!(imports(text).collect::<Vec<_>>(), ["a.js", "b.js", "c.js"]);
    }
}
