//! The Swift package: its sources, generated ones and all, and the library of this machine.

use std::path::{Path, PathBuf};

use super::{Making, copy};
use crate::bindings::{BUILD, clear, library_name, swift};
use crate::check::{Checks, Stopped};
use crate::tools::TARGET;

/// Where the packages are, relative to the build folder.
const PACKAGE: &str = "package/Pamlink";
const CONSUMER: &str = "package/consumers/swift";
const EXAMPLE: &str = "swift/example";

pub(super) fn package(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let ready = swift::ready(workspace, console, bindings)?;
    let files: Vec<PathBuf> = workspace.files()?.into_iter().filter(|file| is_part(file)).collect();
    let mut inputs = vec![bindings.library.clone()];
    inputs.extend(files.iter().map(|file| workspace.root.join(file)));
    let inputs: Vec<&Path> = inputs.iter().map(PathBuf::as_path).collect();
    // The manifest of the consumer names the package as `../../Pamlink`.
    let project = making.project("swift", "swift", &inputs)?;
    let package = workspace.target.join(PACKAGE);
    let scratch = format!("{TARGET}/swift/consumer");
    // The example of the package is built as in a folder of its own, where the report finds it.
    let example = workspace.target.join(EXAMPLE);
    if !project.is_fresh() || !package.exists() || !example.exists() {
        clear(&package)?;
        for file in &files {
            let inside = file.strip_prefix(swift::FOLDER)?;
            copy(&workspace.root.join(file), &package.join(inside))?;
        }
        swift::place(&bindings.generated("swift"), &package.join("Sources"))?;
        copy(&bindings.library, &package.join("lib").join(library_name()))?;
        let folder = format!("{TARGET}/{EXAMPLE}/.build");
        let builds: [&[&str]; 2] = [
            &[CONSUMER, "--scratch-path", &scratch],
            &[PACKAGE, "--scratch-path", &folder, "--product", "ConsoleChat"],
        ];
        for words in builds {
            let mut build = ready.tools().run(workspace, ["swift", "build", "--package-path"]);
            build.arg(format!("{TARGET}/{}", words[0])).args(&words[1..]);
            for flag in ["-L", "-rpath="] {
                build.args(["-Xlinker", &format!("{flag}{TARGET}/{PACKAGE}/lib")]);
            }
            console.must(build, BUILD)?;
        }
        project.stamp.write()?;
    }
    let program = Path::new(TARGET).join(making.program.strip_prefix(&workspace.target)?);
    let mut report = ready.tools().run(workspace, ["env", "-C", &format!("{TARGET}/{EXAMPLE}")]);
    report.arg(program);
    making.reported("Swift", &example, report, checks)?;
    let words = making.served.variables().map(|(name, value)| format!("{name}={value}"));
    let mut main = ready.tools().run(workspace, words);
    main.arg(format!("{scratch}/debug/consumer"));
    Ok(making.consume(&package, main, checks)?)
}

/// Whether a file of the workspace belongs to the package.
fn is_part(file: &Path) -> bool {
    let own = ["bench", "consumer", "scripts", ".gitignore"];
    file.strip_prefix(swift::FOLDER)
        .is_ok_and(|inside| !own.iter().any(|folder| inside.starts_with(folder)))
}
