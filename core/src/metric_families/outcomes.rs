//! Outcomes that only counters name: those of events and of answers on the wire have types of their
//! own there.

use crate::metrics::label;

/// Why a connection was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusedConnection {
    /// As many links as the hub holds.
    Full,
    /// As many links as one user may have.
    UserFull,
    /// Too many connections in too little time.
    RateLimited,
    /// The hub is being drained.
    Draining,
    /// The path is not served.
    NotFound,
    /// No token was given.
    NoToken,
    /// The address is that of a link, and the request no upgrade.
    NoUpgrade,
    /// It had shown no good token, and made way for another.
    CrowdedOut,
    /// The host has no descriptor left.
    Descriptors,
    /// The host said no.
    Host,
}

label! {
    RefusedConnection "cause" {
        Full = "full",
        UserFull = "user_full",
        RateLimited = "rate_limited",
        Draining = "draining",
        NotFound = "not_found",
        NoToken = "no_token",
        NoUpgrade = "no_upgrade",
        CrowdedOut = "crowded_out",
        Descriptors = "descriptors",
        Host = "host",
    }
}

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushOutcome {
    /// It was queued for a link of the user; counted for each link.
    Queued,
    /// A link refused it for lack of room; counted for each link.
    Refused,
    /// The user has no link.
    Absent,
}

label! {
    PushOutcome "outcome" {
        Queued = "queued",
        Refused = "refused",
        Absent = "absent",
    }
}

/// How a client's request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// With its answer.
    Answered,
    /// With a refusal.
    Rejected,
    /// Without an answer in time.
    Expired,
    /// Nobody can tell: the link broke, and the peer would not recognise a repeat.
    Unknown,
    /// The client stopped before it was sent.
    Unsent,
    /// It was cancelled.
    Cancelled,
    /// Its caller left before it was sent.
    Forgotten,
    /// An answer came after the end.
    Late,
}

label! {
    RequestOutcome "outcome" {
        Answered = "answered",
        Rejected = "rejected",
        Expired = "expired",
        Unknown = "unknown",
        Unsent = "unsent",
        Cancelled = "cancelled",
        Forgotten = "forgotten",
        Late = "late",
    }
}
