//! What may cross the border, and where unsafe code may stand: held against the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// The only file with unsafe code: the C entry. Its tests call it.
const UNSAFE: [&str; 2] = ["entry.rs", "entry/tests.rs"];

#[test]
fn unsafe_code_stands_in_the_c_entry_alone_and_gives_its_reasons() {
    for (name, text) in sources() {
        let found = text.lines().find(|line| has_word(code(line), "unsafe"));
        let expected = UNSAFE.contains(&name.as_str());
        assert!(found.is_none() || expected, "unsafe code in {name}: {found:?}");
    }
    let entry = read("entry.rs");
    let lines: Vec<_> = entry.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        if code(line).contains("unsafe {") {
            let before = &lines[at.saturating_sub(3)..at];
            assert!(before.iter().any(|line| line.contains("SAFETY:")), "line {}: {line}", at + 1);
        }
    }
}

/// No callback, nothing asynchronous, no `u8` or `u16` where UniFFI checksums have gone wrong, and
/// enums only for the error.
#[test]
fn exports_are_synchronous_calls_with_plain_results() {
    for (name, text) in sources() {
        let code: Vec<_> = text.lines().map(code).collect();
        let all = code.join("\n");
        for forbidden in [
            "async fn",
            "callback_interface",
            "export(foreign",
            "with_foreign",
            "uniffi::Enum",
            "async_runtime",
        ] {
            assert!(!all.contains(forbidden), "{name} has `{forbidden}`");
        }
        for returned in all.split("->").skip(1).map(|rest| rest.trim_start()) {
            let returned = returned.split(['{', ';']).next().unwrap_or_default();
            for narrow in ["u8", "u16", "i8", "i16"] {
                let whole = returned.trim();
                let exported = ["", "Option<", "Result<"].map(|around| format!("{around}{narrow}"));
                let starts = |text: &String| {
                    whole
                        .strip_prefix(text.as_str())
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '>']))
                };
                assert!(!exported.iter().any(starts), "{name} returns `{whole}`");
            }
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut all = Vec::new();
    walk(&root(), &mut all);
    assert!(all.len() > 15, "{} sources", all.len());
    all
}

fn walk(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            all.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// A line without what it says in a comment.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|it| it == word)
}
