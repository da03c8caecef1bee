//! The streams of bytes that have come, each by its number, and whether a token may go on in one.

use std::collections::BTreeMap;

use super::hidden::{Hidden, KNOWN_BY};

/// What each stream ends with, as far as a token may go on from there.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The last byte of those of which something waits to be written.
    last: BTreeMap<u64, u8>,
    /// What was written last of those that were written before it was known how they go on.
    before: BTreeMap<u64, Vec<u8>>,
}

impl Streams {
    /// Bytes of a stream are noted, and wait.
    pub(super) fn note(&mut self, stream: u64, bytes: &[u8]) {
        if let Some(last) = bytes.last() {
            self.last.insert(stream, *last);
        }
    }

    /// Whether the bytes that came last over one may end within a token.
    pub(super) fn may_go_on(&self, hidden: &Hidden) -> bool {
        self.last.values().any(|byte| hidden.has(*byte))
    }

    /// Nothing more comes over a stream.
    pub(super) fn end(&mut self, stream: u64) {
        self.last.remove(&stream);
        self.before.remove(&stream);
    }

    /// Hides what has come over a stream, and knows from here on what it ends with.
    pub(super) fn hide(&mut self, stream: u64, bytes: &mut [u8], hidden: &Hidden) {
        let mut all = self.before.remove(&stream).unwrap_or_default();
        let before = all.len();
        all.extend_from_slice(bytes);
        if self.last.remove(&stream).is_some_and(|last| hidden.has(last)) {
            let from = all.len().saturating_sub(KNOWN_BY - 1);
            self.before.insert(stream, all[from..].to_vec());
        }
        hidden.hide(&mut all);
        bytes.copy_from_slice(&all[before..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stream_ends_with_is_its_own() {
        let (mut streams, mut hidden) = (Streams::default(), Hidden::default());
        hidden.learn("good-ann-and-more");
        streams.note(1, b"good-a");
        streams.note(2, b"...");
        assert!(streams.may_go_on(&hidden));
        // The end of another stream settles nothing.
        streams.end(2);
        assert!(streams.may_go_on(&hidden));
        streams.note(1, b"nn.");
        assert!(!streams.may_go_on(&hidden));
        streams.note(1, b"good");
        streams.end(1);
        assert!(!streams.may_go_on(&hidden));
    }

    #[test]
    fn what_was_written_too_early_is_known_when_its_stream_goes_on() {
        let (mut streams, mut hidden) = (Streams::default(), Hidden::default());
        hidden.learn("good-ann-and-more");
        let mut written = Vec::new();
        for part in ["is goo", "d-ann-", "and-", "more?"] {
            let mut part = part.as_bytes().to_vec();
            streams.note(7, &part);
            streams.hide(7, &mut part, &hidden);
            written.extend_from_slice(&part);
        }
        let written = String::from_utf8(written).unwrap();
        // Fewer than eight characters were there when nobody knew.
        assert_eq!(written, "is gooden-token-hidd?");
    }
}
