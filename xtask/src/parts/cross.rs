//! A hub in Python with clients in Kotlin, Swift, Rust, Python, and JavaScript in Node and in Chromium,
//! over real sockets.
//!
//! `tests/cross/main.py` starts the clients; each variable `CROSS_...` and `CHAT_...` is a command
//! as a list in JSON, to which it adds arguments.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::bindings::{Bindings, kotlin, python, swift};
use crate::check::{Outcome, Stopped};
use crate::command::Console;
use crate::parts::{peers, web};
use crate::tools;
use crate::workspace::Workspace;

const FOLDER: &str = "tests/cross";

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let bindings = Bindings::make(workspace, console)?;
    let python = python::installed(workspace, console, &bindings)?;
    let modules = tools::node_modules(workspace, console)?;
    let package = web::package(workspace, console)?;
    let mut client = workspace.command(&python);
    client.args(["-u", "-B", "-P"]).arg(workspace.root.join(FOLDER).join("client.py"));
    let clients = [
        ("CROSS_PYTHON", client),
        ("CROSS_NODE", script(workspace, "node")),
        ("CROSS_CHROMIUM", script(workspace, "chromium")),
        ("CROSS_RUST", rust(workspace, console)?),
        ("CROSS_KOTLIN", kotlin(workspace, console, &bindings)?),
        ("CROSS_SWIFT", swift(workspace, console, &bindings)?),
        ("CHAT_KOTLIN", kotlin_chat(workspace, console, &bindings)?),
        ("CHAT_SWIFT", swift_chat(workspace, console, &bindings)?),
    ];
    let mut main = workspace.command(python);
    main.args(["-u", "-B", "-P"]).arg(Path::new(FOLDER).join("main.py"));
    main.env("PAMLINK", peers::pamlink(workspace, console)?);
    main.env("NODE_MODULES", modules).env("PAMLINK_WEB", package);
    main.env("CHROMIUM", tools::chromium(workspace, console)?);
    for (name, client) in clients {
        main.env(name, words(&client));
    }
    peers::script(workspace, console, main)
}

/// A script of the npm package.
fn script(workspace: &Workspace, name: &str) -> Command {
    let mut node = workspace.command("node");
    node.arg(workspace.root.join(FOLDER).join(format!("web/{name}.mjs")));
    node
}

/// An example of the crate of the tests.
fn rust(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let build = ["build", "--package", "pamlink-tests", "--example", "cross"];
    console.must(workspace.cargo(build), crate::bindings::BUILD)?;
    Ok(workspace.command(workspace.target.join("debug/examples/cross")))
}

/// The function `main` of `kotlin/Cross.kt`.
fn kotlin(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let compiled = kotlin::compile(workspace, console, bindings)?;
    let sources = workspace.root.join(FOLDER).join("kotlin");
    let jar = compiled.beside(workspace, console, "cross", &[&sources])?;
    let mut java = compiled.java(workspace, &jar);
    java.arg("CrossKt");
    Ok(java)
}

/// The console chat among the examples of the Kotlin package, compiled as its tests compile it.
fn kotlin_chat(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let compiled = kotlin::compile(workspace, console, bindings)?;
    let jar = super::kotlin::with_examples(&compiled, workspace, console)?;
    let mut java = compiled.java(workspace, &jar);
    java.arg("ConsoleChatKt");
    Ok(java)
}

/// The program of the package in `swift-client`.
fn swift(workspace: &Workspace, console: Console, bindings: &Bindings) -> Result<Command, Stopped> {
    let ready = swift::ready(workspace, console, bindings)?;
    ready.program(workspace, console, &format!("{FOLDER}/swift-client"), "cross")
}

/// The console chat among the examples of the Swift package.
fn swift_chat(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Command, Stopped> {
    let ready = swift::ready(workspace, console, bindings)?;
    ready.program(workspace, console, swift::FOLDER, "ConsoleChat")
}

/// A command as a list in JSON.
fn words(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    Value::from_iter(words.map(|word| word.to_string_lossy())).to_string()
}
