//! `cargo xtask bench sessions`: what a conversation that outlives its links costs: its items, its
//! resumption, its streams, its memory, and the herd that comes back when a server has gone.

mod ends;
mod herd;
mod idle;
mod items;
mod load;
mod policies;
mod resume;
mod tokens;

use std::time::Duration;

use pamlink_benches::alloc::Counting;
use pamlink_benches::cpu;
use pamlink_benches::rows::Rows;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How long to measure.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Rounds of each race.
    rounds: usize,
    /// Sessions of the rows about memory.
    sessions: usize,
    /// Virtual time of the load.
    load: Duration,
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    // Any other word runs only the sections that begin with it. (Cargo itself adds `--bench`.)
    let only = args.iter().find(|arg| !arg.starts_with("--"));
    let effort = if quick {
        Effort { rounds: 11, sessions: 10_000, load: Duration::from_secs(2) }
    } else {
        Effort { rounds: 101, sessions: 50_000, load: Duration::from_secs(10) }
    };
    if !cpu::pin(cpu::cores() - 1) {
        eprintln!("this system pins no threads: figures will be noisy");
    }
    let mut rows = Rows::default();
    let sections: [(&str, Section); 6] = [
        ("items", items::run),
        ("resume", resume::run),
        ("tokens", tokens::run),
        ("load", load::run),
        ("idle", idle::run),
        ("herd", herd::run),
    ];
    for (name, section) in sections {
        if only.is_none_or(|only| name.starts_with(only.as_str())) {
            eprintln!("{name}");
            section(effort, &mut rows)?;
        }
    }
    let path = rows.write("sessions")?;
    eprintln!("{}", path.display());
    Ok(())
}

type Section = fn(Effort, &mut Rows) -> anyhow::Result<()>;
