//! A strict check of HTML as these pages write it: every element closed in order, every attribute
//! quoted, no attribute twice, no bare `&` or `<`, every id unique and every reference to one met.

use std::collections::HashSet;

const VOID: [&str; 6] = ["meta", "link", "input", "br", "hr", "img"];
const RAW: [&str; 2] = ["style", "script"];

/// Panics, with the place, at the first fault of `page`.
pub(crate) fn check(page: &str) {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").expect("a doctype");
    let mut open: Vec<&str> = Vec::new();
    let mut ids = HashSet::new();
    let mut wanted = Vec::new();
    while let Some(at) = rest.find('<') {
        text(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("</") {
            let (name, after) = after.split_once('>').expect("an end");
            assert_eq!(open.pop(), Some(name), "closed out of order near {}", near(rest));
            rest = after;
            continue;
        }
        let name_end = rest[1..].find(|c: char| !c.is_ascii_alphanumeric()).expect("a name") + 1;
        let name = &rest[1..name_end];
        assert!(!name.is_empty(), "a bare < near {}", near(rest));
        let (closed, after) = attributes(&rest[name_end..], &mut ids, &mut wanted);
        rest = after;
        if RAW.contains(&name) {
            let end = rest.find(&format!("</{name}>")).expect("the end of raw text");
            rest = &rest[end..];
        }
        if !closed && !VOID.contains(&name) {
            open.push(name);
        }
    }
    text(rest);
    assert!(open.is_empty(), "never closed: {open:?}");
    for id in wanted {
        assert!(ids.contains(id), "nothing has the id {id}");
    }
}

/// Reads attributes up to the end of the tag; says whether the tag closes itself.
fn attributes<'a>(
    mut rest: &'a str,
    ids: &mut HashSet<&'a str>,
    wanted: &mut Vec<&'a str>,
) -> (bool, &'a str) {
    let mut seen = HashSet::new();
    loop {
        let space = rest.len();
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>") {
            return (true, after);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (false, after);
        }
        assert!(rest.len() < space, "no blank before an attribute near {}", near(rest));
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).expect("a name");
        let name = &rest[..end];
        assert!(!name.is_empty() && seen.insert(name), "bad attribute near {}", near(rest));
        rest = &rest[end..];
        let Some(quoted) = rest.strip_prefix("=\"") else { continue };
        let (value, after) = quoted.split_once('"').expect("a closing quote");
        assert!(!value.contains('<'), "a bare < in {name} near {}", near(rest));
        text(value);
        match name {
            "id" => assert!(ids.insert(value), "the id {value} is there twice"),
            "aria-labelledby" => wanted.extend(value.split(' ')),
            "for" => wanted.push(value),
            "href" => wanted.extend(value.strip_prefix('#')),
            _ => {}
        }
        rest = after;
    }
}

/// Checks that every `&` begins a reference.
fn text(text: &str) {
    for (at, _) in text.match_indices('&') {
        let end = text[at..].find(';').unwrap_or(text.len() - at);
        let name = &text[at + 1..at + end];
        let good = !name.is_empty() && name.len() < 8;
        let good = good && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '#');
        assert!(good, "a bare & near {}", near(&text[at..]));
    }
}

fn near(text: &str) -> String {
    text.chars().take(60).collect()
}
