//! The library that Python, Kotlin and Swift call, and what is made of it for each of them.
//!
//! `target/release` has the library, `target/bindings` what is generated and compiled. A step that
//! takes long is left out while the contents of its inputs are what they were ([`stamp`]).

pub(crate) mod kotlin;
pub(crate) mod python;
mod stamp;
pub(crate) mod swift;

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::check::Stopped;
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

pub(crate) use stamp::Stamp;

/// The package of the library, and the name under which it is linked.
const PACKAGE: &str = "pamlink-ffi";
pub(crate) const LIBRARY: &str = "pamlink_ffi";

/// The names of the generated modules.
const NAMES: &str = "uniffi.toml";
/// The same for Android, where JNA and the cleaner of the JVM are not what they are elsewhere.
/// What it generates needs Android's own classes and is therefore not compiled here.
const NAMES_ANDROID: &str = "bindings/kotlin/uniffi-android.toml";

/// A clean build of the library, with link-time optimization, on two cores.
pub(crate) const BUILD: Duration = Duration::from_secs(1_500);

/// Builds and generates; prints where.
pub(crate) fn run(workspace: &Workspace, console: Console) -> Result<bool> {
    let made = Bindings::make(workspace, console).map_err(Stopped::into_error)?;
    println!("{}", made.library.display());
    for language in ["python", "kotlin", "kotlin-android", "swift"] {
        println!("{}", made.generated(language).display());
    }
    Ok(true)
}

/// The library, and what was generated from it.
#[derive(Debug)]
pub(crate) struct Bindings {
    /// The shared library.
    pub(crate) library: PathBuf,
    /// The generator that matches it.
    pub(crate) bindgen: PathBuf,
    /// Has a folder for each language, and `kotlin-android`.
    pub(crate) folder: PathBuf,
}

impl Bindings {
    /// Builds the library and generates the modules of all languages.
    pub(crate) fn make(workspace: &Workspace, console: Console) -> Result<Self, Stopped> {
        let bindgen = tools::bindgen(workspace, console)?;
        // As maturin builds it for a wheel: with the other kinds of library beside it, all that it
        // depends on would be compiled for link-time optimization in two ways.
        let mut build = workspace.cargo(["rustc", "--release", "--package", PACKAGE]);
        build.args(["--lib", "--crate-type", "cdylib"]);
        console.must(build, BUILD)?;
        let library = workspace.target.join("release").join(library_name());
        let made = Self { library, bindgen, folder: workspace.target.join("bindings") };
        made.generate(workspace, console)?;
        Ok(made)
    }

    /// What was generated for a language.
    pub(crate) fn generated(&self, language: &str) -> PathBuf {
        self.folder.join(language)
    }

    fn generate(&self, workspace: &Workspace, console: Console) -> Result<(), Stopped> {
        let mut stamp = Stamp::new(&self.folder.join("generated.stamp"));
        stamp.add(&self.library)?;
        stamp.add_all(workspace, &[NAMES, NAMES_ANDROID, "bindings/bindgen"])?;
        if stamp.is_fresh() {
            return Ok(());
        }
        let kinds = [
            ("python", "python", NAMES),
            ("kotlin", "kotlin", NAMES),
            ("kotlin", "kotlin-android", NAMES_ANDROID),
            ("swift", "swift", NAMES),
        ];
        for (language, folder, names) in kinds {
            let folder = self.generated(folder);
            clear(&folder)?;
            let mut generate = workspace.command(&self.bindgen);
            generate.args(["generate", "--no-format", "--language", language]);
            generate.args(["--config", names, "--out-dir"]).arg(&folder).arg(&self.library);
            console.must(generate, Duration::from_secs(60))?;
        }
        stamp.write()?;
        Ok(())
    }
}

/// The file name of the shared library on this machine.
pub(crate) fn library_name() -> String {
    format!("{DLL_PREFIX}{LIBRARY}{DLL_SUFFIX}")
}

/// The path on which programs are looked for, with the folder of one of them first.
pub(crate) fn path_with(program: &Path) -> Result<OsString> {
    let own = program.parent().context("a program in no folder")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths([own.to_owned()].into_iter().chain(std::env::split_paths(&path)))?)
}

/// Makes an empty folder.
pub(crate) fn clear(folder: &Path) -> std::io::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)
}

/// All files in a folder and those below it that have this extension, sorted.
pub(crate) fn files(folder: &Path, extension: &str) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|is| is == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
