//! `core` reaches for no clock, thread, socket, file, entropy or log: it is sans-IO.
//!
//! Two looks: at its own sources, and at what its default features depend on. The feature `jwt`
//! is an exception in the second: `jsonwebtoken` brings `rand` and `getrandom` for signing, which
//! the engine never does; verification draws nothing.

use std::path::Path;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

/// What the sources of `core` may not name outside their tests, and what it would reach.
const FORBIDDEN: &[(&str, &str)] = &[
    ("std::time", "a clock"),
    ("Instant", "a clock"),
    ("SystemTime", "a clock"),
    ("now_utc", "a clock"),
    ("now_local", "a clock"),
    ("std::thread", "threads"),
    ("thread_local", "threads"),
    ("Mutex", "threads"),
    ("RwLock", "threads"),
    ("Condvar", "threads"),
    ("mpsc", "threads"),
    ("std::net", "sockets"),
    ("std::io", "files or sockets"),
    ("std::fs", "files"),
    ("std::env", "the process"),
    ("std::process", "the process"),
    ("getrandom", "entropy"),
    ("thread_rng", "entropy"),
    ("from_os_rng", "entropy"),
    ("OsRng", "entropy"),
    ("SysRng", "entropy"),
    ("RandomState::new", "entropy"),
    ("std::collections::HashMap", "entropy (its default hasher)"),
    ("std::collections::HashSet", "entropy (its default hasher)"),
    ("AHashMap", "entropy (its default hasher)"),
    ("AHashSet", "entropy (its default hasher)"),
    ("print!", "a log"),
    ("println!", "a log"),
    ("eprint!", "a log"),
    ("eprintln!", "a log"),
    ("log::", "a log"),
    ("tracing", "a log"),
    ("unsafe", "undefined behaviour"),
];

/// Packages that mean one of these things is at hand.
const DENIED: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "polling",
    "socket2",
    "rustls",
    "native-tls",
    "log",
    "tracing",
    "tracing-core",
    "env_logger",
    "slog",
    "getrandom",
    "rand",
    "fastrand",
    "oorandom",
    "chrono",
    "web-time",
    "instant",
    "quanta",
    "rayon",
    "crossbeam-channel",
    "parking_lot",
];

/// What the feature `jwt` may bring all the same.
const JWT_MAY: &[&str] = &["getrandom", "rand"];

pub(super) fn run(workspace: &Workspace, _console: Console) -> Outcome {
    let mut checks = Checks::default();
    for path in workspace.files()? {
        let source = path.starts_with("core/src") && path.extension().is_some_and(|e| e == "rs");
        if source && path.file_name().is_none_or(|name| name != "tests.rs") {
            let faults = faults(&path, &workspace.read(&path)?);
            checks.check(faults.is_empty(), faults.join("\n"));
        }
    }
    let lib = workspace.read(Path::new("core/src/lib.rs"))?;
    for attribute in ["#![forbid(unsafe_code)]", "#![deny(missing_docs)]"] {
        checks.check(lib.contains(attribute), format!("core/src/lib.rs lacks {attribute}"));
    }
    for (features, allowed) in [("", &[][..]), ("jwt", JWT_MAY)] {
        let packages = packages(workspace, features)?;
        checks.check(packages.len() > 1, "cargo tree shows no dependencies of core");
        for denied in denied(&packages, allowed) {
            checks.fail(format!("core depends on {denied} (features: {features:?})"));
        }
    }
    Ok(checks)
}

/// The names of all packages that `core` is built with, on any platform.
fn packages(workspace: &Workspace, features: &str) -> anyhow::Result<Vec<String>> {
    let mut tree = workspace.cargo(["tree", "--package", "pamlink", "--edges", "normal"]);
    tree.args(["--target", "all", "--prefix", "none", "--no-dedupe", "--features", features]);
    let output = tree.output()?;
    anyhow::ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let names = String::from_utf8(output.stdout)?;
    Ok(names.lines().filter_map(|line| line.split(' ').next().map(str::to_owned)).collect())
}

/// Those among `packages` that are denied and not allowed here.
fn denied<'a>(packages: &'a [String], allowed: &[&str]) -> Vec<&'a str> {
    let is_denied = |name: &&str| DENIED.contains(name) && !allowed.contains(name);
    let mut denied: Vec<&str> = packages.iter().map(String::as_str).filter(is_denied).collect();
    denied.sort_unstable();
    denied.dedup();
    denied
}

/// The forbidden names in a source file, with their lines.
fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (at, line) in code(&without_tests(text).0).lines().enumerate() {
        for (name, reached) in FORBIDDEN {
            if names(line, name) {
                faults.push(format!("{}:{}: {name} reaches {reached}", path.display(), at + 1));
            }
        }
    }
    faults
}

/// Whether `line` has `name` as whole words. A `std::` path counts with its braces, too:
/// `use std::{net, thread}` names both.
fn names(line: &str, name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let whole = |line: &str, name: &str| {
        line.match_indices(name).any(|(at, _)| {
            let before = line[..at].chars().next_back().is_some_and(is_word);
            let after = line[at + name.len()..].chars().next().is_some_and(is_word);
            let joins = !name.ends_with(is_word) || !after;
            !before && joins
        })
    };
    let braced = || {
        let (path, last) = name.rsplit_once("::").filter(|(_, last)| !last.is_empty())?;
        let inside = line.split_once(&format!("{path}::{{"))?.1;
        Some(whole(inside, last))
    };
    whole(line, name) || braced().unwrap_or(false)
}

/// Source text with an empty line for each line under `#[cfg(test)]`, and how many those are.
pub(super) fn without_tests(text: &str) -> (String, usize) {
    let mut kept = String::with_capacity(text.len());
    let mut removed = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            kept.push_str(line);
            kept.push('\n');
            continue;
        }
        // The item ends at the first line that closes it at the indentation of its attribute.
        let indent = |line: &str| line.len() - line.trim_start().len();
        let ends = |end: &str| indent(end) == indent(line) && end.ends_with(['}', ';']);
        let mut skip = || {
            removed += 1;
            kept.push('\n');
        };
        skip();
        for line in lines.by_ref() {
            skip();
            if ends(line) {
                break;
            }
        }
    }
    (kept, removed)
}

/// Source text without comments and the inside of string literals; lines stay.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            'r' if !code.ends_with(|c: char| c.is_alphanumeric()) => raw_string(rest),
            '"' => string(rest),
            '\'' if rest.starts_with("'\"'") => 3,
            '\'' if rest.starts_with("'\\\"'") => 4,
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    code
}

/// The length of the string literal that `text` begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// The length of the raw string literal that `text` begins with; 0 when it begins with none.
fn raw_string(text: &str) -> usize {
    let hashes = text[1..].chars().take_while(|c| *c == '#').count();
    let Some(body) = text[1 + hashes..].strip_prefix('"') else { return 0 };
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    1 + hashes + 1 + length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        faults(Path::new("a.rs"), text)
    }

    #[test]
    fn sees_a_clock_a_thread_and_a_socket() {
        assert_eq!(found("let now = std::time::Instant::now();").len(), 2);
        assert_eq!(found("\nuse std::{net::TcpStream, thread};").len(), 2);
        assert_eq!(found("\nprintln!(\"x\");"), ["a.rs:2: println! reaches a log"]);
    }

    #[test]
    fn words_in_comments_strings_and_tests_reach_nothing() {
        assert_eq!(found("// Instant\nlet a = \"std::net \\\" Instant\"; /* OsRng */"), [""; 0]);
        assert_eq!(
            found("let a = r#\"Instant \" OsRng\"#; let b = '\"'; fn instant() {}"),
            [""; 0]
        );
        let tests = "fn a() {}\n#[cfg(test)]\nmod tests {\n    use std::net;\n}\nuse std::fs;";
        assert_eq!(found(tests).len(), 1);
    }

    #[test]
    fn code_after_a_string_is_seen() {
        assert_eq!(found("let a = \"x\"; let b = SystemTime::now();").len(), 1);
        assert_eq!(found("let a = 'x'; let b = \"\\\\\"; OsRng").len(), 1);
    }

    #[test]
    fn sees_a_denied_package_unless_it_is_allowed() {
        let packages = ["pamlink", "getrandom", "tokio", "tokio"].map(str::to_owned);
        assert_eq!(denied(&packages, &[]), ["getrandom", "tokio"]);
        assert_eq!(denied(&packages, JWT_MAY), ["tokio"]);
    }
}
