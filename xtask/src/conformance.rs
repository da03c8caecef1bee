//! `cargo xtask conformance`: the files of `tests/conformance` played to every product.
//!
//! The program `conformance` of the tests does that. Here is how each product's adapter is started:
//! a line of the shell.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::ConformanceArgs;
use crate::bindings::{Bindings, kotlin, python, swift};
use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::{peers, web};
use crate::tools;
use crate::workspace::Workspace;

const ADAPTERS: &str = "tests/conformance/adapters";
/// All products together; the longest case of each waits for seconds.
const LIMIT: Duration = Duration::from_secs(300);

/// A product that needs tools, its name in the table, and what its adapter is.
type Product = (&'static str, fn(&Workspace, Console) -> Result<String, Stopped>);

const PRODUCTS: &[Product] = &[
    ("Python client", |workspace, console| in_python(workspace, console, "client.py")),
    ("Python hub", |workspace, console| in_python(workspace, console, "hub.py")),
    ("Kotlin client", in_kotlin),
    ("Swift client", in_swift),
    ("web in Node", in_node),
    ("web in Chromium", in_chromium),
    ("`ws` by hand", by_hand),
];

/// Plays the files, and prints the table. Whether all is as it should be.
pub(crate) fn run(workspace: &Workspace, console: Console, args: &ConformanceArgs) -> Result<bool> {
    let mut program = program(workspace, console).map_err(Stopped::into_error)?;
    if let Some(adapter) = &args.adapter {
        program.args(["--adapter", adapter]);
    } else {
        for missing in add_products(workspace, console, &mut program)? {
            println!("{missing}");
        }
    }
    Ok(program.status()?.success())
}

/// The part `conformance`.
pub(crate) fn checks(workspace: &Workspace, console: Console) -> Outcome {
    let mut program = program(workspace, console)?;
    let missing = add_products(workspace, console, &mut program)?;
    let finished = console.run(program, LIMIT)?;
    let mut checks = Checks::default();
    let totals = finished.lines.iter().find_map(|line| line.strip_prefix("| all cases |"));
    for cell in totals.into_iter().flat_map(|cells| cells.split('|')) {
        let held = cell.trim().split(' ').next().and_then(|held| held.parse::<u64>().ok());
        checks.totals.passed += held.unwrap_or(0);
    }
    for fault in finished.lines.iter().filter_map(|line| line.strip_prefix("fault ")) {
        checks.fail(fault);
    }
    checks.totals.skipped += missing.len() as u64;
    missing.into_iter().for_each(|missing| checks.note(missing));
    checks.close(workspace.ci, &finished);
    Ok(checks)
}

/// The runner, with the products that need nothing but Rust.
fn program(workspace: &Workspace, console: Console) -> Result<Command, Stopped> {
    let binary = peers::pamlink(workspace, console)?;
    let conformance = workspace.target.join("debug/conformance");
    let mut program = workspace.command(&conformance);
    program.arg(workspace.target.join("conformance")).env("PAMLINK", binary);
    Ok(program)
}

/// Adds all products whose tools are here. Those whose tools are missing, a line each.
fn add_products(
    workspace: &Workspace,
    console: Console,
    program: &mut Command,
) -> Result<Vec<String>> {
    let conformance = quoted(Path::new(program.get_program()));
    program.arg("core");
    program.arg(format!("pamlink serve={conformance} serve"));
    program.arg(format!("tokio client={conformance} client"));
    let mut missing = Vec::new();
    for (name, adapter) in PRODUCTS {
        match adapter(workspace, console) {
            Ok(command) => {
                program.arg(format!("{name}={command}"));
            }
            Err(Stopped::Missing(what)) => missing.push(format!("{name} is skipped: {what}")),
            Err(Stopped::Broken(error)) => return Err(error),
        }
    }
    Ok(missing)
}

fn in_python(workspace: &Workspace, console: Console, script: &str) -> Result<String, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let python = python::installed(workspace, console, &bindings)?;
    Ok(format!("{} -u -B {ADAPTERS}/{script}", quoted(&python)))
}

fn in_kotlin(workspace: &Workspace, console: Console) -> Result<String, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let compiled = kotlin::compile(workspace, console, &bindings)?;
    let adapter = workspace.root.join(ADAPTERS).join("kotlin");
    let json =
        workspace.root.join(kotlin::FOLDER).join("src/test/kotlin/dev/pamlink/vectors/Json.kt");
    let jar = compiled.beside(workspace, console, "conformance", &[&adapter, &json])?;
    let mut java = compiled.java(workspace, &jar);
    java.args(["-XX:TieredStopAtLevel=1", "AdapterKt"]);
    Ok(line(&java))
}

fn in_swift(workspace: &Workspace, console: Console) -> Result<String, Stopped> {
    let bindings = Bindings::make(workspace, console)?;
    let ready = swift::ready(workspace, console, &bindings)?;
    Ok(line(&ready.program(workspace, console, &format!("{ADAPTERS}/swift-client"), "adapter")?))
}

fn in_node(workspace: &Workspace, console: Console) -> Result<String, Stopped> {
    on_the_web(workspace, console, "web.mjs")
}

fn in_chromium(workspace: &Workspace, console: Console) -> Result<String, Stopped> {
    let chromium = tools::chromium(workspace, console)?;
    let node = on_the_web(workspace, console, "chromium.mjs")?;
    Ok(format!("env CHROMIUM={chromium} {node}"))
}

fn on_the_web(workspace: &Workspace, console: Console, script: &str) -> Result<String, Stopped> {
    let modules = tools::node_modules(workspace, console)?;
    let package = web::package(workspace, console)?;
    let (modules, package) = (quoted(&modules), quoted(&package));
    Ok(format!("env NODE_MODULES={modules} PAMLINK_WEB={package} node {ADAPTERS}/{script}"))
}

/// The example of a client that somebody else has written.
fn by_hand(workspace: &Workspace, console: Console) -> Result<String, Stopped> {
    let modules = tools::node_modules(workspace, console)?;
    Ok(format!("env NODE_MODULES={} node {ADAPTERS}/ws.mjs", quoted(&modules)))
}

/// A command as a line of the shell.
fn line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(|word| quoted(Path::new(word))).collect::<Vec<_>>().join(" ")
}

/// A path as one word of the shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
