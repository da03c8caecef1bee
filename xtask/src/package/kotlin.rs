//! The jar: the package, and the library where JNA looks for it.

use std::env::consts::{ARCH, OS};
use std::process::Command;

use super::{Making, copy};
use crate::bindings::{BUILD, files, kotlin, library_name};
use crate::check::{Checks, Stopped};
use crate::tools::class_path;

pub(super) fn jar(making: &Making<'_>, checks: &mut Checks) -> Result<(), Stopped> {
    let Making { workspace, console, bindings, .. } = *making;
    let compiled = kotlin::compile(workspace, console, bindings)?;
    let jar = making.folder.join(format!("pamlink-{}.jar", making.version));
    copy(&compiled.package, &jar)?;
    let resources = bindings.folder.join("resources");
    copy(&bindings.library, &resources.join(platform()).join(library_name()))?;
    let mut update = workspace.command("jar");
    update.args(["--update", "--file"]).arg(&jar).arg("-C").arg(&resources).arg(".");
    console.must(update, BUILD)?;

    let project = making.project("kotlin", "kotlin", &[&compiled.package, &bindings.library])?;
    let consumer = project.folder.join("consumer.jar");
    let mut jars = compiled.tools().runtime();
    jars.insert(0, jar.clone());
    if !project.is_fresh() {
        let mut kotlinc = compiled.tools().compiler(workspace);
        kotlinc.args(["-cp", &class_path(&jars), "-d"]).arg(&consumer);
        kotlinc.args(files(&project.folder, "kt")?);
        console.must(kotlinc, BUILD)?;
        project.stamp.write()?;
    }
    let mut report = making.program_in(&project.folder);
    report.env("CLASSPATH", class_path(&jars));
    making.reported("Kotlin", &project.folder, report, checks)?;
    jars.push(consumer);
    let mut main = Command::new("java");
    main.args(["-cp", &class_path(&jars), "MainKt"]).current_dir(&project.folder);
    Ok(making.consume(&jar, main, checks)?)
}

/// This machine as JNA names it.
fn platform() -> String {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = if ARCH == "x86_64" { "x86-64" } else { ARCH };
    format!("{os}-{arch}")
}
