//! `cargo xtask bench frames`: what a frame costs, beside the peers and the physical limit.
//!
//! Every operation is done at each length, on text of one and of three bytes a character, by
//! everybody in one race. Streams are in memory and always ready. The engine is as it comes: every
//! bound at its default, fragments, control frames and the check of text on.

mod compression;
mod contender;
mod limit;
mod ours;
mod peers;
mod sample;
mod stream;
mod table;

use pamlink_benches::alloc::Counting;
use pamlink_benches::cpu;
use pamlink_benches::rows::{Row, Rows};

use self::contender::{Figure, Operation, Sample, measure};
use self::sample::{SIZES, Script, length};
use self::stream::Cut;
use self::table::Table;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let quick = args.iter().any(|arg| arg == "--quick");
    // Any other word runs only what begins with it. (Cargo itself adds `--bench`.)
    let only = args.iter().find(|arg| !arg.starts_with("--"));
    let rounds = if quick { 11 } else { 51 };
    if !cpu::pin(cpu::cores() - 1) {
        eprintln!("this system pins no threads: figures will be noisy");
    }
    let mut rows = Rows::default();
    for operation in Operation::ALL {
        if only.is_none_or(|only| operation.name().starts_with(only.as_str())) {
            for script in [Script::Ascii, Script::Cjk] {
                race(rounds, operation, script, &mut rows);
            }
        }
    }
    if only.is_none_or(|only| "compression".starts_with(only.as_str())) {
        compression::run(rounds, &mut rows);
    }
    let path = rows.write("frames")?;
    eprintln!("{}", path.display());
    Ok(())
}

/// One operation on one script, at each length.
fn race(rounds: usize, operation: Operation, script: Script, rows: &mut Rows) {
    let title = format!("{}, {script}", operation.name());
    let mut table = Table::new(&title, SIZES.map(length));
    for (column, size) in SIZES.into_iter().enumerate() {
        let sample = Sample::new(script, size);
        let mut contenders = vec![ours::contender(operation, &sample)];
        contenders.extend(peers::contenders(operation, &sample));
        let peers = 1..contenders.len();
        contenders.extend(limit::contenders(operation, &sample));
        let figures = measure(rounds, contenders);
        figures.iter().for_each(|figure| table.put(column, figure));
        let limit = (figures.len() > peers.end).then(|| &figures[figures.len() - 1]);
        judge(operation, &sample, &figures[0], &figures[peers], limit, rows);
    }
    eprint!("{table}");
}

/// The rows of one race.
fn judge(
    operation: Operation,
    sample: &Sample,
    ours: &Figure,
    peers: &[Figure],
    limit: Option<&Figure>,
    rows: &mut Rows,
) {
    let size = sample.size;
    let name = format!("{}, {}, {}", operation.name(), length(size), sample.script);
    let reads = matches!(operation, Operation::Decode(_) | Operation::Echo);
    let fastest = fastest(peers, reads);
    let row = Row::new(&name, ours.nanos, "ns").beside(fastest.name, fastest.nanos);
    rows.push(match (operation, size) {
        (Operation::Decode(Cut::Frame), 128 | 1024) => row.at_most_times(0.85),
        (Operation::Decode(_), 0x4000..) => row.at_most_times(1.0),
        (Operation::Client, 128 | 0x4000..) => row.at_most_times(1.0),
        // Where it is missed, being the fastest will do.
        (Operation::Server, _) if ours.nanos <= 15.0 => row.at_most(15.0),
        (Operation::Server, _) => row.at_most_times(1.0),
        (Operation::Echo, 128) => row.at_most_times(0.666),
        _ => row,
    });
    if operation == Operation::Echo && size == 128 {
        let slow = peers.iter().find(|peer| peer.name == peers::TUNGSTENITE).expect("it ran");
        let row = Row::new(&name, ours.nanos, "ns").beside(slow.name, slow.nanos);
        rows.push(row.at_most_times(0.25));
    }
    if let Some(limit) = limit {
        rows.push(Row::new(&name, ours.nanos, "ns").beside(limit.name, limit.nanos));
    }
    rows.push(Row::new(format!("{name}: allocations"), ours.allocations, "a message").at_most(0.0));
}

/// The fastest of the peers; of those alone that check text, where text is read.
fn fastest(peers: &[Figure], checked: bool) -> &Figure {
    let of_age = peers.iter().filter(|peer| peer.checks || !checked);
    of_age.min_by(|a, b| a.nanos.total_cmp(&b.nanos)).expect("there are peers")
}
