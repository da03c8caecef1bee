//! The promises of whole engines to their hosts, and the defects that are planted to see that each
//! oracle finds its own.

/// A promise, and whoever holds a world to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Oracle {
    /// Each request has exactly one outcome by the end, and never a second.
    Outcome,
    /// Nothing is told of a request after its outcome, nor after its host has left it.
    Ended,
    /// The hub's host is asked for each request at most once.
    Effect,
    /// An answer is what the hub's host has replied, and its pieces are the beginning of one.
    Text,
    /// An answer names the request that it is told for.
    Own,
    /// Pushes come to each session once and in order, and over `pamlink.v1` all of them, or a gap is
    /// told.
    Push,
    /// Each cancel has exactly one result, and a request is cancelled only where that was wanted.
    Cancel,
    /// A process that goes on with a snapshot is told the outcome of each request of the one before,
    /// and of none twice.
    Restored,
    /// A planned change of a link that no fault hits comes to its end: every session goes on over
    /// the new link before the old one is left, nothing that had come is said again there, and
    /// nothing pauses for longer than a way there and back.
    Change,
    /// What is submitted has exactly one outcome: it is acknowledged where the hub's host has heard
    /// it, once, and where it is rejected or has expired that never hears it.
    Submitted,
    /// A session that is left ends at both ends: all that was begun in it has its end at once, what
    /// was never sent has no effect, nothing is told of it after that, and in the end the hub has
    /// the sessions that its devices have.
    Left,
    /// A hub that is drained has no link any more once the time is over, and says so once.
    Drained,
    /// Once its peers are gone and the times are over for which anything is kept, a hub has no link,
    /// user, request and session any more, and holds its window and empty tables.
    Freed,
    /// Once nothing goes wrong any more, every device is answered.
    Live,
}

impl Oracle {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Outcome,
        Self::Ended,
        Self::Effect,
        Self::Text,
        Self::Own,
        Self::Push,
        Self::Cancel,
        Self::Restored,
        Self::Change,
        Self::Submitted,
        Self::Left,
        Self::Drained,
        Self::Freed,
        Self::Live,
    ];

    pub(super) fn place(self) -> usize {
        Self::ALL.iter().position(|oracle| *oracle == self).unwrap_or(0)
    }
}

/// What is wrong between the engines and their hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Defect {
    /// A host is not told of an outcome.
    LosesOutcomes,
    /// A host is told of an outcome twice.
    DoublesOutcomes,
    /// A host is told of a piece once more, after the outcome.
    TellsAfterTheEnd,
    /// A request that its host has left is left in word only.
    AbandonsInWordOnly,
    /// The hub's host is asked again.
    RequestsAgain,
    /// A piece is not told.
    LosesPieces,
    /// The hub's host replies something else than it stands for.
    RepliesOtherwise,
    /// The hub's host replies to a request what is for another.
    SwapsReplies,
    /// A push is not told.
    LosesPushes,
    /// A push is told twice.
    DoublesPushes,
    /// A push of one session is told of another.
    SwapsSessions,
    /// The result of a cancel is not told.
    LosesCancelResults,
    /// A process goes on with a snapshot of some time ago.
    RestoresTheOld,
    /// A device's host drops the transport of the old link as soon as the new one is welcomed.
    DropsTheOldLink,
    /// The new link takes longer than links do.
    HoldsUpTheNewLink,
    /// What has come over the old link comes over the new one, too.
    SaysItAgain,
    /// The outcome of what was submitted is not told.
    LosesSubmissions,
    /// The hub's host hears twice what was submitted.
    HearsSubmissionsTwice,
    /// A push is told of a session that was left.
    TellsOfTheLeft,
    /// A session that is left is left in word only.
    LeavesInWordOnly,
    /// It is not told that a hub is drained.
    ForgetsTheDrain,
    /// A hub whose peers are gone is not told that time passes.
    StopsItsClock,
    /// Nobody takes what a device dials any more.
    LosesTheHub,
}

impl Defect {
    /// All of them, with the oracle that finds each.
    pub const ALL: [(Self, Oracle); 23] = [
        (Self::LosesOutcomes, Oracle::Outcome),
        (Self::DoublesOutcomes, Oracle::Outcome),
        (Self::TellsAfterTheEnd, Oracle::Ended),
        (Self::AbandonsInWordOnly, Oracle::Outcome),
        (Self::RequestsAgain, Oracle::Effect),
        (Self::LosesPieces, Oracle::Text),
        (Self::RepliesOtherwise, Oracle::Text),
        (Self::SwapsReplies, Oracle::Own),
        (Self::LosesPushes, Oracle::Push),
        (Self::DoublesPushes, Oracle::Push),
        (Self::SwapsSessions, Oracle::Push),
        (Self::LosesCancelResults, Oracle::Cancel),
        (Self::RestoresTheOld, Oracle::Restored),
        (Self::DropsTheOldLink, Oracle::Change),
        (Self::HoldsUpTheNewLink, Oracle::Change),
        (Self::SaysItAgain, Oracle::Change),
        (Self::LosesSubmissions, Oracle::Submitted),
        (Self::HearsSubmissionsTwice, Oracle::Submitted),
        (Self::TellsOfTheLeft, Oracle::Left),
        (Self::LeavesInWordOnly, Oracle::Left),
        (Self::ForgetsTheDrain, Oracle::Drained),
        (Self::StopsItsClock, Oracle::Freed),
        (Self::LosesTheHub, Oracle::Live),
    ];
}
