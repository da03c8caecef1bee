//! What a whole run builds ahead of the parts that need it.
//!
//! On two cores a run of the parts one after another leaves one of them idle for half of its time:
//! while the last crate of a build compiles, while tests wait for a clock or a socket. What is built
//! in a folder of its own, which no other build of cargo's waits for, takes that time, at the lowest
//! priority.

use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

use super::{entry, fuzz, python, report, simulate, wasm32, web};

/// Builds what a part needs. It does nothing where that is built already.
type Build = fn(&Workspace, Console) -> Result<(), Stopped>;

/// The parts with such a build, in the order in which they run.
const BUILDS: &[(&str, Build)] = &[
    ("crates", |workspace, console| web::package(workspace, console).map(drop)),
    ("entry", entry::build),
    ("wasm32", wasm32::build),
    ("python", python::build),
    ("report", report::build),
    ("simulate", simulate::build),
    ("fuzz", fuzz::build),
];

/// Builds of parts, one after another beside what runs.
#[derive(Debug)]
pub(super) struct Ahead {
    /// The names of the parts whose builds have ended, as they end.
    ended: Receiver<&'static str>,
}

impl Ahead {
    /// Begins with the first.
    pub(super) fn begin<'scope>(
        scope: &'scope thread::Scope<'scope, '_>,
        workspace: &'scope Workspace,
    ) -> Self {
        Self::begin_with(scope, workspace, BUILDS)
    }

    fn begin_with<'scope>(
        scope: &'scope thread::Scope<'scope, '_>,
        workspace: &'scope Workspace,
        builds: &'static [(&'static str, Build)],
    ) -> Self {
        let (end, ended) = mpsc::channel();
        scope.spawn(move || {
            // On Linux it is the priority of this thread and of what it starts; where it cannot be
            // lowered, the builds only disturb more.
            let _lowered = rustix::process::nice(19);
            for &(part, build) in builds {
                // The part builds again: it says what is wrong, where something is.
                let _said_by_the_part = build(workspace, Console::silent());
                let _is_waited_for = end.send(part);
            }
        });
        Self { ended }
    }

    /// Waits until the build of `part` has ended, if it has one: two at once would install the same
    /// tools. Parts ask in the order in which they run.
    pub(super) fn wait_for(&self, part: &str) {
        let is_built = BUILDS.iter().any(|&(built, _)| built == part);
        while is_built && self.ended.recv().is_ok_and(|ended| ended != part) {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    static BUILT: AtomicU32 = AtomicU32::new(0);

    fn build(_workspace: &Workspace, _console: Console) -> Result<(), Stopped> {
        thread::sleep(std::time::Duration::from_millis(20));
        BUILT.fetch_add(1, Ordering::SeqCst);
        Err(Stopped::Missing("a part says it".to_owned()))
    }

    #[test]
    fn a_part_waits_for_its_own_build_and_those_before_it() {
        let workspace = Workspace::find().unwrap();
        thread::scope(|scope| {
            let ahead =
                Ahead::begin_with(scope, &workspace, &[("entry", build), ("python", build)]);
            ahead.wait_for("unit");
            ahead.wait_for("python");
            assert_eq!(BUILT.load(Ordering::SeqCst), 2);
            // The thread has ended: there is nothing to wait for.
            ahead.wait_for("fuzz");
        });
    }

    #[test]
    fn builds_are_of_parts_and_in_their_order() {
        let names = super::super::names();
        let places: Vec<_> =
            BUILDS.iter().map(|(part, _)| names.iter().position(|name| name == part)).collect();
        assert!(places.is_sorted() && !places.contains(&None), "{places:?}");
    }
}
