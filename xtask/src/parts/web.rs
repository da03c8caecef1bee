//! The npm package: its module is built and stands beside its JavaScript, which is tested in Node
//! and in Chromium, read by TypeScript, and weighed as a page loads it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::peers;
use crate::tools;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_500);
const TOOL: Duration = Duration::from_secs(120);
const FOLDER: &str = "bindings/web";

/// The most bytes that a page loads, compressed by gzip at its best.
const MOST_SCRIPT: usize = 6_250;
const MOST_MODULE: usize = 196_000;

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let modules = tools::node_modules(workspace, console)?;
    let tools = tools::web_modules(workspace, console)?;
    let package = package(workspace, console)?;
    let binary = peers::pamlink(workspace, console)?;

    let mut checks = types(workspace, console, &tools)?;
    checks.add(version(workspace)?);
    checks.add(weight(workspace, console, &tools, &package)?);
    let script = |name: &str| {
        let mut node = workspace.command("node");
        node.arg(format!("{FOLDER}/tests/{name}.mjs")).env("PAMLINK", &binary);
        node.env("NODE_MODULES", &modules).env("PAMLINK_WEB", &package);
        node
    };
    checks.add(peers::script(workspace, console, script("main"))?);
    match tools::chromium(workspace, console) {
        Ok(chromium) => {
            let mut node = script("browser");
            node.env("CHROMIUM", chromium);
            checks.add(peers::script(workspace, console, node)?);
        }
        Err(Stopped::Missing(what)) if !workspace.ci => {
            checks.totals.skipped += 1;
            checks.note(format!("not run in a browser: {what}"));
        }
        Err(stopped) => return Err(stopped),
    }
    Ok(checks)
}

/// The folder of the package as npm has it, with the module.
pub(crate) fn package(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let compiler = tools::wasm32(workspace, console, tools::MODULES)?;
    let arguments = ["build", "--package", "pamlink-web", "--profile", "web", "--locked"];
    console.must(compiler.cargo(workspace, &arguments), BUILD)?;
    let built = format!("wasm32/{}/web/pamlink_web.wasm", tools::MODULES);

    let folder = workspace.target.join("npm/pamlink");
    let _was_none = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("js"))?;
    let source = workspace.root.join(FOLDER);
    for name in ["package.json", "index.d.ts", "README.md"] {
        std::fs::copy(source.join(name), folder.join(name))?;
    }
    for file in source.join("js").read_dir()? {
        let file = file?;
        std::fs::copy(file.path(), folder.join("js").join(file.file_name()))?;
    }
    std::fs::copy(workspace.target.join(built), folder.join("js/pamlink.wasm"))?;
    Ok(folder)
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

/// What a program writes against the types.
fn types(workspace: &Workspace, console: Console, tools: &Path) -> Outcome {
    let mut tsc = workspace.command(tools.join(".bin/tsc"));
    tsc.arg("-p").arg(format!("{FOLDER}/tests/types"));
    Ok(Checks::of_command(&console.run(tsc, TOOL)?))
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

/// Prints how many bytes a file takes over the wire.
const COMPRESSED: &str = "console.log(require('node:zlib').gzipSync(\
                    require('node:fs').readFileSync(process.argv[1]), { level: 9 }).length)";
