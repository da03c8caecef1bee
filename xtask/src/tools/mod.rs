//! The tools that the tests need and cargo does not bring: installed at pinned versions, into the
//! build folder where that is possible.

mod autobahn;
mod bindgen;
mod debian;
mod deny;
mod fuzz;
mod kotlin;
mod node;
mod proxies;
mod python;
mod root;
mod swift;
mod wasm32;

use std::process::Command;
use std::time::Duration;

use crate::check::Stopped;
use crate::command::{Console, has_program};

pub(crate) use autobahn::{Autobahn, autobahn};
pub(crate) use bindgen::bindgen;
pub(crate) use debian::{chromium, firefox, redis};
pub(crate) use deny::cargo_deny;
pub(crate) use fuzz::{cargo_fuzz, nightly};
pub(crate) use kotlin::{Kotlin, class_path, kotlin};
pub(crate) use node::{
    bench_modules, lowest_node, node_modules, pyright, react_18_modules, web_modules,
};
pub(crate) use proxies::proxies;
pub(crate) use python::python;
pub(crate) use root::{Root, SOURCE, TARGET};
pub(crate) use swift::swift;
pub(crate) use wasm32::{MODULES, PROGRAMS, Wasm32, wasm32, wasmtime};

const INSTALL: Duration = Duration::from_secs(600);

fn need(program: &str) -> Result<(), Stopped> {
    if has_program(program) {
        Ok(())
    } else {
        Err(Stopped::Missing(format!("no `{program}` on the path")))
    }
}

/// Runs a command that installs; what cannot be installed is missing.
fn install(console: Console, command: Command) -> Result<(), Stopped> {
    match console.must(command, INSTALL) {
        Ok(_lines) => Ok(()),
        Err(error) => Err(Stopped::Missing(format!("{error:#}"))),
    }
}
