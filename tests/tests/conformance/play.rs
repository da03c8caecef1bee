//! One case against one machine.

use std::collections::{BTreeSet, VecDeque};

use serde_json::Value;

use crate::file::{Case, Does, Input, Output, Step};
use crate::names::Names;

/// A machine behind the format of the files. Times are milliseconds.
pub(crate) trait End {
    /// Gives it an input. An error is one of the file: what it asks for does not exist.
    fn handle(&mut self, at: u64, input: &Input) -> Result<(), String>;

    /// A time has come that it wanted to be woken at.
    fn handle_timeout(&mut self, at: u64);

    /// What comes out of it.
    fn poll(&mut self) -> Option<Output>;

    /// When it wants to be woken.
    fn poll_timeout(&self) -> Option<u64>;
}

/// Plays a case. The clauses that its outputs have shown, or what is wrong in which step.
pub(crate) fn play<'a>(case: &'a Case, end: &mut dyn End) -> Result<BTreeSet<&'a str>, String> {
    let mut player = Player { end, now: 0, names: Names::default(), left: VecDeque::new() };
    let mut shown = BTreeSet::new();
    for (at, step) in case.steps.iter().enumerate() {
        player.step(step).map_err(|why| format!("step {}: {why}", at + 1))?;
        shown.extend(step.clause.as_deref());
    }
    player.settled().map_err(|why| format!("after the last step: {why}"))?;
    Ok(shown)
}

struct Player<'a> {
    end: &'a mut dyn End,
    now: u64,
    names: Names,
    /// What has come and was not named yet.
    left: VecDeque<Output>,
}

impl Player<'_> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match &step.does {
            Does::Input(at, input) => {
                self.settled()?;
                self.pass(at.unwrap_or(self.now))?;
                self.settled().map_err(|why| format!("`time` comes first: {why}"))?;
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
                self.settled()?;
                self.pass(*time)
            }
            Does::Output(expected) => self.compare(expected),
        }
    }

    /// Lets the clock pass: each time that the machine wants to be woken at comes when it is.
    fn pass(&mut self, to: u64) -> Result<(), String> {
        if to < self.now {
            return Err(format!("{to} ms is before {} ms", self.now));
        }
        let mut idle = 0;
        while let Some(due) = self.end.poll_timeout().filter(|due| *due <= to) {
            idle = if due > self.now { 0 } else { idle + 1 };
            if idle > 100 {
                return Err(format!("it wants to be woken at {due} ms for ever"));
            }
            self.now = self.now.max(due);
            self.end.handle_timeout(self.now);
            self.drain();
        }
        self.now = to;
        Ok(())
    }

    fn drain(&mut self) {
        while let Some(output) = self.end.poll() {
            self.left.push_back(output);
        }
    }

    /// Takes the next output of the kind and link, and compares it.
    fn compare(&mut self, expected: &Output) -> Result<(), String> {
        let at = self.left.iter().position(|output| is_alike(expected, output));
        let found = at.and_then(|at| self.left.remove(at));
        let found = found.ok_or_else(|| format!("{} did not come", shown(expected)))?;
        match self.names.difference(value(expected), value(&found)) {
            Some(difference) => Err(format!("{difference}, in {}", shown(&found))),
            None => Ok(()),
        }
    }

    /// That all that has come was named.
    fn settled(&self) -> Result<(), String> {
        match self.left.front() {
            Some(output) => Err(format!("{} is not named", shown(output))),
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
