//! A compiler for WebAssembly: `wasm32-wasip1`, whose programs run on any machine, and what a page
//! loads.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::install;
use super::python::venv;
use super::root::{Contents, Root, SOURCE, TARGET};
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

/// Programs, with files and clocks: tests.
pub(crate) const PROGRAMS: &str = "wasm32-wasip1";
/// Modules that have nothing but what a page gives them.
pub(crate) const MODULES: &str = "wasm32-unknown-unknown";
/// What runs its programs.
const WASMTIME: &str = "wasmtime==50.0.1";

/// Where rustup has no such targets: Debian 13 has a compiler of its own with them.
const DEBIAN: Contents = Contents {
    name: "wasm32",
    packages: "gcc,libc6-dev,lld,rustc/trixie-backports,cargo/trixie-backports,\
               libstd-rust-dev-wasm32/trixie-backports",
    backports: true,
    unused: &["/usr/share/doc/*", "/usr/share/locale/*"],
    works: &["rustc", "--version"],
};

/// A cargo that builds for WebAssembly: this machine's, or that of a Debian.
#[derive(Debug)]
pub(crate) struct Wasm32 {
    triple: &'static str,
    root: Option<Root>,
}

/// A cargo that builds for this target, installed where this process may do that.
pub(crate) fn wasm32(
    workspace: &Workspace,
    console: Console,
    triple: &'static str,
) -> Result<Wasm32, Stopped> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = workspace.command(rustc);
    rustc.args(["--print", "target-libdir", "--target", triple]);
    let installed = rustc.output().is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    });
    if installed {
        return Ok(Wasm32 { triple, root: None });
    }
    let root = Root::make(workspace, console, &DEBIAN).map_err(|stopped| match stopped {
        Stopped::Missing(why) => {
            Stopped::Missing(format!("{why}, or `rustup target add {triple}`"))
        }
        broken => broken,
    })?;
    // The cargo of the root downloads nothing.
    install(console, workspace.cargo(["fetch", "--locked"]))?;
    Ok(Wasm32 { triple, root: Some(root) })
}

impl Wasm32 {
    /// Its cargo with these arguments, for its target in a build folder of their own.
    pub(crate) fn cargo(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let Some(root) = &self.root else {
            let mut cargo = workspace.cargo([]);
            cargo.args(arguments).args(["--target", self.triple]);
            cargo.arg("--target-dir").arg(workspace.target.join("wasm32"));
            return cargo;
        };
        let variable = self.triple.to_uppercase().replace('-', "_");
        let linker = format!("CARGO_TARGET_{variable}_LINKER=wasm-ld");
        let mut words = vec!["CARGO_NET_OFFLINE=true", &linker];
        words.push("cargo");
        words.extend(arguments);
        let (manifest, target) = (format!("{SOURCE}/Cargo.toml"), format!("{TARGET}/wasm32"));
        words.extend([
            "--target",
            self.triple,
            "--target-dir",
            &target,
            "--manifest-path",
            &manifest,
        ]);
        root.run(workspace, words)
    }

    /// Where a file that this cargo names is on this machine.
    pub(crate) fn path(&self, workspace: &Workspace, named: &str) -> PathBuf {
        match (&self.root, Path::new(named).strip_prefix(TARGET)) {
            (Some(_), Ok(within)) => workspace.target.join(within),
            _ => PathBuf::from(named),
        }
    }

    /// Where programs that this cargo built believe the workspace to be.
    pub(crate) fn source(&self, workspace: &Workspace) -> PathBuf {
        if self.root.is_some() { PathBuf::from(SOURCE) } else { workspace.root.clone() }
    }
}

/// The Python of an environment that has wasmtime.
pub(crate) fn wasmtime(workspace: &Workspace, console: Console) -> Result<PathBuf, Stopped> {
    venv(workspace, console, "wasmtime", &[WASMTIME])
}
