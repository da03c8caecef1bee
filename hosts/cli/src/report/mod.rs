//! `pamlink report`: the suites, shown at work on loopback sockets.

pub mod bench;
pub mod html;
pub mod model;
mod peers;
pub mod progress;
mod suites;
pub mod table;

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::runtime::{Builder, Runtime};

use crate::args::ReportArgs;
use crate::fault::Fault;
use crate::report::bench::{Bench, Failure};
use crate::report::model::{Machine, Report, SCHEMA};
use crate::report::progress::Progress;

/// Runs the suites, prints the table, writes the files.
///
/// # Errors
///
/// A suite that does not exist, or a directory that cannot be written.
pub fn run(args: &ReportArgs) -> Result<ExitCode, Fault> {
    if let Some(address) = args.tell {
        return tell(address);
    }
    let chosen = suites::choose(&args.suite).map_err(Fault::usage)?;
    // Before the work, not after it: a directory that cannot be written is a bad flag.
    let folder = |error| Fault::file(&args.out, format!("cannot be written: {error}"));
    std::fs::create_dir_all(&args.out).map_err(folder)?;
    let seed = args.seed.unwrap_or_else(drawn_seed);
    eprintln!("seed {seed}{}", if args.quick { ", quick" } else { "" });

    let runtime = runtime()?;
    let began = Instant::now();
    let started = OffsetDateTime::now_utc();
    let mut bench = Bench::new(args.quick, seed, Progress::stderr());
    runtime.block_on(suites::run(&mut bench, &chosen));
    let (suites, plots) = bench.finish();
    runtime.shutdown_background();

    let report = Report {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.format(&Rfc3339).unwrap_or_default(),
        seed,
        quick: args.quick,
        elapsed_ms: began.elapsed().as_secs_f64() * 1e3,
        machine: machine(),
        passed: suites.iter().map(model::Suite::passed).sum(),
        failed: suites.iter().map(|suite| suite.cases.len() - suite.passed()).sum(),
        suites,
        plots,
    };
    conclude(&report, &args.out)
}

/// The server of a case, in a process of its own.
fn tell(address: SocketAddr) -> Result<ExitCode, Fault> {
    let dice = Bench::new(true, drawn_seed(), Progress::silent()).dice("stories");
    let ended = runtime()?.block_on(suites::tell(address, dice));
    ended.map_err(|Failure(why)| Fault::failed(why))?;
    Ok(ExitCode::SUCCESS)
}

fn runtime() -> Result<Runtime, Fault> {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Fault::failed(format!("cannot start threads: {error}")))
}

/// Writes the files, prints the table, and says how the run ended.
fn conclude(report: &Report, folder: &Path) -> Result<ExitCode, Fault> {
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| Fault::failed(format!("report.json: {error}")))?;
    // Both are whole before either has its name.
    let json = Draft::write(folder.join("report.json"), &json)?;
    let page = Draft::write(folder.join("report.html"), &html::render(report))?;
    json.keep()?;
    let page = page.keep()?;

    let colour = std::io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut text = table::render(report, colour);
    text.push_str(&format!("{}\n", page.display()));
    let printed = std::io::stdout().write_all(text.as_bytes());
    printed.map_err(|error| Fault::failed(format!("cannot write: {error}")))?;
    let good = report.failed == 0 && report.passed > 0;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file that has its name only once all of it is on the disk: a full disk leaves what was there
/// before, and no empty file.
struct Draft {
    path: PathBuf,
    draft: Option<PathBuf>,
}

impl Draft {
    fn write(path: PathBuf, text: &str) -> Result<Self, Fault> {
        let draft = path.with_added_extension(format!("{}.tmp", std::process::id()));
        let made = Self { path, draft: Some(draft.clone()) };
        let written = File::create(&draft).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|error| made.fault(&error))?;
        Ok(made)
    }

    fn keep(mut self) -> Result<PathBuf, Fault> {
        if let Some(draft) = self.draft.take() {
            let kept = std::fs::rename(&draft, &self.path);
            kept.map_err(|error| {
                self.draft = Some(draft);
                self.fault(&error)
            })?;
        }
        Ok(std::mem::take(&mut self.path))
    }

    fn fault(&self, error: &std::io::Error) -> Fault {
        Fault::failed(format!("{}: {error}", self.path.display()))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            // There may be no draft, or no way to remove it: the error was reported already.
            let _ = std::fs::remove_file(draft);
        }
    }
}

/// A seed nobody chose: it has to differ from run to run, not to be secret.
fn drawn_seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // Short enough to be typed again.
    RandomState::new().hash_one(clock.as_nanos()) % 1_000_000_000
}

fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        build: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
    }
}
