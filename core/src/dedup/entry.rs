//! One remembered message.

use super::Key;
use super::index::Slot;
use crate::time::Mono;

/// The states of an entry; any smaller number is the slot of its result.
pub(super) const PENDING: u32 = STATE_MASK;
pub(super) const FORGOTTEN: u32 = STATE_MASK - 1;
pub(super) const DEAD: u32 = STATE_MASK - 2;
const STATE_BITS: u32 = 28;
const STATE_MASK: u32 = (1 << STATE_BITS) - 1;

/// One remembered message: key, arrival and state, in bytes so that nothing is lost to alignment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    key: [u8; 16],
    at: [u8; 8],
    /// The state in the low 28 bits, the slot in the index above.
    state: [u8; 4],
}

const _: () = assert!(size_of::<Entry>() == 28);

impl Entry {
    #[inline]
    pub(super) fn new(key: Key, at: Mono, slot: Slot) -> Self {
        Self {
            key: key.to_bits().to_ne_bytes(),
            at: at.as_nanos().to_ne_bytes(),
            state: (PENDING | u32::from(slot.0) << STATE_BITS).to_ne_bytes(),
        }
    }

    #[inline]
    pub(super) fn key(&self) -> Key {
        Key::from_bits(u128::from_ne_bytes(self.key))
    }

    #[inline]
    pub(super) fn at(&self) -> u64 {
        u64::from_ne_bytes(self.at)
    }

    #[inline]
    pub(super) fn state(&self) -> u32 {
        u32::from_ne_bytes(self.state) & STATE_MASK
    }

    #[inline]
    pub(super) fn slot(&self) -> Slot {
        Slot((u32::from_ne_bytes(self.state) >> STATE_BITS) as u8)
    }

    #[inline]
    pub(super) fn set_state(&mut self, state: u32) {
        let slot = u32::from_ne_bytes(self.state) & !STATE_MASK;
        self.state = (slot | state).to_ne_bytes();
    }
}
