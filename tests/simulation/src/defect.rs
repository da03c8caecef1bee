//! Defects that are planted between the machines and their hosts, to see that each oracle finds its
//! own.

use crate::oracle::Oracle;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// A host is not told of an outcome.
    LosesOutcomes,
    /// A host is told of an outcome twice.
    DoublesOutcomes,
    /// An item that is taken does its work twice.
    TakesEffectTwice,
    /// An item that is taken is forgotten.
    ForgetsItems,
    /// An item that is rejected does its work all the same.
    DoesWhatItRejects,
    /// Of two items that are on their way the bodies are swapped.
    SwapsItems,
    /// An acknowledgement is told as an outcome that is unknown.
    CallsItUnknown,
    /// The log begins a stream for everyone who asks.
    BeginsForEveryone,
    /// The log knows no generations.
    KnowsNoGenerations,
    /// A producer's text is taken in word only.
    TakesInWordOnly,
    /// The log goes on after the end.
    GoesOnAfterTheEnd,
    /// A reader is not given a piece of text.
    LosesText,
    /// A reader is given other text.
    ChangesText,
    /// A reader hears of an end twice.
    EndsTwice,
    /// A reader hears of another end.
    EndsOtherwise,
    /// A gap is told for no reason.
    TellsOfGaps,
    /// A cancel ends nothing, and says that it has.
    CancelsInWordOnly,
    /// An envelope is lost in the middle of a link.
    LosesEnvelopes,
    /// A machine takes more memory than it says.
    TakesMemory,
    /// The end of a stream is not said.
    LosesEnds,
}

impl Defect {
    /// All of them, with the oracle that finds each.
    pub const ALL: [(Self, Oracle); 20] = [
        (Self::LosesOutcomes, Oracle::Outcome),
        (Self::DoublesOutcomes, Oracle::Outcome),
        (Self::TakesEffectTwice, Oracle::Effect),
        (Self::ForgetsItems, Oracle::Effect),
        (Self::DoesWhatItRejects, Oracle::NoEffect),
        (Self::SwapsItems, Oracle::Order),
        (Self::CallsItUnknown, Oracle::Loss),
        (Self::BeginsForEveryone, Oracle::Once),
        (Self::KnowsNoGenerations, Oracle::Fenced),
        (Self::TakesInWordOnly, Oracle::Taken),
        (Self::GoesOnAfterTheEnd, Oracle::Ended),
        (Self::LosesText, Oracle::Text),
        (Self::ChangesText, Oracle::Text),
        (Self::EndsTwice, Oracle::End),
        (Self::EndsOtherwise, Oracle::End),
        (Self::TellsOfGaps, Oracle::Gap),
        (Self::CancelsInWordOnly, Oracle::Cancel),
        (Self::LosesEnvelopes, Oracle::Fault),
        (Self::TakesMemory, Oracle::Memory),
        (Self::LosesEnds, Oracle::Live),
    ];
}

/// A defect that strikes now and then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Planted {
    defect: Option<Defect>,
    chances: u32,
}

impl Planted {
    /// Of so many chances it takes one.
    const EACH: u32 = 5;

    pub(crate) const fn new(defect: Option<Defect>) -> Self {
        Self { defect, chances: 0 }
    }

    /// Whether this defect strikes here, where there are few chances.
    pub(crate) fn strikes_always(&self, defect: Defect) -> bool {
        self.defect == Some(defect)
    }

    /// Whether this defect strikes here.
    pub(crate) fn strikes(&mut self, defect: Defect) -> bool {
        if self.defect != Some(defect) {
            return false;
        }
        self.chances += 1;
        self.chances.is_multiple_of(Self::EACH)
    }
}
