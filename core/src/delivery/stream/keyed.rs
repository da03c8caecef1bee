//! A table of streams: a key is looked up once, where it comes in, and stands for a place from there
//! on.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::interface::StreamKey;
use crate::delivery::numbered::Numbered;

/// The place of a stream in a table. It is another's once that stream has left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct StreamIndex(u32);

/// Something of each stream.
///
/// Keys are found by a number that is made of their texts, and texts are compared of those alone that
/// have one number, of which there is hardly ever more than one. Where a user has chosen names for
/// that, they are found as in any tree. Numbers that are chosen to fall into one place of the table
/// gain nothing either: a user has few streams, and within one place only numbers are compared.
#[derive(Clone)]
pub(super) struct Keyed<T> {
    /// Each in a box: what leaves gives its memory back.
    slots: Vec<Option<Box<Slot<T>>>>,
    free: Vec<StreamIndex>,
    by_number: Numbered<u64, Alike>,
    /// By the number of their owner.
    by_owner: BTreeSet<(u32, StreamIndex)>,
}

/// The streams of one number.
#[derive(Clone, Debug)]
enum Alike {
    One(StreamIndex),
    Several(BTreeMap<StreamKey, StreamIndex>),
}

/// A stream and what is kept of it.
#[derive(Clone, Debug)]
pub(super) struct Slot<T> {
    pub(super) key: StreamKey,
    pub(super) value: T,
}

impl StreamIndex {
    const FIRST: Self = Self(0);
    const LAST: Self = Self(u32::MAX);

    fn new(number: usize) -> Option<Self> {
        u32::try_from(number).ok().map(Self)
    }

    const fn number(self) -> usize {
        self.0 as usize
    }
}

impl<T> Keyed<T> {
    /// What one stream takes beside its texts and what it is kept with.
    pub(super) const SLOT_BYTES: usize = size_of::<Slot<T>>()
        + size_of::<(usize, StreamIndex)>()
        + size_of::<(u64, Alike, u8)>()
        + size_of::<(u32, StreamIndex)>();

    pub(super) fn new() -> Self {
        let (slots, free) = (Vec::new(), Vec::new());
        Self { slots, free, by_number: Numbered::default(), by_owner: BTreeSet::new() }
    }

    /// Puts a stream that has no place into one; nothing if places have run out.
    pub(super) fn insert(&mut self, key: StreamKey, value: T) -> Option<StreamIndex> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                let index = StreamIndex::new(self.slots.len())?;
                self.slots.push(None);
                index
            }
        };
        self.note(&key, index);
        self.by_owner.insert((digest(&key.owner), index));
        self.slots[index.number()] = Some(Box::new(Slot { key, value }));
        Some(index)
    }

    /// Takes a stream out of its place.
    pub(super) fn remove(&mut self, index: StreamIndex) -> Option<Slot<T>> {
        let slot = self.slots.get_mut(index.number())?.take()?;
        let number = number(&slot.key);
        let is_alone = match self.by_number.get_mut(&number) {
            Some(Alike::Several(alike)) => {
                alike.remove(&slot.key);
                alike.is_empty()
            }
            Some(Alike::One(_)) | None => true,
        };
        if is_alone {
            self.by_number.remove(&number);
        }
        self.by_owner.remove(&(digest(&slot.key.owner), index));
        self.free.push(index);
        if self.by_owner.is_empty() {
            *self = Self::new();
        }
        Some(*slot)
    }

    /// Where there is a stream.
    pub(super) fn places(&self) -> impl Iterator<Item = StreamIndex> {
        let taken = self.slots.iter().enumerate().filter(|(_, slot)| slot.is_some());
        taken.filter_map(|(place, _)| StreamIndex::new(place))
    }

    /// The place of a stream.
    pub(super) fn find(&self, key: &StreamKey) -> Option<StreamIndex> {
        match self.by_number.get(&number(key))? {
            Alike::One(index) => self.is_at(*index, key).then_some(*index),
            Alike::Several(alike) => alike.get(key).copied(),
        }
    }

    /// As [`find`](Self::find), for whoever keeps the place where it was last.
    pub(super) fn find_again(
        &self,
        key: &StreamKey,
        place: &mut Option<StreamIndex>,
    ) -> Option<StreamIndex> {
        if place.is_none_or(|place| !self.is_at(place, key)) {
            *place = self.find(key);
        }
        *place
    }

    /// Whether this is the place of a stream.
    pub(super) fn is_at(&self, index: StreamIndex, key: &StreamKey) -> bool {
        // Mostly it is a copy of the one here, whose texts need not be compared.
        let is_same =
            |one: &Arc<str>, other: &Arc<str>| Arc::ptr_eq(one, other) || **one == **other;
        self.get(index).is_some_and(|slot| {
            is_same(&slot.key.owner, &key.owner) && is_same(&slot.key.name, &key.name)
        })
    }

    pub(super) fn get(&self, index: StreamIndex) -> Option<&Slot<T>> {
        self.slots.get(index.number())?.as_deref()
    }

    pub(super) fn get_mut(&mut self, index: StreamIndex) -> Option<&mut Slot<T>> {
        self.slots.get_mut(index.number())?.as_deref_mut()
    }

    /// The streams of an owner, in no order that means anything.
    pub(super) fn of_owner(&self, owner: &str) -> impl Iterator<Item = &Slot<T>> {
        let number = digest(owner);
        let alike = (number, StreamIndex::FIRST)..=(number, StreamIndex::LAST);
        let slots = self.by_owner.range(alike).filter_map(|(_, index)| self.get(*index));
        slots.filter(move |slot| *slot.key.owner == *owner)
    }

    /// All streams, in the order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot<T>> {
        self.slots.iter().flatten().map(Box::as_ref)
    }

    pub(super) fn len(&self) -> usize {
        self.by_owner.len()
    }

    /// Lets a stream be found at its place.
    fn note(&mut self, key: &StreamKey, index: StreamIndex) {
        let alike = match self.by_number.remove(&number(key)) {
            None => Alike::One(index),
            Some(Alike::One(before)) => {
                let known = self.get(before).map(|slot| (slot.key.clone(), before));
                let both = known.into_iter().chain([(key.clone(), index)]);
                Alike::Several(both.collect())
            }
            Some(Alike::Several(mut alike)) => {
                alike.insert(key.clone(), index);
                Alike::Several(alike)
            }
        };
        self.by_number.insert(number(key), alike);
    }
}

/// Where each stream is, from which all else follows.
impl<T: fmt::Debug> fmt::Debug for Keyed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Keyed");
        shown.field("slots", &self.slots).field("free", &self.free).finish_non_exhaustive()
    }
}

/// The number of a key.
fn number(key: &StreamKey) -> u64 {
    u64::from(digest(&key.owner)) << 32 | u64::from(digest(&key.name))
}

/// A number of a text, the same on every platform; different ones for most texts, which is all that
/// is asked of it.
fn digest(text: &str) -> u32 {
    // 2^64 by the golden ratio.
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let words = words.iter().map(|word| u64::from_le_bytes(*word));
    // A handful of bytes, which are sooner shifted than copied.
    let last = rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte));
    let mix = |mixed: u64, word: u64| {
        let mixed = (mixed ^ word).wrapping_mul(ODD);
        mixed ^ mixed >> 32
    };
    let mixed = mix(words.fold(text.len() as u64, mix), last);
    let [.., third, fourth, fifth, sixth, _, _] = mixed.to_le_bytes();
    u32::from_le_bytes([third, fourth, fifth, sixth])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(owner: &str, name: &str) -> StreamKey {
        StreamKey { owner: owner.into(), name: name.into() }
    }

    /// Two texts of one digest, which differ from each other in the words that it is made of.
    fn alike() -> (String, String) {
        let mut seen = std::collections::HashMap::new();
        let texts = (0_u32..).map(|number| format!("{number}"));
        texts
            .map(|text| (seen.insert(digest(&text), text.clone()), text))
            .find_map(|(before, text)| before.map(|before| (before, text)))
            .unwrap()
    }

    #[test]
    fn keys_of_one_number_are_kept_apart() {
        let (one, other) = alike();
        let mut table = Keyed::new();
        let keys = [key("ann", &one), key("ann", &other), key(&one, "q"), key(&other, "q")];
        for (value, key) in keys.iter().enumerate() {
            assert_eq!(table.find(key), None);
            table.insert(key.clone(), value).unwrap();
        }
        for (value, key) in keys.iter().enumerate() {
            assert_eq!(table.get(table.find(key).unwrap()).unwrap().value, value);
        }
        assert_eq!(table.of_owner("ann").count(), 2);
        assert_eq!(table.of_owner(&one).map(|slot| slot.value).collect::<Vec<_>>(), [2]);
        for key in &keys {
            assert_eq!(table.remove(table.find(key).unwrap()).unwrap().key, *key);
            assert_eq!(table.find(key), None);
        }
        assert!(table.by_number.is_empty() && table.slots.capacity() == 0);
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0_u8..3, "[ab]", "[a-d]{1,2}"), 1..200)) {
            let (mut table, mut map) = (Keyed::new(), BTreeMap::new());
            // Where some stream was once.
            let mut place = None;
            for (number, (what, owner, name)) in steps.into_iter().enumerate() {
                let key = key(&owner, &name);
                let found = table.find(&key);
                prop_assert_eq!(found.is_some(), map.contains_key(&key));
                prop_assert_eq!(table.find_again(&key, &mut place), found);
                match found {
                    Some(index) if what == 0 => {
                        prop_assert_eq!(table.remove(index).map(|it| it.value), map.remove(&key));
                    }
                    Some(index) => {
                        let slot = table.get_mut(index).unwrap();
                        prop_assert_eq!(Some(&slot.value), map.get(&key));
                    }
                    None => {
                        table.insert(key.clone(), number);
                        map.insert(key, number);
                    }
                }
                prop_assert_eq!(table.len(), map.len());
                let mut own: Vec<_> = table.of_owner("a").map(|it| (it.key.clone(), it.value)).collect();
                own.sort();
                let expected = map.iter().filter(|(key, _)| &*key.owner == "a");
                prop_assert_eq!(own, expected.map(|(key, at)| (key.clone(), *at)).collect::<Vec<_>>());
            }
        }
    }
}
