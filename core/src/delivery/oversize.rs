//! Which envelope is too large for the way to the other end, told from how links end.

/// What is known of an envelope that ends every link over which it is sent again (V-10.9).
///
/// A link ends for a size without saying for which message. The first that it carried and that the
/// other end has not received is suspected; where the next such link ends at the same one, that is
/// it. It is given up when the session is resumed, since that says what the other end has received:
/// what may have arrived never ends as refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Oversize {
    suspect: Option<u64>,
    given_up: Option<u64>,
}

impl Oversize {
    /// No link has ended for a size.
    pub(super) const NONE: Self = Self { suspect: None, given_up: None };

    /// A link has ended for a size, which had carried this number first of those that have not
    /// arrived.
    pub(super) fn handle_ended(&mut self, first: u64) {
        if self.suspect.replace(first) == Some(first) {
            self.given_up = Some(first);
        }
    }

    /// The other end has resumed, and has everything up to this number: the one that is not to be
    /// sent again, if it has not come.
    pub(super) fn take(&mut self, received: u64) -> Option<u64> {
        self.given_up.take().filter(|number| *number > received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_time_at_the_same_place_is_once_too_often() {
        let mut oversize = Oversize::NONE;
        oversize.handle_ended(7);
        assert_eq!(oversize.take(6), None);
        oversize.handle_ended(7);
        assert_eq!(oversize.take(6), Some(7));
        assert_eq!(oversize.take(6), None, "said once");
    }

    #[test]
    fn what_has_arrived_was_not_too_large() {
        let mut oversize = Oversize::NONE;
        oversize.handle_ended(7);
        oversize.handle_ended(7);
        assert_eq!(oversize.take(7), None);
        assert_eq!(oversize.take(6), None);
    }

    #[test]
    fn who_comes_further_each_time_is_given_none_up() {
        let mut oversize = Oversize::NONE;
        for number in 1..9 {
            oversize.handle_ended(number);
            assert_eq!(oversize.take(number - 1), None);
        }
    }
}
