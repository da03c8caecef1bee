//! The messages that agents work on.

/// A place that a message holds at its agent: hand it to
/// [`Router::finished`](super::Router::finished) when the message is done.
///
/// Handing it back twice, or after its agent has left the table, does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a place that is never given back stays taken"]
pub struct Ticket {
    slot: u32,
    /// Tells apart the messages that hold a slot one after another.
    turn: u32,
}

/// Who holds what: one entry a running message, reused.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    turn: u32,
    held: Option<Held>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub(super) agent: u16,
    /// The breaker's epoch when the message passed.
    pub(super) epoch: u32,
}

impl Tickets {
    #[inline]
    pub(super) fn take(&mut self, held: Held) -> Ticket {
        let held = Some(held);
        if let Some(slot) = self.free.pop() {
            let place = &mut self.slots[slot as usize];
            place.held = held;
            return Ticket { slot, turn: place.turn };
        }
        // As many slots as messages run at once, which the agents' bounds keep far below.
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Slot { turn: 0, held });
        Ticket { slot, turn: 0 }
    }

    /// Gives a place back; `None` if it is given back already.
    pub(super) fn give_back(&mut self, ticket: Ticket) -> Option<Held> {
        let place = self.slots.get_mut(ticket.slot as usize)?;
        if place.turn != ticket.turn {
            return None;
        }
        let held = place.held.take()?;
        place.turn = place.turn.wrapping_add(1);
        self.free.push(ticket.slot);
        Some(held)
    }

    /// Moves every message to its agent's new index; `None` ends it.
    pub(super) fn remap(&mut self, new_index: impl Fn(u16) -> Option<u16>) {
        for (slot, place) in (0..).zip(&mut self.slots) {
            let Some(held) = place.held.as_mut() else { continue };
            match new_index(held.agent) {
                Some(agent) => held.agent = agent,
                None => {
                    place.held = None;
                    place.turn = place.turn.wrapping_add(1);
                    self.free.push(slot);
                }
            }
        }
    }
}
