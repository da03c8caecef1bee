//! What a run has seen, as a table, and whether that is enough to say anything.

use std::collections::BTreeMap;
use std::fmt;

use pamlink::envelope::v1::Message;

use crate::action::Fault;
use crate::gates::Gates;
use crate::oracle::{Counts, Oracle};

/// What a run has seen.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: Counts,
    worlds: u64,
    digest: u64,
}

impl Summary {
    /// Types of envelopes that are never said in these worlds: those about a link, since links
    /// begin open, and `continue`, since no session has a gap.
    const NEVER: [&str; 7] =
        ["hello", "welcome", "token", "renewed", "token_wanted", "goodbye", "continue"];

    pub(crate) fn add(&mut self, counts: &Counts, digest: u64) {
        self.counts.add(counts);
        self.worlds += 1;
        self.digest = self.digest.rotate_left(5) ^ digest;
    }

    /// How many faults there were.
    pub fn faults(&self) -> u64 {
        self.counts.all_faults()
    }

    /// How many envelopes were delivered.
    pub fn delivered(&self) -> u64 {
        self.counts.delivered()
    }

    /// How often an oracle has compared something.
    pub fn compared(&self) -> u64 {
        self.counts.compared.iter().sum()
    }

    /// A number that follows from every text that was delivered.
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// What a run of so many faults has not seen often enough to mean anything.
    pub fn missing(&self, faults: u64, has_all_kinds: bool) -> Vec<String> {
        let mut gates = Gates::default();
        gates.least("faults", self.faults(), faults);
        gates.least("envelopes delivered", self.delivered(), faults);
        if has_all_kinds {
            for (kind, count) in Fault::KINDS.iter().zip(self.counts.faults) {
                gates.least(kind, count, faults / 2_000);
            }
            for (oracle, count) in Oracle::ALL.iter().zip(self.counts.compared) {
                gates.least(&format!("comparisons of {oracle:?}"), count, faults / 5_000);
            }
            gates.least("texts over links that were left", self.counts.stale, faults / 1_000);
        }
        for (what, count, kind) in self.kinds() {
            if !Self::NEVER.contains(&kind) {
                gates.least(&what, count, faults / 10_000);
            }
        }
        gates.into_missing()
    }

    /// How many envelopes of each type were delivered each way, by the codec's table of them.
    fn kinds(&self) -> impl Iterator<Item = (String, u64, &'static str)> {
        let of = |counts: &BTreeMap<&str, u64>, kind| counts.get(kind).copied().unwrap_or(0);
        let up = Message::kinds_of_client().map(move |kind| {
            (format!("{kind} to a server"), of(&self.counts.to_server, kind), kind)
        });
        let down = Message::kinds_of_server().map(move |kind| {
            (format!("{kind} to a device"), of(&self.counts.to_client, kind), kind)
        });
        up.chain(down)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.counts.millis / 3_600_000;
        writeln!(
            f,
            "{} worlds, {hours} hours of their time, digest {:016x}",
            self.worlds, self.digest
        )?;
        writeln!(f, "{} faults", self.faults())?;
        for (kind, count) in Fault::KINDS.iter().zip(self.counts.faults) {
            writeln!(f, "  {count:>12} {kind}")?;
        }
        writeln!(f, "{} envelopes delivered", self.delivered())?;
        for (what, count, _) in self.kinds() {
            writeln!(f, "  {count:>12} {what}")?;
        }
        writeln!(f, "  {:>12} texts over links that were left", self.counts.stale)?;
        writeln!(f, "{} comparisons", self.compared())?;
        for (oracle, count) in Oracle::ALL.iter().zip(self.counts.compared) {
            writeln!(f, "  {count:>12} {oracle:?}")?;
        }
        writeln!(f, "seen")?;
        for (what, count) in &self.counts.seen {
            writeln!(f, "  {count:>12} {what}")?;
        }
        Ok(())
    }
}
