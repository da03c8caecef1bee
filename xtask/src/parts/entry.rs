//! The C entry, the only unsafe code, under Miri where the nightly toolchain has it, else under the
//! address sanitizer.

use std::process::Command;
use std::time::Duration;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::tools;
use crate::totals::Totals;
use crate::workspace::Workspace;

const LIMIT: Duration = Duration::from_secs(1_500);

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    let (mut test, _has_miri) = test(workspace, console)?;
    test.arg("--no-run");
    console.must(test, LIMIT)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let (mut test, has_miri) = test(workspace, console)?;
    test.arg("entry::");
    let finished = console.run(test, LIMIT)?;
    let totals = Totals::of_test_run(&finished.lines).unwrap_or_default();
    let mut checks = Checks { totals, ..Checks::default() };
    // What the name leaves out is no skipped test.
    checks.totals.skipped = 0;
    checks.check(totals.passed > 0, "no test of the entry has run");
    checks.close(workspace.ci, &finished);
    checks.note(if has_miri { "run by Miri" } else { "run with the address sanitizer" });
    Ok(checks)
}

/// The command that tests the library, and whether Miri runs it.
fn test(workspace: &Workspace, console: Console) -> Result<(Command, bool), Stopped> {
    let toolchain = tools::nightly(workspace, console)?;
    let nightly = |program: &str| {
        let mut command = workspace.command(program);
        // What is chosen for this process would win over it.
        command.env("RUSTUP_TOOLCHAIN", toolchain).env_remove("CARGO").env_remove("RUSTC");
        command
    };
    let mut miri = nightly("cargo");
    let has_miri = miri.args(["miri", "--version"]).output().is_ok_and(|it| it.status.success());
    let mut test = nightly("cargo");
    if has_miri {
        test.args(["miri", "test"]).env("MIRIFLAGS", "-Zmiri-disable-isolation");
        test.arg("--target-dir").arg(workspace.target.join("miri"));
    } else {
        let version = nightly("rustc").arg("-vV").output()?;
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        // With a target named, what runs while it is built is built without.
        test.args(["test", "--target"]).arg(host.unwrap_or("x86_64-unknown-linux-gnu"));
        test.env("RUSTFLAGS", "-Zsanitizer=address");
        test.arg("--target-dir").arg(workspace.target.join("sanitizer"));
    }
    test.args(["--locked", "--package", "pamlink-ffi", "--lib"]);
    Ok((test, has_miri))
}
