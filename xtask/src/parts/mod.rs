//! The parts of `cargo xtask test`, in the order in which they run: the cheap ones first.

mod ahead;
mod api;
mod autobahn;
mod browser;
mod clauses;
mod crates;
mod cross;
mod deny;
mod entry;
mod features;
mod field;
mod fuzz;
mod kotlin;
mod links;
pub(crate) mod peers;
mod purity;
mod python;
mod report;
mod rooms;
mod rust;
mod simulate;
mod style;
mod swift;
mod vectors;
mod wasm32;
pub(crate) mod web;
mod words;

use std::fmt::Write as _;
use std::io::Write as _;
use std::thread;
use std::time::Instant;

use ahead::Ahead;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::conformance;
use crate::package;
use crate::totals::Totals;
use crate::workspace::Workspace;

/// One part.
struct Part {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace, Console) -> Outcome,
}

const PARTS: &[Part] = &[
    Part { name: "format", about: "rustfmt would change nothing", run: rust::format },
    Part { name: "style", about: "no long file, no unfinished work", run: style::run },
    Part {
        name: "words",
        about: "one word for one idea: no identifier has a word that docs/words.md gives up",
        run: words::run,
    },
    Part {
        name: "links",
        about: "every relative link of the documents leads somewhere",
        run: links::run,
    },
    Part {
        name: "purity",
        about: "core reaches for no clock, thread, socket, entropy or log",
        run: purity::run,
    },
    Part {
        name: "rooms",
        about: "no module of core, and no file in one, reaches back (docs/architecture.md)",
        run: rooms::run,
    },
    Part { name: "lint", about: "clippy, warnings are errors", run: rust::lint },
    Part {
        name: "unit",
        about: "unit, property and integration tests of the workspace",
        run: rust::unit,
    },
    Part {
        name: "clauses",
        about: "every clause of the protocol, and all that broke others, is held by tests that run",
        run: clauses::run,
    },
    Part { name: "doctest", about: "the examples of the documentation", run: rust::doctest },
    Part { name: "docs", about: "rustdoc, warnings are errors", run: rust::docs },
    Part { name: "api", about: "core shows what core/public-api.txt lists", run: api::run },
    Part {
        name: "features",
        about: "each crate alone, without its features and with each",
        run: features::run,
    },
    Part {
        name: "crates",
        about: "the crates as packaged, the README's programs, the oldest compiler",
        run: crates::run,
    },
    Part { name: "deny", about: "licences, sources and advisories", run: deny::run },
    Part { name: "entry", about: "the C entry under Miri or a sanitizer", run: entry::run },
    Part { name: "wasm32", about: "every test of core on 32 bits", run: wasm32::run },
    Part { name: "node", about: "the npm package `ws` against `pamlink serve`", run: peers::node },
    Part {
        name: "websockets",
        about: "the PyPI package `websockets`, as client and as server",
        run: peers::websockets,
    },
    Part {
        name: "browser",
        about: "headless Chromium chats on the page of `pamlink serve`",
        run: browser::run,
    },
    Part {
        name: "python",
        about: "the Python package: its wheel, its tests, its types",
        run: python::run,
    },
    Part { name: "kotlin", about: "the Kotlin package and its tests", run: kotlin::run },
    Part { name: "swift", about: "the Swift package and its tests", run: swift::run },
    Part {
        name: "web",
        about: "the npm package: its tests, its types, its size, in Node and in Chromium",
        run: web::run,
    },
    Part {
        name: "vectors",
        about: "Rust, Python, Kotlin and Swift run every case of every vector",
        run: vectors::run,
    },
    Part {
        name: "cross",
        about: "a hub in Python with clients in Kotlin, Swift, Rust, Node and Chromium",
        run: cross::run,
    },
    Part {
        name: "nodes",
        about: "a log of streams that several processes share, in a real Redis",
        run: rust::nodes,
    },
    Part {
        name: "conformance",
        about: "every product holds the clauses of tests/conformance, or says why not",
        run: conformance::checks,
    },
    Part {
        name: "package",
        about: "wheel, sdist, jar and Swift package, each run where a user would",
        run: package::checks,
    },
    Part { name: "report", about: "`pamlink report --quick` passes within 20 s", run: report::run },
    Part {
        name: "field",
        about: "what real users, proxies and servers do, item by item (tests/field)",
        run: field::run,
    },
    Part {
        name: "autobahn",
        about: "the Autobahn testsuite, as server and as client",
        run: autobahn::run,
    },
    Part {
        name: "simulate",
        about: "a million faults, and every promise is kept",
        run: simulate::run,
    },
    Part { name: "fuzz", about: "a short run of each fuzz target", run: fuzz::run },
];

/// The parts that take minutes and find what changes rarely: they run with `--whole`, or by name.
const LEFT_TO_WHOLE: &[&str] = &[
    "features",
    "crates",
    "deny",
    "entry",
    "wasm32",
    "browser",
    "web",
    "conformance",
    "package",
    "field",
    "simulate",
    "fuzz",
];

/// The names of all parts.
pub(crate) fn names() -> Vec<&'static str> {
    PARTS.iter().map(|part| part.name).collect()
}

/// One line on each part.
pub(crate) fn overview() -> String {
    PARTS.iter().fold(String::new(), |mut text, part| {
        let rare = if is_everyday(part) { "" } else { " (with --whole)" };
        let _infallible = writeln!(text, "  {:<12}{}{rare}", part.name, part.about);
        text
    })
}

fn is_everyday(part: &Part) -> bool {
    !LEFT_TO_WHOLE.contains(&part.name)
}

/// Runs the everyday parts, all of them with `--whole`, or those named in `only`; the last line
/// printed is the sum. Whether all passed.
pub(crate) fn run(workspace: &Workspace, console: Console, only: &[String]) -> bool {
    let is_whole = workspace.whole && only.is_empty();
    let wanted = |part: &&Part| match only {
        [] => is_whole || is_everyday(part),
        only => only.iter().any(|name| name == part.name),
    };
    let mut sum = Totals::default();
    let mut failures = Vec::new();
    thread::scope(|scope| {
        let ahead = is_whole.then(|| Ahead::begin(scope, workspace));
        for part in PARTS.iter().filter(wanted) {
            let checks = run_part(workspace, console, part, ahead.as_ref());
            sum += checks.totals;
            if checks.totals.failed > 0 {
                failures.push((part.name, checks));
            }
        }
    });
    // Once more where a log that was cut still has it: a whole run prints thousands of lines.
    for (name, checks) in &failures {
        println!("{name:<12}{} failed", checks.totals.failed);
        show(checks);
    }
    if only.is_empty() && !is_whole {
        println!("left to --whole: {}", LEFT_TO_WHOLE.join(", "));
    }
    println!("{sum}");
    sum.failed == 0
}

/// Runs a part once what was built ahead for it is there, and prints what came of it.
fn run_part(workspace: &Workspace, console: Console, part: &Part, ahead: Option<&Ahead>) -> Checks {
    println!("{:<12}{}", part.name, part.about);
    let _shown_later = std::io::stdout().flush();
    let started = Instant::now();
    if let Some(ahead) = ahead {
        ahead.wait_for(part.name);
    }
    let checks = settle(workspace.ci, part.name, (part.run)(workspace, console));
    show(&checks);
    workspace.note(part.name, checks.totals.failed == 0);
    println!("{:<12}{} ({:.1} s)", part.name, checks.totals, started.elapsed().as_secs_f64());
    checks
}

fn show(checks: &Checks) {
    for line in checks.notes.iter().flat_map(|note| note.lines()) {
        println!("    {line}");
    }
}

/// Turns what stopped a part into a count: a missing tool fails in CI and is skipped elsewhere.
fn settle(ci: bool, name: &str, outcome: Outcome) -> Checks {
    let mut checks = Checks::default();
    match outcome {
        Ok(done) if done.totals == Totals::default() => {
            checks.fail(format!("{name} checked nothing"));
        }
        Ok(done) => return done,
        Err(Stopped::Missing(what)) if ci => checks.fail(format!("{name} cannot run: {what}")),
        Err(Stopped::Missing(what)) => {
            checks.totals.skipped += 1;
            checks.note(format!("{name} is skipped: {what}"));
        }
        Err(Stopped::Broken(error)) => checks.fail(format!("{error:#}")),
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_skipped_but_fails_in_ci() {
        let missing = || Err(Stopped::Missing("no chromium".to_owned()));
        let skipped = Totals { skipped: 1, ..Totals::default() };
        assert_eq!(settle(false, "browser", missing()).totals, skipped);
        let failed = Totals { failed: 1, ..Totals::default() };
        assert_eq!(settle(true, "browser", missing()).totals, failed);
    }

    #[test]
    fn what_is_left_to_whole_is_a_part() {
        assert!(LEFT_TO_WHOLE.iter().all(|name| names().contains(name)), "{:?}", names());
    }

    #[test]
    fn a_part_that_checked_nothing_fails() {
        assert_eq!(settle(false, "unit", Ok(Checks::default())).totals.failed, 1);
    }
}
