//! Where things are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command::Finished;

/// The checkout that the commands work on.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the workspace's manifest.
    pub(crate) root: PathBuf,
    /// The build folder; installed tools live in `tools` under it.
    pub(crate) target: PathBuf,
    /// Runs where a missing tool is a failure (`CI=true`).
    pub(crate) ci: bool,
    /// The parts leave nothing out (`--whole`).
    pub(crate) whole: bool,
    metadata: Value,
    /// The parts that have run, and whether nothing in them failed.
    passed: Mutex<BTreeMap<&'static str, bool>>,
    /// What the tests of some parts have printed.
    kept: Mutex<BTreeMap<&'static str, Arc<Finished>>>,
}

impl Workspace {
    /// The workspace that this program was built from, as cargo describes it.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let start = manifest.unwrap_or_else(|| PathBuf::from("."));
        let output = cargo()
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(&start)
            .output()
            .context("cargo does not start")?;
        ensure!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let path = |name: &str| metadata[name].as_str().map(PathBuf::from).context("no such path");
        let ci = std::env::var("CI").is_ok_and(|ci| matches!(ci.as_str(), "1" | "true"));
        let (root, target) = (path("workspace_root")?, path("target_directory")?);
        Ok(Self {
            root,
            target,
            ci,
            whole: false,
            metadata,
            passed: Mutex::default(),
            kept: Mutex::default(),
        })
    }

    /// Notes how a part went.
    pub(crate) fn note(&self, part: &'static str, passed: bool) {
        let mut parts = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        parts.insert(part, passed);
    }

    /// How a part went, if it has run.
    pub(crate) fn passed(&self, part: &str) -> Option<bool> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).get(part).copied()
    }

    /// Keeps what all tests of a kind have printed, for those who ask how some of them went.
    pub(crate) fn keep(&self, tests: &'static str, finished: Finished) -> Arc<Finished> {
        let finished = Arc::new(finished);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(tests, Arc::clone(&finished));
        finished
    }

    /// What all tests of a kind have printed, if they have run.
    pub(crate) fn kept(&self, tests: &str) -> Option<Arc<Finished>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(tests).map(Arc::clone)
    }

    /// A cargo command that starts in the root.
    pub(crate) fn cargo<const N: usize>(&self, args: [&str; N]) -> Command {
        let mut command = cargo();
        command.args(args).current_dir(&self.root);
        command
    }

    /// A command that starts in the root.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The version that all packages of the project have.
    pub(crate) fn version(&self) -> Result<String> {
        let version = self.package("pamlink").and_then(|package| package["version"].as_str());
        Ok(version.context("no package `pamlink`")?.to_owned())
    }

    /// Whether the workspace has this package.
    pub(crate) fn has_package(&self, name: &str) -> bool {
        self.package(name).is_some()
    }

    /// The names of a package's targets of one kind (`bin`, `bench`, ...).
    pub(crate) fn targets(&self, package: &str, kind: &str) -> Vec<String> {
        let targets = self.package(package).and_then(|package| package["targets"].as_array());
        let has_kind = |target: &&Value| {
            target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|is| is == kind))
        };
        targets
            .into_iter()
            .flatten()
            .filter(has_kind)
            .filter_map(|target| target["name"].as_str().map(str::to_owned))
            .collect()
    }

    /// All files under git's care or new and not ignored, relative to the root, sorted.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let output = self
            .command("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .output()
            .context("git does not start")?;
        ensure!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        let mut files: Vec<PathBuf> = text
            .split_terminator('\0')
            .map(PathBuf::from)
            .filter(|path| self.root.join(path).is_file())
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The text of a file, by its path relative to the root.
    pub(crate) fn read(&self, path: &Path) -> Result<String> {
        let full = self.root.join(path);
        std::fs::read_to_string(&full).with_context(|| format!("{} is not text", path.display()))
    }

    /// The features of a package, `default` aside.
    pub(crate) fn features(&self, package: &str) -> Vec<String> {
        let features = self.package(package).and_then(|package| package["features"].as_object());
        let names = features.into_iter().flat_map(|features| features.keys());
        names.filter(|name| *name != "default").cloned().collect()
    }

    /// What cargo says of a package.
    pub(crate) fn package(&self, name: &str) -> Option<&Value> {
        self.metadata["packages"].as_array()?.iter().find(|package| package["name"] == name)
    }
}

/// The cargo that started this program, without what it told this program about itself.
fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        let ours = name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_"));
        if ours || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            command.env_remove(name);
        }
    }
    command
}
