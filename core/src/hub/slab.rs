//! Entries by place and generation: a stale id never names a newer entry.

use core::marker::PhantomData;

use super::index::Index;

/// A bounded table of boxed or small entries with reused places.
#[derive(Debug)]
pub(super) struct Slab<I, T> {
    entries: Vec<Entry<T>>,
    free: Vec<I>,
    bound: usize,
    of: PhantomData<I>,
}

#[derive(Debug)]
struct Entry<T> {
    generation: u32,
    value: Option<T>,
}

impl<I: Index, T> Slab<I, T> {
    /// A table of at most `bound` entries; allocates nothing.
    pub(super) fn new(bound: u32) -> Self {
        let bound = (bound as usize).min(I::NONE.number() - 1);
        Self { entries: Vec::new(), free: Vec::new(), bound, of: PhantomData }
    }

    /// Puts `value` into a free place: the place and its generation, or `value` again at the bound.
    pub(super) fn insert(&mut self, value: T) -> Result<(I, u32), T> {
        if let Some(index) = self.free.pop() {
            let entry = &mut self.entries[index.number()];
            entry.value = Some(value);
            return Ok((index, entry.generation));
        }
        if self.is_full() {
            return Err(value);
        }
        let index = I::new(self.entries.len());
        self.entries.push(Entry { generation: 0, value: Some(value) });
        Ok((index, 0))
    }

    /// Frees a place. Its generation moves on, so ids of it are stale from here.
    pub(super) fn remove(&mut self, index: I) -> Option<T> {
        let entry = self.entries.get_mut(index.number())?;
        let value = entry.value.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(index);
        Some(value)
    }

    /// The entry at `index`, if the place is in use and the generation is the present one.
    pub(super) fn find(&self, index: I, generation: u32) -> Option<&T> {
        let entry = self.entries.get(index.number())?;
        entry.value.as_ref().filter(|_| entry.generation == generation)
    }

    /// As [`find`](Self::find), to change it.
    pub(super) fn find_mut(&mut self, index: I, generation: u32) -> Option<&mut T> {
        let entry = self.entries.get_mut(index.number())?;
        entry.value.as_mut().filter(|_| entry.generation == generation)
    }

    pub(super) fn get(&self, index: I) -> Option<&T> {
        self.entries.get(index.number())?.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: I) -> Option<&mut T> {
        self.entries.get_mut(index.number())?.value.as_mut()
    }

    /// The generation of a place.
    pub(super) fn generation(&self, index: I) -> u32 {
        self.entries.get(index.number()).map_or(0, |entry| entry.generation)
    }

    /// The places in use, in order.
    pub(super) fn places(&self) -> impl Iterator<Item = I> + '_ {
        self.range().filter(|index| self.get(*index).is_some())
    }

    /// All places that ever were in use, in order.
    pub(super) fn range(&self) -> impl Iterator<Item = I> + use<I, T> {
        (0..self.entries.len()).map(I::new)
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Whether no entry is in use.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no entry fits any more.
    pub(super) fn is_full(&self) -> bool {
        self.free.is_empty() && self.entries.len() >= self.bound
    }

    /// Bytes held, without what the entries point to.
    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry<T>>() + self.free.capacity() * size_of::<I>()
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::LinkIndex;
    use super::*;

    #[test]
    fn a_stale_id_never_names_a_newer_entry() {
        let mut slab: Slab<LinkIndex, _> = Slab::new(2);
        let (index, first) = slab.insert("a").unwrap();
        assert_eq!(slab.find(index, first), Some(&"a"));
        assert_eq!(slab.remove(index), Some("a"));
        let (again, second) = slab.insert("b").unwrap();
        assert_eq!(again, index);
        assert_eq!((slab.find(index, first), slab.find(index, second)), (None, Some(&"b")));
        assert_eq!(slab.find_mut(index, first), None);
    }

    #[test]
    fn the_bound_holds() {
        let mut slab: Slab<LinkIndex, _> = Slab::new(2);
        slab.insert(1).unwrap();
        assert!(!slab.is_full());
        slab.insert(2).unwrap();
        assert!(slab.is_full());
        assert_eq!(slab.insert(3), Err(3));
        slab.remove(LinkIndex(0));
        assert_eq!((slab.len(), slab.insert(3)), (1, Ok((LinkIndex(0), 1))));
        assert_eq!(slab.places().collect::<Vec<_>>(), [LinkIndex(0), LinkIndex(1)]);
    }

    #[test]
    fn no_place_holds_nothing() {
        let mut slab: Slab<LinkIndex, u8> = Slab::new(1);
        slab.insert(1).unwrap();
        assert_eq!((slab.get(LinkIndex::NONE), slab.generation(LinkIndex::NONE)), (None, 0));
    }
}
