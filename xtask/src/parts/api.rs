//! The public API of `core` is a reviewed file: whoever changes the one changes the other. Its
//! first page lists every type, and every type has one path and says whether it may grow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

const SNAPSHOT: &str = "core/public-api.txt";
/// Set to write the file instead of comparing with it.
const WRITE: &str = "PAMLINK_WRITE_API";
/// Whose first lines list the modules with their types.
const PAGE: &str = "core/src/lib.rs";
/// So many rows fit one page.
const ROWS: usize = 60;
/// The vocabularies of the dialects, whose types their own pages list.
const VOCABULARIES: [&str; 2] = ["envelope::message", "envelope::v1"];
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

    let docs = target.join("doc/pamlink.json");
    let api = public_api::Builder::from_rustdoc_json(&docs)
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
    let page = workspace.read(Path::new(PAGE))?;
    let unlisted = unlisted(&page, &now);
    checks.check(unlisted.is_empty(), unlisted.join("\n"));
    let docs = std::fs::read_to_string(&docs).with_context(|| docs.display().to_string())?;
    let docs: Value = serde_json::from_str(&docs).context("the docs of core")?;
    let unmarked = unmarked(&docs);
    checks.check(unmarked.is_empty(), unmarked.join("\n"));
    let doubled = doubled(&docs);
    checks.check(doubled.is_empty(), doubled.join("\n"));

    let types = by_module(&now);
    let words: usize = VOCABULARIES.iter().map(|it| types.get(it).map_or(0, BTreeSet::len)).sum();
    let all: usize = types.values().map(BTreeSet::len).sum();
    checks.note(format!(
        "{} public types and {words} of the vocabularies, {} items",
        all - words,
        now.len()
    ));
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

/// The public types by their module, with the modules that have none.
fn by_module(api: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut modules: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in api {
        if let Some((module, name)) = type_of(line) {
            modules.entry(module).or_default().insert(name);
        } else if let Some(module) = line.strip_prefix("pub mod pamlink::") {
            modules.entry(module).or_default();
        }
    }
    modules
}

/// Module and name, where a line of the file is that of a struct, enum, trait or other type.
fn type_of(line: &str) -> Option<(&str, &str)> {
    let mut line = line;
    while let Some((_, rest)) = line.strip_prefix("#[").and_then(|rest| rest.split_once("] ")) {
        line = rest;
    }
    let path = ["struct", "enum", "trait", "type", "union"].iter().find_map(|kind| {
        line.strip_prefix("pub ")?.strip_prefix(kind)?.strip_prefix(" pamlink::")
    })?;
    let end = path.find(|c: char| !c.is_alphanumeric() && !"_:".contains(c)).unwrap_or(path.len());
    let (module, name) = path[..end].rsplit_once("::")?;
    // The types of an implementation are named after the one that has it.
    let of_another = |(_, rest): (&str, &str)| rest.starts_with("::");
    let is_inner = path[end..].split_once('>').is_some_and(of_another);
    (!is_inner && !module.contains(char::is_uppercase)).then_some((module, name))
}

/// What the page lists and is not public, or the reverse.
fn unlisted<'a>(page: &'a str, api: &'a [String]) -> Vec<String> {
    let rows: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("//! | ")).collect();
    let mut listed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut module = None;
    for row in &rows {
        let Some((first, second)) = row.split_once('|') else { continue };
        module = quoted(first).next().or(module);
        let Some(module) = module else { continue };
        let types = quoted(second).filter(|name| name.starts_with(char::is_uppercase));
        listed.entry(module).or_default().extend(types);
    }
    let public = by_module(api);
    let mut faults = Vec::new();
    let modules: BTreeSet<&str> = listed.keys().chain(public.keys()).copied().collect();
    for module in modules {
        match (listed.get(module), public.get(module)) {
            (Some(_), None) => {
                faults.push(format!("{PAGE} lists the module {module}, which is not"));
            }
            (None, _) => faults.push(format!("{PAGE} does not list the module {module}")),
            (Some(_), Some(_)) if VOCABULARIES.contains(&module) => {}
            (Some(listed), Some(public)) => {
                let gone = listed.difference(public);
                let new = public.difference(listed);
                faults.extend(gone.map(|it| format!("{PAGE} lists {module}::{it}, which is not")));
                faults.extend(new.map(|it| format!("{PAGE} does not list {module}::{it}")));
            }
        }
    }
    if rows.len() > ROWS {
        faults.push(format!("{PAGE} lists what is public in {} rows, not {ROWS}", rows.len()));
    }
    faults
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The public enums, and structs all of whose members are public, that do not say whether they may
/// grow: by `#[non_exhaustive]`, or in their docs by `Closed:` and why not.
fn unmarked(docs: &Value) -> Vec<String> {
    let Some(index) = docs["index"].as_object() else {
        return vec!["the docs of core have no index".to_owned()];
    };
    let faults = index.values().filter_map(|item| {
        if item["crate_id"] != 0 || item["visibility"] != "public" || !is_whole(&item["inner"]) {
            return None;
        }
        let mut attributes = item["attrs"].as_array()?.iter();
        let is_open = attributes.any(|it| it == "non_exhaustive");
        let closed = item["docs"].as_str().unwrap_or_default().lines();
        let is_closed = closed.filter(|line| line.starts_with("Closed: ")).count() == 1;
        let file = item["span"]["filename"].as_str().unwrap_or_default();
        let name = item["name"].as_str().unwrap_or_default();
        let fault = match (is_open, is_closed) {
            (true, false) | (false, true) => return None,
            (false, false) => "neither `#[non_exhaustive]` nor `Closed:` and why in its docs",
            (true, true) => "both `#[non_exhaustive]` and `Closed:` in its docs",
        };
        Some(format!("{file}: {name} has {fault}"))
    });
    let mut faults: Vec<String> = faults.collect();
    faults.sort();
    faults
}

/// The types that have more than one path.
fn doubled(docs: &Value) -> Vec<String> {
    let mut paths = BTreeMap::new();
    let root = docs["root"].to_string();
    walk(docs, &root, "", &mut paths);
    let doubled = paths.into_values().filter(|paths| paths.len() > 1);
    doubled.map(|paths| format!("{} are one type", paths.join(" and "))).collect()
}

/// Notes the types of a module and of those in it: their paths by what they are.
fn walk(docs: &Value, module: &str, path: &str, paths: &mut BTreeMap<String, Vec<String>>) {
    for id in docs["index"][module]["inner"]["module"]["items"].as_array().into_iter().flatten() {
        let id = id.to_string();
        let item = &docs["index"][&id];
        let used = &item["inner"]["use"];
        let of = if used.is_null() { &item["name"] } else { &used["name"] };
        let path = format!("{path}::{}", of.as_str().unwrap_or_default());
        let target = if used.is_null() { id } else { used["id"].to_string() };
        let inner = &docs["index"][&target]["inner"];
        if !inner["module"].is_null() {
            walk(docs, &target, &path, paths);
        } else if ["struct", "enum", "trait", "union"].iter().any(|kind| !inner[kind].is_null()) {
            paths.entry(target).or_default().push(path["::".len()..].to_owned());
        }
    }
}

/// Whether another crate can match all variants of it or build it by a literal.
fn is_whole(inner: &Value) -> bool {
    let kind = &inner["struct"]["kind"];
    !inner["enum"].is_null()
        || kind == "unit"
        || kind["plain"]["has_stripped_fields"] == false
        || kind["tuple"].as_array().is_some_and(|fields| fields.iter().all(|it| !it.is_null()))
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
    fn finds_types_alone() {
        assert_eq!(type_of("#[non_exhaustive] pub enum pamlink::a::b::C"), Some(("a::b", "C")));
        assert_eq!(type_of("#[repr(u8)] pub enum pamlink::a::B"), Some(("a", "B")));
        assert_eq!(type_of("pub struct pamlink::a::B<'a>(_)"), Some(("a", "B")));
        assert_eq!(type_of("pub type pamlink::a::B::Output = u8"), None);
        assert_eq!(type_of("pub type pamlink::a::B<'_>::Target = str"), None);
        assert_eq!(type_of("pub fn pamlink::a::b()"), None);
    }

    #[test]
    fn the_page_lists_what_is_public() {
        let api = ["pub mod pamlink::a", "pub struct pamlink::a::B<'a>", "pub enum pamlink::a::C"];
        let api = api.map(str::to_owned);
        let page = "//! | **[`a`]** | **what it is** |\n//! | | in: `B`; out: `C` |\n";
        assert!(unlisted(page, &api).is_empty());
        let page = page.replace('C', "D");
        let faults = unlisted(&page, &api);
        assert!(faults[0].contains("lists a::D") && faults[1].contains("not list a::C"));
        let page = page.replace("`a`", "`e`");
        assert_eq!(unlisted(&page, &api).len(), 2, "a module is not listed, another is not");
    }

    #[test]
    fn a_type_has_one_path() {
        let docs = |items: &str| {
            let text = format!(
                r#"{{"root": 0, "index": {{
                "0": {{"name": "core", "inner": {{"module": {{"items": [1, 2]}}}}}},
                "1": {{"name": "a", "inner": {{"module": {{"items": [3]}}}}}},
                "2": {{"name": "b", "inner": {{"module": {{"items": [{items}]}}}}}},
                "3": {{"name": "A", "inner": {{"enum": {{}}}}}},
                "4": {{"name": null, "inner": {{"use": {{"name": "B", "id": 3}}}}}}
                }}}}"#
            );
            doubled(&serde_json::from_str(&text).expect("JSON"))
        };
        assert!(docs("").is_empty());
        assert_eq!(docs("4"), ["a::A and b::B are one type"]);
    }

    #[test]
    fn a_type_is_open_or_closed() {
        let item = |attrs: &str, docs: &str| {
            let text = format!(
                r#"{{"index": {{"1": {{"crate_id": 0, "visibility": "public", "name": "A",
                "attrs": [{attrs}], "docs": "{docs}", "inner": {{"enum": {{}}}}}}}}}}"#
            );
            unmarked(&serde_json::from_str(&text).expect("JSON")).len()
        };
        assert_eq!(item(r#""non_exhaustive""#, "One."), 0);
        assert_eq!(item("", "One.\\n\\nClosed: there is no other."), 0);
        assert_eq!(item("", "One."), 1);
        assert_eq!(item(r#""non_exhaustive""#, "Closed: there is no other."), 1);
    }
}
