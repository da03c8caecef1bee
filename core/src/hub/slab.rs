//! Entries by slot and generation: a stale id never names a newer entry.

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// A bounded table of boxed or small entries with reused slots.
#[derive(Debug)]
pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    free: Vec<u32>,
    bound: u32,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Slab<T> {
    /// A table of at most `bound` entries; allocates nothing.
    pub(super) fn new(bound: u32) -> Self {
        Self { entries: Vec::new(), free: Vec::new(), bound: bound.min(NONE - 1) }
    }

    /// Puts `value` into a free slot: its slot and generation, or `value` again at the bound.
    pub(super) fn insert(&mut self, value: T) -> Result<(u32, u32), T> {
        if let Some(slot) = self.free.pop() {
            let entry = &mut self.entries[slot as usize];
            entry.value = Some(value);
            return Ok((slot, entry.generation));
        }
        let slot = u32::try_from(self.entries.len()).unwrap_or(NONE);
        if slot >= self.bound {
            return Err(value);
        }
        self.entries.push(Entry { generation: 0, value: Some(value) });
        Ok((slot, 0))
    }

    /// Frees a slot. Its generation moves on, so ids of it are stale from here.
    pub(super) fn remove(&mut self, slot: u32) -> Option<T> {
        let entry = self.entries.get_mut(slot as usize)?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(slot);
        Some(value)
    }

    /// The entry in `slot`, if the slot is in use and the generation is the present one.
    pub(super) fn find(&self, slot: u32, generation: u32) -> Option<&T> {
        let entry = self.entries.get(slot as usize)?;
        entry.value.as_ref().filter(|_| entry.generation == generation)
    }

    pub(super) fn get(&self, slot: u32) -> Option<&T> {
        self.entries.get(slot as usize)?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.entries.get_mut(slot as usize)?.value.as_mut()
    }

    /// The generation of a slot.
    pub(super) fn generation(&self, slot: u32) -> u32 {
        self.entries.get(slot as usize).map_or(0, |entry| entry.generation)
    }

    /// The slots in use, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        (0..).zip(&self.entries).filter(|(_, entry)| entry.value.is_some()).map(|(slot, _)| slot)
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether no entry is in use.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Slots ever used at once: the end of the range of slots.
    pub(super) fn end(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(NONE)
    }

    /// Whether no entry fits any more.
    pub(super) fn is_full(&self) -> bool {
        self.free.is_empty() && self.end() >= self.bound
    }

    /// Bytes held, without what the entries point to.
    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<T>>() + self.free.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_id_never_names_a_newer_entry() {
        let mut slab = Slab::new(2);
        let (slot, first) = slab.insert("a").unwrap();
        assert_eq!(slab.find(slot, first), Some(&"a"));
        assert_eq!(slab.remove(slot), Some("a"));
        let (again, second) = slab.insert("b").unwrap();
        assert_eq!(again, slot);
        assert_eq!((slab.find(slot, first), slab.find(slot, second)), (None, Some(&"b")));
    }

    #[test]
    fn the_bound_holds() {
        let mut slab = Slab::new(2);
        slab.insert(1).unwrap();
        assert!(!slab.is_full());
        slab.insert(2).unwrap();
        assert!(slab.is_full());
        assert_eq!(slab.insert(3), Err(3));
        slab.remove(0);
        assert_eq!((slab.len(), slab.insert(3).map(|(slot, _)| slot)), (1, Ok(0)));
        assert_eq!(slab.slots().collect::<Vec<_>>(), [0, 1]);
    }
}
