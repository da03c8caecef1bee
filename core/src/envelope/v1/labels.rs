//! The words of the dialect as labels of metrics.

use super::words::{Answer, CancelOutcome, How};
use crate::metrics::{Label, label};

label! {
    Answer "answer" {
        Begun = "begun",
        Resumed = "resumed",
        Pending = "pending",
        Ended = "ended",
        Gap = "gap",
        Unknown = "unknown",
    }
}

/// All that nobody knows count as one, so that a peer cannot make label values.
impl Label for How<'_> {
    type Set = How<'static>;
    const NAME: &'static str = "how";
    const TEXTS: &'static [&'static str] =
        &["done", "cancelled", "failed", "timed_out", "orphaned", "other"];

    fn index(&self) -> usize {
        match self {
            Self::Done => 0,
            Self::Cancelled => 1,
            Self::Failed => 2,
            Self::TimedOut => 3,
            Self::Orphaned => 4,
            Self::Unknown(_) => 5,
        }
    }
}

/// As those of [`How`].
impl Label for CancelOutcome<'_> {
    type Set = CancelOutcome<'static>;
    const NAME: &'static str = "outcome";
    const TEXTS: &'static [&'static str] = &["cancelled", "refused", "ended", "unknown", "other"];

    fn index(&self) -> usize {
        match self {
            Self::Cancelled => 0,
            Self::Refused => 1,
            Self::Ended => 2,
            Self::NoStream => 3,
            Self::Unknown(_) => 4,
        }
    }
}
