//! What links and sessions are called.

use core::fmt;

use crate::delivery::stream::ReaderId;

/// What the caller calls a link: any number, of one link at a time.
///
/// Closed: it is the caller's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct LinkNumber(pub u64);

/// What a server or a client calls a session: a number that no other of its sessions has had or will
/// have. It is no secret, and never on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionNumber(u64);

impl SessionNumber {
    /// The first session of a client, which is there from its start. A server has none of this
    /// number.
    pub const FIRST: Self = Self(0);

    /// The session of this number, as [`as_u64`](Self::as_u64) gave it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// What its streams know it by.
    pub(super) const fn reader(self) -> ReaderId {
        ReaderId::from_number(self.0)
    }

    pub(super) const fn of(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for SessionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
