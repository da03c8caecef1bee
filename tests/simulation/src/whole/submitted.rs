//! What devices have submitted, and what has become of it at both ends.

use std::collections::BTreeMap;

use pamlink::delivery::Outcome;

use super::witness::Key;

/// All that was submitted in a world.
#[derive(Debug, Default)]
pub(super) struct Submissions {
    sent: BTreeMap<Key, Submission>,
}

#[derive(Debug, Default)]
struct Submission {
    /// How often the hub's host has heard it.
    heard: u32,
    end: Option<End>,
}

/// What a submission has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Acknowledged,
    /// It had no effect: it was rejected, or has expired.
    Void,
    Unknown,
}

impl End {
    pub(super) fn of(outcome: &Outcome<'_>) -> Self {
        match outcome {
            Outcome::Acknowledged => Self::Acknowledged,
            Outcome::Rejected { .. } | Outcome::Expired(_) => Self::Void,
            _ => Self::Unknown,
        }
    }

    /// What is counted for it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Acknowledged => "submissions acknowledged",
            Self::Void => "submissions rejected or expired",
            Self::Unknown => "submissions unknown",
        }
    }
}

impl Submissions {
    pub(super) fn submitted(&mut self, key: Key) {
        self.sent.insert(key, Submission::default());
    }

    /// The hub's host hears one: whether it may.
    pub(super) fn heard(&mut self, key: Key) -> bool {
        let Some(sent) = self.sent.get_mut(&key) else { return false };
        sent.heard += 1;
        sent.heard == 1 && matches!(sent.end, None | Some(End::Unknown))
    }

    /// A device is told what one has come to: whether that is so, and the first that it is told.
    pub(super) fn ended(&mut self, key: Key, end: End) -> bool {
        let Some(sent) = self.sent.get_mut(&key) else { return false };
        let is_so = match end {
            End::Acknowledged => sent.heard == 1,
            End::Void => sent.heard == 0,
            End::Unknown => true,
        };
        sent.end.replace(end).is_none() && is_so
    }

    pub(super) fn is_open(&self, key: Key) -> bool {
        self.sent.get(&key).is_some_and(|sent| sent.end.is_none())
    }

    /// One that has come to nothing yet.
    pub(super) fn open(&self) -> Option<Key> {
        self.sent.iter().find(|(_, sent)| sent.end.is_none()).map(|(key, _)| *key)
    }
}
