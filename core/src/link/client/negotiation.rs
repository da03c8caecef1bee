//! Which dialect a client's link speaks: what it offers, what was agreed on, and when it goes back
//! to `pam`.

use core::mem;
use core::time::Duration;

use crate::envelope::v1::SUBPROTOCOL;
use crate::time::Mono;

/// How long a server over which `pam` has opened is taken for one without `pamlink.v1`: each offer
/// costs such a server's client a refused dial more, and one that gets the dialect meanwhile is
/// found within this.
pub(super) const WITHOUT: Duration = Duration::from_secs(3_600);

/// What a link knows of the dialect that it speaks.
///
/// A client that wants `pamlink.v1` offers it, and goes back to `pam` where the answer looks like
/// that of a server without it. Whoever answers may be a proxy instead, so that is believed once
/// `pam` has opened, and not for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Negotiation {
    wanted: bool,
    belief: Belief,
    /// It has said something in `pamlink.v1` since the client was started.
    has_spoken: bool,
    /// It has gone back just now: the next attempt comes at once.
    goes_back: bool,
    phase: Phase,
}

/// What is believed of the server, as it decides what the next attempt offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Belief {
    /// Nothing: it is asked.
    Unknown,
    /// It has named the subprotocol, so a status that turns an offer away is not its word.
    Has,
    /// The last offer was turned away: `pam` is tried once.
    Turned { tried: bool },
    /// `pam` has opened after that: until then it has nothing else.
    Without { until: Mono },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// `pam`, offered or spoken.
    Pam,
    /// `pamlink.v1` is offered.
    Offered,
    /// It is agreed on, and what the server says first is awaited.
    Agreed,
    /// It is spoken.
    Spoken,
}

impl Negotiation {
    /// `wanted`: `pamlink.v1`, where the server has it.
    pub(super) const fn new(wanted: bool) -> Self {
        let (belief, phase) = (Belief::Unknown, Phase::Pam);
        Self { wanted, belief, has_spoken: false, goes_back: false, phase }
    }

    /// The client is started again.
    pub(super) const fn start_over(&mut self) {
        (self.belief, self.has_spoken) = (Belief::Unknown, false);
    }

    /// An attempt begins. `fits`: what a client says first is within the bounds of `pamlink.v1`.
    pub(super) fn begin(&mut self, now: Mono, fits: bool) {
        self.belief = match self.belief {
            // `pam` did not open either: that was no server without the dialect.
            Belief::Turned { tried: true } => Belief::Unknown,
            Belief::Turned { tried: false } => Belief::Turned { tried: true },
            Belief::Without { until } if now >= until => Belief::Unknown,
            same => same,
        };
        let offers = matches!(self.belief, Belief::Unknown | Belief::Has) && self.wanted && fits;
        self.phase = if offers { Phase::Offered } else { Phase::Pam };
        self.goes_back = false;
    }

    /// The server has taken the link, with this subprotocol. Whether the link goes on.
    #[must_use]
    pub(super) fn handle_taken(&mut self, now: Mono, subprotocol: Option<&str>) -> bool {
        match (self.phase, self.belief) {
            (Phase::Offered, _) if subprotocol == Some(SUBPROTOCOL) => {
                (self.phase, self.belief) = (Phase::Agreed, Belief::Has);
            }
            // No proxy can say this in a server's place.
            (Phase::Offered, _) => self.go_back(),
            (Phase::Pam, Belief::Turned { .. }) => {
                self.belief = Belief::Without { until: now + WITHOUT };
            }
            (Phase::Pam | Phase::Agreed | Phase::Spoken, _) => {}
        }
        self.phase != Phase::Offered
    }

    /// The server, or something before it, has answered the opening request with this status.
    pub(super) const fn handle_refused(&mut self, status: u16) {
        if matches!(status, 400 | 401 | 403 | 404) {
            self.handle_unexplained();
        }
    }

    /// The opening request may have been answered as a server without the dialect does.
    pub(super) const fn handle_unexplained(&mut self) {
        if matches!((self.phase, self.belief), (Phase::Offered, Belief::Unknown)) {
            self.go_back();
        }
    }

    /// The present attempt is to be the last. Whether it is not: a server that has named the
    /// subprotocol and takes no offer of it any more may have been rolled back, and `pam` is tried.
    pub(super) fn handle_last(&mut self) -> bool {
        let is_doubtful = (self.phase, self.belief) == (Phase::Offered, Belief::Has);
        if is_doubtful {
            self.belief = Belief::Turned { tried: false };
        }
        is_doubtful
    }

    /// The server has said that there is no version that both speak.
    pub(super) const fn handle_no_version(&mut self) {
        self.go_back();
    }

    /// What the server has said first is not of the dialect: a library has taken what was offered,
    /// whatever it is.
    pub(super) const fn handle_not_spoken(&mut self) {
        if matches!(self.phase, Phase::Agreed) {
            self.go_back();
        }
    }

    /// The server has closed the link with this code. One with the dialect says why in a `goodbye`
    /// before it closes with a code of an application (V-10.5).
    pub(super) const fn handle_closed(&mut self, code: u16) {
        if !self.has_spoken && matches!(code, 1_008 | 4_000..=4_999) {
            self.handle_not_spoken();
        }
    }

    /// The server has welcomed the link, or said why it does not. Whether it speaks `pamlink.v1`.
    pub(super) const fn handle_spoken(&mut self) -> bool {
        let agreed = matches!(self.phase, Phase::Agreed);
        if agreed {
            (self.phase, self.has_spoken) = (Phase::Spoken, true);
        }
        agreed
    }

    /// Whether the present attempt offers `pamlink.v1`.
    pub(super) const fn offers(self) -> bool {
        matches!(self.phase, Phase::Offered)
    }

    /// Whether the present link speaks `pamlink.v1`.
    pub(super) const fn is_agreed(self) -> bool {
        matches!(self.phase, Phase::Agreed | Phase::Spoken)
    }

    /// Whether the server has said something in `pamlink.v1` over the present link.
    pub(super) const fn is_spoken(self) -> bool {
        matches!(self.phase, Phase::Spoken)
    }

    /// Whether the server was found without the dialect, and `pam` is tried next.
    pub(super) fn is_turned(self) -> bool {
        self.belief == Belief::Turned { tried: false }
    }

    /// Whether the next attempt comes at once, because it is another one; said once.
    pub(super) const fn take_goes_back(&mut self) -> bool {
        mem::replace(&mut self.goes_back, false)
    }

    const fn go_back(&mut self) {
        (self.belief, self.goes_back) = (Belief::Turned { tried: false }, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono::from_millis(5_000);

    fn offered() -> Negotiation {
        let mut negotiation = Negotiation::new(true);
        negotiation.begin(NOW, true);
        assert!(negotiation.offers() && !negotiation.is_agreed());
        negotiation
    }

    /// Whether the next attempt is one of `pam`, and comes at once.
    fn goes_back(mut negotiation: Negotiation) -> bool {
        let at_once = negotiation.take_goes_back();
        assert!(!negotiation.take_goes_back());
        negotiation.begin(NOW, true);
        assert_eq!(at_once, !negotiation.offers());
        at_once
    }

    #[test]
    fn what_is_agreed_is_spoken_from_the_answer_on() {
        let mut negotiation = offered();
        assert!(!negotiation.handle_spoken());
        assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
        assert!(negotiation.is_agreed() && !negotiation.is_spoken() && !negotiation.offers());
        assert!(negotiation.handle_spoken());
        assert!(negotiation.is_agreed() && negotiation.is_spoken());
        assert!(!goes_back(negotiation));
    }

    #[test]
    fn an_answer_that_names_another_or_none_goes_back() {
        for other in [None, Some("pam"), Some("pamlink.v2")] {
            let mut negotiation = offered();
            assert!(!negotiation.handle_taken(NOW, other));
            assert!(goes_back(negotiation));
        }
    }

    #[test]
    fn statuses_of_servers_without_it_go_back_unless_this_one_has_named_it() {
        for status in 100..600 {
            let mut negotiation = offered();
            negotiation.handle_refused(status);
            assert_eq!(goes_back(negotiation), [400, 401, 403, 404].contains(&status), "{status}");
            let mut negotiation = offered();
            assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
            for _ in 0..3 {
                negotiation.begin(NOW, true);
                negotiation.handle_refused(status);
                assert!(!goes_back(negotiation), "{status}");
            }
            negotiation.start_over();
            negotiation.begin(NOW, true);
            negotiation.handle_refused(status);
            assert_eq!(goes_back(negotiation), [400, 401, 403, 404].contains(&status), "{status}");
        }
    }

    #[test]
    fn a_server_that_takes_links_without_it_is_left_for_pam_though_it_had_it() {
        let mut negotiation = offered();
        assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
        negotiation.begin(NOW, true);
        assert!(!negotiation.handle_taken(NOW, None));
        assert!(goes_back(negotiation));
    }

    #[test]
    fn who_has_named_it_and_does_not_speak_it_is_left_for_pam() {
        let named = || {
            let mut negotiation = offered();
            assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
            negotiation
        };
        let mut negotiation = named();
        negotiation.handle_not_spoken();
        assert!(goes_back(negotiation));
        for code in [1_000, 1_001, 1_006, 1_008, 1_009, 1_011, 1_013, 3_000, 4_000, 4_001, 4_999] {
            let mut negotiation = named();
            negotiation.handle_closed(code);
            assert_eq!(goes_back(negotiation), code == 1_008 || code >= 4_000, "{code}");
            // Who speaks it means what it says.
            let mut negotiation = named();
            assert!(negotiation.handle_spoken());
            for _ in 0..2 {
                negotiation.handle_closed(code);
                assert!(!goes_back(negotiation), "{code}");
                negotiation.begin(NOW, true);
                assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
            }
            // Unless it says something else.
            negotiation.handle_not_spoken();
            assert!(goes_back(negotiation));
            // Nor does a link of `pam` say anything.
            let mut negotiation = Negotiation::new(false);
            negotiation.begin(NOW, true);
            negotiation.handle_closed(code);
            assert!(!negotiation.take_goes_back(), "{code}");
        }
        let mut negotiation = named();
        assert!(negotiation.handle_spoken());
        negotiation.handle_not_spoken();
        assert!(!goes_back(negotiation));
    }

    #[test]
    fn without_a_common_version_it_goes_back() {
        let mut negotiation = offered();
        assert!(negotiation.handle_taken(NOW, Some(SUBPROTOCOL)));
        negotiation.handle_no_version();
        assert!(goes_back(negotiation));
    }

    #[test]
    fn where_pam_does_not_open_either_it_is_offered_again() {
        let mut negotiation = offered();
        for _ in 0..3 {
            negotiation.handle_refused(404);
            assert!(negotiation.take_goes_back());
            negotiation.begin(NOW, true);
            assert!(!negotiation.offers());
            negotiation.handle_refused(404);
            assert!(!negotiation.take_goes_back());
            negotiation.begin(NOW, true);
            assert!(negotiation.offers());
        }
    }

    #[test]
    fn where_pam_opens_it_stays_for_an_hour_or_until_it_is_started_again() {
        let mut negotiation = offered();
        negotiation.handle_refused(404);
        negotiation.begin(NOW, true);
        assert!(negotiation.handle_taken(NOW, None));
        // Neither what opens meanwhile nor what fails changes that.
        let last = NOW + (WITHOUT - Duration::from_nanos(1));
        for opens in [true, false, true] {
            negotiation.begin(last, true);
            assert!(!negotiation.offers());
            if opens {
                assert!(negotiation.handle_taken(last, None));
            } else {
                negotiation.handle_refused(403);
            }
            assert!(!negotiation.take_goes_back());
        }
        let mut started_again = negotiation;
        started_again.start_over();
        started_again.begin(last, true);
        assert!(started_again.offers());
        negotiation.begin(NOW + WITHOUT, true);
        assert!(negotiation.offers());
        negotiation.handle_refused(404);
        assert!(goes_back(negotiation));
    }

    #[test]
    fn who_does_not_want_it_or_has_too_long_a_token_speaks_pam() {
        for (wanted, fits) in [(false, true), (true, false)] {
            let mut negotiation = Negotiation::new(wanted);
            negotiation.begin(NOW, fits);
            assert!(!negotiation.offers());
            assert!(negotiation.handle_taken(NOW, None) && !negotiation.is_agreed());
            // That says nothing of the server.
            negotiation.begin(NOW, true);
            assert_eq!(negotiation.offers(), wanted);
        }
    }
}
