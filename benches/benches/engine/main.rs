//! `cargo xtask bench engine`: what a message costs on its way through the engine, and what an
//! idle link holds, each beside what people use today.

mod chats;
mod dedup;
mod host;
mod idle;
mod inbound;
mod layers;
mod loopback;
mod routing;
mod usual;

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
    /// Links of the idle row.
    links: u32,
    /// Turns of each server over loopback, and how long each is.
    loads: usize,
    load: Duration,
}

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    // Any other word runs only the sections that begin with it. (Cargo itself adds `--bench`.)
    let only = args.iter().find(|arg| !arg.starts_with("--"));
    let effort = if quick {
        Effort { rounds: 11, links: 10_000, loads: 3, load: Duration::from_millis(300) }
    } else {
        Effort { rounds: 101, links: 100_000, loads: 9, load: Duration::from_secs(1) }
    };
    if !cpu::pin(cpu::cores() - 1) {
        eprintln!("this system pins no threads: figures will be noisy");
    }
    let mut rows = Rows::default();
    let sections: [(&str, Section); 7] = [
        ("inbound", inbound::run),
        ("layers", layers::run),
        ("routing", routing::run),
        ("dedup", dedup::run),
        ("idle", idle::run),
        ("loopback", loopback::run),
        ("strangers", loopback::strangers),
    ];
    for (name, section) in sections {
        if only.is_none_or(|only| name.starts_with(only.as_str())) {
            eprintln!("{name}");
            section(effort, &mut rows)?;
        }
    }
    let path = rows.write("engine")?;
    eprintln!("{}", path.display());
    Ok(())
}

type Section = fn(Effort, &mut Rows) -> anyhow::Result<()>;
