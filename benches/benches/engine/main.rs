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
use pamlink_benches::sections;

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
    let efforts = [
        Effort { rounds: 11, links: 10_000, loads: 3, load: Duration::from_millis(300) },
        Effort { rounds: 101, links: 100_000, loads: 9, load: Duration::from_secs(1) },
    ];
    sections::run(
        "engine",
        efforts,
        &[
            ("inbound", inbound::run),
            ("layers", layers::run),
            ("routing", routing::run),
            ("dedup", dedup::run),
            ("idle", idle::run),
            ("loopback", loopback::run),
            ("strangers", loopback::strangers),
        ],
    )
}
