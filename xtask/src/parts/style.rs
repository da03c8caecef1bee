//! Files stay small and finished.

use std::path::Path;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::parts::purity::without_tests;
use crate::workspace::Workspace;

/// Files longer than this are named.
const LONG: usize = 400;
/// Files longer than this fail.
const TOO_LONG: usize = 600;

/// What finished work does not contain. (Written in two pieces: this file is finished, too.)
const UNFINISHED: &[(&str, &str)] = &[
    ("to", "do!("),
    ("unimple", "mented!("),
    ("#[ig", "nore"),
    ("d", "bg!("),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X:"),
    ("debugg", "er;"),
    ("it.sk", "ip("),
];

const EXTENSIONS: &[&str] =
    &["rs", "mjs", "js", "py", "html", "css", "kt", "kts", "swift", "java", "sh"];

pub(super) fn run(workspace: &Workspace, _console: Console) -> Outcome {
    let mut checks = Checks::default();
    for path in workspace.files()? {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            continue;
        }
        let text = workspace.read(&path)?;
        let faults = faults(&path, &text);
        let lines = length(&path, &text);
        if (LONG + 1..=TOO_LONG).contains(&lines) {
            checks.note(format!("{}: {lines} lines apart from tests", path.display()));
        }
        checks.check(faults.is_empty(), faults.join("\n"));
    }
    Ok(checks)
}

/// What is wrong with a file.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = length(path, text);
    if lines > TOO_LONG {
        let shown = path.display();
        faults.push(format!("{shown}: {lines} lines apart from tests, at most {TOO_LONG} may be"));
    }
    for (at, line) in text.lines().enumerate() {
        for (head, tail) in UNFINISHED {
            let found =
                line.match_indices(head).any(|(at, _)| line[at + head.len()..].starts_with(tail));
            if found {
                faults.push(format!("{}:{}: {head}{tail}", path.display(), at + 1));
            }
        }
    }
    faults
}

/// The number of lines that are not tests.
fn length(path: &Path, text: &str) -> usize {
    let is_test = path.iter().any(|part| part == "tests" || part == "tests.rs");
    if is_test { 0 } else { text.lines().count() - without_tests(text).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_unfinished_work_and_its_line() {
        let text = format!("fn a() {{\n    to{}\"later\")\n}}\n", "do!(");
        assert_eq!(faults(Path::new("a.rs"), &text), [format!("a.rs:2: to{}", "do!(")]);
    }

    #[test]
    fn a_long_file_fails_but_its_tests_do_not_count() {
        let long = "    a();\n".repeat(TOO_LONG + 1);
        assert_eq!(faults(Path::new("src/a.rs"), &long).len(), 1);
        assert_eq!(faults(Path::new("src/a/tests.rs"), &long).len(), 0);
        let tests = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert_eq!(faults(Path::new("src/a.rs"), &tests).len(), 0);
    }
}
