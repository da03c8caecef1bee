//! Which row of the table of states an end is, by what follows from its class.

use crate::link::class::Remedy;
use crate::link::state::ClientInput;

/// The rows of the table for an end, by what follows from its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    pub(super) retry: ClientInput,
    pub(super) renew: ClientInput,
    pub(super) again: ClientInput,
    pub(super) stop: ClientInput,
}

impl Rows {
    pub(super) const DIAL: Self = Self {
        retry: ClientInput::DialFailed,
        renew: ClientInput::DialFailedAuth,
        again: ClientInput::DialFailedAuthAgain,
        stop: ClientInput::DialFailedStop,
    };
    pub(super) const ANSWER: Self = Self {
        retry: ClientInput::Refused,
        renew: ClientInput::RefusedAuth,
        again: ClientInput::RefusedAuthAgain,
        stop: ClientInput::RefusedStop,
    };
    /// An answer that cannot be read: it stops the client, unless it tries `pam` before (V-10.1).
    pub(super) const NO_ANSWER: Self =
        Self { retry: ClientInput::Refused, ..Self::one(ClientInput::BadFrame) };
    pub(super) const CLOSE: Self = Self {
        retry: ClientInput::PeerClose,
        renew: ClientInput::PeerCloseAuth,
        again: ClientInput::PeerCloseAuthAgain,
        stop: ClientInput::PeerCloseStop,
    };

    pub(super) const BROKEN: Self =
        Self { retry: ClientInput::BadFrameRetry, ..Self::one(ClientInput::BadFrame) };

    /// An end whose class leaves no choice.
    pub(super) const fn one(input: ClientInput) -> Self {
        Self { retry: input, renew: input, again: input, stop: input }
    }

    pub(super) const fn of(self, remedy: Remedy) -> ClientInput {
        match remedy {
            Remedy::Retry | Remedy::RetrySlowly => self.retry,
            Remedy::RenewToken => self.renew,
            Remedy::Stop => self.stop,
        }
    }
}
