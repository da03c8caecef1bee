//! What a server closes links with, and why: the table of P-9.2.
//!
//! What the wire says is decided here and nowhere else. A host may close with any code of its own
//! beside these.

use crate::envelope::v1::GoodbyeCode;
use crate::frame::{CloseCode, FrameError};
use crate::link::CloseClass;

/// 4001: the peer was not authenticated.
const UNAUTHENTICATED: CloseCode = CloseCode::new(4001);
/// 4003: too many frames that break the rules.
const FORBIDDEN: CloseCode = CloseCode::new(4003);
/// 4008: too many messages or connections.
const RATE_LIMITED: CloseCode = CloseCode::new(4008);
/// 4009: too many frames that are too large.
const TOO_LARGE: CloseCode = CloseCode::new(4009);

/// Why a server closes a link of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerClose<'a> {
    /// The user has opened other links since. 1000 is the only code after which the clients that
    /// were there before do not come back by themselves: they would push each other out for ever.
    Replaced,
    /// Nothing came in time, not even the answer to a ping.
    NoLife,
    /// A frame breaks RFC 6455 or a bound of its size, as the text says.
    Frame(FrameError, &'a str),
    /// More was sent ahead of the welcome than a link may hold.
    EarlyFlood,
    /// The server goes down.
    Restarting,
    /// The token could not be judged, for the reason given.
    Unjudged(&'a str),
    /// The host gave no verdict on the token in time.
    VerdictLate,
    /// The peer does not read what it is sent.
    TooSlow,
    /// A link without a good token made way for another.
    MadeWay,
    /// The user has as many links as it may.
    UserFull,
    /// The token is not good, for the reason given.
    Unauthenticated(&'a str),
    /// The token has ended and was not renewed.
    TokenExpired,
    /// The user opens links faster than it may.
    ConnectsTooFast,
    /// One refusal too many. What the last one was is the reason.
    Refusals(TooMany, &'a str),
    /// The client of `pamlink.v1` has not said `hello` in time.
    NoHello,
    /// It has said something else where `hello` or nothing was due.
    NotOpen,
    /// It has said what is no envelope, or a malformed one about the link.
    Malformed,
    /// It speaks no version that the server does.
    NoVersion,
    /// It has said `goodbye`.
    Left,
}

/// What there was too much of from a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooMany {
    /// Frames that break the rules of the dialect.
    Faults,
    /// Messages, ahead of a rate.
    Messages,
    /// Frames above a size.
    TooLarge,
}

impl<'a> ServerClose<'a> {
    /// What the close frame says: the code and the reason.
    fn row(self) -> (CloseCode, &'a str) {
        match self {
            Self::Replaced => (CloseCode::NORMAL, "replaced by a newer link"),
            Self::NoLife => (CloseCode::GOING_AWAY, "Ping timeout"),
            Self::Frame(error, fault) => (error.close_code(), fault),
            Self::EarlyFlood => (CloseCode::POLICY_VIOLATION, "too much ahead of the welcome"),
            Self::Restarting => (CloseCode::SERVICE_RESTART, "restarting"),
            Self::Unjudged(why) => (CloseCode::TRY_AGAIN_LATER, why),
            Self::VerdictLate => (CloseCode::TRY_AGAIN_LATER, "authorization took too long"),
            Self::TooSlow => (CloseCode::TRY_AGAIN_LATER, "too slow"),
            Self::MadeWay => (CloseCode::TRY_AGAIN_LATER, "made way for others"),
            Self::UserFull => (CloseCode::TRY_AGAIN_LATER, "too many links of this user"),
            Self::Unauthenticated(why) => (UNAUTHENTICATED, why),
            Self::TokenExpired => (UNAUTHENTICATED, "token expired"),
            Self::ConnectsTooFast => (RATE_LIMITED, "too many connections"),
            Self::Refusals(TooMany::Faults, last) => (FORBIDDEN, last),
            Self::Refusals(TooMany::Messages, last) => (RATE_LIMITED, last),
            Self::Refusals(TooMany::TooLarge, last) => (TOO_LARGE, last),
            Self::NoHello => (CloseCode::GOING_AWAY, "no hello came in time"),
            Self::NotOpen => (FORBIDDEN, "an envelope before its time"),
            Self::Malformed => (FORBIDDEN, "a malformed envelope"),
            Self::NoVersion => (FORBIDDEN, "no version in common"),
            Self::Left => (CloseCode::NORMAL, "left"),
        }
    }

    /// What `goodbye` says of it to a peer that speaks `pamlink.v1` (V-10.5).
    pub(crate) fn goodbye(self) -> GoodbyeCode<'static> {
        match self {
            Self::Replaced | Self::Left => GoodbyeCode::Left,
            Self::NoLife | Self::NoHello => GoodbyeCode::Idle,
            Self::Frame(..) | Self::Malformed => GoodbyeCode::Malformed,
            Self::EarlyFlood | Self::Refusals(TooMany::TooLarge, _) => GoodbyeCode::TooLarge,
            Self::Restarting => GoodbyeCode::GoingAway,
            Self::Unjudged(_)
            | Self::VerdictLate
            | Self::TooSlow
            | Self::MadeWay
            | Self::UserFull
            | Self::ConnectsTooFast
            | Self::Refusals(TooMany::Messages, _) => GoodbyeCode::Overloaded,
            Self::Unauthenticated(_) => GoodbyeCode::Unauthorized,
            Self::TokenExpired => GoodbyeCode::TokenExpired,
            Self::Refusals(TooMany::Faults, _) => GoodbyeCode::Forbidden,
            Self::NotOpen => GoodbyeCode::NotOpen,
            Self::NoVersion => GoodbyeCode::Version,
        }
    }

    /// What `goodbye` says where a host closes with a code of its own: whether to come back is as
    /// after that code.
    pub(crate) fn goodbye_of(code: CloseCode) -> GoodbyeCode<'static> {
        match code.as_u16() {
            1000 => GoodbyeCode::Left,
            1001 | 1012 => GoodbyeCode::GoingAway,
            1009 | 4009 => GoodbyeCode::TooLarge,
            1013 | 4008 => GoodbyeCode::Overloaded,
            4001 => GoodbyeCode::Unauthorized,
            4003 => GoodbyeCode::Forbidden,
            _ => GoodbyeCode::Rotate,
        }
    }

    /// The code of the close frame.
    pub(crate) fn code(self) -> CloseCode {
        self.row().0
    }

    /// The reason in the close frame.
    pub(crate) fn reason(self) -> &'a str {
        self.row().1
    }

    /// The class that the end is counted as: that of its code, unless this end knows more.
    pub(crate) fn class(self) -> CloseClass {
        match self {
            Self::NoLife => CloseClass::Timeout,
            Self::Frame(error, _) => CloseClass::of_frame_error(error),
            _ => CloseClass::of_close_code(self.code().as_u16()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const WHY: &str = "why";

    /// One of each, and of frames one for each code.
    const ALL: [ServerClose<'_>; 23] = [
        ServerClose::Replaced,
        ServerClose::NoLife,
        ServerClose::Frame(FrameError::Masked, WHY),
        ServerClose::Frame(FrameError::TextNotUtf8, WHY),
        ServerClose::Frame(FrameError::FrameTooBig { length: 2, limit: 1 }, WHY),
        ServerClose::EarlyFlood,
        ServerClose::Restarting,
        ServerClose::Unjudged(WHY),
        ServerClose::VerdictLate,
        ServerClose::TooSlow,
        ServerClose::MadeWay,
        ServerClose::UserFull,
        ServerClose::Unauthenticated(WHY),
        ServerClose::TokenExpired,
        ServerClose::ConnectsTooFast,
        ServerClose::Refusals(TooMany::Faults, WHY),
        ServerClose::Refusals(TooMany::Messages, WHY),
        ServerClose::Refusals(TooMany::TooLarge, WHY),
        ServerClose::NoHello,
        ServerClose::NotOpen,
        ServerClose::Malformed,
        ServerClose::NoVersion,
        ServerClose::Left,
    ];

    #[test]
    fn the_table_is_that_of_the_protocol() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/protocol.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, clause) = text.split_once("**P-9.2**").unwrap();
        let (table, _) = clause.split_once("\ntest: ").unwrap();
        let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" |"));
        let listed: BTreeSet<u16> = rows
            .flat_map(|(codes, _)| codes.split(", "))
            .filter_map(|it| it.parse().ok())
            .collect();
        let known: BTreeSet<u16> = ALL.iter().map(|why| why.code().as_u16()).collect();
        assert_eq!(listed, known);
    }

    #[test]
    fn each_close_can_be_sent_and_says_why() {
        for why in ALL {
            assert!(why.code().may_be_sent(crate::frame::Role::Server), "{why:?}");
            assert!((1..=crate::frame::MAX_REASON).contains(&why.reason().len()), "{why:?}");
        }
    }
}
