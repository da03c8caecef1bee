//! What a call across the border costs, in each language: a group without a target of its own in
//! the package of the groups.
//!
//! Each language has a program that takes `--out FILE` and `--quick` and writes its rows there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::bindings::{BUILD, Bindings, kotlin, python, swift};
use crate::check::Stopped;
use crate::command::Console;
use crate::parts::web;
use crate::tools::{self, TARGET};
use crate::workspace::Workspace;

pub(super) const NAME: &str = "ffi";
const ROUND: Duration = Duration::from_secs(900);

/// Measures; writes `target/bench/ffi.json`. Whether all programs ended well.
pub(super) fn measure(
    workspace: &Workspace,
    console: Console,
    quick: bool,
) -> Result<bool, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let folder = workspace.target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let programs = [
        ("rust", rust(workspace)),
        ("python", python_program(workspace, console, &bindings)?),
        ("kotlin", kotlin_program(workspace, console, &bindings)?),
        ("swift", swift_program(workspace, console, &bindings)?),
        ("web", web_program(workspace, console)?),
    ];
    let mut rows: Vec<Value> = Vec::new();
    for (language, mut program) in programs {
        let name = format!("{NAME}-{language}.json");
        let out = folder.join(&name);
        let _was_none = std::fs::remove_file(&out);
        // The root that has Swift sees the build folder elsewhere.
        let seen =
            if language == "swift" { Path::new(TARGET).join("bench") } else { folder.clone() };
        program.arg("--out").arg(seen.join(&name));
        if quick {
            program.arg("--quick");
        }
        console.must(program, ROUND)?;
        let document: Value = serde_json::from_slice(&std::fs::read(&out)?)?;
        rows.extend(document["rows"].as_array().context("no rows")?.iter().cloned());
    }
    let document = json!({ "group": NAME, "rows": rows });
    std::fs::write(folder.join(format!("{NAME}.json")), serde_json::to_vec_pretty(&document)?)?;
    Ok(true)
}

/// The bench `ffi` of the library's crate.
fn rust(workspace: &Workspace) -> Command {
    workspace.cargo(["bench", "--package", "pamlink-ffi", "--bench", NAME, "--"])
}

fn python_program(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let mut python = workspace.command(python::installed(workspace, console, bindings)?);
    python.args(["-P", "-B"]).arg(Path::new(python::FOLDER).join("bench/main.py"));
    Ok(python)
}

/// The function `main` of `bench/Main.kt`.
fn kotlin_program(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let compiled = kotlin::compile(workspace, console, bindings)?;
    let sources = workspace.root.join(kotlin::FOLDER).join("bench");
    let jar = compiled.beside(workspace, console, "bench", &[&sources])?;
    let mut java = compiled.java(workspace, &jar);
    java.arg("MainKt");
    Ok(java)
}

/// The product `bench` of the package in `bench`.
fn swift_program(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let ready = swift::ready(workspace, console, bindings)?;
    let package = format!("{}/bench", swift::FOLDER);
    console.must(ready.swift(workspace, &["build", "-c", "release"], &package), BUILD)?;
    Ok(ready.tools().run(workspace, [format!("{}/release/bench", swift::scratch(&package))]))
}

/// The program of the npm package, in Node, and in Chromium where there is one.
fn web_program(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let mut node = workspace.command("node");
    node.arg(Path::new(web::FOLDER).join("bench/main.mjs"));
    node.env("NODE_MODULES", tools::node_modules(workspace, console)?);
    node.env("PAMLINK_WEB", web::package(workspace, console)?);
    if let Ok(chromium) = tools::chromium(workspace, console) {
        node.env("CHROMIUM", chromium);
    }
    Ok(node)
}
