//! A product behind an adapter: another process, which reads and writes one JSON object a line.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;

use super::play::Stop;
use super::sockets::Happened;

/// One starts after the other: a runtime that begins takes a processor from those that are to be in
/// time.
static STARTS: Mutex<()> = Mutex::new(());
/// How long an adapter may take to begin.
const BEGINS: Duration = Duration::from_secs(30);

/// How long it may take to end.
const ENDS: Duration = Duration::from_secs(5);

/// A running adapter, and all that comes: from it, and over the links of its machine.
pub(super) struct Adapter {
    /// What has started it.
    command: String,
    child: Child,
    /// Held until it is to end.
    input: Option<ChildStdin>,
    arrivals: Receiver<(Instant, Arrival)>,
    /// What has come after the time until which somebody waited.
    held: Option<(Instant, Arrival)>,
    sender: Arrivals,
    /// Machines so far: what comes late of an old one is known.
    machines: u64,
    ready: Ready,
}

/// Takes what comes, with its time.
#[derive(Clone)]
pub(super) struct Arrivals(Sender<(Instant, Arrival)>);

impl Arrivals {
    /// Whether somebody may wait for it.
    pub(super) fn send(&self, arrival: Arrival) -> bool {
        self.0.send((Instant::now(), arrival)).is_ok()
    }
}

/// What has come.
pub(super) enum Arrival {
    /// The adapter has written this line.
    Line(Value),
    /// The adapter has ended, for this reason.
    Gone(String),
    /// Something has happened to a link.
    Link(Place, Happened),
}

/// Which link of which machine of an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) machine: u64,
    pub(super) link: u64,
}

/// What an adapter says first: what its product has. A case that needs more is skipped.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ready {
    pub(super) ends: BTreeSet<String>,
    #[serde(default)]
    pub(super) options: BTreeSet<String>,
    #[serde(default)]
    pub(super) commands: BTreeSet<String>,
    #[serde(default)]
    pub(super) events: BTreeSet<String>,
    /// A server that judges tokens itself. Its adapter makes them.
    #[serde(default)]
    pub(super) judges: bool,
    /// A server that answers requests itself. Over `pam` its host is left out.
    #[serde(default)]
    pub(super) answers: bool,
    /// How many of its adapters may run at once, where one is costly.
    #[serde(default)]
    pub(super) at_once: Option<usize>,
    /// A client on a library that does not close with every code.
    #[serde(default)]
    pub(super) closes_as: Option<ClosesAs>,
}

/// A library that does not close with every code.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClosesAs {
    /// With 1000 and 3000 to 4999; without a code in the place of others.
    Browser,
    /// `java.net.http`: not with those that it keeps for servers. The link is dropped.
    Java,
}

impl Adapter {
    /// Starts a command of the shell.
    pub(super) fn start(command: &str) -> Result<Self, String> {
        let (sender, arrivals) = channel();
        let sender = Arrivals(sender);
        let _alone = alone();
        let (child, input) = begin(command, &sender)?;
        let (command, input) = (command.to_owned(), Some(input));
        let (held, ready) = (None, Ready::default());
        let mut adapter =
            Self { command, child, input, arrivals, held, sender, machines: 0, ready };
        adapter.ready = adapter.first_line()?;
        Ok(adapter)
    }

    /// Ends the process, and starts another, which knows nothing of it.
    pub(super) fn start_again(&mut self) -> Result<(), String> {
        self.end();
        let _alone = alone();
        let (child, input) = begin(&self.command, &self.sender)?;
        (self.child, self.input) = (child, Some(input));
        self.first_line().map(drop)
    }

    /// Waits for what it says first.
    fn first_line(&mut self) -> Result<Ready, String> {
        let until = Instant::now() + BEGINS;
        let mut next = self.next(until);
        // The links of the process before end with it.
        while matches!(next, Some(Arrival::Link(..))) {
            next = self.next(until);
        }
        let ready = match next {
            Some(Arrival::Line(first)) => {
                serde_json::from_value(first).map_err(|why| format!("its first line: {why}"))
            }
            Some(Arrival::Gone(why)) => Err(why),
            Some(Arrival::Link(..)) | None => Err("it says nothing".to_owned()),
        };
        ready.map_err(|why| format!("{}: {why}", self.command))
    }

    /// What it has said first.
    pub(super) const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// The next that comes, if it comes in time. What is looked for late has come in time all the
    /// same, and what has come late is there the next time.
    pub(super) fn next(&mut self, until: Instant) -> Option<Arrival> {
        let waits = until.saturating_duration_since(Instant::now());
        let next = self.held.take().or_else(|| self.arrivals.recv_timeout(waits).ok());
        let (at, arrival) = next?;
        if at <= until {
            return Some(arrival);
        }
        self.held = Some((at, arrival));
        None
    }

    /// Writes it a line.
    pub(super) fn tell(&mut self, line: &Value) -> Result<(), Stop> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let written = writeln!(input, "{line}").and_then(|()| input.flush());
        written.map_err(|why| Stop::Fault(format!("the adapter: {why}")))
    }

    /// It ends with its input, and what it has started with it.
    fn end(&mut self) {
        drop(self.input.take());
        if !self.is_gone(Instant::now() + ENDS) {
            // It fails only when it has ended.
            let _ended = self.child.kill();
            self.is_gone(Instant::now() + ENDS);
        }
        let _reaped = self.child.wait();
    }

    /// Waits for its end, and leaves out what it says before.
    fn is_gone(&mut self, until: Instant) -> bool {
        while let Some(arrival) = self.next(until) {
            if matches!(arrival, Arrival::Gone(_)) {
                return true;
            }
        }
        false
    }

    /// A number for a new machine, and where to send what happens to its links.
    pub(super) fn machine(&mut self) -> (u64, Arrivals) {
        self.machines += 1;
        (self.machines, self.sender.clone())
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until no other starts.
fn alone() -> MutexGuard<'static, ()> {
    STARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a process, whose lines are sent on by a thread.
fn begin(command: &str, lines: &Arrivals) -> Result<(Child, ChildStdin), String> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("exec {command}"));
    let child = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.map_err(|why| format!("{command}: {why}"))?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(format!("{command}: no input or output"));
    };
    let lines = lines.clone();
    thread::spawn(move || read(BufReader::new(output), &lines));
    Ok((child, input))
}

fn read(output: impl BufRead, lines: &Arrivals) {
    let mut why = "it has ended".to_owned();
    for line in output.lines() {
        let line = match line {
            Ok(line) => line,
            Err(fault) => {
                why = fault.to_string();
                break;
            }
        };
        match serde_json::from_str(&line) {
            Ok(line) => {
                if !lines.send(Arrival::Line(line)) {
                    return;
                }
            }
            Err(fault) => {
                why = format!("it wrote {line:?}: {fault}");
                break;
            }
        }
    }
    // Nobody may wait for it any more.
    let _unheard = lines.send(Arrival::Gone(why));
}
