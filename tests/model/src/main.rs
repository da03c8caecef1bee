//! Checks every model and prints a table, for `cargo xtask model`.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use pamlink_model::{Checked, runs};

/// Checks every model and prints a table.
#[derive(Debug, Parser)]
struct Cli {
    /// The most steps from the beginning; each model has its own without it.
    #[arg(long, value_name = "N")]
    depth: Option<usize>,

    /// The most seconds of one model.
    #[arg(long, value_name = "N", default_value_t = 300)]
    seconds: u64,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    println!("{}", Checked::HEADING);
    let mut holds = true;
    for run in runs::ALL {
        let time = Duration::from_secs(cli.seconds);
        let checked = run.check(cli.depth.unwrap_or(run.far), time);
        println!("{checked}");
        for fault in &checked.faults {
            println!("  {fault}");
        }
        holds &= checked.holds();
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
