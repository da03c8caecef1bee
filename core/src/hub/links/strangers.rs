//! Links without a valid token: bounded in all and by address; at a bound the oldest is closed.
//!
//! Silent sockets lock nobody out: a peer with a token is here for a moment, and only links older
//! than it are closed for newer ones.

use core::net::{IpAddr, Ipv6Addr};

use ahash::RandomState;
use hashbrown::HashMap;

use crate::fifo::Fifo;
use crate::hub::index::{Index, LinkIndex};

/// The table of those links.
#[derive(Debug)]
pub(super) struct Strangers {
    /// Longest here first.
    all: Fifo<Stranger>,
    by_address: HashMap<IpAddr, Line, RandomState>,
    ipv6_prefix: u8,
}

/// No place in the line.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Stranger {
    link: LinkIndex,
    from: Option<IpAddr>,
    /// Its neighbours among those of its address.
    before: u32,
    next: u32,
}

impl Default for Stranger {
    fn default() -> Self {
        Self { link: LinkIndex::NONE, from: None, before: NONE, next: NONE }
    }
}

/// Those of one address, longest here first.
#[derive(Clone, Copy, Debug)]
struct Line {
    first: u32,
    last: u32,
    len: u32,
}

impl Strangers {
    pub(super) fn new(ipv6_prefix: u8, hasher: RandomState) -> Self {
        Self { all: Fifo::new(), by_address: HashMap::with_hasher(hasher), ipv6_prefix }
    }

    /// What an address counts as: itself, or the network of an IPv6 address, of which one peer has
    /// as many as it likes.
    pub(super) fn network(&self, address: IpAddr) -> IpAddr {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let host = 128 - u32::from(self.ipv6_prefix.min(128));
                let mask = u128::MAX.checked_shl(host).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
            address => address,
        }
    }

    /// A link comes, from such a [`network`](Self::network). Its place is good until it leaves.
    pub(super) fn enter(&mut self, link: LinkIndex, from: Option<IpAddr>) -> u32 {
        let place = self.all.push_back(Stranger { link, from, ..Stranger::default() });
        let Some(from) = from else { return place };
        let line = self.by_address.entry(from).or_insert(Line { first: NONE, last: NONE, len: 0 });
        line.len += 1;
        let last = core::mem::replace(&mut line.last, place);
        if last == NONE {
            line.first = place;
        } else {
            self.all.value_mut(last).next = place;
            self.all.value_mut(place).before = last;
        }
        place
    }

    /// The link of a place leaves.
    pub(super) fn leave(&mut self, place: u32) {
        let Stranger { from, before, next, .. } = self.all.remove(place);
        let Some(from) = from else { return };
        if before != NONE {
            self.all.value_mut(before).next = next;
        }
        if next != NONE {
            self.all.value_mut(next).before = before;
        }
        let Some(line) = self.by_address.get_mut(&from) else { return };
        line.len -= 1;
        if line.first == place {
            line.first = next;
        }
        if line.last == place {
            line.last = before;
        }
        if line.len == 0 {
            self.by_address.remove(&from);
        }
    }

    pub(super) fn from(&self, place: u32) -> Option<IpAddr> {
        self.all.value(place).from
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The link that has been here longest.
    pub(super) fn oldest(&self) -> Option<LinkIndex> {
        self.all.front().map(|place| self.all.value(place).link)
    }

    /// The link of a network that has been here longest, if there are as many as `most`.
    pub(super) fn oldest_of(&self, from: IpAddr, most: u32) -> Option<LinkIndex> {
        let line = self.by_address.get(&from).filter(|line| line.len >= most)?;
        Some(self.all.value(line.first).link)
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.all.allocated() + self.by_address.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn strangers() -> Strangers {
        Strangers::new(64, RandomState::with_seeds(1, 2, 3, 4))
    }

    #[test]
    fn an_address_counts_as_its_network() {
        let network = |text: &str| strangers().network(text.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        for (prefix, want) in [(128, "2001:db8::1"), (0, "::"), (200, "2001:db8::1")] {
            let strangers = Strangers::new(prefix, RandomState::with_seeds(1, 2, 3, 4));
            let address = "2001:db8::1".parse().unwrap();
            assert_eq!(strangers.network(address).to_string(), want, "{prefix}");
        }
    }

    proptest! {
        /// The oldest in all and of each address are those of a plain list.
        #[test]
        fn the_oldest_is_that_of_a_list(ops in prop::collection::vec((0..5u8, any::<u16>()), 0..200)) {
            let mut strangers = strangers();
            let mut model: Vec<(LinkIndex, Option<IpAddr>, u32)> = Vec::new();
            for (link, (from, pick)) in (0..).map(LinkIndex).zip(ops) {
                if from == 4 && !model.is_empty() {
                    let (_, _, place) = model.remove(usize::from(pick) % model.len());
                    strangers.leave(place);
                } else {
                    let from = (from > 0).then(|| IpAddr::from([10, 0, 0, from]));
                    model.push((link, from, strangers.enter(link, from)));
                }
                prop_assert_eq!(strangers.len(), model.len());
                prop_assert_eq!(strangers.oldest(), model.first().map(|it| it.0));
                for from in (1..4).map(|last| IpAddr::from([10, 0, 0, last])) {
                    let mut of = model.iter().filter(|it| it.1 == Some(from));
                    let (count, first) = (of.clone().count(), of.next().map(|it| it.0));
                    let most = u32::try_from(count).unwrap();
                    prop_assert_eq!(strangers.oldest_of(from, most), first);
                    prop_assert_eq!(strangers.oldest_of(from, most + 1), None);
                }
            }
            for (_, _, place) in model {
                strangers.leave(place);
            }
            prop_assert_eq!((strangers.len(), strangers.by_address.len()), (0, 0));
        }
    }
}
