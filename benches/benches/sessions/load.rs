//! Many answers that grow at once, each in a session of its own.
//!
//! Time is virtual and goes on by the millisecond; what is computed in it is measured: tokens are
//! appended, the log in memory takes them, coalescing holds them as it does by default, and what
//! is due goes out in frames. Readers confirm by the half minute at this pace, and not in it.

use std::time::Duration;

use anyhow::{Result, ensure};
use pamlink::delivery::stream::{Generation, StreamKey, StreamsConfig};
use pamlink::frame::Writer;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::rows::{Row, Rows};

use super::Effort;
use super::ends::Ends;

const SESSIONS: usize = 10_000;
/// Tokens of a stream each second.
const PACE: usize = 25;
const TOKEN: &str = " by the river today,";
const STEP: Duration = Duration::from_millis(1);

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    let mut load = Load::new()?;
    load.run(Duration::from_millis(500));
    let (bytes, pieces) = (load.bytes, load.pieces);
    let start = Stopwatch::start();
    load.run(effort.load);
    let time = start.elapsed();
    let seconds = effort.load.as_secs_f64();
    let pieces = (load.pieces - pieces) as f64 / seconds;
    ensure!(pieces > (SESSIONS * PACE / 4) as f64, "{pieces} pieces a second went out");
    let share = 100.0 * time.as_secs_f64() / seconds;
    rows.push(Row::new("10,000 streams at 25 tokens/s: share of a core", share, "%"));
    rows.push(Row::new("10,000 streams at 25 tokens/s: pieces", pieces, "/s"));
    let bytes = (load.bytes - bytes) as f64 / seconds / 1e6;
    rows.push(Row::new("10,000 streams at 25 tokens/s: frames", bytes, "MB/s"));
    Ok(())
}

struct Load {
    ends: Ends,
    streams: Vec<(StreamKey, Generation)>,
    writer: Writer,
    wire: Vec<u8>,
    next: usize,
    bytes: usize,
    pieces: usize,
}

impl Load {
    fn new() -> Result<Self> {
        let users = (0..SESSIONS).map(|at| format!("user-{at}")).collect();
        let mut ends = Ends::open(StreamsConfig::default(), users);
        for at in 0..SESSIONS {
            ends.begin_stream(at, "answer")?;
        }
        let streams = std::mem::take(&mut ends.heard.claimed);
        ensure!(streams.len() == SESSIONS, "{} streams have a producer", streams.len());
        let (writer, wire) = (Writer::server(), Vec::new());
        Ok(Self { ends, streams, writer, wire, next: 0, bytes: 0, pieces: 0 })
    }

    fn run(&mut self, time: Duration) {
        let steps = time.as_millis() / STEP.as_millis();
        for _ in 0..steps {
            self.step();
        }
    }

    fn step(&mut self) {
        let Self { ends, streams, writer, wire, next, bytes, pieces } = self;
        ends.pass(STEP);
        let now = ends.now();
        // A thousandth of what all say in a second; a stream has its next turn 40 ms later.
        for _ in 0..SESSIONS * PACE / 1_000 {
            let (key, by) = &streams[*next % SESSIONS];
            ends.sessions.streams().append(now, key, *by, TOKEN).expect("the log takes it");
            *next += 1;
        }
        ends.server_wakes();
        ends.server_hears();
        ends.each_text(|_, text| {
            writer.text(text, wire).expect("a text of a server");
            *pieces += 1;
        });
        *bytes += wire.len();
        wire.clear();
    }
}
