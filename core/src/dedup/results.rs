//! The first results, bounded in bytes; the oldest go first.

use std::sync::Arc;

use super::index::place_bits;
use crate::fifo::Fifo;

/// A kept result and the ring place of the entry it belongs to.
#[derive(Clone, Debug, Default)]
struct Kept {
    bytes: Option<Arc<[u8]>>,
    place: u32,
}

/// What keeping one result costs beside its bytes: its slot, twice because the slab doubles as
/// it grows, and the two counts in front of shared bytes.
pub(super) const OVERHEAD: usize = 2 * Fifo::<Kept>::SLOT_BYTES + SHARED_HEADER;
const SHARED_HEADER: usize = 2 * size_of::<usize>();

#[derive(Clone, Debug)]
pub(super) struct Results {
    kept: Fifo<Kept>,
    payload: usize,
    charged: usize,
    max: usize,
}

impl Results {
    pub(super) const fn new(max: usize) -> Self {
        Self { kept: Fifo::new(), payload: 0, charged: 0, max }
    }

    /// Whether a result of this length can be kept at all.
    pub(super) const fn fits(&self, len: usize) -> bool {
        len.saturating_add(OVERHEAD) <= self.max
    }

    /// Whether the oldest result must go before one of `len` bytes can come.
    pub(super) const fn is_full_for(&self, len: usize) -> bool {
        self.charged.saturating_add(len).saturating_add(OVERHEAD) > self.max
    }

    /// Keeps `bytes` for the entry at `place` and tells the slot.
    pub(super) fn keep(&mut self, bytes: Arc<[u8]>, place: usize) -> u32 {
        self.payload += bytes.len();
        self.charged += bytes.len() + OVERHEAD;
        self.kept.push_back(Kept { bytes: Some(bytes), place: place_bits(place) })
    }

    /// The result in `slot`, shared.
    pub(super) fn share(&self, slot: u32) -> Option<Arc<[u8]>> {
        self.kept.value(slot).bytes.clone()
    }

    /// Lets the result in `slot` go.
    pub(super) fn drop_slot(&mut self, slot: u32) {
        let len = self.kept.remove(slot).bytes.map_or(0, |bytes| bytes.len());
        self.payload -= len;
        self.charged -= len + OVERHEAD;
    }

    /// Lets the oldest result go and tells whose it was.
    pub(super) fn drop_oldest(&mut self) -> Option<usize> {
        let slot = self.kept.front()?;
        let place = self.kept.value(slot).place;
        self.drop_slot(slot);
        Some(place as usize)
    }

    /// How many results are kept.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// The bytes allocated: slots, shared headers and the results themselves.
    pub(super) fn allocated(&self) -> usize {
        self.kept.allocated() + self.kept.len() * SHARED_HEADER + self.payload
    }
}
