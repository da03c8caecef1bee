//! `cargo xtask autobahn`: the Autobahn testsuite against the frame layer, in both roles.
//!
//! The engine is the program `frame-echo` of the crate of the tests: the frame layer over plain
//! TCP, and no other WebSocket code.

mod index;
mod run;
mod select;

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};

use self::index::Index;
use self::run::Bench;
use self::select::Group;
pub(crate) use self::select::Selection;
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_500);
/// How many processes of the suite run at once. As a client it keeps every message of the last
/// cases: one that runs 18 of the longest holds 2 GiB.
const AT_ONCE: usize = 3;

/// The cases that may be NON-STRICT because RFC 6455 leaves the choice: none. One that is added
/// needs its reason in docs/frames.md, section Conformance.
const CHOICES: &[&str] = &[];

/// What the engine is in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A server, tested by the suite's fuzzing client.
    Server,
    /// A client, tested by the suite's fuzzing server.
    Client,
}

impl Role {
    pub(crate) const BOTH: &[Self] = &[Self::Server, Self::Client];

    /// The roles that an argument means.
    pub(crate) fn named(name: &str) -> &'static [Self] {
        match name {
            "server" => &[Self::Server],
            "client" => &[Self::Client],
            _ => Self::BOTH,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Runs the cases and prints what came of them. Whether all passed.
pub(crate) fn run(
    workspace: &Workspace,
    console: Console,
    roles: &[Role],
    cases: Option<&str>,
) -> Result<bool> {
    let selection = cases.map_or(Selection::Whole, |some| Selection::Pattern(some.to_owned()));
    let checks = checks(workspace, console, roles, &selection).map_err(Stopped::into_error)?;
    for note in &checks.notes {
        println!("{note}");
    }
    println!("{}", checks.totals);
    Ok(checks.totals.failed == 0)
}

/// Runs the cases: one check for each case and role, and a table for each role.
pub(crate) fn checks(
    workspace: &Workspace,
    console: Console,
    roles: &[Role],
    selection: &Selection,
) -> Outcome {
    let suite = tools::autobahn(workspace, console)?;
    let cases = selection.of(&suite.cases()?)?;
    let build = ["build", "--release", "--package", "pamlink-tests", "--bin", "frame-echo"];
    console.must(workspace.cargo(build), BUILD)?;
    let echo = workspace.target.join("release/frame-echo");
    let bench = Bench { workspace, console, suite: &suite, echo: &echo };

    for role in roles {
        bench.clear(*role)?;
    }
    let mut indexes: Vec<Index> = roles.iter().map(|_| Index::default()).collect();
    for round in select::rounds(&cases) {
        let runs: Vec<(usize, &Group)> =
            (0..roles.len()).flat_map(|at| round.iter().map(move |group| (at, group))).collect();
        let next = AtomicUsize::new(0);
        let take = || runs.get(next.fetch_add(1, Ordering::Relaxed));
        let work = || -> Result<Vec<(usize, Index)>> {
            let runs = iter::from_fn(take);
            runs.map(|&(at, group)| Ok((at, bench.run(roles[at], group)?))).collect()
        };
        let found: Vec<Result<Vec<(usize, Index)>>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(broken)).collect()
        });
        for found in found {
            for (at, index) in found? {
                indexes[at].add(index);
            }
        }
    }

    let mut checks = Checks::default();
    for (role, index) in roles.iter().zip(&indexes) {
        let path = bench.folder(*role).join("index.json");
        index.write(&path).with_context(|| format!("cannot write {}", path.display()))?;
        checks.note(index.table(role.name(), CHOICES).trim_end());
        checks.add(index.judge(&cases, CHOICES));
    }
    Ok(checks)
}

fn broken<T>(_panic: Box<dyn std::any::Any + Send>) -> Result<T> {
    Err(anyhow!("a run of the suite panicked"))
}
