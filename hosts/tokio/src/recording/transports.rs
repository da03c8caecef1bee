//! The transports of a client that is recorded, and whether a token may go on in what comes over one.

use super::hidden::Hidden;
use super::input::{Input, Place};

/// Those of the first link and of the second. Each transport has a number of its own, which it keeps
/// when the links change places.
#[derive(Debug, Default)]
pub(super) struct Transports {
    first: Transport,
    second: Transport,
    /// How many there have been.
    made: u64,
}

#[derive(Debug, Default)]
struct Transport {
    number: u64,
    /// The last byte that has come over it, where that waits to be written.
    last: Option<u8>,
}

impl Transports {
    /// An input is about to be noted: whether one of the transports ends before it.
    pub(super) fn begin(&mut self, input: &Input) -> bool {
        let Some((place, Input::Dialed | Input::Closed)) = input.of_link() else { return false };
        self.made += 1;
        *self.at(place) = Transport { number: self.made, last: None };
        true
    }

    /// An input is noted: over which transport it has come, where it is of one.
    pub(super) fn note(&mut self, input: &mut Input) -> u64 {
        let Some(place) = input.of_link().map(|(place, _)| place) else { return 0 };
        let last = input.bytes().and_then(|bytes| bytes.last().copied());
        let transport = self.at(place);
        transport.last = last.or(transport.last);
        transport.number
    }

    /// Whether the bytes that came last over one may end within a token.
    pub(super) fn may_go_on(&self, hidden: &Hidden) -> bool {
        let last = [self.first.last, self.second.last];
        last.into_iter().flatten().any(|byte| hidden.has(byte))
    }

    /// The two links have changed places.
    pub(super) const fn exchange(&mut self) {
        std::mem::swap(&mut self.first, &mut self.second);
    }

    /// What waited is written.
    pub(super) const fn settle(&mut self) {
        (self.first.last, self.second.last) = (None, None);
    }

    const fn at(&mut self, place: Place) -> &mut Transport {
        match place {
            Place::First => &mut self.first,
            Place::Second => &mut self.second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Input {
        Input::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn what_a_transport_ends_with_is_its_own_wherever_it_goes() {
        let (mut transports, mut hidden) = (Transports::default(), Hidden::default());
        hidden.learn("good-ann-and-more");
        assert!(transports.begin(&Input::Dialed));
        assert!(transports.begin(&Input::Dialed.over_second()));
        let first = transports.note(&mut bytes("good-a"));
        let second = transports.note(&mut bytes("...").over_second());
        assert_ne!(first, second);
        assert!(transports.may_go_on(&hidden));
        transports.exchange();
        assert_eq!(transports.note(&mut bytes("...")), second);
        assert_eq!(transports.note(&mut bytes("nn-").over_second()), first);
        // The end of the other transport settles nothing.
        assert!(transports.begin(&Input::Closed));
        assert!(transports.may_go_on(&hidden));
        assert!(transports.begin(&Input::Closed.over_second()));
        assert!(!transports.may_go_on(&hidden));
    }
}
