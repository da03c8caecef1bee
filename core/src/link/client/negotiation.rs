//! Which dialect a client's link speaks: what it offers, what was agreed on, and when it goes back
//! to `pam`.

use core::mem;

use crate::envelope::v1::SUBPROTOCOL;

/// What a link knows of the dialect that it speaks.
///
/// A client that wants `pamlink.v1` offers it with every attempt, until a server shows that it does
/// not have it: from there on it speaks `pam`, until it is started again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Negotiation {
    wanted: bool,
    /// A server has shown that it does not have what is wanted.
    given_up: bool,
    /// It did so just now: the next attempt comes at once.
    goes_back: bool,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// `pam`, offered or spoken.
    Pam,
    /// `pamlink.v1` is offered.
    Offered,
    /// It is agreed on, and the welcome is awaited.
    Agreed,
    /// It is spoken.
    Welcomed,
}

impl Negotiation {
    /// `wanted`: `pamlink.v1`, where the server has it.
    pub(super) const fn new(wanted: bool) -> Self {
        Self { wanted, given_up: false, goes_back: false, phase: Phase::Pam }
    }

    /// The client is started again.
    pub(super) const fn start_over(&mut self) {
        self.given_up = false;
    }

    /// An attempt begins. `fits`: what a client says first is within the bounds of `pamlink.v1`.
    pub(super) const fn begin(&mut self, fits: bool) {
        let offers = self.wanted && !self.given_up && fits;
        self.phase = if offers { Phase::Offered } else { Phase::Pam };
    }

    /// The server has taken the link, with this subprotocol. Whether the link goes on.
    #[must_use]
    pub(super) fn handle_taken(&mut self, subprotocol: Option<&str>) -> bool {
        match self.phase {
            Phase::Offered if subprotocol == Some(SUBPROTOCOL) => self.phase = Phase::Agreed,
            Phase::Offered => self.go_back(),
            Phase::Pam | Phase::Agreed | Phase::Welcomed => {}
        }
        self.phase != Phase::Offered
    }

    /// The server, or something before it, has answered the opening request with this status.
    pub(super) const fn handle_refused(&mut self, status: u16) {
        if matches!((self.phase, status), (Phase::Offered, 400 | 401 | 403 | 404)) {
            self.go_back();
        }
    }

    /// The server has said that there is no version that both speak.
    pub(super) const fn handle_no_version(&mut self) {
        self.go_back();
    }

    /// The server has welcomed the link. Whether it speaks `pamlink.v1` from here on.
    pub(super) const fn handle_welcome(&mut self) -> bool {
        let agreed = matches!(self.phase, Phase::Agreed);
        if agreed {
            self.phase = Phase::Welcomed;
        }
        agreed
    }

    /// Whether the present attempt offers `pamlink.v1`.
    pub(super) const fn offers(self) -> bool {
        matches!(self.phase, Phase::Offered)
    }

    /// Whether the present link speaks `pamlink.v1`.
    pub(super) const fn is_agreed(self) -> bool {
        matches!(self.phase, Phase::Agreed | Phase::Welcomed)
    }

    /// Whether the welcome of `pamlink.v1` has come over the present link.
    pub(super) const fn is_welcomed(self) -> bool {
        matches!(self.phase, Phase::Welcomed)
    }

    /// Whether the next attempt comes at once, because it is another one; said once.
    pub(super) const fn take_goes_back(&mut self) -> bool {
        mem::replace(&mut self.goes_back, false)
    }

    const fn go_back(&mut self) {
        (self.given_up, self.goes_back) = (true, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered() -> Negotiation {
        let mut negotiation = Negotiation::new(true);
        negotiation.begin(true);
        assert!(negotiation.offers() && !negotiation.is_agreed());
        negotiation
    }

    /// Whether the next attempt is one of `pam`, and comes at once.
    fn goes_back(mut negotiation: Negotiation) -> bool {
        let at_once = negotiation.take_goes_back();
        assert!(!negotiation.take_goes_back());
        negotiation.begin(true);
        assert_eq!(at_once, !negotiation.offers());
        at_once
    }

    #[test]
    fn what_is_agreed_is_spoken_from_the_answer_on() {
        let mut negotiation = offered();
        assert!(!negotiation.handle_welcome());
        assert!(negotiation.handle_taken(Some(SUBPROTOCOL)));
        assert!(negotiation.is_agreed() && !negotiation.is_welcomed() && !negotiation.offers());
        assert!(negotiation.handle_welcome());
        assert!(negotiation.is_agreed() && negotiation.is_welcomed());
        assert!(!goes_back(negotiation));
    }

    #[test]
    fn an_answer_that_names_another_or_none_goes_back() {
        for other in [None, Some("pam"), Some("pamlink.v2")] {
            let mut negotiation = offered();
            assert!(!negotiation.handle_taken(other));
            assert!(goes_back(negotiation));
        }
    }

    #[test]
    fn statuses_of_servers_without_it_go_back() {
        for status in 100..600 {
            let mut negotiation = offered();
            negotiation.handle_refused(status);
            assert_eq!(goes_back(negotiation), [400, 401, 403, 404].contains(&status), "{status}");
        }
    }

    #[test]
    fn without_a_common_version_it_goes_back() {
        let mut negotiation = offered();
        assert!(negotiation.handle_taken(Some(SUBPROTOCOL)));
        negotiation.handle_no_version();
        assert!(goes_back(negotiation));
    }

    #[test]
    fn it_stays_with_pam_until_it_is_started_again() {
        let mut negotiation = offered();
        assert!(!negotiation.handle_taken(None));
        assert!(negotiation.take_goes_back());
        for _ in 0..3 {
            negotiation.begin(true);
            assert!(!negotiation.offers());
            assert!(negotiation.handle_taken(None));
            negotiation.handle_refused(403);
            assert!(!negotiation.take_goes_back());
        }
        negotiation.start_over();
        negotiation.begin(true);
        assert!(negotiation.offers());
    }

    #[test]
    fn who_does_not_want_it_or_has_too_long_a_token_speaks_pam() {
        for (wanted, fits) in [(false, true), (true, false)] {
            let mut negotiation = Negotiation::new(wanted);
            negotiation.begin(fits);
            assert!(!negotiation.offers());
            assert!(negotiation.handle_taken(None) && !negotiation.is_agreed());
        }
    }
}
