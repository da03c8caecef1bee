//! Runs worlds until enough has gone wrong, for `cargo xtask simulate`.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use pamlink_simulation::{Kind, Run};

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

    /// Which worlds.
    #[arg(long, value_name = "P", default_value = "swarm",
          value_parser = PossibleValuesParser::new(Kind::ALL.map(|(name, _)| name)))]
    profile: String,

    /// Prints the lines of this world alone.
    #[arg(long, value_name = "W")]
    world: Option<u64>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let kind = Kind::ALL.iter().find(|(name, _)| *name == cli.profile);
    let kind = kind.map_or(Kind::Swarm, |(_, kind)| *kind);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let Cli { seed, faults, sessions, .. } = cli;
    let run = Run { seed, faults, kind, sessions, defect: None, threads };
    if let Some(world) = cli.world {
        print!("{}", run.trace(world));
        return ExitCode::SUCCESS;
    }
    let started = Instant::now();
    let (summary, broken) = run.run();
    let seconds = started.elapsed().as_secs_f64();
    print!("{summary}");
    println!("seed {seed}, profile {}, {seconds:.1} s", cli.profile);
    println!("{:.0} faults a second", precise(summary.faults()) / seconds.max(0.001));
    if let Some(broken) = broken {
        println!("world {} breaks a promise: {}", broken.world, broken.violation);
        let (count, lines) = run.shrink(&broken);
        print!("{lines}");
        println!("the least that does it: {count} actions; --world {} has all", broken.world);
        return ExitCode::FAILURE;
    }
    let missing = summary.missing(faults, kind == Kind::Swarm);
    for what in &missing {
        println!("too few: {what}");
    }
    if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::cast_precision_loss, reason = "a rate")]
const fn precise(number: u64) -> f64 {
    number as f64
}
