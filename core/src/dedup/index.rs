//! From a key to its place in the ring.
//!
//! Slots are in groups of 14. A group is 16 bytes: a tag for each slot, and a count of the entries
//! that wanted this group and had to go on to a later one. The places are apart, so that the
//! commonest look-up, that of a key which is not there, reads one group in two bytes an entry of
//! memory that the caches hold, and nothing else. A search ends at the first group that nobody had
//! to pass, so nothing is left behind when an entry is removed: no tombstones, no
//! rebuilding, no sweep. An entry never moves; the ring remembers its slot, so removal searches
//! nothing. Keys are uniform already; their bits are used as they are.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, u8x16};

/// How many entries a group has on average when the window is full. At 8 of 14, two groups in a
/// hundred overflow.
const MEAN: usize = 8;
const SLOTS: usize = 14;

/// The largest number of entries: 24 bits of place leave 8 bits for more of the tag.
pub(super) const MAX_ENTRIES: usize = 1 << 24;

/// A place in the ring as a number of 32 bits.
pub(super) const fn place_bits(place: usize) -> u32 {
    debug_assert!(place < MAX_ENTRIES);
    (place as u64 & 0xff_ffff) as u32
}

/// Where an entry is, in four bits: a slot of the group it wanted, or somewhere further on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) u8);

impl Slot {
    const FURTHER: Self = Self(15);

    /// The slot of this number, which is below [`SLOTS`].
    const fn of(slot: usize) -> Self {
        Self((slot as u64 & 15) as u8)
    }
}

/// A tag for each slot, zero where that is free. The two bytes behind count the entries that wanted
/// this group and are in a later one, the lower first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(16))]
struct Group([u8; 16]);

/// The place in the low bits, more of the tag above.
type Words = [u32; SLOTS];

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    groups: Vec<Group>,
    words: Vec<Words>,
    place_mask: u32,
}

impl Index {
    /// An index for at most `entries` entries, in `1..=MAX_ENTRIES`.
    pub(super) fn new(entries: usize) -> Self {
        debug_assert!((1..=MAX_ENTRIES).contains(&entries));
        let width = usize::BITS - (entries - 1).leading_zeros();
        let groups = Self::groups_for(entries);
        Self {
            groups: vec![Group::default(); groups],
            words: vec![[0; SLOTS]; groups],
            place_mask: (1u32 << width) - 1,
        }
    }

    /// The bytes that an index for `entries` entries allocates.
    pub(super) const fn bytes_for(entries: usize) -> usize {
        Self::groups_for(entries) * (size_of::<Group>() + size_of::<Words>())
    }

    /// The bytes allocated.
    pub(super) fn allocated(&self) -> usize {
        self.groups.capacity() * size_of::<Group>() + self.words.capacity() * size_of::<Words>()
    }

    /// The place stored for `key` that `is_it` confirms.
    #[inline]
    pub(super) fn find(&self, key: u128, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        if self.groups.is_empty() {
            return None;
        }
        let (tag, more) = (tag(key), self.more(key));
        let mut at = self.home(key);
        // Ends at the first group that nobody passed, and after a round at the latest.
        for _ in 0..self.groups.len() {
            let group = self.groups[at];
            for slot in group.with_tag(tag) {
                let word = self.words[at][slot];
                let place = (word & self.place_mask) as usize;
                if word & !self.place_mask == more && is_it(place) {
                    return Some(place);
                }
            }
            if !group.was_passed() {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Stores `place` for `key` and tells the slot. The pair must not be stored yet.
    #[inline]
    pub(super) fn insert(&mut self, key: u128, place: usize) -> Slot {
        let word = self.more(key) | place_bits(place);
        let mut at = self.home(key);
        let mut further = false;
        loop {
            let group = &mut self.groups[at];
            if let Some(slot) = group.with_tag(0).next() {
                group.set(slot, tag(key));
                self.words[at][slot] = word;
                return if further { Slot::FURTHER } else { Slot::of(slot) };
            }
            group.pass();
            further = true;
            at = self.after(at);
        }
    }

    /// Removes `place` of `key`, which must be stored in this slot.
    #[inline]
    pub(super) fn remove(&mut self, key: u128, place: usize, slot: Slot) {
        let mut at = self.home(key);
        if slot != Slot::FURTHER {
            self.groups[at].clear(usize::from(slot.0));
            return;
        }
        let word = self.more(key) | place_bits(place);
        loop {
            self.groups[at].unpass();
            at = self.after(at);
            let words = &self.words[at];
            let found = self.groups[at].with_tag(tag(key)).find(|slot| words[*slot] == word);
            if let Some(slot) = found {
                self.groups[at].clear(slot);
                return;
            }
        }
    }

    const fn groups_for(entries: usize) -> usize {
        entries.div_ceil(MEAN)
    }

    /// Multiply-shift: the top 32 bits spread over any number of groups. In 64 bits: `usize` may
    /// have 32, which the product exceeds.
    #[inline]
    fn home(&self, key: u128) -> usize {
        (((key >> 96) as u64 * self.groups.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.groups.len() { 0 } else { at + 1 }
    }

    /// More bits of the tag, where the place leaves room: other bits than `home` and `tag` use.
    #[inline]
    fn more(&self, key: u128) -> u32 {
        (key >> 64 & 0xffff_ffff) as u32 & !self.place_mask
    }
}

/// Never zero.
#[inline]
fn tag(key: u128) -> u8 {
    ((key >> 56 & 0xff) as u8).max(1)
}

impl Group {
    /// A count that got here stays: it is no longer known when it is zero again.
    const PASSED_MOST: u16 = u16::MAX;

    /// The slots with this tag, in order, all compared at once.
    #[inline]
    fn with_tag(self, tag: u8) -> Found {
        // With the registers that every processor of the target has.
        let equal = if Level::baseline().is_fallback() {
            equal_words(self.0, tag)
        } else {
            let equal = dispatch!(Level::baseline(), simd => {
                u8x16::from_slice(simd, &self.0).simd_eq(tag).to_bitmask()
            });
            (equal & 0xffff) as u32
        };
        // The count is no slot.
        Found(equal & ((1 << SLOTS) - 1))
    }

    /// Fills a free slot.
    #[inline]
    fn set(&mut self, slot: usize, tag: u8) {
        self.0[slot % 16] = tag;
    }

    #[inline]
    fn clear(&mut self, slot: usize) {
        self.0[slot % 16] = 0;
    }

    #[inline]
    const fn passed(self) -> u16 {
        u16::from_le_bytes([self.0[SLOTS], self.0[SLOTS + 1]])
    }

    #[inline]
    fn was_passed(self) -> bool {
        self.passed() > 0
    }

    fn pass(&mut self) {
        if self.passed() < Self::PASSED_MOST {
            self.set_passed(self.passed() + 1);
        }
    }

    fn unpass(&mut self) {
        if self.passed() < Self::PASSED_MOST {
            self.set_passed(self.passed() - 1);
        }
    }

    fn set_passed(&mut self, passed: u16) {
        self.0[SLOTS..].copy_from_slice(&passed.to_le_bytes());
    }
}

/// A bit for each byte that is this tag, eight bytes compared at once.
fn equal_words(bytes: [u8; 16], tag: u8) -> u32 {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    let mut equal = 0;
    for (at, word) in bytes.as_chunks::<8>().0.iter().enumerate() {
        let word = u64::from_le_bytes(*word) ^ (u64::from(tag) * ONES);
        // Exactly the zero bytes: no carry leaves a byte. A cheaper form that errs next to a hit
        // would name free slots, whose words are of entries that are gone.
        let zeros = !(((word & !TOPS) + !TOPS) | word) & TOPS;
        // Their bits, brought together in the top byte.
        let bits = (zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        equal |= u32::from(bits.to_le_bytes()[0]) << (8 * at);
    }
    equal
}

/// Slots, as bits.
struct Found(u32);

impl Iterator for Found {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let slot = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(slot as usize)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Group, Index, SLOTS, equal_words};

    /// Few homes and few tags, so that groups overflow and tags are shared.
    fn key(bits: u16) -> u128 {
        let [home, low] = bits.to_le_bytes();
        u128::from(home % 3) << 126 | u128::from(low % 4) << 56 | u128::from(low)
    }

    proptest! {
        #[test]
        fn all_slots_of_a_tag_are_found(tags in prop::array::uniform16(0u8..4), tag in 0u8..4) {
            let slots: Vec<_> = (0..SLOTS).filter(|slot| tags[*slot] == tag).collect();
            prop_assert_eq!(Group(tags).with_tag(tag).collect::<Vec<_>>(), slots);
            let bits = (0..16).filter(|at| tags[*at] == tag).map(|at| 1 << at).sum::<u32>();
            prop_assert_eq!(equal_words(tags, tag), bits);
        }

        #[test]
        fn finds_what_is_stored_however_crowded_a_group_is(
            steps in prop::collection::vec((any::<u16>(), any::<bool>()), 0..300),
        ) {
            const PLACES: usize = 100;
            let mut index = Index::new(PLACES);
            let mut stored: Vec<Option<super::Slot>> = vec![None; PLACES];
            // The ring keeps the key of an entry that was removed.
            let mut keys = vec![0; PLACES];
            for (bits, store) in steps {
                let key = key(bits);
                let found = index.find(key, |place| keys[place] == key);
                let expected =
                    (0..PLACES).find(|place| stored[*place].is_some() && keys[*place] == key);
                prop_assert_eq!(found, expected);
                match found {
                    Some(place) if !store => {
                        let slot = stored[place].take().expect("found there");
                        index.remove(key, place, slot);
                    }
                    None if store => {
                        let free = stored.iter().position(Option::is_none);
                        let Some(place) = free else { continue };
                        stored[place] = Some(index.insert(key, place));
                        keys[place] = key;
                    }
                    _ => {}
                }
            }
            for (place, held) in stored.iter().enumerate() {
                if let Some(slot) = held {
                    index.remove(keys[place], place, *slot);
                }
            }
            let empty = index.groups.iter().all(|group| *group == Group::default());
            prop_assert!(empty, "nothing is left behind");
        }
    }
}
