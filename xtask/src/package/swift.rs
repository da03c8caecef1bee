//! The Swift package: its sources, generated ones and all, and the library of this machine.

use std::path::Path;

use super::{Making, copy};
use crate::bindings::{BUILD, clear, library_name, swift};
use crate::check::{Checks, Stopped};
use crate::tools::TARGET;

/// Where the packages are, relative to the build folder.
const PACKAGE: &str = "package/swift/pamlink";
const CONSUMER: &str = "package/consumers/swift";

pub(super) fn package(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let ready = swift::ready(workspace, console, bindings)?;
    let package = workspace.target.join(PACKAGE);
    clear(&package)?;
    for file in workspace.files()? {
        let Ok(inside) = file.strip_prefix(swift::FOLDER) else { continue };
        if inside == Path::new("Package.swift") || inside.starts_with("Sources") {
            copy(&workspace.root.join(&file), &package.join(inside))?;
        }
    }
    swift::place(&bindings.generated("swift"), &package.join("Sources"))?;
    copy(&bindings.library, &package.join("lib").join(library_name()))?;

    // The manifest of the consumer names the package as `../../swift/pamlink`.
    making.project("swift", "swift")?;
    let scratch = format!("{TARGET}/swift/consumer");
    let mut build = ready.tools().run(workspace, ["swift", "build", "--package-path"]);
    build.args([&format!("{TARGET}/{CONSUMER}"), "--scratch-path", &scratch]);
    for flag in ["-L", "-rpath="] {
        build.args(["-Xlinker", &format!("{flag}{TARGET}/{PACKAGE}/lib")]);
    }
    console.must(build, BUILD)?;
    let words = making.served.variables().map(|(name, value)| format!("{name}={value}"));
    let mut main = ready.tools().run(workspace, words);
    main.arg(format!("{scratch}/debug/consumer"));
    Ok(making.consume(&package, main, checks)?)
}
