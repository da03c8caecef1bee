//! What is counted of streams and is no event.

use core::fmt;

use super::saying::Saying;
use crate::envelope::v1::Answer;
use crate::metrics::{By, Label};

/// Counted as readers are told it.
#[derive(Clone, Default)]
pub(crate) struct Counters {
    /// Where readers go on, by the answer.
    pub(crate) follows: By<Answer, { <Answer as Label>::TEXTS.len() }>,
    /// Bytes of text that were there before a reader followed its stream.
    pub(crate) replayed: u64,
}

impl Counters {
    /// A reader is told this; of a piece so much text, which may have been there before it came.
    pub(super) fn handle_said(&mut self, saying: &Saying, text: &str, is_replay: bool) {
        match saying {
            Saying::Following(placed) => self.follows.increment(placed.answer),
            Saying::Piece { .. } if is_replay => self.replayed += text.len() as u64,
            Saying::Piece { .. } | Saying::CaughtUp(_) | Saying::End(..) => {}
        }
    }
}

/// What was counted decides nothing.
impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counters")
    }
}
