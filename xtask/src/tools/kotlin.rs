//! Kotlin: the compiler from npm (Debian's is of 2019), a JDK and libraries from Debian.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::debian::apt;
use super::node::npm;
use crate::check::Stopped;
use crate::command::{Console, has_program};
use crate::workspace::Workspace;

const COMPILER: (&str, &str) = ("kotlin-compiler", "2.4.20");
/// Libraries by the jar that they bring. OkHttp is 3.13, the last before it was written in Kotlin:
/// its `WebSocketListener` is that of 4 and 5, but what is a property there (`response.code`) is
/// a function here, so code for both must use neither.
const DEBIAN: &[(&str, &str)] = &[
    ("jna.jar", "libjna-java"),
    ("junit4.jar", "junit4"),
    ("hamcrest.jar", "libhamcrest-java"),
    ("okhttp.jar", "libokhttp-java"),
    ("okio.jar", "libokio-java"),
];
const JARS: &str = "/usr/share/java";

/// A Kotlin compiler and the jars that programs are compiled and run with.
#[derive(Debug)]
pub(crate) struct Kotlin {
    home: PathBuf,
}

/// The Kotlin compiler, a JDK and the libraries.
pub(crate) fn kotlin(workspace: &Workspace, console: Console) -> Result<Kotlin, Stopped> {
    let mut missing: Vec<&str> = DEBIAN
        .iter()
        .filter(|(jar, _)| !Path::new(JARS).join(jar).exists())
        .map(|(_, package)| *package)
        .collect();
    if !has_program("java") || !has_program("javac") {
        missing.push("openjdk-17-jdk-headless");
    }
    if !missing.is_empty() {
        apt(workspace, console, &missing)?;
    }
    let home = npm(workspace, console, "kotlin", &[COMPILER])?.join(COMPILER.0);
    Ok(Kotlin { home })
}

impl Kotlin {
    /// The compiler, less its arguments. It counts warnings as errors and writes what a JVM 17
    /// runs.
    pub(crate) fn compiler(&self, workspace: &Workspace) -> Command {
        let mut kotlinc = workspace.command(self.home.join("bin/kotlinc"));
        kotlinc.args(["-jvm-target", "17", "-no-reflect"]);
        kotlinc
    }

    /// What the package itself needs when it runs.
    pub(crate) fn runtime(&self) -> Vec<PathBuf> {
        let own = ["kotlin-stdlib.jar", "kotlinx-coroutines-core-jvm.jar"];
        let own = own.into_iter().map(|jar| self.home.join("lib").join(jar));
        own.chain([Path::new(JARS).join("jna.jar")]).collect()
    }

    /// All that the package and its tests are compiled and run with.
    pub(crate) fn everything(&self) -> Vec<PathBuf> {
        let test = ["kotlin-test.jar", "kotlin-test-junit.jar"];
        let test = test.into_iter().map(|jar| self.home.join("lib").join(jar));
        let debian = DEBIAN.iter().map(|(jar, _)| Path::new(JARS).join(jar));
        let mut jars = self.runtime();
        jars.extend(test.chain(debian));
        jars
    }
}

/// A class path.
pub(crate) fn class_path(jars: &[PathBuf]) -> String {
    let jars: Vec<_> = jars.iter().map(|jar| jar.to_string_lossy()).collect();
    jars.join(":")
}
