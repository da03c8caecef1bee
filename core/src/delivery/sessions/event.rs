//! What many sessions tell their host.

use super::config::SessionsBound;
use super::numbers::{LinkNumber, SessionNumber};
use crate::delivery::event::Event;
use crate::delivery::stream;

/// What happened to a session, a stream or a link, lent until the next call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionsEvent<'a> {
    /// To a session. An item that asks for a stream is told once that has begun, and a cancel is
    /// not told: what has become of its streams is.
    Session {
        /// Which.
        session: SessionNumber,
        /// Whose.
        user: &'a str,
        /// What.
        event: Event<'a>,
    },
    /// To a stream.
    Stream(stream::Event),
    /// A user has opened a session, and there are as many as may be: it was refused.
    Refused {
        /// Over which link.
        link: LinkNumber,
        /// Who.
        user: &'a str,
        /// Which bound was reached.
        bound: SessionsBound,
    },
    /// A user has opened a session beyond the bound of one user, and this one, which has been
    /// without a link for longest, ends in its place.
    Evicted {
        /// Which.
        session: SessionNumber,
        /// Whose.
        user: &'a str,
    },
    /// A client asks for answers and takes none: so many wait at its link that this one is not
    /// given any more.
    Overrun {
        /// At which link.
        link: LinkNumber,
    },
}
