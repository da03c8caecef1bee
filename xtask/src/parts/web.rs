//! The npm package: its module is built and stands beside its JavaScript, which is tested in the
//! lowest Node that it promises and in Chromium and Firefox, alone, with what it adapts to and in the
//! projects of bundlers, read by TypeScript, and weighed as a page loads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::tools;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_500);
const TOOL: Duration = Duration::from_secs(120);
/// The folder of the package.
pub(crate) const FOLDER: &str = "bindings/web";

/// The browsers of three years ago, as esbuild names them.
const OLDEST: &str = "chrome119,edge119,firefox115,safari17,ios17";

/// The most bytes that a page loads, compressed by gzip at its best.
const MOST_SCRIPT: usize = 6_144;
const MOST_MODULE: usize = 179_000;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let modules = tools::node_modules(workspace, console)?;
    let tools = tools::web_modules(workspace, console)?;
    let react_18 = tools::react_18_modules(workspace, console)?;
    let package = package(workspace, console)?;
    let older = workspace.target.join("npm/react-18/pamlink");
    copy(&package, &older)?;
    beside(&package, &tools)?;
    beside(&older, &react_18)?;
    let binary = peers::pamlink(workspace, console)?;

    let mut checks = types(workspace, console, &tools, &package)?;
    checks.add(version(workspace)?);
    checks.add(weight(workspace, console, &tools, &package)?);
    checks.add(syntax(workspace, console, &tools, &package)?);
    let script = |node: &Path, name: &str, package: &Path| {
        let mut node = workspace.command(node);
        node.arg(format!("{FOLDER}/tests/{name}.mjs")).env("PAMLINK", &binary);
        node.env("NODE_MODULES", &modules).env("PAMLINK_WEB", package);
        node
    };
    let node = Path::new("node");
    let lowest = tools::lowest_node(workspace, console);
    let lowest = unless_missing(workspace, &mut checks, lowest)?;
    let main = script(lowest.as_deref().unwrap_or(node), "main", &package);
    checks.add(peers::script(workspace, console, main)?);
    for package in [&package, &older] {
        checks.add(peers::script(workspace, console, script(node, "react", package))?);
    }
    let browsers = [
        ("CHROMIUM", tools::chromium(workspace, console)),
        ("FIREFOX", tools::firefox(workspace, console)),
    ];
    for (variable, program) in browsers {
        if let Some(program) = unless_missing(workspace, &mut checks, program)? {
            let mut browser = script(node, "browser", &package);
            browser.env(variable, program);
            checks.add(peers::script(workspace, console, browser)?);
        }
    }
    Ok(checks)
}

/// What a part of the checks runs in, which is skipped where that is not to be had.
fn unless_missing<T>(
    workspace: &Workspace,
    checks: &mut Checks,
    tool: Result<T, Stopped>,
) -> Result<Option<T>, Stopped> {
    match tool {
        Ok(tool) => Ok(Some(tool)),
        Err(Stopped::Missing(what)) if !workspace.ci => {
            checks.totals.skipped += 1;
            checks.note(format!("not run: {what}"));
            Ok(None)
        }
        Err(stopped) => Err(stopped),
    }
}

/// The folder of the package as npm has it, with the module.
pub(crate) fn package(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let compiler = tools::wasm32(workspace, console, tools::MODULES)?;
    let arguments = ["build", "--package", "pamlink-web", "--profile", "web", "--locked"];
    console.must(compiler.cargo(workspace, &arguments), BUILD)?;
    let built = format!("wasm32/{}/web/pamlink_web.wasm", tools::MODULES);

    let folder = workspace.target.join("npm/pamlink");
    let source = workspace.root.join(FOLDER);
    let _was_none = std::fs::remove_dir_all(&folder);
    copy(&source.join("js"), &folder.join("js"))?;
    for file in source.read_dir()? {
        let name = file?.file_name();
        let shown = name.to_string_lossy();
        if shown.ends_with(".d.ts") || ["package.json", "README.md"].contains(&&*shown) {
            std::fs::copy(source.join(&name), folder.join(&name))?;
        }
    }
    let module = folder.join("js/pamlink.wasm");
    std::fs::copy(workspace.target.join(built), &module)?;
    let mut inline = workspace.command("node");
    inline.arg(format!("{FOLDER}/scripts/inlined.mjs"));
    inline.arg(&module).arg(folder.join("js/inlined.js"));
    console.must(inline, TOOL)?;
    Ok(folder)
}

/// Makes `to` what `from` is: its files, and those of its folders.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let _was_none = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to)?;
    for file in from.read_dir()? {
        let file = file?;
        let to = to.join(file.file_name());
        if file.file_type()?.is_dir() {
            copy(&file.path(), &to)?;
        } else {
            std::fs::copy(file.path(), to)?;
        }
    }
    Ok(())
}

/// Lays modules beside a package, where it finds those that it adapts to.
fn beside(package: &Path, modules: &Path) -> std::io::Result<()> {
    let link = package.with_file_name("node_modules");
    let _was_none = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(modules, link)
}

/// The package has the version of the workspace.
fn version(workspace: &Workspace) -> Outcome {
    let manifest = workspace.read(Path::new(FOLDER).join("package.json").as_path())?;
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest).map_err(anyhow::Error::from)?;
    let version = workspace.version()?;
    let mut checks = Checks::default();
    checks.check(manifest["version"] == *version, format!("package.json is not of {version}"));
    Ok(checks)
}

/// What a program writes against the types, as a project that has the package.
fn types(workspace: &Workspace, console: Console, tools: &Path, package: &Path) -> Outcome {
    let project = package.with_file_name("types");
    copy(&workspace.root.join(FOLDER).join("tests/types"), &project)?;
    std::fs::create_dir(project.join("node_modules"))?;
    std::os::unix::fs::symlink(package, project.join("node_modules/pamlink"))?;
    let mut checks = Checks::default();
    // What the package adapts to has types of Node in its own, and the package alone has not.
    for config in ["tsconfig.json", "adapters.json"] {
        let mut tsc = workspace.command(tools.join(".bin/tsc"));
        tsc.arg("-p").arg(project.join(config));
        checks.add(Checks::of_command(&console.run(tsc, TOOL)?));
    }
    Ok(checks)
}

/// What a page loads is no larger than it may be.
fn weight(workspace: &Workspace, console: Console, tools: &Path, package: &Path) -> Outcome {
    let bundle = workspace.target.join("npm/bundle.js");
    let mut esbuild = workspace.command(tools.join(".bin/esbuild"));
    esbuild.arg(package.join("js/index.js")).args(["--bundle", "--minify", "--format=esm"]);
    esbuild.arg(format!("--outfile={}", bundle.display()));
    console.must(esbuild, TOOL)?;
    let mut checks = Checks::default();
    let files = [(bundle, MOST_SCRIPT), (package.join("js/pamlink.wasm"), MOST_MODULE)];
    for (file, most) in files {
        let mut node = workspace.command("node");
        node.args(["-e", COMPRESSED]).arg(&file);
        let printed = console.must(node, TOOL)?;
        let bytes = printed.first().and_then(|line| line.parse::<usize>().ok());
        let name = file.file_name().unwrap_or_default().display();
        checks.check(
            bytes.is_some_and(|bytes| bytes <= most),
            format!("{name} is {bytes:?} bytes compressed, and may be {most}"),
        );
    }
    Ok(checks)
}

/// Every file is written in words that the oldest browsers know which the package promises to run in.
fn syntax(workspace: &Workspace, console: Console, tools: &Path, package: &Path) -> Outcome {
    let read = |target: &str| -> Result<Vec<(std::ffi::OsString, String)>, Stopped> {
        let folder = workspace.target.join("npm/syntax");
        let _was_none = std::fs::remove_dir_all(&folder);
        let mut esbuild = workspace.command(tools.join(".bin/esbuild"));
        for file in package.join("js").read_dir()? {
            let file = file?.path();
            if file.extension().is_some_and(|it| it == "js") {
                esbuild.arg(file);
            }
        }
        esbuild.arg(format!("--target={target}")).arg(format!("--outdir={}", folder.display()));
        console.must(esbuild, TOOL)?;
        let mut written = Vec::new();
        for file in folder.read_dir()? {
            let file = file?;
            written.push((file.file_name(), std::fs::read_to_string(file.path())?));
        }
        written.sort();
        Ok(written)
    };
    let (newest, oldest) = (read("esnext")?, read(OLDEST)?);
    let mut checks = Checks::default();
    checks.check(newest.len() == oldest.len() && newest.len() > 10, "a file has gone".to_owned());
    for ((name, newest), (_, oldest)) in newest.iter().zip(&oldest) {
        let name = name.display();
        checks.check(newest == oldest, format!("{name} has syntax that {OLDEST} do not know"));
    }
    Ok(checks)
}

/// Prints how many bytes a file takes over the wire.
const COMPRESSED: &str = "console.log(require('node:zlib').gzipSync(\
                    require('node:fs').readFileSync(process.argv[1]), { level: 9 }).length)";
