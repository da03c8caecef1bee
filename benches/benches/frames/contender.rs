//! Who runs, and how they are measured.

use std::time::Duration;

use pamlink_benches::alloc::counted;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race_all};

use super::sample::{self, Script, Wire};
use super::stream::Cut;

/// What is done to each message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// A server reads masked text.
    Decode(Cut),
    /// A client sends text and flushes.
    Client,
    /// A server sends text and flushes; whoever can leaves the payload where it is.
    Server,
    /// A server reads masked text, one frame a read, and sends the same text back.
    Echo,
}

impl Operation {
    pub(crate) const ALL: [Self; 5] = [
        Self::Decode(Cut::Frame),
        Self::Decode(Cut::Batch),
        Self::Client,
        Self::Server,
        Self::Echo,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Decode(Cut::Frame) => "decode, one frame a read",
            Self::Decode(Cut::Batch) => "decode, batched reads",
            Self::Client => "client encode",
            Self::Server => "server encode",
            Self::Echo => "echo",
        }
    }
}

/// The messages of one race.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) script: Script,
    pub(crate) size: usize,
    pub(crate) texts: Vec<String>,
    pub(crate) wire: Wire,
}

impl Sample {
    pub(crate) fn new(script: Script, size: usize) -> Self {
        Self::of(script, size, sample::texts(script, size))
    }

    /// Of these texts, each `size` bytes long.
    pub(crate) fn of(script: Script, size: usize, texts: Vec<String>) -> Self {
        let wire = Wire::new(&texts);
        Self { script, size, texts, wire }
    }
}

/// One implementation doing one operation.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    /// Whether it checks that text is UTF-8.
    pub(crate) checks: bool,
    /// Does it to this many messages more.
    run: Box<dyn FnMut(usize) + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut(usize) + 'a) -> Self {
        Self { name, checks: true, run: Box::new(run) }
    }

    /// Messages in a turn. It is warm then.
    fn turn(&mut self) -> usize {
        let mut messages = 4;
        while self.timed(messages).time < TURN {
            messages *= 2;
        }
        messages
    }

    fn timed(&mut self, messages: usize) -> Turn {
        let start = Stopwatch::start();
        (self.run)(messages);
        Turn { time: start.elapsed(), operations: messages as u64 }
    }

    /// It takes text for granted.
    pub(crate) fn unchecked(mut self) -> Self {
        self.checks = false;
        self
    }
}

/// What was measured of one.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) checks: bool,
    /// Nanoseconds a message, the median of the rounds.
    pub(crate) nanos: f64,
    /// Allocations a message, once warm.
    pub(crate) allocations: f64,
}

/// Lets all of them do it, side by side.
pub(crate) fn measure(rounds: usize, mut contenders: Vec<Contender<'_>>) -> Vec<Figure> {
    let mut turns: Vec<Box<dyn FnMut() -> Turn + '_>> = Vec::new();
    for contender in &mut contenders {
        let messages = contender.turn();
        turns.push(Box::new(move || {
            (contender.run)(messages / 8 + 1);
            contender.timed(messages)
        }));
    }
    let nanos = race_all(rounds, &mut turns);
    drop(turns);
    contenders
        .iter_mut()
        .zip(nanos)
        .map(|(contender, nanos)| {
            let ((), counts) = counted(|| (contender.run)(COUNTED));
            let allocations = counts.allocations as f64 / COUNTED as f64;
            Figure { name: contender.name, checks: contender.checks, nanos, allocations }
        })
        .collect()
}

/// How long a turn is at least: long beside what it costs to read the clock.
const TURN: Duration = Duration::from_micros(250);
/// Messages over which allocations are counted.
const COUNTED: usize = 64;
