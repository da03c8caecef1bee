//! The streams of bytes that have come, each by its number, and whether a token may go on in one.

use std::collections::BTreeMap;

use super::hidden::{Hidden, KNOWN_BY};

/// What each stream ends with, as far as a token may go on from there.
#[derive(Default)]
pub(super) struct Streams {
    /// The last byte of those of which something waits to be written.
    last: BTreeMap<u64, u8>,
    /// What was written last of those that were written before it was known how they go on.
    before: BTreeMap<u64, Vec<u8>>,
    /// Tokens that are looked for in one stream alone.
    own: BTreeMap<u64, Hidden>,
    /// Those over which nothing more comes, though something of them may wait to be written.
    over: Vec<u64>,
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
        self.last.iter().any(|(stream, byte)| self.has(*stream, *byte, hidden))
    }

    /// Hides this token in a stream from now on, and in what of it waits.
    pub(super) fn learn(&mut self, stream: u64, token: &str) {
        self.own.entry(stream).or_default().learn(token);
    }

    /// Hides the tokens of a stream alone in a text.
    pub(super) fn hide_in(&self, stream: u64, text: &mut String) {
        if let Some(own) = self.own.get(&stream) {
            own.hide_in(text);
        }
    }

    /// Whether bytes have no part of a token that is looked for in this stream alone.
    pub(super) fn is_clean(&self, stream: u64, bytes: &[u8]) -> bool {
        self.own.get(&stream).is_none_or(|own| own.is_clean(bytes))
    }

    /// The tokens of a stream are hidden everywhere.
    pub(super) fn forget(&mut self, stream: u64) {
        self.own.remove(&stream);
    }

    /// Nothing more comes over a stream.
    pub(super) fn end(&mut self, stream: u64) {
        self.last.remove(&stream);
        self.over.push(stream);
    }

    /// What waited is written.
    pub(super) fn settle(&mut self) {
        for stream in self.over.drain(..) {
            self.before.remove(&stream);
            self.own.remove(&stream);
        }
    }

    /// Hides what has come over a stream, and knows from here on what it ends with.
    pub(super) fn hide(&mut self, stream: u64, bytes: &mut [u8], hidden: &Hidden) {
        let mut all = self.before.remove(&stream).unwrap_or_default();
        let before = all.len();
        all.extend_from_slice(bytes);
        let last = self.last.remove(&stream);
        if last.is_some_and(|last| self.has(stream, last, hidden)) {
            let from = all.len().saturating_sub(KNOWN_BY - 1);
            self.before.insert(stream, all[from..].to_vec());
        }
        hidden.hide(&mut all);
        if let Some(own) = self.own.get(&stream) {
            own.hide(&mut all);
        }
        bytes.copy_from_slice(&all[before..]);
    }

    /// Whether a part of a token may end with this byte of a stream, and go on.
    fn has(&self, stream: u64, byte: u8, hidden: &Hidden) -> bool {
        hidden.has(byte) || self.own.get(&stream).is_some_and(|own| own.has(byte))
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
    fn what_only_one_stream_hides_is_hidden_there_though_it_has_ended() {
        let (mut streams, hidden) = (Streams::default(), Hidden::default());
        streams.learn(1, "good-ann-and-more");
        for stream in [1, 2] {
            streams.note(stream, b"good-ann-");
        }
        streams.end(1);
        let (mut own, mut other) = (*b"good-ann-", *b"good-ann-");
        streams.hide(1, &mut own, &hidden);
        streams.hide(2, &mut other, &hidden);
        assert_eq!((&own, &other), (b"hiddentok", b"good-ann-"));
        streams.settle();
        assert!(streams.own.is_empty() && streams.over.is_empty());
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
        assert_eq!(written, "is goodentokenhidden?");
    }
}
