//! The streams of bytes that have come, each by its number, and whether a token may go on in one.

use std::collections::{BTreeMap, VecDeque};

use super::hidden::{Hidden, KNOWN_BY};

/// So many bytes of tokens are looked for in one link alone, the latest, and at least one token.
const MOST_OF_LINK: usize = 64 << 10;
/// Of so many bytes of such tokens, and of so many links, it is known where their parts are; it takes 20
/// MiB at most. Of others that is found out again when it is needed: strangers may show many.
const MOST_INDEXED: usize = 512 << 10;
const MOST_LINKS: usize = 256;

/// What each stream ends with, as far as a token may go on from there.
#[derive(Default)]
pub(super) struct Streams {
    /// The last byte of those of which something waits to be written.
    last: BTreeMap<u64, u8>,
    /// What was written last of those that were written before it was known how they go on.
    before: BTreeMap<u64, Vec<u8>>,
    /// Tokens that are looked for in one link alone, by its first stream.
    own: BTreeMap<u64, Own>,
    /// Where their parts are, of the links for which that was needed last.
    indexed: VecDeque<(u64, Hidden)>,
    /// Those over which nothing more comes, though something of them may wait to be written.
    over: Vec<u64>,
}

/// The tokens of a link.
struct Own {
    /// The latest come last.
    tokens: Vec<Box<str>>,
    /// Whether a token has this byte.
    bytes: [bool; 256],
}

/// The first stream of a link: it has a number that is even, and the second has the next.
const fn first(stream: u64) -> u64 {
    stream & !1
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

    /// Hides this token in the streams of a link from now on, and in what of them waits.
    pub(super) fn learn(&mut self, stream: u64, token: &str) {
        if token.len() < KNOWN_BY {
            return;
        }
        self.indexed.retain(|(link, _)| *link != first(stream));
        let empty = || Own { tokens: Vec::new(), bytes: [false; 256] };
        let own = self.own.entry(first(stream)).or_insert_with(empty);
        token.bytes().for_each(|byte| own.bytes[usize::from(byte)] = true);
        own.tokens.retain(|known| **known != *token);
        own.tokens.push(token.into());
        let size = |own: &Own| own.tokens.iter().map(|token| token.len()).sum::<usize>();
        while own.tokens.len() > 1 && size(own) > MOST_OF_LINK {
            own.tokens.remove(0);
        }
    }

    /// The tokens that are looked for in the link of a stream alone; nothing if there are none.
    pub(super) fn own(&mut self, stream: u64) -> Option<&Hidden> {
        let (link, own) = (first(stream), self.own.get(&first(stream))?);
        if let Some(at) = self.indexed.iter().position(|(indexed, _)| *indexed == link) {
            return self.indexed.get(at).map(|(_, hidden)| hidden);
        }
        let mut hidden = Hidden::default();
        own.tokens.iter().for_each(|token| hidden.learn(token));
        while self.indexed.len() >= MOST_LINKS || self.size() + hidden.size() > MOST_INDEXED {
            if self.indexed.pop_front().is_none() {
                break;
            }
        }
        self.indexed.push_back((link, hidden));
        self.indexed.back().map(|(_, hidden)| hidden)
    }

    /// Bytes of tokens of which it is known where their parts are.
    fn size(&self) -> usize {
        self.indexed.iter().map(|(_, hidden)| hidden.size()).sum()
    }

    /// The tokens of a stream are hidden everywhere.
    pub(super) fn forget(&mut self, stream: u64) {
        self.own.remove(&first(stream));
        self.indexed.retain(|(link, _)| *link != first(stream));
    }

    /// Nothing more comes over a stream.
    pub(super) fn end(&mut self, stream: u64) {
        self.last.remove(&stream);
        self.over.push(stream);
    }

    /// What waited is written.
    pub(super) fn settle(&mut self) {
        for stream in std::mem::take(&mut self.over) {
            self.before.remove(&stream);
            self.forget(stream);
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
        if let Some(own) = self.own(stream) {
            own.hide(&mut all);
        }
        bytes.copy_from_slice(&all[before..]);
    }

    /// Whether a part of a token may end with this byte of a stream, and go on.
    fn has(&self, stream: u64, byte: u8, hidden: &Hidden) -> bool {
        let own = self.own.get(&first(stream));
        hidden.has(byte) || own.is_some_and(|own| own.bytes[usize::from(byte)])
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
    fn tokens_of_many_strangers_are_hidden_and_take_no_more_than_is_bounded() {
        let (mut streams, hidden) = (Streams::default(), Hidden::default());
        let token = |link: u64| format!("{link:08}{}", "ab-cd".repeat(3_000));
        for link in 0..100 {
            streams.learn(2 * link, &token(link));
        }
        assert!(streams.indexed.is_empty(), "nothing has come yet");
        for link in (0..100).chain(0..100) {
            let mut bytes = token(link).into_bytes();
            streams.hide(2 * link + link % 2, &mut bytes, &hidden);
            assert!(bytes.starts_with(b"hiddentokenhidden"), "link {link}");
            assert!(streams.size() <= MOST_INDEXED);
        }
        assert!(streams.indexed.len() > 20);
        // Of one link no more than the latest.
        for number in 0..20 {
            streams.learn(0, &token(number));
        }
        assert_eq!(streams.own[&0].tokens.len(), 4);
        for link in 0..200 {
            streams.end(link);
        }
        streams.settle();
        assert!(streams.own.is_empty() && streams.indexed.is_empty());
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
