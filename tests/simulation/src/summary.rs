//! What a run has seen, as a table, and whether that is enough to say anything.

use std::fmt;

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
    /// The types of envelopes that a server is to get, and those that a device is.
    const TO_SERVER: &[&str] = &[
        "open",
        "item",
        "cancel",
        "ack",
        "caught_up",
        "follow",
        "unfollow",
        "read",
        "heartbeat",
        "closed",
    ];
    const TO_CLIENT: &[&str] = &[
        "opened",
        "item",
        "reject",
        "cancel_result",
        "ack",
        "caught_up",
        "following",
        "piece",
        "end",
        "heartbeat",
        "closed",
    ];

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
        for (way, kinds, counts) in [
            ("a server", Self::TO_SERVER, &self.counts.to_server),
            ("a device", Self::TO_CLIENT, &self.counts.to_client),
        ] {
            for kind in kinds {
                let count = counts.get(kind).copied().unwrap_or(0);
                gates.least(&format!("{kind} to {way}"), count, faults / 10_000);
            }
        }
        gates.into_missing()
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
        for (way, counts) in
            [("to a server", &self.counts.to_server), ("to a device", &self.counts.to_client)]
        {
            for (kind, count) in counts {
                writeln!(f, "  {count:>12} {kind} {way}")?;
            }
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
