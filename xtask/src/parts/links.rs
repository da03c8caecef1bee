//! Every relative link of the documents leads somewhere.

use std::collections::BTreeSet;
use std::path::Path;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

pub(super) fn run(workspace: &Workspace, _console: Console) -> Outcome {
    let mut checks = Checks::default();
    for path in workspace.files()? {
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = workspace.read(&path)?;
        for link in links(&text) {
            let led = follow(&workspace.root, &path, &text, &link);
            checks.check(led, format!("{}: {link} leads nowhere", path.display()));
        }
        checks.pass(); // The document itself can be read.
    }
    Ok(checks)
}

/// Whether a link of the document `from` leads to a file and, where it names one, to a heading.
fn follow(root: &Path, from: &Path, text: &str, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = from.parent().unwrap_or_else(|| Path::new(""));
    let target = root.join(folder).join(file);
    if !file.is_empty() && !target.exists() {
        return false;
    }
    if heading.is_empty() || (!file.is_empty() && !file.ends_with(".md")) {
        return true;
    }
    if file.is_empty() {
        return anchors(text).contains(heading);
    }
    std::fs::read_to_string(target).is_ok_and(|text| anchors(&text).contains(heading))
}

/// The relative targets of the inline links, images and reference definitions outside code.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(text) {
        let mut rest = line.as_str();
        while let Some((_, after)) = rest.split_once("](") {
            let end = after.find([')', ' ']).unwrap_or(after.len());
            links.push(after[..end].trim_matches(['<', '>']).to_owned());
            rest = &after[end..];
        }
        if let Some((_, target)) = line.strip_prefix('[').and_then(|line| line.split_once("]: ")) {
            links.extend(target.split_whitespace().next().map(str::to_owned));
        }
    }
    links.retain(|link| !link.contains("://") && !link.starts_with("mailto:"));
    links
}

/// The anchors of the headings, made as code hosts make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).into_iter().filter(|line| line.starts_with('#'));
    let anchor = |heading: String| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    let explicit = text.split("<a id=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    headings.map(anchor).chain(explicit.map(|(id, _)| id.to_owned())).collect()
}

/// The lines outside fenced code, without inline code.
fn prose(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let is_heading = line.starts_with('#');
            let outside = line.split('`').enumerate().filter(|(at, _)| is_heading || at % 2 == 0);
            lines.push(outside.map(|(_, part)| part).collect());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_links_outside_code() {
        let text = "See [a](a.md#part) and ![b](<b.png>), `[c](c.md)`, [d](https://d.example).\n\
                    ```\n[e](e.md)\n```\n[f]: f.md \"title\"\n";
        assert_eq!(links(text), ["a.md#part", "b.png", "f.md"]);
    }

    #[test]
    fn follows_links_to_headings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = "# The `frame` room\n<a id=\"F-1\"></a>";
        let leads = |link| follow(root, Path::new("src/doc.md"), text, link);
        assert!(leads("#the-frame-room"));
        assert!(leads("#F-1"));
        assert!(leads("../Cargo.toml"));
        assert!(!leads("#elsewhere"));
        assert!(!leads("missing.md"));
    }
}
