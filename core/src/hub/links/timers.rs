//! Deadlines of many links, without scanning them.
//!
//! An indexed heap: each link holds at most one entry and knows its place, so the memory is
//! bounded by the number of links and a moved deadline never leaves a stale entry behind. Traffic
//! only moves a link's deadline later, and that is *not* told to the heap: an entry may be early.
//! Whoever takes the first entry asks the link for its true deadline and puts it back if it was
//! early. A message therefore costs one comparison here, not a heap operation.

use crate::hub::index::{Index, LinkIndex};
use crate::time::Mono;

/// Not in the heap.
const OUT: u32 = u32::MAX;

/// Children per node: four keeps the heap shallow and a node's children in one cache line.
const ARITY: usize = 4;

/// A heap of deadlines, at most one for each index.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: Vec<(Mono, LinkIndex)>,
    /// The place of an index in `heap`, or `OUT`.
    places: Vec<u32>,
}

impl Timers {
    /// The first entry. It may be early, never late.
    pub(super) fn first(&self) -> Option<(Mono, LinkIndex)> {
        self.heap.first().copied()
    }

    /// Makes sure that `index` is woken at `at` or before: an earlier entry stays as it is.
    pub(super) fn no_later_than(&mut self, index: LinkIndex, at: Mono) {
        match self.place(index) {
            Some(place) if self.heap[place].0 <= at => {}
            _ => self.set(index, at),
        }
    }

    /// Puts the entry of `index` at exactly `at`.
    pub(super) fn set(&mut self, index: LinkIndex, at: Mono) {
        if let Some(place) = self.place(index) {
            self.heap[place].0 = at;
            self.settle(place);
            return;
        }
        if self.places.len() <= index.number() {
            self.places.resize(index.number() + 1, OUT);
        }
        self.heap.push((at, index));
        self.rise(self.heap.len() - 1);
    }

    /// Takes `index` out.
    pub(super) fn remove(&mut self, index: LinkIndex) {
        let Some(place) = self.place(index) else { return };
        self.places[index.number()] = OUT;
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.settle(place);
        }
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.heap.capacity() * size_of::<(Mono, LinkIndex)>()
            + self.places.capacity() * size_of::<u32>()
    }

    fn place(&self, index: LinkIndex) -> Option<usize> {
        self.places.get(index.number()).filter(|place| **place != OUT).map(|place| *place as usize)
    }

    /// Restores the order around an entry that was changed.
    fn settle(&mut self, place: usize) {
        let place = self.rise(place);
        self.sink(place);
    }

    fn rise(&mut self, mut place: usize) -> usize {
        let entry = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / ARITY;
            if self.heap[parent].0 <= entry.0 {
                break;
            }
            self.put(place, self.heap[parent]);
            place = parent;
        }
        self.put(place, entry);
        place
    }

    fn sink(&mut self, mut place: usize) {
        let entry = self.heap[place];
        loop {
            let first = place * ARITY + 1;
            let last = (first + ARITY).min(self.heap.len());
            let Some(child) = (first..last).min_by_key(|child| self.heap[*child].0) else { break };
            if entry.0 <= self.heap[child].0 {
                break;
            }
            self.put(place, self.heap[child]);
            place = child;
        }
        self.put(place, entry);
    }

    fn put(&mut self, place: usize, entry: (Mono, LinkIndex)) {
        self.heap[place] = entry;
        self.places[entry.1.number()] = u32::try_from(place).unwrap_or(OUT);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Set(LinkIndex, u64),
        NoLater(LinkIndex, u64),
        Remove(LinkIndex),
        TakeFirst,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0..40u32, 0..1000u64).prop_map(|(index, at)| Op::Set(LinkIndex(index), at)),
            (0..40u32, 0..1000u64).prop_map(|(index, at)| Op::NoLater(LinkIndex(index), at)),
            (0..40u32).prop_map(|index| Op::Remove(LinkIndex(index))),
            Just(Op::TakeFirst),
        ]
    }

    proptest! {
        /// The heap agrees with a sorted map after any operations, and never holds more entries
        /// than there are indexes.
        #[test]
        fn agrees_with_a_sorted_map(ops in prop::collection::vec(op(), 0..300)) {
            let mut timers = Timers::default();
            let mut model = BTreeMap::new();
            for op in ops {
                match op {
                    Op::Set(index, at) => {
                        timers.set(index, Mono::from_nanos(at));
                        model.insert(index, at);
                    }
                    Op::NoLater(index, at) => {
                        timers.no_later_than(index, Mono::from_nanos(at));
                        let known = model.entry(index).or_insert(at);
                        *known = at.min(*known);
                    }
                    Op::Remove(index) => {
                        timers.remove(index);
                        model.remove(&index);
                    }
                    Op::TakeFirst => {
                        if let Some((_, index)) = timers.first() {
                            timers.remove(index);
                            model.remove(&index);
                        }
                    }
                }
                prop_assert_eq!(timers.heap.len(), model.len());
                let first = timers.first().map(|(at, _)| at.as_nanos());
                prop_assert_eq!(first, model.values().min().copied());
                if let Some((at, index)) = timers.first() {
                    prop_assert_eq!(model.get(&index).copied(), Some(at.as_nanos()));
                }
            }
        }
    }
}
