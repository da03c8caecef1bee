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
use pamlink_benches::sections;

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
    let efforts = [
        Effort { rounds: 11, sessions: 10_000, load: Duration::from_secs(2) },
        Effort { rounds: 101, sessions: 50_000, load: Duration::from_secs(10) },
    ];
    sections::run(
        "sessions",
        efforts,
        &[
            ("items", items::run),
            ("resume", resume::run),
            ("tokens", tokens::run),
            ("load", load::run),
            ("idle", idle::run),
            ("herd", herd::run),
        ],
    )
}
