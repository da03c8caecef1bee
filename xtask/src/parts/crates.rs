//! The crates as those have them who depend on them: what their manifests say, what is packaged,
//! the programs of the README in a fresh project, and the oldest compiler.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::page;
use crate::workspace::Workspace;

/// What others depend on; the first two are what the README names.
const PUBLISHED: &[&str] = &["pamlink", "pamlink-tokio", "pamlink-cli"];
/// Packaged too. The first is published, for whoever binds one more language; in place of the second
/// are the packages of other languages.
const BORDER: &[&str] = &["pamlink-border", "pamlink-ffi"];
const FOLDER: &str = "crates";
const LIMIT: Duration = Duration::from_secs(1_200);

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    for name in PUBLISHED.iter().chain(BORDER) {
        let package = workspace.package(name).context("a published package is gone")?;
        checks.check(lacks(package).is_empty(), format!("{name} lacks {:?}", lacks(package)));
    }
    // What git does not know and the crate of the program has.
    let has_engine = match page::lay(workspace, console) {
        Ok(_folder) => true,
        Err(Stopped::Missing(what)) if !workspace.ci => {
            checks.totals.skipped += 1;
            checks.note(format!("packaged without the page of `serve`: {what}"));
            false
        }
        Err(stopped) => return Err(stopped),
    };
    let folder = workspace.target.join(FOLDER);
    let version = workspace.version()?;
    let _was_none = std::fs::remove_dir_all(folder.join("package"));
    let mut package = workspace.cargo(["package", "--no-verify", "--allow-dirty", "--locked"]);
    package.args(PUBLISHED.iter().chain(BORDER).flat_map(|name| ["--package", name]));
    package.arg("--target-dir").arg(&folder);
    checks.add(Checks::of_command(&console.run(package, LIMIT)?));
    for name in PUBLISHED.iter().chain(BORDER) {
        checks.check(
            folder.join(format!("package/{name}-{version}.crate")).is_file(),
            format!("{name} was not packaged"),
        );
    }
    if checks.totals.failed == 0 {
        checks.add(programs(workspace, console, &folder, &version, has_engine)?);
    }
    checks.add(oldest(workspace, console)?);
    Ok(checks)
}

/// The members of a manifest that a registry asks for and that are not there.
fn lacks(package: &Value) -> Vec<&'static str> {
    const TEXTS: [&str; 5] = ["description", "license", "repository", "readme", "rust_version"];
    const LISTS: [&str; 2] = ["keywords", "categories"];
    let texts = TEXTS.into_iter().filter(|name| !package[name].is_string());
    let lists = LISTS.into_iter().filter(|name| !(1..=5).contains(&length(&package[name])));
    let unversioned = package["dependencies"].as_array().into_iter().flatten();
    let unversioned = unversioned.filter(|on| on["path"].is_string() && on["req"] == "*");
    texts.chain(lists).chain(unversioned.map(|_| "the version of a dependency")).collect()
}

fn length(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// The programs of the README, in a project that has what the README says and finds the crates as
/// they were packaged. Its workspace has the other published crates, so all are compiled.
fn programs(
    workspace: &Workspace,
    console: Console,
    folder: &Path,
    version: &str,
    has_engine: bool,
) -> Result<Checks, Stopped> {
    let readme = workspace.read(Path::new("README.md"))?;
    let dependencies = blocks(&readme, "```toml").next().context("the README has no manifest")?;
    let programs: Vec<&str> = blocks(&readme, "```rust").collect();
    let project = folder.join("project");
    let sources = project.join("src/bin");
    let _was_none = std::fs::remove_dir_all(&project);
    std::fs::create_dir_all(&sources)?;
    let mut manifest = format!(
        "[package]\nname = \"readme\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n{dependencies}\n\
         [workspace]\nmembers = [\"pamlink-cli-{version}\"]\nresolver = \"3\"\n\n\
         [patch.crates-io]\n"
    );
    for name in PUBLISHED {
        let mut tar = workspace.command("tar");
        tar.arg("-xzf").arg(folder.join(format!("package/{name}-{version}.crate")));
        tar.arg("-C").arg(&project);
        console.must(tar, LIMIT)?;
        let path = format!("{name}-{version}");
        let files = ["LICENSE-MIT", "LICENSE-APACHE", "README.md"].into_iter();
        let engine = (has_engine && *name == "pamlink-cli").then_some("page/pamlink/pamlink.wasm");
        let lost = files.chain(engine).find(|file| !project.join(&path).join(file).is_file());
        if let Some(lost) = lost {
            let mut checks = Checks::default();
            checks.fail(format!("{name} is packaged without {lost}"));
            return Ok(checks);
        }
        let _infallible = writeln!(manifest, "{name} = {{ path = \"{path}\" }}");
    }
    std::fs::write(project.join("Cargo.toml"), manifest)?;
    // The versions that everything else here is tested with.
    std::fs::copy(workspace.root.join("Cargo.lock"), project.join("Cargo.lock"))?;
    for (number, program) in programs.iter().enumerate() {
        std::fs::write(sources.join(format!("program{number}.rs")), program)?;
    }
    // What the other parts have checked of their dependencies is not checked again.
    let mut check = workspace.cargo(["check", "--workspace", "--target-dir"]);
    check.arg(&workspace.target).current_dir(&project);
    let mut checks = Checks::of_command(&console.run(check, LIMIT)?);
    checks.check(programs.len() == 2, "the README has no two programs in Rust");
    Ok(checks)
}

/// The blocks of code in a document that begin with this fence.
fn blocks<'a>(text: &'a str, fence: &'a str) -> impl Iterator<Item = &'a str> {
    let starts = text.match_indices(fence).map(|(at, _)| at);
    starts.filter_map(|at| Some(text[at..].split_once('\n')?.1.split_once("\n```")?.0))
}

/// The oldest compiler is the one that the manifests state: no dependency asks for a newer one, and
/// it compiles the workspace.
fn oldest(workspace: &Workspace, console: Console) -> Result<Checks, Stopped> {
    let mut checks = Checks::default();
    let mut metadata = workspace.cargo(["metadata", "--locked", "--format-version", "1"]);
    let metadata: Value = serde_json::from_slice(&metadata.output()?.stdout)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let stated = |package: &Value| package["rust_version"].as_str().and_then(number);
    let engine = workspace.package("pamlink").context("no package `pamlink`")?;
    let ours = stated(engine).context("`pamlink` states no rust-version")?;
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let theirs = stated(package);
        if package["source"].is_null() {
            checks.check(theirs == Some(ours), format!("{name} states another rust-version"));
        } else if theirs.is_some_and(|theirs| theirs > ours) {
            checks.fail(format!("{name} needs Rust {theirs:?}, the manifests state {ours:?}"));
        }
    }
    let compiler = workspace.command("rustc").arg("--version").output()?;
    let compiler = String::from_utf8_lossy(&compiler.stdout).into_owned();
    if compiler.split(' ').nth(1).and_then(number) == Some(ours) {
        // It compiles all the other parts.
        checks.pass();
        return Ok(checks);
    }
    let toolchain = format!("{}.{}.0", ours.0, ours.1);
    let list = workspace.command("rustup").args(["toolchain", "list"]).output()?;
    if String::from_utf8_lossy(&list.stdout).contains(&toolchain) {
        let mut check = workspace.command("cargo");
        check.env("RUSTUP_TOOLCHAIN", &toolchain).env_remove("RUSTC");
        check.args(["check", "--workspace", "--all-features", "--locked", "--target-dir"]);
        check.arg(workspace.target.join("oldest"));
        checks.add(Checks::of_command(&console.run(check, LIMIT)?));
    } else {
        checks.totals.skipped += 1;
        checks.note(format!("not compiled by the oldest: `rustup toolchain install {toolchain}`"));
    }
    Ok(checks)
}

/// The first two numbers of a version.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    Some((numbers.next()??, numbers.next().flatten()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_that_no_registry_takes_is_reported() {
        let dependency = json!({ "path": "core", "req": "*" });
        let mut package = json!({
            "description": "x", "license": "MIT", "repository": "x", "readme": "x",
            "rust_version": "1.95", "keywords": ["x"], "categories": ["x"], "dependencies": [],
        });
        assert!(lacks(&package).is_empty());
        package["keywords"] = json!([]);
        package["dependencies"] = json!([dependency]);
        assert_eq!(lacks(&package), ["keywords", "the version of a dependency"]);
    }

    #[test]
    fn blocks_are_found_by_their_fence() {
        let text =
            "a\n```toml\nx = 1\n```\n```rust,no_run\nfn a() {}\n```\n```rust\nfn b() {}\n```\n";
        assert_eq!(blocks(text, "```toml").collect::<Vec<_>>(), ["x = 1"]);
        assert_eq!(blocks(text, "```rust").collect::<Vec<_>>(), ["fn a() {}", "fn b() {}"]);
    }

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        assert_eq!(number("1.95.0"), Some((1, 95)));
        assert_eq!(number("1.88"), number("1.88.1"));
        assert_eq!(number("nightly"), None);
    }
}
