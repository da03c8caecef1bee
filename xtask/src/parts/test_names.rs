//! The names of all tests in the sources, and the files whose tests nobody runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::workspace::Workspace;

/// Where vectors live.
const VECTORS: &str = "tests/vectors/";

/// The tests of the workspace: functions by their path within their crate, and vectors by their
/// path within the folder of vectors.
#[derive(Debug, Default)]
pub(super) struct TestNames {
    names: BTreeSet<String>,
    /// Files with tests that no module declares: cargo does not see them.
    pub(super) stray: Vec<PathBuf>,
}

impl TestNames {
    /// Reads all sources.
    pub(super) fn of(workspace: &Workspace) -> Result<Self> {
        let files = workspace.files()?;
        let mut names = Self::default();
        let mut sources = Vec::new();
        for path in &files {
            if let Some(vector) = path.to_str().and_then(|path| path.strip_prefix(VECTORS)) {
                names.names.insert(vector.to_owned());
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push((path, workspace.read(path)?));
            }
        }
        let renamed: Vec<_> = sources.iter().flat_map(|(path, text)| renamed(path, text)).collect();
        for (path, text) in &sources {
            let own = renamed.iter().find(|(file, _)| Path::new(file) == path.as_path());
            let module = own.map_or_else(|| module(path), |(_, module)| Some(module.clone()));
            let found = module.map_or_else(Vec::new, |module| functions(&module, text));
            let declared = own.is_some()
                || is_root(path)
                || sources.iter().any(|(parent, text)| declares(parent, text, path));
            if declared {
                names.names.extend(found);
            } else if !found.is_empty() {
                names.stray.push((*path).clone());
            }
        }
        Ok(names)
    }

    /// Whether there is a test of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

impl FromIterator<String> for TestNames {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self { names: names.into_iter().collect(), stray: Vec::new() }
    }
}

/// The module of a file: its path below the `src` or `tests` folder of its crate.
fn module(path: &Path) -> Option<String> {
    let path = path.to_str()?.strip_suffix(".rs")?;
    // The crate of what crosses rooms is itself called `tests`.
    let path = path.strip_prefix("tests/").unwrap_or(path);
    let below = |folder| path.split_once(folder).map(|(_, below)| below);
    let within = below("src/").or_else(|| below("tests/"))?;
    let of_folder = within.strip_suffix("/mod").or_else(|| within.strip_suffix("/main"));
    Some(match of_folder.unwrap_or(within) {
        "lib" | "main" => String::new(),
        within => within.replace('/', "::"),
    })
}

/// Whether cargo starts a crate at this file.
fn is_root(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
    if path.iter().any(|part| part == "src") {
        return path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") || folder == "bin";
    }
    let targets = ["tests", "benches", "examples", "fuzz_targets"];
    path.ends_with("main.rs") || targets.iter().any(|target| folder == *target)
}

/// Whether the text of `parent` says `mod x;` for the file `path`.
fn declares(parent: &Path, text: &str, path: &Path) -> bool {
    let of_folder = path.file_name().is_some_and(|name| name == "mod.rs");
    let module = if of_folder { path.parent().unwrap_or(path) } else { path };
    let (Some(folder), Some(name)) = (module.parent(), module.file_stem()) else { return false };
    let is_parent = parent == folder.with_extension("rs")
        || (parent.parent() == Some(folder)
            && ["mod.rs", "lib.rs", "main.rs"].iter().any(|file| parent.ends_with(file)));
    let Some(name) = name.to_str().filter(|_| is_parent) else { return false };
    let declared = format!("mod {name};");
    text.lines().any(|line| {
        line.trim_start()
            .strip_suffix(&*declared)
            .is_some_and(|before| before.is_empty() || before.starts_with("pub"))
    })
}

/// The modules that a file finds in files of other names: `#[path = "x_tests.rs"] mod tests;`.
fn renamed(path: &Path, text: &str) -> Vec<(String, String)> {
    let Some(parent) = module(path) else { return Vec::new() };
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    let mut found = Vec::new();
    for (_, after) in text.match_indices("#[path = \"").map(|(at, it)| text.split_at(at + it.len()))
    {
        let Some((file, rest)) = after.split_once('"') else { continue };
        let Some(name) = rest.split_once("mod ").and_then(|(_, rest)| rest.split_once(';')) else {
            continue;
        };
        let file = folder.join(file).to_string_lossy().into_owned();
        found.push((file, format!("{parent}::{}", name.0)));
    }
    found
}

/// The test functions of a module's text, with the paths of the modules inside.
fn functions(module: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    // Modules that the line stands in, each with its indentation.
    let mut inside: Vec<(usize, &str)> = Vec::new();
    let mut marked = false;
    for line in text.lines() {
        let code = line.trim_start();
        let indent = line.len() - code.len();
        if code == "}" {
            inside.retain(|(outer, _)| *outer < indent);
        }
        let code = code.trim_start_matches("pub ").trim_start_matches("async ");
        if let Some(name) = code.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(" {")) {
            inside.push((indent, name));
        } else if code.starts_with("#[test]") || code.starts_with("#[tokio::test") {
            marked = true;
        } else if let Some(rest) = code.strip_prefix("fn ").filter(|_| marked) {
            marked = false;
            let name = rest.split(['(', '<']).next().unwrap_or(rest);
            let modules = inside.iter().map(|(_, name)| *name);
            let path = [module].into_iter().filter(|it| !it.is_empty()).chain(modules);
            found.push(path.chain([name]).collect::<Vec<_>>().join("::"));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_module_of_its_crate() {
        let of = |path| module(Path::new(path)).unwrap();
        assert_eq!(of("core/src/hub/tests/opening.rs"), "hub::tests::opening");
        assert_eq!(of("core/src/hub/tests/mod.rs"), "hub::tests");
        assert_eq!(of("core/src/lib.rs"), "");
        assert_eq!(of("core/tests/exactly_once.rs"), "exactly_once");
        assert_eq!(of("tests/tests/transcripts/main.rs"), "transcripts");
        assert_eq!(of("hosts/tokio/tests/it/sockets.rs"), "it::sockets");
    }

    #[test]
    fn a_file_that_no_module_declares_is_no_test() {
        let declared = |parent, text, path| declares(Path::new(parent), text, Path::new(path));
        assert!(declared("src/a/mod.rs", "mod b;\n", "src/a/b.rs"));
        assert!(declared("src/a.rs", "#[cfg(test)]\npub(crate) mod b;\n", "src/a/b.rs"));
        assert!(declared("src/lib.rs", "pub mod a;\n", "src/a/mod.rs"));
        assert!(!declared("src/a/mod.rs", "mod bb;\n// mod b;\n", "src/a/b.rs"));
        assert!(!declared("src/lib.rs", "mod b;\n", "src/a/b.rs"));
        assert!(is_root(Path::new("core/tests/once.rs")) && is_root(Path::new("core/src/lib.rs")));
        assert!(!is_root(Path::new("core/src/hub/tests/window.rs")));
    }

    #[test]
    fn functions_are_tests_if_they_are_marked_so() {
        let text = "fn helper() {}\n#[test]\nfn a() {\n}\nmod inner {\n    #[tokio::test]\n    \
                    async fn b() {}\n}\nproptest! {\n    #[test]\n    fn c(x in 0..1) {}\n}\n";
        assert_eq!(functions("m", text), ["m::a", "m::inner::b", "m::c"]);
        assert_eq!(functions("", "#[test]\nfn a() {}"), ["a"]);
    }

    #[test]
    fn a_module_may_be_a_file_of_another_name() {
        let text = "#[cfg(test)]\n#[path = \"token_tests.rs\"]\nmod tests;\n";
        let found = renamed(Path::new("core/src/link/token.rs"), text);
        let expected = ("core/src/link/token_tests.rs".to_owned(), "link::token::tests".to_owned());
        assert_eq!(found, [expected]);
    }
}
