//! From a key to its place in the ring.
//!
//! Slots are in groups of 14. A group is 16 bytes: a tag for each slot, and a count of the entries
//! that wanted this group and had to go on to a later one. The places are apart, so that the
//! commonest look-up, that of a key which is not there, reads one group in two bytes an entry of
//! memory that the caches hold, and nothing else. A search ends at the first group that nobody had
//! to pass, so nothing is left behind when an entry is removed: no tombstones, no
//! rebuilding, no sweep. An entry never moves; the ring remembers its slot, so removal searches
//! nothing. Keys are uniform already; their bits are used as they are.

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

/// Tags as bytes from the lowest, zero where the slot is free. The top two bytes of `high` count
/// the entries that wanted this group and are in a later one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(align(16))]
struct Group {
    low: u64,
    high: u64,
}

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
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const TOPS: u64 = u64::from_ne_bytes([0x80; 8]);
    const LOWS: u64 = !Self::TOPS;
    const PASSED_SHIFT: u32 = 48;
    const ONE_PASSED: u64 = 1 << Self::PASSED_SHIFT;
    /// A count that got here stays: it is no longer known when it is zero again.
    const PASSED_MOST: u64 = u64::MAX >> Self::PASSED_SHIFT;

    /// The slots with this tag, in order, eight bytes compared at once.
    #[inline]
    fn with_tag(self, tag: u8) -> Found {
        // Exactly the zero bytes: no carry leaves a byte. A cheaper form that errs next to a hit
        // would name free slots, whose words are of entries that are gone.
        let zeros = |bytes: u64| !(((bytes & Self::LOWS) + Self::LOWS) | bytes) & Self::TOPS;
        let wanted = u64::from(tag) * Self::ONES;
        // A byte with its top bit set is no zero: the count is no slot.
        let count = Self::TOPS & (Self::PASSED_MOST << Self::PASSED_SHIFT);
        Found { low: zeros(self.low ^ wanted), high: zeros((self.high ^ wanted) | count) }
    }

    /// Fills a free slot.
    #[inline]
    fn set(&mut self, slot: usize, tag: u8) {
        let (half, shift) = self.half(slot);
        *half |= u64::from(tag) << shift;
    }

    #[inline]
    fn clear(&mut self, slot: usize) {
        let (half, shift) = self.half(slot);
        *half &= !(0xff << shift);
    }

    #[inline]
    fn half(&mut self, slot: usize) -> (&mut u64, usize) {
        let half = if slot < 8 { &mut self.low } else { &mut self.high };
        (half, slot % 8 * 8)
    }

    #[inline]
    fn was_passed(self) -> bool {
        self.high >= Self::ONE_PASSED
    }

    fn pass(&mut self) {
        if self.high >> Self::PASSED_SHIFT < Self::PASSED_MOST {
            self.high += Self::ONE_PASSED;
        }
    }

    fn unpass(&mut self) {
        if self.high >> Self::PASSED_SHIFT < Self::PASSED_MOST {
            self.high -= Self::ONE_PASSED;
        }
    }
}

/// Slots, as the top bits of bytes.
struct Found {
    low: u64,
    high: u64,
}

impl Iterator for Found {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.low != 0 {
            let slot = self.low.trailing_zeros() / 8;
            self.low &= self.low - 1;
            return Some(slot as usize);
        }
        if self.high != 0 {
            let slot = 8 + self.high.trailing_zeros() / 8;
            self.high &= self.high - 1;
            return Some(slot as usize);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Group, Index};

    /// Few homes and few tags, so that groups overflow and tags are shared.
    fn key(bits: u16) -> u128 {
        let [home, low] = bits.to_le_bytes();
        u128::from(home % 3) << 126 | u128::from(low % 4) << 56 | u128::from(low)
    }

    proptest! {
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
