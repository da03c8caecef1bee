//! The envelopes of a link: what two ends say before, beside and after their sessions.

use core::num::NonZeroU16;
use core::time::Duration;

use super::bounded::Wrong;
use super::features::Features;
use super::heartbeat_interval::HeartbeatInterval;
use super::limits::Limits;
use super::record::{Record, assign, put, records, take};
use super::secret::Secret;
use super::versions::Versions;
use super::words::GoodbyeCode;
use crate::envelope::Raw;
use crate::envelope::object::Object;
use crate::envelope::raw::Member;

records! {
    /// `hello`: the first envelope of a client, with what it can do and who it is.
    Hello<'a> {
        /// The versions of the dialect that it speaks.
        versions: Versions,
        /// What it can do beside them.
        features: Features,
        /// The largest that it takes.
        limits: Limits,
        /// Who it is; absent where the handshake of the transport has said so.
        token: Option<Secret<'a>>,
    }

    /// `welcome`: the link is open, and this is what it speaks.
    Welcome {
        /// The version: one of the client's.
        version: NonZeroU16,
        /// What both can do.
        features: Features,
        /// The largest that the server takes.
        limits: Limits,
        /// How often the client says something.
        heartbeat: HeartbeatInterval,
        /// How long the token is good for yet: whole milliseconds, at most a day.
        expires: Option<Duration>,
    }

    /// `token`: a client shows a token anew.
    Token<'a> {
        /// The token.
        token: Secret<'a>,
    }

    /// `renewed`: a `token` was good.
    Renewed {
        /// How long it is good for: whole milliseconds, at most a day.
        expires: Option<Duration>,
    }

    /// `token_wanted`: a server asks for a token before that which it has ends.
    TokenWanted {
        /// How long it waits: whole milliseconds, at most a day.
        within: Duration,
    }

    /// `goodbye`: the link ends.
    Goodbye<'a> {
        /// Why, and whether the other may come back.
        code: GoodbyeCode<'a>,
        /// When to come back: whole milliseconds, at most a day.
        retry_after: Option<Duration>,
        /// Over how long those who come back spread: whole milliseconds, at most a day.
        spread: Option<Duration>,
        /// How long the link stays yet: whole milliseconds, at most a day.
        within: Option<Duration>,
    }
}

/// By which a client offers the dialect over WebSocket, and a server agrees (V-10.1).
pub(crate) const SUBPROTOCOL: &str = "pamlink.v1";

/// The types that are about a link and none of its sessions (section 10).
pub(super) const OF_LINK: [&str; 6] =
    ["hello", "welcome", "token", "renewed", "token_wanted", "goodbye"];
