//! One case against one machine.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use serde_json::Value;

use crate::conformance::file::{Case, Does, Input, Output, Step};
use crate::conformance::names::Names;

/// A machine behind the format of the files. Times are milliseconds.
pub(crate) trait End {
    /// Gives it an input. A fault is one of the file: what it asks for does not exist.
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), Stop>;

    /// A time has come that it wanted to be woken at.
    fn handle_timeout(&mut self, at: u64);

    /// What comes out of it.
    fn poll(&mut self) -> Option<Output>;

    /// When it wants to be woken.
    fn poll_timeout(&self) -> Option<u64>;

    /// The clock passes to a time. One whose clock is its own is waited for.
    fn pass(&mut self, _to: u64) {}

    /// Waits for an output that is to come: whether there may be one. Where the runner has the
    /// clock, all has come.
    fn wait(&mut self) -> Result<bool, Stop> {
        Ok(false)
    }

    /// Waits until the time that passes has passed. Whether all that comes in it has come: where the
    /// clock is not the runner's, what is to come in the time that begins may be there already.
    fn rest(&mut self) -> Result<bool, Stop> {
        Ok(true)
    }

    /// Waits until nothing more comes, after the last step. As [`rest`](Self::rest).
    fn finish(&mut self) -> Result<bool, Stop> {
        Ok(true)
    }

    /// Whether an output comes at a time that is drawn: it may be there before it is named.
    fn is_drawn(&self, _output: &Output) -> bool {
        false
    }
}

/// Why a case was not played to its end, or a command of it was not done.
#[derive(Clone, Debug, PartialEq)]
pub enum Stop {
    /// Something is otherwise than the file says.
    Fault(String),
    /// A product has no way to do what the file wants, for this reason.
    Cannot(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Fault(why)
    }
}

impl From<&str> for Stop {
    fn from(why: &str) -> Self {
        Self::Fault(why.to_owned())
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(why) | Self::Cannot(why) => f.write_str(why),
        }
    }
}

/// Plays a case. The clauses that its outputs have shown, or what is wrong in which step.
pub(crate) fn play<'a>(case: &'a Case, end: &mut dyn End) -> Result<BTreeSet<&'a str>, Stop> {
    let (names, left) = (Names::default(), VecDeque::new());
    let mut player = Player { end, now: 0, is_timed: false, names, left };
    let mut shown: BTreeSet<_> = case.clauses.iter().map(String::as_str).collect();
    for (at, step) in case.steps.iter().enumerate() {
        player.step(step).map_err(|why| within(&format!("step {}", at + 1), why))?;
        shown.extend(step.clause.as_deref());
    }
    player.finish().map_err(|why| within("after the last step", why))?;
    Ok(shown)
}

fn within(place: &str, stop: Stop) -> Stop {
    match stop {
        Stop::Fault(why) => Stop::Fault(format!("{place}: {why}")),
        cannot @ Stop::Cannot(_) => cannot,
    }
}

struct Player<'a> {
    end: &'a mut dyn End,
    now: u64,
    /// The step before this one was a time.
    is_timed: bool,
    names: Names,
    /// What has come and was not named yet.
    left: VecDeque<Output>,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), Stop> {
        let after_time = std::mem::replace(&mut self.is_timed, matches!(step.does, Does::Time(_)));
        match &step.does {
            Does::Input(at, input) => {
                self.settled(false)?;
                self.pass(at.unwrap_or(self.now))?;
                let waits = at.is_some() || after_time;
                let settled = if waits { self.settle() } else { self.settled(false) };
                settled.map_err(|why| within("`time` comes first", why))?;
                let put = |value| self.names.put_into(value);
                let input = match input.clone() {
                    Input::Envelope { link, envelope } => {
                        Input::Envelope { link, envelope: put(&envelope)? }
                    }
                    Input::Command { link, name, command } => {
                        Input::Command { link, name, command: put(&command)? }
                    }
                };
                self.end.handle(self.now, &input)?;
                self.drain();
                Ok(())
            }
            Does::Time(time) => {
                self.settle()?;
                self.pass(*time)
            }
            Does::Output(expected) => self.compare(expected),
        }
    }

    /// Lets the clock pass: each time that the machine wants to be woken at comes when it is.
    fn pass(&mut self, to: u64) -> Result<(), Stop> {
        if to < self.now {
            return Err(Stop::Fault(format!("{to} ms is before {} ms", self.now)));
        }
        let mut idle = 0;
        while let Some(due) = self.end.poll_timeout().filter(|due| *due <= to) {
            idle = if due > self.now { 0 } else { idle + 1 };
            if idle > 100 {
                return Err(Stop::Fault(format!("it wants to be woken at {due} ms for ever")));
            }
            self.now = self.now.max(due);
            self.end.handle_timeout(self.now);
            self.drain();
        }
        self.now = to;
        self.end.pass(to);
        Ok(())
    }

    fn drain(&mut self) {
        while let Some(output) = self.end.poll() {
            self.left.push_back(output);
        }
    }

    /// Takes the next output of the kind and link, and compares it.
    fn compare(&mut self, expected: &Output) -> Result<(), Stop> {
        let found = loop {
            let at = self.left.iter().position(|output| is_alike(expected, output));
            if let Some(found) = at.and_then(|at| self.left.remove(at)) {
                break found;
            }
            if !self.end.wait()? {
                let others: String =
                    self.left.iter().map(|output| format!(", but {}", shown(output))).collect();
                return Err(Stop::Fault(format!("{} did not come{others}", shown(expected))));
            }
            self.drain();
        };
        match self.names.difference(value(expected), value(&found)) {
            Some(difference) => Err(Stop::Fault(format!("{difference}, in {}", shown(&found)))),
            None => Ok(()),
        }
    }

    /// Lets the time pass to its end. All that has come was named.
    fn settle(&mut self) -> Result<(), Stop> {
        let all_has_come = self.end.rest()?;
        self.drain();
        if all_has_come { self.settled(true) } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), Stop> {
        let is_timed = self.end.finish()?;
        self.drain();
        self.settled(is_timed)
    }

    /// That all that has come was named, of what is drawn only where it was too early.
    fn settled(&self, is_timed: bool) -> Result<(), Stop> {
        match self.left.iter().find(|output| is_timed || !self.end.is_drawn(output)) {
            Some(output) => Err(Stop::Fault(format!("{} is not named", shown(output)))),
            None => Ok(()),
        }
    }
}

/// Whether two outputs stand in one order: envelopes of one link, and events of one kind.
fn is_alike(a: &Output, b: &Output) -> bool {
    let kind = |event: &Value| event.as_object().and_then(|event| event.keys().next()).cloned();
    match (a, b) {
        (Output::Envelope { link: a, .. }, Output::Envelope { link: b, .. }) => a == b,
        (Output::Event(a), Output::Event(b)) => kind(a) == kind(b),
        (Output::Result(_), Output::Result(_)) => true,
        (Output::Envelope { .. } | Output::Event(_) | Output::Result(_), _) => false,
    }
}

fn value(output: &Output) -> &Value {
    match output {
        Output::Envelope { envelope: value, .. } | Output::Event(value) | Output::Result(value) => {
            value
        }
    }
}

fn shown(output: &Output) -> String {
    let kind = match output {
        Output::Envelope { link, .. } if link.is_empty() => "the envelope",
        Output::Envelope { link, .. } => &format!("the envelope over {link}"),
        Output::Event(_) => "the event",
        Output::Result(_) => "the result",
    };
    let mut text = value(output).to_string();
    if let Some((cut, _)) = text.char_indices().nth(600) {
        text.truncate(cut);
        text.push_str("...");
    }
    format!("{kind} {text}")
}
