//! Which end of a session this is, how far it has come, and how a host ends it.

/// Which end of a session this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No link carries it.
    Detached,
    /// A link does, and `opened` has not come, or at a server `open`.
    Opening {
        /// The server has said that another `opened` follows.
        pending: bool,
    },
    Open {
        /// The replay of the other end has ended.
        caught_up: bool,
        /// Nothing has come since `open`, so the client may say `continue`.
        first: bool,
    },
    /// A server's session is no more.
    Ended,
}

impl Phase {
    /// A link carries the session, or is to.
    pub(super) const fn is_attached(self) -> bool {
        matches!(self, Self::Opening { .. } | Self::Open { .. })
    }
}

/// The code by which a host ends a session at both ends (V-6.2).
pub(super) const LEFT: &str = "left";
