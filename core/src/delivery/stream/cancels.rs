//! Cancels: those that await their outcome, and those that came ahead of their stream.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{CancelId, Cancelled, Event};
use super::interface::StreamKey;
use crate::time::Mono;

/// Cancels that await the outcome of their streams.
#[derive(Clone, Debug, Default)]
pub(super) struct Cancelling {
    waiting: BTreeMap<CancelId, Waiting>,
    last: u64,
}

#[derive(Clone, Debug)]
struct Waiting {
    /// How many streams have not come to an outcome.
    streams: usize,
    results: Vec<Cancelled>,
}

impl Cancelling {
    /// A cancel of so many streams; one of none has its outcome already.
    pub(super) fn begin(&mut self, streams: usize) -> (CancelId, Option<Event>) {
        self.last += 1;
        let cancel = CancelId(self.last);
        if streams == 0 {
            return (cancel, Some(Event::Cancelled { cancel, results: Vec::new() }));
        }
        self.waiting.insert(cancel, Waiting { streams, results: Vec::new() });
        (cancel, None)
    }

    /// One of its streams has come to this; with the last of them the cancel has its outcome.
    pub(super) fn handle_result(&mut self, cancel: CancelId, result: Cancelled) -> Option<Event> {
        let waiting = self.waiting.get_mut(&cancel)?;
        waiting.results.push(result);
        if waiting.results.len() < waiting.streams {
            return None;
        }
        let results = self.waiting.remove(&cancel)?.results;
        Some(Event::Cancelled { cancel, results })
    }
}

/// Cancels of streams that nobody has asked for yet (V-8.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    /// Which of them each is.
    kept: BTreeMap<StreamKey, u64>,
    /// In the order in which they came, with until when each is kept.
    order: BTreeMap<u64, (Mono, StreamKey)>,
}

impl Ahead {
    /// The most of all owners.
    const MOST: usize = 65_536;
    /// What one takes.
    const BYTES: usize = 2 * size_of::<(StreamKey, Mono)>() + 2 * 128;
    /// The most that all take.
    pub(super) const CEILING: usize = 2 * Self::MOST * Self::BYTES;

    /// Keeps a cancel until a time, and of one owner no more than `most`: the oldest goes.
    pub(super) fn keep(&mut self, now: Mono, key: &StreamKey, until: Mono, most: u32) {
        self.expire(now);
        if most == 0 || self.kept.contains_key(key) {
            return;
        }
        let first = StreamKey { owner: Arc::clone(&key.owner), name: "".into() };
        let own = self.kept.range(first..).take_while(|(other, _)| other.owner == key.owner);
        if own.clone().count() >= most as usize
            && let Some(oldest) = own.map(|(_, number)| *number).min()
        {
            self.forget(oldest);
        }
        let number = self.order.last_key_value().map_or(0, |(last, _)| last + 1);
        self.kept.insert(key.clone(), number);
        self.order.insert(number, (until, key.clone()));
        if self.order.len() > Self::MOST
            && let Some((oldest, _)) = self.order.first_key_value()
        {
            self.forget(*oldest);
        }
    }

    /// Whether the stream was cancelled ahead.
    pub(super) fn has(&mut self, now: Mono, key: &StreamKey) -> bool {
        self.expire(now);
        self.kept.contains_key(key)
    }

    /// How many bytes they take.
    pub(super) fn allocated(&self) -> usize {
        self.order.len() * Self::BYTES
    }

    fn expire(&mut self, now: Mono) {
        while let Some((oldest, (until, _))) = self.order.first_key_value()
            && *until <= now
        {
            self.forget(*oldest);
        }
    }

    fn forget(&mut self, number: u64) {
        if let Some((_, key)) = self.order.remove(&number) {
            self.kept.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(owner: &str, name: &str) -> StreamKey {
        StreamKey { owner: owner.into(), name: name.into() }
    }

    fn at(millis: u64) -> Mono {
        Mono::from_millis(millis)
    }

    #[test]
    fn a_cancel_ahead_is_kept_for_its_time() {
        let mut ahead = Ahead::default();
        ahead.keep(at(0), &key("ann", "q-1"), at(60_000), 64);
        assert!(ahead.has(at(59_999), &key("ann", "q-1")));
        assert!(!ahead.has(at(59_999), &key("bob", "q-1")), "of another owner");
        assert!(!ahead.has(at(60_000), &key("ann", "q-1")));
        assert_eq!(ahead, Ahead::default(), "nothing is left");
    }

    #[test]
    fn beyond_64_of_an_owner_the_oldest_goes() {
        let mut ahead = Ahead::default();
        ahead.keep(at(0), &key("bob", "q-0"), at(60_000), 64);
        for number in 0..65 {
            let name = format!("q-{number}");
            ahead.keep(at(number), &key("ann", &name), at(60_000 + number), 64);
        }
        assert!(!ahead.has(at(100), &key("ann", "q-0")));
        assert!(ahead.has(at(100), &key("ann", "q-1")) && ahead.has(at(100), &key("ann", "q-64")));
        assert!(ahead.has(at(100), &key("bob", "q-0")), "another owner has its own");
    }

    #[test]
    fn of_those_of_one_time_the_first_is_the_oldest() {
        let mut ahead = Ahead::default();
        for name in ["b", "c", "a"] {
            ahead.keep(at(0), &key("ann", name), at(60_000), 2);
        }
        assert!(!ahead.has(at(0), &key("ann", "b")));
        assert!(ahead.has(at(0), &key("ann", "c")) && ahead.has(at(0), &key("ann", "a")));
    }

    #[test]
    fn one_owner_pushes_out_nothing_of_another() {
        let mut ahead = Ahead::default();
        ahead.keep(at(0), &key("bob", "q"), at(60_000), 64);
        for number in 0..Ahead::MOST + 10 {
            ahead.keep(at(0), &key("ann", &number.to_string()), at(60_000), 64);
        }
        assert!(ahead.has(at(0), &key("bob", "q")));
        assert_eq!((ahead.order.len(), ahead.kept.len()), (65, 65));
    }

    #[test]
    fn what_all_owners_may_keep_is_bounded() {
        let mut ahead = Ahead::default();
        for number in 0..Ahead::MOST + 10 {
            ahead.keep(at(0), &key(&number.to_string(), "q"), at(60_000), 64);
        }
        assert_eq!((ahead.order.len(), ahead.kept.len()), (Ahead::MOST, Ahead::MOST));
    }
}
