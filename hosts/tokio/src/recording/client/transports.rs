//! The transports of a client that is recorded.

use super::input::{Input, Place};

/// Those of the first link and of the second. Each transport is a stream with a number of its own,
/// which it keeps when the links change places.
#[derive(Debug, Default)]
pub(super) struct Transports {
    first: u64,
    second: u64,
    /// How many there have been.
    made: u64,
}

impl Transports {
    /// An input is about to be noted: which of the transports ends before it.
    pub(super) fn begin(&mut self, input: &Input) -> Option<u64> {
        let (place, Input::Dialed | Input::Closed) = input.of_link()? else { return None };
        self.made += 1;
        let made = self.made;
        Some(std::mem::replace(self.at(place), made))
    }

    /// Over which transport an input has come, where it is of one.
    pub(super) fn of(&mut self, input: &Input) -> u64 {
        input.of_link().map_or(0, |(place, _)| *self.at(place))
    }

    /// The two links have changed places.
    pub(super) const fn exchange(&mut self) {
        std::mem::swap(&mut self.first, &mut self.second);
    }

    const fn at(&mut self, place: Place) -> &mut u64 {
        match place {
            Place::First => &mut self.first,
            Place::Second => &mut self.second,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_keeps_its_number_wherever_it_goes() {
        let mut transports = Transports::default();
        let bytes = Input::Bytes(b"...".to_vec());
        assert!(transports.begin(&Input::Dialed).is_some());
        assert!(transports.begin(&Input::Dialed.over_second()).is_some());
        assert_eq!(transports.begin(&bytes), None);
        let first = transports.of(&bytes);
        let second = transports.of(&bytes.clone().over_second());
        assert_ne!(first, second);
        transports.exchange();
        assert_eq!(transports.of(&bytes), second);
        assert_eq!(transports.begin(&Input::Closed.over_second()), Some(first));
    }
}
