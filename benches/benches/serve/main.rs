//! `cargo xtask bench serve`: whole servers that do the work of the mission, side by side.
//!
//! The token is checked, the link welcomed, the `id` of each chat looked up among those before, its
//! agent found, the answer sent. Each server is a process on one core, and the load has another;
//! the servers take turns, each with new links. What a message costs is what the process computed
//! in a turn, by the answers that came.

mod load;
mod process;
mod wire;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use pamlink_benches::cpu;
use pamlink_benches::race::median;
use pamlink_benches::rows::{Row, Rows};
use pamlink_tokio::descriptors;
use tokio::runtime::Runtime;

use self::load::Clients;
use self::process::Process;
use self::wire::Wire;

/// Of all tokens.
const SECRET: &str = "a secret of the bench and of nothing else, which protects nothing";
/// The peer that the others are measured by.
const PEER: &str = "FastAPI";
const WARM: Duration = Duration::from_millis(200);

#[derive(Debug, Parser)]
struct Args {
    /// The program `pamlink`.
    #[arg(long)]
    pamlink: PathBuf,
    /// A Python that has the package and its peers.
    #[arg(long)]
    python: PathBuf,
    /// The `node_modules` with the peers of Node.
    #[arg(long)]
    modules: PathBuf,
    /// Fewer and shorter rounds.
    #[arg(long)]
    quick: bool,
    /// Only these servers, beside FastAPI.
    #[arg(long)]
    only: Vec<String>,
    /// Only the rows that begin with this.
    #[arg(long)]
    row: Option<String>,
    /// Cargo adds it.
    #[arg(long)]
    bench: bool,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let _limit = descriptors::raise();
    if cpu::cores() < 2 || !cpu::pin(cpu::cores() - 1) {
        eprintln!("servers and load share their cores: figures will be noisy");
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let servers = servers(&args, Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    let (rounds, turn) =
        if args.quick { (3, Duration::from_millis(500)) } else { (9, Duration::from_secs(1)) };
    let mut rows = Rows::default();
    let wanted = |name: &str| args.row.as_ref().is_none_or(|row| name.starts_with(row.as_str()));
    // First: what a load has left behind is room for the links that come after it.
    if wanted("idle") {
        idle(&runtime, &servers, if args.quick { 500 } else { 5_000 }, &mut rows)?;
    }
    for (clients, flight) in [(25, 1), (25, 16), (500, 1), (500, 16)] {
        let name = format!("{clients} clients, {flight} in flight");
        if wanted(&name) {
            let figures = turns(rounds, &servers, |server| {
                exchange(&runtime, server, clients, flight, turn)
            })?;
            report(&name, &servers, &figures, &mut rows);
        }
    }
    if wanted("200 streams") {
        streams(&runtime, &servers, if args.quick { 1 } else { 3 }, &mut rows)?;
    }
    let path = rows.write("serve")?;
    eprintln!("{}", path.display());
    Ok(())
}

/// The servers, FastAPI first.
fn servers(args: &Args, folder: &Path) -> Result<Vec<Process>> {
    let secret = folder.join("secret");
    std::fs::write(&secret, SECRET)?;
    let config = folder.join("serve.json");
    std::fs::write(&config, r#"{"rate":{"messages":10000000,"connects":10000000}}"#)?;
    let python = |program: &str| {
        let mut command = Command::new(&args.python);
        command.args(["-P", "-B"]).env("PYTHONPATH", SERVERS).env("PAMLINK_BENCH_SECRET", SECRET);
        command.arg(Path::new(SERVERS).join(program));
        command
    };
    let node = |program: &str| {
        let mut command = Command::new("node");
        command.env("NODE_MODULES", &args.modules).env("PAMLINK_BENCH_SECRET", SECRET);
        command.arg(Path::new(SERVERS).join(program));
        command
    };
    let mut axum = Command::new(env!("CARGO_BIN_EXE_axum_manager"));
    axum.env("PAMLINK_BENCH_SECRET", SECRET);
    let mut serve = Command::new(&args.pamlink);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--config"]).arg(config);
    serve.arg("--jwt-secret-file").arg(secret);
    let all = [
        (PEER, Wire::Pam, python("fastapi_manager.py")),
        (SOCKET_IO, Wire::SocketIo, node("socketio_manager.mjs")),
        (WS, Wire::Pam, node("ws_manager.mjs")),
        (AXUM, Wire::Pam, axum),
        (UVICORN, Wire::Pam, python("pamlink_uvicorn.py")),
        (TCP, Wire::Pam, python("pamlink_tcp.py")),
        (RUST, Wire::Pam, serve),
    ];
    let wanted = all.into_iter().filter(|(name, ..)| {
        *name == PEER || args.only.is_empty() || args.only.iter().any(|only| only == name)
    });
    wanted.map(|(name, wire, mut command)| Process::start(name, wire, &mut command)).collect()
}

/// Where links starve, if they do.
const MANY: &str = "500 clients, 16 in flight";
const SERVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/servers");
const SOCKET_IO: &str = "Socket.IO";
const WS: &str = "npm ws";
const AXUM: &str = "axum";
const UVICORN: &str = "uvicorn";
const TCP: &str = "pamlink.tcp";
const RUST: &str = "pamlink serve";

/// What a turn came to.
#[derive(Clone, Copy, Debug)]
struct Figures {
    /// Microseconds of the process a message.
    cpu: f64,
    /// Messages a second.
    rate: f64,
    /// Microseconds from request to answer.
    p50: f64,
    p99: f64,
}

/// The figures of each server, over so many rounds in which each has one turn.
fn turns<T>(
    rounds: usize,
    servers: &[Process],
    mut turn: impl FnMut(&Process) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let mut figures: Vec<Vec<T>> = servers.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for at in 0..servers.len() {
            let at = (at + round) % servers.len();
            figures[at].push(turn(&servers[at]).context(servers[at].name)?);
        }
    }
    Ok(figures)
}

fn exchange(
    runtime: &Runtime,
    server: &Process,
    clients: usize,
    flight: usize,
    turn: Duration,
) -> Result<Figures> {
    let mut clients = runtime.block_on(Clients::connect(server, clients))?;
    runtime.block_on(clients.load(flight, WARM))?;
    let before = server.cpu()?;
    let counted = runtime.block_on(clients.load(flight, turn))?;
    let cpu = server.cpu()? - before;
    drop(clients);
    server.settle()?;
    ensure!(counted.answers > 0, "no answers");
    let micros = |quantile| counted.times.value_at_quantile(quantile) as f64 / 1e3;
    Ok(Figures {
        cpu: cpu.as_secs_f64() * 1e6 / counted.answers as f64,
        rate: counted.answers as f64 / counted.time.as_secs_f64(),
        p50: micros(0.5),
        p99: micros(0.99),
    })
}

fn report(name: &str, servers: &[Process], figures: &[Vec<Figures>], rows: &mut Rows) {
    let columns: [(&str, &str, Column); 4] = [
        ("CPU a message", "us", |figures| figures.cpu),
        ("messages", "msg/s", |figures| figures.rate),
        ("p50", "us", |figures| figures.p50),
        ("p99", "us", |figures| figures.p99),
    ];
    for (column, unit, of) in columns {
        let middle = |at: usize| median(figures[at].iter().map(of).collect());
        for (at, server) in servers.iter().enumerate().skip(1) {
            let row = Row::new(format!("{name}, {}: {column}", server.name), middle(at), unit);
            let row = row.beside(PEER, middle(0));
            rows.push(match (column, server.name) {
                ("CPU a message", UVICORN) => row.at_most_times(0.8),
                ("CPU a message", TCP) => row.at_most_times(0.4),
                ("p99", RUST) if name == MANY => row.at_most(60_000.0),
                _ => row,
            });
        }
        // What a server of ours in Rust is to be measured by.
        for (peer, most) in [(AXUM, 0.5), (WS, 0.3)] {
            let at = |name: &str| servers.iter().position(|server| server.name == name);
            if let ("CPU a message", Some(ours), Some(theirs)) = (column, at(RUST), at(peer)) {
                let row =
                    Row::new(format!("{name}, {RUST} by {peer}: {column}"), middle(ours), unit);
                rows.push(row.beside(peer, middle(theirs)).at_most_times(most));
            }
        }
    }
}

type Column = fn(&Figures) -> f64;

/// Answers that grow. `pamlink serve` has no agent that takes its time, and is left out.
fn streams(runtime: &Runtime, servers: &[Process], rounds: usize, rows: &mut Rows) -> Result<()> {
    const STREAMS: u32 = 200;
    const PIECES: u32 = 75;
    let servers: Vec<_> = servers.iter().filter(|server| server.name != RUST).collect();
    let mut figures: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); servers.len()];
    for _ in 0..rounds {
        for (server, (apart, cpu)) in servers.iter().zip(&mut figures) {
            let connected = Clients::connect(server, STREAMS as usize);
            let mut clients = runtime.block_on(connected)?;
            server.settle()?;
            let before = server.cpu()?;
            let times = runtime.block_on(clients.stream(PIECES)).context(server.name)?;
            let spent = server.cpu()? - before;
            apart.push(median(times) * 1e3);
            cpu.push(spent.as_secs_f64() * 1e6 / f64::from(STREAMS * PIECES));
            drop(clients);
            server.settle()?;
        }
    }
    let figures: Vec<_> = figures.into_iter().map(|(a, c)| (median(a), median(c))).collect();
    let (their_apart, their_cpu) = figures[0];
    for (server, (apart, cpu)) in servers.iter().zip(&figures).skip(1) {
        let name = format!("200 streams, {}", server.name);
        let apart = Row::new(format!("{name}: between two pieces"), *apart, "ms");
        let apart = apart.beside(PEER, their_apart);
        let cpu = Row::new(format!("{name}: CPU a piece"), *cpu, "us").beside(PEER, their_cpu);
        let is_ours = matches!(server.name, UVICORN | TCP);
        rows.push(if is_ours { apart.at_most_times(1.02) } else { apart });
        rows.push(if is_ours { cpu.at_most_times(1.0) } else { cpu });
    }
    Ok(())
}

/// What a link holds that does nothing.
fn idle(runtime: &Runtime, servers: &[Process], links: usize, rows: &mut Rows) -> Result<()> {
    let mut figures = Vec::new();
    for server in servers {
        let before = server.memory()?;
        let clients = runtime.block_on(Clients::connect(server, links));
        let clients = clients.context(server.name)?;
        server.settle()?;
        figures.push((server.memory()? - before) / links as f64);
        drop(clients);
        server.settle()?;
    }
    for (server, bytes) in servers.iter().zip(&figures).skip(1) {
        let row = Row::new(format!("idle, {links} links, {}", server.name), *bytes, "B");
        let row = row.beside(PEER, figures[0]);
        rows.push(match server.name {
            UVICORN | TCP => row.at_most_times(0.8),
            RUST => row.at_most(3_000.0),
            _ => row,
        });
    }
    Ok(())
}
