//! Over loopback: a whole server on real sockets beside an echo server.
//!
//! Each server has a runtime with the cores that the load generator leaves it; the generator
//! keeps one core to itself. Clients are plain TCP sockets that speak WebSocket by hand. Each
//! sends a chat with a new id, waits for the frame that names the id, and sends the next. Both
//! servers keep all their connections open all the time and are loaded in turns.

mod load;
mod servers;
mod strangers;

use std::time::Duration;

use pamlink_benches::race::median;
use pamlink_benches::rows::{Row, Rows};

use self::load::{Clients, Figures};
pub(crate) use self::strangers::run as strangers;
use super::Effort;

const PEER: &str = "tokio-tungstenite echo, no JSON";

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    load::allow_descriptors(4_096)?;
    let ours = servers::pamlink()?;
    let theirs = servers::echo()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for clients in [25, 1_000] {
        let mut ours = runtime.block_on(Clients::connect(ours, clients))?;
        let mut theirs = runtime.block_on(Clients::connect(theirs, clients))?;
        let (mut our_figures, mut their_figures) = (Vec::new(), Vec::new());
        for round in 0..=effort.loads {
            let turn = if round == 0 { WARM } else { effort.load };
            let mine = runtime.block_on(ours.load(turn))?;
            let other = runtime.block_on(theirs.load(turn))?;
            if round > 0 {
                our_figures.push(mine);
                their_figures.push(other);
            }
        }
        report(clients, &our_figures, &their_figures, rows);
    }
    Ok(())
}

const WARM: Duration = Duration::from_millis(300);

fn report(clients: usize, ours: &[Figures], theirs: &[Figures], rows: &mut Rows) {
    let columns: [(&str, &str, Column); 4] = [
        ("messages", "msg/s", |figures| figures.rate),
        ("p50", "us", |figures| figures.p50),
        ("p99", "us", |figures| figures.p99),
        ("p99.9", "us", |figures| figures.p999),
    ];
    for (name, unit, of) in columns {
        let middle = |figures: &[Figures]| median(figures.iter().map(of).collect());
        let row = Row::new(format!("loopback, {clients} clients: {name}"), middle(ours), unit);
        rows.push(row.beside(PEER, middle(theirs)));
    }
}

type Column = fn(&Figures) -> f64;
