//! From a key to its place in the ring: one cache line read for almost every question.
//!
//! Buckets of one 64-byte line: 15 slots of `tag | place + 1`, then one word that counts the
//! slots in use (low 4 bits) and the entries that wanted this bucket and had to go on (the rest).
//! A search ends at the first bucket that nobody had to pass, so nothing is left behind when an
//! entry is removed: no tombstones, no rebuilding, no sweep. Keys are uniform already; their bits
//! are used as they are.

/// How many entries a bucket has on average when the window is full. At 8 of 15, fewer than one
/// bucket in a hundred overflows.
const MEAN: usize = 8;
const SLOTS: usize = 15;
const COUNT_MASK: u32 = 0xf;
const ONE_PASSED: u32 = 0x10;
const SLOT_MASK: u32 = (1 << SLOTS) - 1;

/// The largest number of entries: 24 bits of place leave 7 bits of tag or more.
pub(super) const MAX_ENTRIES: usize = 1 << 24;

#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Bucket([u32; SLOTS + 1]);

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    buckets: Vec<Bucket>,
    place_bits: u32,
}

impl Index {
    /// An index for at most `entries` entries, in `1..=MAX_ENTRIES`.
    pub(super) fn new(entries: usize) -> Self {
        debug_assert!((1..=MAX_ENTRIES).contains(&entries));
        let place_bits = usize::BITS - entries.leading_zeros();
        Self { buckets: vec![Bucket([0; SLOTS + 1]); Self::buckets_for(entries)], place_bits }
    }

    /// The bytes that an index for `entries` entries allocates.
    pub(super) const fn bytes_for(entries: usize) -> usize {
        Self::buckets_for(entries) * size_of::<Bucket>()
    }

    /// The bytes allocated.
    pub(super) fn allocated(&self) -> usize {
        self.buckets.capacity() * size_of::<Bucket>()
    }

    /// The place stored for `key` that `is_it` confirms.
    #[inline]
    pub(super) fn find(&self, key: u128, mut is_it: impl FnMut(usize) -> bool) -> Option<usize> {
        if self.buckets.is_empty() {
            return None;
        }
        let tag = self.tag(key);
        let place_mask = self.place_mask();
        let mut at = self.home(key);
        // Ends: at the latest after a round, and in fact at the first bucket nobody passed.
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            let mut found = bucket.matches(tag, !place_mask);
            while found != 0 {
                let word = bucket.0[found.trailing_zeros() as usize];
                let place = (word & place_mask) as usize - 1;
                if is_it(place) {
                    return Some(place);
                }
                found &= found - 1;
            }
            if bucket.0[SLOTS] < ONE_PASSED {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// Stores `place` for `key`. The pair must not be stored yet.
    #[inline]
    pub(super) fn insert(&mut self, key: u128, place: usize) {
        let word = self.word(key, place);
        let mut at = self.home(key);
        loop {
            let bucket = &mut self.buckets[at];
            let count = (bucket.0[SLOTS] & COUNT_MASK) as usize;
            if count < SLOTS {
                bucket.0[count] = word;
                bucket.0[SLOTS] += 1;
                return;
            }
            bucket.0[SLOTS] += ONE_PASSED;
            at = self.after(at);
        }
    }

    /// Removes `place` of `key`. The pair must be stored.
    #[inline]
    pub(super) fn remove(&mut self, key: u128, place: usize) {
        let word = self.word(key, place);
        let mut at = self.home(key);
        loop {
            let bucket = &mut self.buckets[at];
            let found = bucket.matches(word, u32::MAX);
            if found != 0 {
                let last = (bucket.0[SLOTS] & COUNT_MASK) as usize - 1;
                bucket.0[found.trailing_zeros() as usize] = bucket.0[last];
                bucket.0[last] = 0;
                bucket.0[SLOTS] -= 1;
                return;
            }
            bucket.0[SLOTS] -= ONE_PASSED;
            at = self.after(at);
        }
    }

    const fn buckets_for(entries: usize) -> usize {
        entries.div_ceil(MEAN)
    }

    /// Multiply-shift: the top 32 bits spread over any number of buckets.
    #[inline]
    fn home(&self, key: u128) -> usize {
        ((key >> 96) as usize * self.buckets.len()) >> 32
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.buckets.len() { 0 } else { at + 1 }
    }

    #[inline]
    fn place_mask(&self) -> u32 {
        (1 << self.place_bits) - 1
    }

    /// Other bits than `home` uses, and never zero: an empty slot matches no tag.
    #[inline]
    fn tag(&self, key: u128) -> u32 {
        let bits = (key >> 64) as u32 & !self.place_mask();
        if bits == 0 { 1 << self.place_bits } else { bits }
    }

    #[inline]
    fn word(&self, key: u128, place: usize) -> u32 {
        self.tag(key) | (place as u32 + 1)
    }
}

impl Bucket {
    /// One bit for each slot that equals `wanted` under `mask`; written to become vector compares.
    #[inline]
    fn matches(&self, wanted: u32, mask: u32) -> u32 {
        let mut found = 0;
        for (at, word) in self.0.iter().enumerate() {
            found |= u32::from((word ^ wanted) & mask == 0) << at;
        }
        found & SLOT_MASK
    }
}
