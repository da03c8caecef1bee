//! What looks at a world from outside its machines, and knows what must be.

mod counts;
mod ledger;
mod reader;
mod trace;
mod truth;
mod versions;

pub(crate) use self::counts::Counts;
pub(crate) use self::ledger::{Fate, Kind, Ledger, Sender};
pub(crate) use self::reader::Text;
pub(crate) use self::trace::Trace;
pub(crate) use self::truth::{Found, Truth};

use crate::defect::{Defect, Planted};
use crate::worlds::Violation;

/// A promise, and whoever holds a world to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oracle {
    /// Each command has exactly one outcome, of a kind that it may have.
    Outcome,
    /// What is acknowledged has taken effect exactly once, and nothing does twice.
    Effect,
    /// What is rejected or has expired has taken no effect.
    NoEffect,
    /// Items of one priority are heard in the order in which they were sent.
    Order,
    /// Nothing is lost, and no outcome unknown, unless a session has ended or a gap was told.
    Loss,
    /// A stream is begun once, and one item begins it.
    Once,
    /// Nothing of an older generation is taken.
    Fenced,
    /// What a producer was told is taken is what stands in the log, and all of it once it ends.
    Taken,
    /// A stream ends once, and nothing is appended after it.
    Ended,
    /// A reader has the text that the stream has had, and at its end the whole, but for what it was
    /// told is lost.
    Text,
    /// A reader hears of one end, which is that of the stream.
    End,
    /// A gap has a cause.
    Gap,
    /// What a cancel has come to is what has become of the stream.
    Cancel,
    /// No end finds a fault with the other.
    Fault,
    /// No machine takes more memory than its configuration says.
    Memory,
    /// Once nothing goes wrong any more, everything comes to its end.
    Live,
}

impl Oracle {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Outcome,
        Self::Effect,
        Self::NoEffect,
        Self::Order,
        Self::Loss,
        Self::Once,
        Self::Fenced,
        Self::Taken,
        Self::Ended,
        Self::Text,
        Self::End,
        Self::Gap,
        Self::Cancel,
        Self::Fault,
        Self::Memory,
        Self::Live,
    ];

    pub(crate) fn place(self) -> usize {
        Self::ALL.iter().position(|oracle| *oracle == self).unwrap_or(0)
    }
}

/// All oracles of a world, with what they have seen.
#[derive(Debug)]
pub(crate) struct Witness {
    pub(crate) ledger: Ledger,
    pub(crate) truth: Truth,
    pub(crate) counts: Counts,
    pub(crate) trace: Trace,
    pub(crate) planted: Planted,
    /// How many sessions were refused because there were as many as may be, which their devices are
    /// yet to hear.
    pub(crate) refused: u32,
    pub(crate) violation: Option<Violation<Oracle>>,
    pub(crate) millis: u64,
}

impl Witness {
    pub(crate) fn new(defect: Option<Defect>, is_traced: bool) -> Self {
        Self {
            ledger: Ledger::default(),
            truth: Truth::default(),
            counts: Counts::default(),
            trace: Trace::new(is_traced),
            planted: Planted::new(defect),
            refused: 0,
            violation: None,
            millis: 0,
        }
    }

    /// An oracle has looked at something that must hold.
    pub(crate) fn check(&mut self, oracle: Oracle, holds: bool, what: impl FnOnce() -> String) {
        self.counts.compared[oracle.place()] += 1;
        if !holds {
            self.find(oracle, what());
        }
    }

    /// The same, for what finds more than one thing.
    pub(crate) fn judge(
        &mut self,
        oracle: Oracle,
        found: Result<(), Found>,
        about: impl FnOnce() -> String,
    ) {
        self.counts.compared[oracle.place()] += 1;
        if let Err(Found(oracle, what)) = found {
            self.find(oracle, format!("{what} ({})", about()));
        }
    }

    fn find(&mut self, oracle: Oracle, what: String) {
        let millis = self.millis;
        self.trace.line(millis, || format!("VIOLATION {oracle:?}: {what}"));
        self.violation.get_or_insert(Violation { oracle, what, millis });
    }
}
