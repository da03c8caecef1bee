//! Within a module too nothing reaches back: its files know each other in one direction.
//!
//! A file knows another by a path to an item of it, or by calling, on `self`, a method that the
//! other gives the same type. A file may give methods to a type that is declared above it: that
//! alone is no knowledge of the file above, or no type could have its methods in several files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use syn::visit::{self, Visit};

/// What one file may know another by, and where it says so.
type Known = BTreeMap<(String, String), String>;

/// One file.
struct File<'a> {
    /// Its place, as `hub::links::slot`.
    module: String,
    syntax: &'a syn::File,
}

/// The circles among these files, each as a line that says who knows whom by what.
pub(super) fn circles(files: &[(PathBuf, String)]) -> Result<Vec<String>> {
    let mut parsed = Vec::new();
    for (path, text) in files {
        if let Some(module) = module(path) {
            let syntax =
                syn::parse_file(text).with_context(|| format!("{} is read", path.display()))?;
            parsed.push((module, syntax));
        }
    }
    let files: Vec<File<'_>> =
        parsed.iter().map(|(module, syntax)| File { module: module.clone(), syntax }).collect();
    let known = knowledge(&files);
    let mut circles = Vec::new();
    let mut done = BTreeSet::new();
    for file in &files {
        if let Some(circle) = circle(&file.module, &known, &done) {
            let steps = circle.iter().map(|(from, to)| {
                format!("{from} knows {to} by {}", known[&(from.clone(), to.clone())])
            });
            circles.push(steps.collect::<Vec<_>>().join(", "));
            done.extend(circle.into_iter().map(|(from, _)| from));
        }
        done.insert(file.module.clone());
    }
    Ok(circles)
}

/// The place of a source file of `core`.
fn module(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("core/src").ok()?.with_extension("");
    let names: Vec<&str> = inside.iter().filter_map(|name| name.to_str()).collect();
    let names = if names.last() == Some(&"mod") { &names[..names.len() - 1] } else { &names[..] };
    Some(names.join("::"))
}

/// Who knows whom, and by what.
fn knowledge(files: &[File<'_>]) -> Known {
    let modules: BTreeSet<&str> = files.iter().map(|file| &*file.module).collect();
    let exports: BTreeMap<&str, Vec<Vec<String>>> =
        files.iter().map(|file| (&*file.module, uses(file.syntax))).collect();
    let mut methods: BTreeMap<(String, String), &str> = BTreeMap::new();
    for file in files {
        for (owner, block) in impls(file.syntax) {
            for item in &block.items {
                if let syn::ImplItem::Fn(method) = item {
                    methods.insert((owner.clone(), method.sig.ident.to_string()), &file.module);
                }
            }
        }
    }
    let mut known = Known::new();
    for file in files {
        let mut note = |to: &str, by: String| {
            if to != file.module {
                known.entry((file.module.clone(), to.to_owned())).or_insert(by);
            }
        };
        let extended: BTreeSet<String> =
            impls(file.syntax).into_iter().map(|(owner, _)| owner).collect();
        for path in uses(file.syntax).into_iter().chain(paths(file.syntax)) {
            let Some((to, item)) = resolve(&file.module, &path, &modules, &exports) else {
                continue;
            };
            let above = file.module.strip_prefix(&*to).is_some_and(|rest| rest.starts_with("::"));
            if !(above && extended.contains(&item)) {
                note(&to, format!("`{item}`"));
            }
        }
        for (owner, block) in impls(file.syntax) {
            let mut calls = Calls::default();
            calls.visit_item_impl(block);
            for name in calls.0 {
                if let Some(to) = methods.get(&(owner.clone(), name.clone())) {
                    note(to, format!("`{owner}::{name}`"));
                }
            }
        }
    }
    known
}

/// The file in which a path ends, and the item there. What a file re-exports is where it came from.
fn resolve(
    from: &str,
    path: &[String],
    modules: &BTreeSet<&str>,
    exports: &BTreeMap<&str, Vec<Vec<String>>>,
) -> Option<(String, String)> {
    let mut place: Vec<&str> = Vec::new();
    let mut rest = path;
    match path.first()?.as_str() {
        "crate" => rest = &rest[1..],
        "self" | "super" => {
            place = from.split("::").collect();
            while let Some(step) = rest.first() {
                match step.as_str() {
                    "self" => {}
                    "super" => _ = place.pop(),
                    _ => break,
                }
                rest = &rest[1..];
            }
        }
        _ => return None,
    }
    while let Some(name) = rest.first() {
        let deeper = [&place[..], &[name]].concat().join("::");
        if !modules.contains(&*deeper) {
            break;
        }
        place.push(name);
        rest = &rest[1..];
    }
    let (module, item) = (place.join("::"), rest.first()?);
    if !modules.contains(&*module) {
        return None;
    }
    // A child may name what its parent has from another child.
    let export = exports[&*module].iter().find(|path| path.last() == Some(item) && path.len() > 1);
    match export.and_then(|path| resolve(&module, path, modules, exports)) {
        Some((to, item)) if to != module => Some((to, item)),
        _ => Some((module, item.clone())),
    }
}

/// Every path that a file imports.
fn uses(file: &syn::File) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for item in &file.items {
        if let syn::Item::Use(item) = item
            && !is_test(&item.attrs)
        {
            flatten(&item.tree, &mut Vec::new(), &mut found);
        }
    }
    found
}

fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    let mut whole = |last: &syn::Ident| found.push([&before[..], &[last.to_string()]].concat());
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        syn::UseTree::Name(name) => whole(&name.ident),
        syn::UseTree::Rename(rename) => whole(&rename.ident),
        syn::UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
        syn::UseTree::Glob(_) => found.push([&before[..], &["*".to_owned()]].concat()),
    }
}

/// Every path that a file names without importing it.
fn paths(file: &syn::File) -> Vec<Vec<String>> {
    struct Paths(Vec<Vec<String>>);
    impl Visit<'_> for Paths {
        fn visit_path(&mut self, path: &syn::Path) {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
            visit::visit_path(self, path);
        }
    }
    let mut paths = Paths(Vec::new());
    for item in &file.items {
        if !matches!(item, syn::Item::Mod(item) if is_test(&item.attrs)) {
            paths.visit_item(item);
        }
    }
    paths.0
}

/// The inherent methods of a file, by the type that they are of.
fn impls(file: &syn::File) -> Vec<(String, &syn::ItemImpl)> {
    let inherent = file.items.iter().filter_map(|item| match item {
        syn::Item::Impl(block) if block.trait_.is_none() => Some(block),
        _ => None,
    });
    inherent.filter_map(|block| Some((type_name(&block.self_ty)?, block))).collect()
}

fn type_name(of: &syn::Type) -> Option<String> {
    match of {
        syn::Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// Whether an item is there for tests only.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

/// What is called on `self` and `Self`.
#[derive(Default)]
struct Calls(BTreeSet<String>);

impl Visit<'_> for Calls {
    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        if matches!(&*call.receiver, syn::Expr::Path(receiver) if receiver.path.is_ident("self")) {
            self.0.insert(call.method.to_string());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, called: &syn::Macro) {
        let text = called.tokens.to_string();
        for rest in text.split("self . ").skip(1) {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            if rest[end..].trim_start().starts_with('(') {
                self.0.insert(rest[..end].to_owned());
            }
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        if path.segments.len() == 2 && path.segments[0].ident == "Self" {
            self.0.insert(path.segments[1].ident.to_string());
        }
        visit::visit_path(self, path);
    }
}

/// The first way from a file back to itself that leads through no file that is done.
fn circle(start: &str, known: &Known, done: &BTreeSet<String>) -> Option<Vec<(String, String)>> {
    let mut seen = BTreeSet::new();
    let mut way = Vec::new();
    walk(start, start, known, done, &mut seen, &mut way).then_some(way)
}

fn walk(
    at: &str,
    goal: &str,
    known: &Known,
    done: &BTreeSet<String>,
    seen: &mut BTreeSet<String>,
    way: &mut Vec<(String, String)>,
) -> bool {
    for (from, to) in known.keys().filter(|(from, _)| from == at) {
        if done.contains(to) || (to != goal && !seen.insert(to.clone())) {
            continue;
        }
        way.push((from.clone(), to.clone()));
        if to == goal || walk(to, goal, known, done, seen, way) {
            return true;
        }
        way.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "mod low; mod high; pub use self::low::Id; struct Hub;
        impl Hub { fn story(&self) { self.high(); } fn seen(&self) {} }";

    fn found(low: &str, high: &str) -> Vec<String> {
        let files = [
            ("core/src/hub/mod.rs", TOP),
            ("core/src/hub/low.rs", low),
            ("core/src/hub/high.rs", high),
        ];
        let files = files.map(|(path, text)| (PathBuf::from(path), text.to_owned()));
        circles(&files).unwrap()
    }

    #[test]
    fn methods_in_several_files_are_no_circle_if_they_call_one_way() {
        let low = "use super::Hub; pub struct Id; impl Hub { fn low(&self) {} }";
        let high = "use super::{Hub, Id}; impl Hub { fn high(&self) -> Id { self.low() } }";
        assert!(found(low, high).is_empty(), "{:?}", found(low, high));
    }

    #[test]
    fn methods_that_call_each_other_are_a_circle() {
        let low = "use super::Hub; impl Hub { fn low(&self) { self.high() } }";
        let high = "use super::Hub; impl Hub { fn high(&self) { self.low() } }";
        let want =
            "hub::low knows hub::high by `Hub::high`, hub::high knows hub::low by `Hub::low`";
        assert_eq!(found(low, high), [want]);
        for call in ["if true { self.seen() }", "Self::seen(self)", "assert!(self.seen())"] {
            let back = format!("use super::Hub; impl Hub {{ fn high(&self) {{ {call} }} }}");
            assert_eq!(found("", &back).len(), 1, "the file above calls it: {call}");
        }
    }

    #[test]
    fn paths_to_each_other_are_a_circle() {
        let low = "use crate::hub::high::High; pub struct Id;";
        assert_eq!(found(low, "pub struct High(super::low::Id);").len(), 1);
        assert_eq!(found(low, "use super::Id; pub struct High(Id);").len(), 1, "a re-export");
        let tests = "pub struct High; #[cfg(test)] mod tests { fn f(_: crate::hub::low::Id) {} }";
        assert!(found(low, tests).is_empty(), "tests may know all");
    }
}
