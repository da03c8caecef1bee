//! What the end of a link means for the next one.

use core::fmt;

use crate::metrics::label;

use crate::frame::{CloseCode, FrameError};

/// Why a link ended or never came to be, as far as the decision to try again goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseClass {
    /// The peer refused the token: one renewal, then stop.
    Authentication,
    /// The path to the peer broke: retry with growing delay.
    Network,
    /// The conversation is over by agreement: stop.
    Normal,
    /// Nothing is at this address for now, as a proxy says while it has no server: retry slowly.
    NotFound,
    /// One side spoke a language the other does not: stop, since the next link would say the same.
    Protocol,
    /// A rate was exceeded: wait as the peer says, then retry.
    RateLimited,
    /// The peer has authenticated this end and denies it access: stop.
    Refused,
    /// The peer failed: retry with growing delay.
    ServerError,
    /// The peer is restarting, overloaded or draining: retry with growing delay.
    ServerUnavailable,
    /// What answers is no server of ours, or something on the way does not let us through: somebody
    /// has to change an address or a configuration, so stop.
    Setup,
    /// The peer did not answer in time: retry with growing delay.
    Timeout,
    /// A message exceeded a limit of the peer, or of ours: retry with growing delay. The request
    /// that it belongs to ends, so that it is not sent, or answered, again and again; where what
    /// exceeds ours belongs to none and comes again over the next link: stop.
    TooBig,
}

/// What a client does after an end of some [`CloseClass`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Remedy {
    /// Ask the host for a new token once and try again with it; at the second refusal in a row,
    /// stop.
    RenewToken,
    /// Try again after a delay that grows, or after the time the peer gave.
    Retry,
    /// Try again after a long time, or after the time the peer gave.
    RetrySlowly,
    /// Stay closed and tell the host.
    Stop,
}

impl CloseClass {
    /// Every class, in the order of their names.
    pub const ALL: [Self; 12] = [
        Self::Authentication,
        Self::Network,
        Self::Normal,
        Self::NotFound,
        Self::Protocol,
        Self::RateLimited,
        Self::Refused,
        Self::ServerError,
        Self::ServerUnavailable,
        Self::Setup,
        Self::Timeout,
        Self::TooBig,
    ];

    /// The class of a close code (RFC 6455 section 7.4, the registry, and the `pam` dialect).
    ///
    /// | code | class |
    /// |---|---|
    /// | 1000 | normal |
    /// | 1001 going away, 1005 no code, 1012 restart, 1013 try again, 1014 bad gateway | server unavailable |
    /// | 1002, 1003, 1007, 1010 | protocol |
    /// | 1006 no close frame, 1015 TLS | network |
    /// | 1008 policy (older servers: session expired), 3000, 4001, 4002, 4004 | authentication |
    /// | 1009, 4009 | too big |
    /// | 1011 | server error |
    /// | 3003, 4003 | refused |
    /// | 3008 | timeout |
    /// | 4008 | rate limited |
    /// | 3001 to 3999 otherwise, 4000 to 4499 otherwise | server error |
    /// | 4500 to 4999 | refused |
    /// | any other | protocol |
    pub(crate) const fn of_close_code(code: u16) -> Self {
        match code {
            1000 => Self::Normal,
            1001 | 1005 | 1012..=1014 => Self::ServerUnavailable,
            1006 | 1015 => Self::Network,
            1008 | 3000 | 4001 | 4002 | 4004 => Self::Authentication,
            1009 | 4009 => Self::TooBig,
            3003 | 4003 | 4500..=4999 => Self::Refused,
            3008 => Self::Timeout,
            4008 => Self::RateLimited,
            1011 | 3001..=4499 => Self::ServerError,
            _ => Self::Protocol,
        }
    }

    /// The class of an end for a frame that breaks RFC 6455 or a bound.
    pub(crate) fn of_frame_error(error: FrameError) -> Self {
        if error.close_code() == CloseCode::TOO_BIG { Self::TooBig } else { Self::Protocol }
    }

    /// The class of an HTTP status that answered an opening handshake instead of 101
    /// (RFC 6455 section 4.1).
    ///
    /// | status | class |
    /// |---|---|
    /// | 401, 403 (of the `pam` dialect: no token), 407 | authentication |
    /// | 404 | not found: proxies answer it while a server is replaced |
    /// | 408, 504 | timeout |
    /// | 425, 502, 503 | server unavailable |
    /// | 429 | rate limited |
    /// | 511 a network's login page | network |
    /// | 400, 405, 413, 414, 421, 426, 431, 501, 505; 2xx a page, 3xx a redirect; what is no status | setup |
    /// | 4xx otherwise | refused |
    /// | 5xx otherwise | server error |
    ///
    /// Redirects are not followed: a token must not travel to an address that the host did not
    /// choose.
    pub(crate) const fn of_http_status(status: u16) -> Self {
        match status {
            400 | 405 | 413 | 414 | 421 | 426 | 431 | 501 | 505 => Self::Setup,
            401 | 403 | 407 => Self::Authentication,
            404 => Self::NotFound,
            408 | 504 => Self::Timeout,
            425 | 502 | 503 => Self::ServerUnavailable,
            429 => Self::RateLimited,
            511 => Self::Network,
            400..=499 => Self::Refused,
            500..=599 => Self::ServerError,
            _ => Self::Setup,
        }
    }

    /// What a client does after an end of this class.
    pub(crate) const fn remedy(self) -> Remedy {
        match self {
            Self::Authentication => Remedy::RenewToken,
            Self::Network
            | Self::ServerError
            | Self::ServerUnavailable
            | Self::Timeout
            | Self::TooBig => Remedy::Retry,
            Self::NotFound | Self::RateLimited => Remedy::RetrySlowly,
            Self::Normal | Self::Protocol | Self::Refused | Self::Setup => Remedy::Stop,
        }
    }

    /// The name, as metrics and logs write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Network => "network",
            Self::Normal => "normal",
            Self::NotFound => "not_found",
            Self::Protocol => "protocol",
            Self::RateLimited => "rate_limited",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::ServerUnavailable => "server_unavailable",
            Self::Setup => "setup",
            Self::Timeout => "timeout",
            Self::TooBig => "too_big",
        }
    }
}

label! {
    CloseClass "class" {
        Authentication = Self::Authentication.as_str(),
        Network = Self::Network.as_str(),
        Normal = Self::Normal.as_str(),
        NotFound = Self::NotFound.as_str(),
        Protocol = Self::Protocol.as_str(),
        RateLimited = Self::RateLimited.as_str(),
        Refused = Self::Refused.as_str(),
        ServerError = Self::ServerError.as_str(),
        ServerUnavailable = Self::ServerUnavailable.as_str(),
        Setup = Self::Setup.as_str(),
        Timeout = Self::Timeout.as_str(),
        TooBig = Self::TooBig.as_str(),
    } and "other"
}

impl fmt::Display for CloseClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_close_code_has_the_class_that_the_table_gives_it() {
        use CloseClass::*;
        let table: &[(u16, CloseClass)] = &[
            (1000, Normal),
            (1001, ServerUnavailable),
            (1002, Protocol),
            (1003, Protocol),
            (1005, ServerUnavailable),
            (1006, Network),
            (1007, Protocol),
            (1008, Authentication),
            (1009, TooBig),
            (1010, Protocol),
            (1011, ServerError),
            (1012, ServerUnavailable),
            (1013, ServerUnavailable),
            (1014, ServerUnavailable),
            (1015, Network),
            (1016, Protocol),
            (2999, Protocol),
            (3000, Authentication),
            (3003, Refused),
            (3008, Timeout),
            (3999, ServerError),
            (4000, ServerError),
            (4001, Authentication),
            (4002, Authentication),
            (4003, Refused),
            (4004, Authentication),
            (4008, RateLimited),
            (4009, TooBig),
            (4499, ServerError),
            (4500, Refused),
            (4999, Refused),
            (5000, Protocol),
        ];
        for &(code, class) in table {
            assert_eq!(CloseClass::of_close_code(code), class, "close code {code}");
        }
    }

    #[test]
    fn the_application_range_retries_below_4500_and_stops_from_there() {
        let found = [4001, 4002, 4003, 4004, 4008, 4009];
        for code in (4000..5000).filter(|code| !found.contains(code)) {
            let expected = if code < 4500 { Remedy::Retry } else { Remedy::Stop };
            assert_eq!(CloseClass::of_close_code(code).remedy(), expected, "close code {code}");
        }
    }

    #[test]
    fn every_status_has_the_class_that_the_table_gives_it() {
        use CloseClass::*;
        let table: &[(u16, CloseClass)] = &[
            (0, Setup),
            (101, Setup),
            (200, Setup),
            (301, Setup),
            (302, Setup),
            (400, Setup),
            (401, Authentication),
            (402, Refused),
            (403, Authentication),
            (404, NotFound),
            (405, Setup),
            (407, Authentication),
            (408, Timeout),
            (410, Refused),
            (413, Setup),
            (414, Setup),
            (421, Setup),
            (425, ServerUnavailable),
            (426, Setup),
            (429, RateLimited),
            (431, Setup),
            (451, Refused),
            (500, ServerError),
            (501, Setup),
            (502, ServerUnavailable),
            (503, ServerUnavailable),
            (504, Timeout),
            (505, Setup),
            (511, Network),
            (520, ServerError),
            (599, ServerError),
            (999, Setup),
        ];
        for &(status, class) in table {
            assert_eq!(CloseClass::of_http_status(status), class, "status {status}");
        }
    }
}
