//! `cargo xtask fuzz`: random input, steered by what it reaches.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::check::Stopped;
use crate::command::Console;
use crate::tools;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_200);

/// Runs one target, or each in turn, for `seconds`. Whether nothing was found.
pub(crate) fn run(
    workspace: &Workspace,
    console: Console,
    target: Option<&str>,
    seconds: u64,
) -> Result<bool> {
    let all = targets(workspace)?;
    let targets = match target {
        None => all,
        Some(target) => {
            let known = all.iter().any(|name| name == target);
            ensure!(known, "no fuzz target {target:?}; there are {}", all.join(", "));
            vec![target.to_owned()]
        }
    };
    let fuzzer = Fuzzer::build(workspace, console).map_err(Stopped::into_error)?;
    let mut clean = true;
    for target in targets {
        println!("{target}: {seconds} s");
        let found = fuzzer.run(console, &target, seconds)?;
        println!("{}", found.as_deref().unwrap_or("nothing found"));
        clean &= found.is_none();
    }
    Ok(clean)
}

/// The names of the fuzz targets.
pub(crate) fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in folder.read_dir().with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    targets.sort();
    Ok(targets)
}

/// The built targets.
pub(crate) struct Fuzzer<'a> {
    workspace: &'a Workspace,
    programs: PathBuf,
}

impl<'a> Fuzzer<'a> {
    /// Builds all targets with the address sanitizer and debug assertions.
    pub(crate) fn build(workspace: &'a Workspace, console: Console) -> Result<Self, Stopped> {
        let target = workspace.target.join("fuzz");
        let mut build = tools::cargo_fuzz(workspace, console)?;
        build.args(["build", "--debug-assertions", "--target-dir"]).arg(&target);
        console.must(build, BUILD)?;
        let triple = host()?;
        Ok(Self { workspace, programs: target.join(triple).join("release") })
    }

    /// Runs a target; what it found, if anything.
    pub(crate) fn run(
        &self,
        console: Console,
        target: &str,
        seconds: u64,
    ) -> Result<Option<String>> {
        let corpus = self.workspace.target.join("fuzz/corpus").join(target);
        let artifacts = self.workspace.target.join("fuzz/artifacts").join(target);
        std::fs::create_dir_all(&corpus)?;
        std::fs::create_dir_all(&artifacts)?;
        let seeds = self.workspace.root.join("fuzz/seeds").join(target);
        ensure!(seeds.is_dir(), "fuzz/seeds/{target} is missing");

        let mut run = self.workspace.command(self.programs.join(target));
        run.arg(&corpus).arg(&seeds);
        run.arg(format!("-max_total_time={seconds}"));
        run.arg(format!("-artifact_prefix={}/", artifacts.display()));
        // An input that takes ten seconds, or 64 MiB at once, is as much a finding as a panic.
        run.args(["-max_len=65536", "-timeout=10", "-malloc_limit_mb=64", "-rss_limit_mb=2048"]);
        // Not a line for each input that reaches something new.
        run.args(["-verbosity=0", "-print_final_stats=1"]);
        run.env("RUST_BACKTRACE", "0");
        let mut finished = console.run(run, Duration::from_secs(seconds + 120))?;
        if finished.success {
            return Ok(None);
        }
        // What panicked and which input did it; not the frames of the fuzzer itself.
        finished.lines.retain(|line| !line.trim_start().starts_with('#'));
        let kept = artifacts.display();
        Ok(Some(format!("{target}: the input is kept in {kept}\n{}", finished.tail(25))))
    }
}

/// The triple of this machine.
fn host() -> Result<String> {
    let output = std::process::Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let triple = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(triple.context("rustc names no host")?.to_owned())
}
