//! A slab whose values stand in a line: push at the back, take from anywhere, all in O(1).

const NONE: u32 = u32::MAX;

/// Values in order of arrival, each under a slot number that stays valid until it is taken.
///
/// Grows to the largest number of values ever held at once and keeps that; a free slot is used
/// again before a new one is made.
#[derive(Clone, Debug)]
pub(crate) struct Fifo<T> {
    nodes: Vec<Node<T>>,
    free: u32,
    front: u32,
    back: u32,
    len: u32,
}

/// A value and its neighbours. A free node holds `T::default()` and the next free slot in `next`.
#[derive(Clone, Debug)]
struct Node<T> {
    value: T,
    before: u32,
    next: u32,
}

impl<T: Default> Fifo<T> {
    /// The bytes that one slot takes.
    pub(crate) const SLOT_BYTES: usize = size_of::<Node<T>>();

    /// An empty line; allocates nothing.
    pub(crate) const fn new() -> Self {
        Self { nodes: Vec::new(), free: NONE, front: NONE, back: NONE, len: 0 }
    }

    /// Puts a value at the back and tells its slot.
    ///
    /// # Panics
    ///
    /// With 2^32 - 1 values held; every user of it is bounded far below that.
    pub(crate) fn push_back(&mut self, value: T) -> u32 {
        let slot = if self.free == NONE {
            let slot = u32::try_from(self.nodes.len()).expect("bounded below 2^32 slots");
            self.nodes.push(Node { value, before: NONE, next: NONE });
            slot
        } else {
            let slot = self.free;
            let node = &mut self.nodes[slot as usize];
            self.free = node.next;
            node.value = value;
            slot
        };
        self.link_back(slot);
        self.len += 1;
        slot
    }

    /// Takes the value out of `slot`, which must hold one.
    pub(crate) fn remove(&mut self, slot: u32) -> T {
        self.unlink(slot);
        self.len -= 1;
        let free = self.free;
        let node = &mut self.nodes[slot as usize];
        node.next = free;
        self.free = slot;
        std::mem::take(&mut node.value)
    }

    /// Moves the value in `slot` to the back.
    pub(crate) fn touch(&mut self, slot: u32) {
        if self.back != slot {
            self.unlink(slot);
            self.link_back(slot);
        }
    }

    /// The value in `slot`, for reading and writing.
    pub(crate) fn value_mut(&mut self, slot: u32) -> &mut T {
        &mut self.nodes[slot as usize].value
    }

    /// The value in `slot`.
    pub(crate) fn value(&self, slot: u32) -> &T {
        &self.nodes[slot as usize].value
    }

    /// The slot at the front: the value that has stood longest.
    pub(crate) fn front(&self) -> Option<u32> {
        (self.front != NONE).then_some(self.front)
    }

    /// How many values are held.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// The bytes allocated for slots, used or free.
    pub(crate) fn allocated(&self) -> usize {
        self.nodes.capacity() * Self::SLOT_BYTES
    }

    fn link_back(&mut self, slot: u32) {
        let back = self.back;
        let node = &mut self.nodes[slot as usize];
        node.before = back;
        node.next = NONE;
        if back == NONE {
            self.front = slot;
        } else {
            self.nodes[back as usize].next = slot;
        }
        self.back = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let Node { before, next, .. } = self.nodes[slot as usize];
        if before == NONE {
            self.front = next;
        } else {
            self.nodes[before as usize].next = next;
        }
        if next == NONE {
            self.back = before;
        } else {
            self.nodes[next as usize].before = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::Fifo;

    proptest! {
        #[test]
        fn stands_in_line_like_a_deque(steps in prop::collection::vec((0u8..3, any::<u16>()), 0..200)) {
            let mut line: Fifo<u32> = Fifo::new();
            let mut model: VecDeque<(u32, u32)> = VecDeque::new();
            let mut most = 0;
            for (number, (step, pick)) in (0u32..).zip(steps) {
                let at = usize::from(pick) % model.len().max(1);
                match step {
                    1 if !model.is_empty() => {
                        let (slot, value) = model.remove(at).expect("in range");
                        prop_assert_eq!(line.remove(slot), value);
                    }
                    2 if !model.is_empty() => {
                        let moved = model.remove(at).expect("in range");
                        line.touch(moved.0);
                        model.push_back(moved);
                    }
                    _ => model.push_back((line.push_back(number), number)),
                }
                most = most.max(model.len());
                prop_assert_eq!(line.len(), model.len());
                prop_assert_eq!(line.front(), model.front().map(|held| held.0));
                for (slot, value) in &model {
                    prop_assert_eq!(line.value(*slot), value);
                }
            }
            prop_assert!(line.nodes.len() <= most, "free slots are used again");
        }
    }
}
