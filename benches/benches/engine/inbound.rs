//! The inbound path: from the bytes of one frame to a message that has its agent.
//!
//! One connection, one frame a read, ids that are all new. The host polls every output to its end
//! after each read, and replies between the timed batches: the usual stack has no reply to
//! measure. Time is an argument of both contenders, read once a batch: how fast a system tells
//! it is not what is measured. Both look an agent up by its id.
//!
//! One row begins later: its texts are those of a transport that speaks WebSocket itself.

use std::time::{Duration, Instant};

use pamlink::hub::LinkId;
use pamlink_benches::alloc::counted;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};
use serde::de::DeserializeOwned;

use super::Effort;
use super::chats::Chats;
use super::host::{Clock, Depth, Host, Input};
use super::usual::{Context, Usual};

/// Messages between two untimed parts, in which they are replied to.
const BATCH: usize = 256;
/// Batches of a turn, after some that are not timed and replace all ids of the window.
const BATCHES: usize = 64;
const WARM: usize = 24;

const USER: &str = "7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10";
const PEER: &str = "tungstenite + serde + HashMap";

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    let chats = Chats::new(Some("chat"));
    let wordy = Chats::new(None);
    let mut usual = Usual::<serde_json::Value>::new(&chats);
    let mut usual_typed = Usual::<Context>::new(&chats);
    let mut typed = Engine::new(&chats, Depth::Typed)?;
    let mut context = Engine::new(&chats, Depth::Context)?;
    let mut head = Engine::new(&chats, Depth::Head)?;
    let mut worded = Engine::new(&wordy, Depth::Head)?;
    let texts = chats.texts(Chats::COUNT);
    let mut whole = Engine::whole(&chats, &texts, Depth::Typed)?;

    let nanos = race(
        effort.rounds,
        [
            &mut || usual.turn(),
            &mut || typed.turn(),
            &mut || head.turn(),
            &mut || usual_typed.turn(),
            &mut || context.turn(),
            &mut || worded.turn(),
            &mut || whole.turn(),
        ],
    );
    let rates = nanos.map(|nanos| 1e9 / nanos);
    let [
        usual_rate,
        typed_rate,
        head_rate,
        usual_typed_rate,
        context_rate,
        worded_rate,
        whole_rate,
    ] = rates;
    let row = Row::new("inbound, payload typed", typed_rate, "msg/s");
    rows.push(row.beside(PEER, usual_rate).at_least_times(3.0));
    let row = Row::new("inbound, to the routed head", head_rate, "msg/s");
    rows.push(row.beside(PEER, usual_rate).at_least_times(5.0));
    let row = Row::new("inbound, payload and its context typed", context_rate, "msg/s");
    rows.push(row.beside(PEER, usual_typed_rate));
    rows.push(Row::new("inbound, to the head, routed by keywords", worded_rate, "msg/s"));
    rows.push(Row::new("inbound, a whole message, payload typed", whole_rate, "msg/s"));

    let ((), theirs) = counted(|| usual.batches(BATCHES));
    let theirs = theirs.allocations as f64 / (BATCHES * BATCH) as f64;
    let (inbound, reply) = typed.allocations();
    let row = Row::new("inbound, payload typed: allocations", inbound, "/msg");
    rows.push(row.beside(PEER, theirs));
    rows.push(Row::new("reply", reply.nanos, "ns"));
    rows.push(Row::new("reply: allocations", reply.allocations, "/msg"));
    Ok(())
}

impl<C: DeserializeOwned> Usual<'_, C> {
    fn turn(&mut self) -> Turn {
        self.batches(WARM);
        let start = Stopwatch::start();
        self.batches(BATCHES);
        Turn { time: start.elapsed(), operations: (BATCHES * BATCH) as u64 }
    }

    fn batches(&mut self, batches: usize) {
        for _ in 0..batches {
            let now = Instant::now();
            (0..BATCH).for_each(|_| self.handle(now));
        }
    }
}

/// The engine with one link.
struct Engine<'a> {
    chats: &'a Chats,
    /// The same chats as texts, for a transport that speaks WebSocket itself.
    texts: Option<&'a [String]>,
    depth: Depth,
    host: Host,
    link: LinkId,
    clock: Clock,
    next: usize,
}

/// What a reply costs.
struct ReplyCost {
    nanos: f64,
    allocations: f64,
}

impl<'a> Engine<'a> {
    fn new(chats: &'a Chats, depth: Depth) -> anyhow::Result<Self> {
        let (mut host, clock) = (Host::new(), Clock::new());
        let link = host.open(clock.now(), USER)?;
        Ok(Self { chats, texts: None, depth, host, link, clock, next: 0 })
    }

    fn whole(chats: &'a Chats, texts: &'a [String], depth: Depth) -> anyhow::Result<Self> {
        let (mut host, clock) = (Host::new(), Clock::new());
        let link = host.open_whole(clock.now(), USER)?;
        Ok(Self { chats, texts: Some(texts), depth, host, link, clock, next: 0 })
    }

    fn turn(&mut self) -> Turn {
        self.batches(WARM);
        Turn { time: self.batches(BATCHES), operations: (BATCHES * BATCH) as u64 }
    }

    /// Batches of messages, each with its replies. Returns the time of the messages alone.
    fn batches(&mut self, batches: usize) -> Duration {
        let mut time = Duration::ZERO;
        for _ in 0..batches {
            let start = Stopwatch::start();
            self.batch();
            time += start.elapsed();
            assert_eq!(self.host.reply(self.clock.now()), BATCH);
        }
        time
    }

    fn batch(&mut self) {
        let now = self.clock.now();
        for _ in 0..BATCH {
            let chat = match self.texts {
                Some(texts) => Input::Text(&texts[self.next % texts.len()]),
                None => Input::Bytes(self.chats.frame(self.next)),
            };
            self.host.handle(now, self.link, chat, self.depth);
            self.next += 1;
        }
    }

    /// Allocations of a message and of its reply, and the time of a reply.
    fn allocations(&mut self) -> (f64, ReplyCost) {
        let each = |allocations: u64, batches: usize| allocations as f64 / (batches * BATCH) as f64;
        let (mut inbound, mut reply) = (0, 0);
        for _ in 0..BATCHES {
            inbound += counted(|| self.batch()).1.allocations;
            reply += counted(|| self.host.reply(self.clock.now())).1.allocations;
        }
        let mut nanos = Vec::new();
        for _ in 0..4 * BATCHES {
            self.batch();
            let start = Stopwatch::start();
            self.host.reply(self.clock.now());
            nanos.push(start.elapsed().as_nanos() as f64 / BATCH as f64);
        }
        let nanos = pamlink_benches::race::median(nanos);
        (each(inbound, BATCHES), ReplyCost { nanos, allocations: each(reply, BATCHES) })
    }
}
