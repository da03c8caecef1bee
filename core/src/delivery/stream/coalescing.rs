//! Text that waits to be sent together (V-7.4).

use core::time::Duration;
use std::sync::Arc;

use crate::time::Mono;

/// When text that waits goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pace {
    /// When the oldest that waits has waited so long,
    pub(super) after: Duration,
    /// or when so many bytes wait.
    pub(super) bytes: usize,
}

/// The text of one producer that waits, in whole characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Coalescing {
    text: String,
    /// When the oldest of it came; of what stays behind a `take`, that of what was taken.
    since: Mono,
}

impl Coalescing {
    /// The room that is made at first, and kept: that of the words of 40 ms.
    const KEEP: usize = 128;

    /// Adds text.
    pub(super) fn push(&mut self, now: Mono, text: &str) {
        if self.text.is_empty() {
            self.since = now;
            self.text.reserve(Self::KEEP.max(text.len()));
        }
        self.text.push_str(text);
    }

    /// Takes text from the front, at most `most` bytes of it and never a part of a character:
    /// nothing if not even the first character fits.
    pub(super) fn take(&mut self, most: usize) -> Option<Arc<str>> {
        let end = self.text.floor_char_boundary(most);
        if end == 0 {
            return None;
        }
        let taken = self.text[..end].into();
        self.text.drain(..end);
        if self.text.capacity() > Self::KEEP {
            self.text.shrink_to(Self::KEEP);
        }
        Some(taken)
    }

    /// Gives up all behind the first `bytes`; whether these end with a character.
    pub(super) fn truncate(&mut self, bytes: usize) -> bool {
        let ends = self.text.is_char_boundary(bytes);
        if ends {
            self.text.truncate(bytes);
        }
        ends
    }

    /// When it is to go on; nothing while nothing waits.
    pub(super) fn due(&self, pace: Pace) -> Option<Mono> {
        if self.text.is_empty() {
            None
        } else if self.text.len() >= pace.bytes {
            Some(self.since)
        } else {
            Some(self.since + pace.after)
        }
    }

    /// How many bytes it takes.
    pub(super) fn allocated(&self) -> usize {
        self.text.capacity()
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACE: Pace = Pace { after: Duration::from_millis(40), bytes: 512 };

    fn at(millis: u64) -> Mono {
        Mono::from_millis(millis)
    }

    #[test]
    fn text_goes_on_40_ms_after_the_oldest_or_with_512_bytes() {
        let mut waiting = Coalescing::default();
        assert_eq!(waiting.due(PACE), None);
        waiting.push(at(10), "a");
        waiting.push(at(45), "b");
        assert_eq!(waiting.due(PACE), Some(at(50)), "the oldest counts");
        waiting.push(at(46), &"c".repeat(509));
        assert_eq!(waiting.due(PACE), Some(at(50)), "511 bytes wait");
        waiting.push(at(47), "d");
        assert_eq!(waiting.due(PACE), Some(at(10)), "512 bytes are due at once");
        assert_eq!(waiting.take(1_000).map(|text| text.len()), Some(512));
        assert_eq!(waiting.due(PACE), None);
        waiting.push(at(60), "e");
        assert_eq!(waiting.due(PACE), Some(at(100)), "what comes next has its own time");
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_was_pushed_in_whole_characters(
            texts in prop::collection::vec("[aé€🦀]{1,9}", 1..9),
            most in 4usize..40,
        ) {
            let mut waiting = Coalescing::default();
            texts.iter().for_each(|text| waiting.push(Mono::ZERO, text));
            let mut taken = Vec::new();
            while let Some(text) = waiting.take(most) {
                prop_assert!(text.len() <= most);
                prop_assert!(text.len() > most - 4 || waiting.len() == 0, "as much as fits");
                taken.push(text);
            }
            prop_assert_eq!(taken.concat(), texts.concat());
        }
    }
}
