//! Runs worlds until enough has gone wrong, for `cargo xtask simulate`.

#![forbid(unsafe_code)]

use std::fmt::{Debug, Display};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use clap::builder::PossibleValuesParser;
use pamlink_simulation::{Broken, Kind, Run, whole};
use rustix::time::ClockId;

/// The profile of the worlds that are of another make than the rest.
const WHOLE: &str = "whole";

/// Runs worlds until enough has gone wrong, and prints what was seen.
#[derive(Debug, Parser)]
struct Cli {
    /// How many faults there are at least.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    faults: u64,

    /// From which everything follows.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// How many devices each world has; drawn without it.
    #[arg(long, value_name = "K")]
    sessions: Option<usize>,

    /// Which worlds: those of `whole` have clients and a hub over bytes, the others sessions over
    /// envelopes.
    #[arg(long, value_name = "P", default_value = "swarm",
          value_parser = PossibleValuesParser::new(profiles()))]
    profile: String,

    /// Prints the lines of this world alone.
    #[arg(long, value_name = "W")]
    world: Option<u64>,
}

fn profiles() -> impl Iterator<Item = &'static str> {
    Kind::ALL.iter().map(|(name, _)| *name).chain([WHOLE])
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let Cli { seed, faults, sessions, .. } = cli;
    if cli.profile == WHOLE {
        let run = whole::Run { seed, faults, sessions, defect: None, threads };
        if let Some(world) = cli.world {
            print!("{}", run.trace(world));
            return ExitCode::SUCCESS;
        }
        let started = Instant::now();
        let (summary, broken) = run.run();
        print_run(&cli, started, &summary, summary.faults());
        return verdict(broken, |broken| run.shrink(broken), &summary.missing(faults));
    }
    let kind = Kind::ALL.iter().find(|(name, _)| *name == cli.profile);
    let kind = kind.map_or(Kind::Swarm, |(_, kind)| *kind);
    let run = Run { seed, faults, kind, sessions, defect: None, threads };
    if let Some(world) = cli.world {
        print!("{}", run.trace(world));
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let (summary, broken) = run.run();
    print_run(&cli, started, &summary, summary.faults());
    let missing = summary.missing(faults, kind == Kind::Swarm);
    verdict(broken, |broken| run.shrink(broken), &missing)
}

fn print_run(cli: &Cli, started: Instant, summary: &impl Display, faults: u64) {
    let seconds = started.elapsed().as_secs_f64();
    print!("{summary}");
    println!("seed {}, profile {}, {seconds:.1} s", cli.seed, cli.profile);
    println!("{:.0} faults a second", precise(faults) / seconds.max(0.001));
    // What else the machine does counts in the one above, and hardly in this one.
    let spent = rustix::time::clock_gettime(ClockId::ProcessCPUTime);
    let spent = Duration::try_from(spent).unwrap_or_default().as_secs_f64();
    println!("{:.0} faults a second of processor time", precise(faults) / spent.max(0.001));
}

/// Prints the world that breaks a promise, with what was found and the least that does it, or what
/// was not seen often enough.
fn verdict<O: Debug>(
    broken: Option<Broken<O>>,
    least: impl FnOnce(&Broken<O>) -> (usize, String),
    missing: &[String],
) -> ExitCode {
    if let Some(broken) = broken {
        println!("world {} breaks a promise: {}", broken.world, broken.violation);
        let (count, lines) = least(&broken);
        print!("{lines}");
        println!("the least that does it: {count} actions; --world {} has all", broken.world);
        return ExitCode::FAILURE;
    }
    for what in missing {
        println!("too few: {what}");
    }
    if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
const fn precise(number: u64) -> f64 {
    number as f64
}
