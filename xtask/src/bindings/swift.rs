//! The Swift package: the generated modules where its manifest expects them, and commands of
//! SwiftPM in the root that has Swift.

use std::path::Path;
use std::process::Command;

use super::{BUILD, Bindings, LIBRARY};
use crate::check::Stopped;
use crate::command::Console;
use crate::tools::{self, Root, SOURCE, TARGET};
use crate::workspace::Workspace;

/// The folder of the package.
pub(crate) const FOLDER: &str = "bindings/swift";
/// The generated module, and the module of the C header that it imports.
const MODULE: &str = "PamlinkFFI";
const HEADER: &str = "CPamlinkFFI";

/// The package with its generated sources in place.
#[derive(Debug)]
pub(crate) struct Ready {
    tools: Root,
}

/// Puts the generated modules into the sources of the package.
pub(crate) fn ready(
    workspace: &Workspace,
    console: Console,
    bindings: &Bindings,
) -> Result<Ready, Stopped> {
    let tools = tools::swift(workspace, console)?;
    place(&bindings.generated("swift"), &workspace.root.join(FOLDER).join("Sources"))?;
    Ok(Ready { tools })
}

/// Copies what was generated to where SwiftPM looks: it wants its own name for the module map, and
/// one that links the library, so that no manifest needs flags.
pub(crate) fn place(generated: &Path, sources: &Path) -> anyhow::Result<()> {
    let read = |name: String| std::fs::read(generated.join(name));
    let map = format!(
        "module {HEADER} {{\n    header \"{HEADER}.h\"\n    link \"{LIBRARY}\"\n    export *\n}}\n"
    );
    write(
        &sources.join(MODULE).join(format!("{MODULE}.swift")),
        &read(format!("{MODULE}.swift"))?,
    )?;
    write(&sources.join(HEADER).join(format!("{HEADER}.h")), &read(format!("{HEADER}.h"))?)?;
    write(&sources.join(HEADER).join("module.modulemap"), map.as_bytes())
}

/// Writes a file unless it is so already: what was written is compiled again.
fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    if std::fs::read(path).is_ok_and(|is| is == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    Ok(std::fs::write(path, content)?)
}

impl Ready {
    /// `swift TASK` on a package of the workspace, with the variables of its tests, less further
    /// arguments. Each package is built in a folder of its own below the build folder.
    pub(crate) fn swift(&self, workspace: &Workspace, task: &[&str], package: &str) -> Command {
        let variables = [
            format!("PAMLINK={TARGET}/debug/pamlink"),
            format!("PAMLINK_VECTORS={SOURCE}/tests/vectors"),
        ];
        let mut command = self.tools.run(workspace, variables);
        command.arg("swift").args(task).arg("--package-path").arg(format!("{SOURCE}/{package}"));
        command.arg("--scratch-path").arg(scratch(package));
        // The library is found when the program is linked, and again when it runs.
        for flag in ["-L", "-rpath="] {
            command.args(["-Xlinker", &format!("{flag}{TARGET}/release")]);
        }
        command
    }

    /// A program of a package of the workspace, which is built first.
    pub(crate) fn program(
        &self,
        workspace: &Workspace,
        console: Console,
        package: &str,
        program: &str,
    ) -> Result<Command, Stopped> {
        let build = self.swift(workspace, &["build", "--product", program], package);
        console.must(build, BUILD)?;
        Ok(self.tools.run(workspace, [format!("{}/debug/{program}", scratch(package))]))
    }

    /// The root.
    pub(crate) const fn tools(&self) -> &Root {
        &self.tools
    }
}

/// Where a package is built, as the root sees it.
pub(crate) fn scratch(package: &str) -> String {
    format!("{TARGET}/swift/{}", package.replace('/', "-"))
}
