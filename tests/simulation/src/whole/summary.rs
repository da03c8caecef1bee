//! What a run of whole engines has seen, as a table, and whether that is enough to say anything.

use std::fmt;

use super::action::Fault;
use super::oracle::Oracle;
use super::said::all;
use super::witness::Counts;
use crate::gates::Gates;

/// What a run has seen.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: Counts,
    worlds: u64,
    digest: u64,
}

impl Summary {
    /// What is to be seen, and once in how many faults at least.
    const LEAST: [(&str, u64); 28] = [
        ("asked", 2),
        ("answered", 4),
        ("pieces", 20),
        ("pushes", 20),
        ("cancels", 100),
        ("cancelled", 200),
        ("abandoned", 200),
        ("rejected", 200),
        ("expired", 200),
        ("unknown", 200),
        ("welcomed over v1", 20),
        ("welcomed over pam", 20),
        ("welcomed behind the packed step", 200),
        ("answered over a later link", 50),
        ("restored", 200),
        ("gaps", 200),
        ("asked in another session", 30),
        ("pushes in another session", 50),
        ("repeats", 500),
        ("asked of the log", 2),
        ("cuts inside a frame", 200),
        ("links changed", 400),
        ("clean changes", 400),
        ("submitted", 40),
        ("submissions acknowledged", 50),
        ("submissions rejected or expired", 400),
        ("sessions left", 200),
        ("hubs drained", 1_000),
    ];

    /// In so many faults every type of envelope is to be seen at least once.
    const RARE: u64 = 5_000;
    /// Types of envelopes that are never said to the hub in these worlds: a client takes all that
    /// it is pushed, and goes on with no snapshot that is older than what it has said.
    const NEVER: [&str; 2] = ["reject to the hub", "continue to the hub"];

    pub(super) fn add(&mut self, counts: &Counts, digest: u64) {
        self.counts.add(counts);
        self.worlds += 1;
        self.digest = self.digest.rotate_left(5) ^ digest;
    }

    /// How many faults there were.
    pub fn faults(&self) -> u64 {
        self.counts.all_faults()
    }

    /// What a run of so many faults has not seen often enough to mean anything.
    pub fn missing(&self, faults: u64) -> Vec<String> {
        let mut gates = Gates::default();
        gates.least("faults", self.faults(), faults);
        gates.least("bytes delivered", self.counts.bytes, faults * 100);
        for (kind, count) in Fault::KINDS.iter().zip(self.counts.faults) {
            gates.least(kind, count, faults / 500);
        }
        for (oracle, count) in Oracle::ALL.iter().zip(self.counts.compared) {
            // Those that a world has once, or that few have.
            let is_seldom = matches!(oracle, Oracle::Change | Oracle::Freed);
            let each = if is_seldom { 200 } else { 50 };
            gates.least(&format!("comparisons of {oracle:?}"), count, faults / each);
        }
        for (what, each) in Self::LEAST {
            gates.least(what, self.counts.seen.get(what).copied().unwrap_or(0), faults / each);
        }
        // Some types are rare: a short run says nothing of them.
        let kinds = self.kinds().filter(|(what, _)| !Self::NEVER.contains(&&**what));
        for (what, count) in kinds.filter(|_| faults >= Self::RARE) {
            gates.least(&what, count, faults / Self::RARE);
        }
        gates.into_missing()
    }

    /// How many envelopes of each type have come each way.
    fn kinds(&self) -> impl Iterator<Item = (String, u64)> {
        [(true, "the hub"), (false, "a device")].into_iter().flat_map(|(is_up, end)| {
            let counts = &self.counts.kinds[usize::from(!is_up)];
            all(is_up).map(move |kind| {
                (format!("{kind} to {end}"), counts.get(kind).copied().unwrap_or(0))
            })
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hours = self.counts.millis / 3_600_000;
        let (worlds, digest) = (self.worlds, self.digest);
        writeln!(f, "{worlds} worlds of whole engines, {hours} hours, digest {digest:016x}")?;
        writeln!(f, "{} faults", self.faults())?;
        for (kind, count) in Fault::KINDS.iter().zip(self.counts.faults) {
            writeln!(f, "  {count:>12} {kind}")?;
        }
        writeln!(f, "{} bytes delivered", self.counts.bytes)?;
        for (what, count) in self.kinds() {
            writeln!(f, "  {count:>12} {what}")?;
        }
        writeln!(f, "{} comparisons", self.counts.compared.iter().sum::<u64>())?;
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
