//! What the other end of a session can do wrong.

use core::fmt;

/// A fault of the other end (V-9.1): its channel is closed with the fault's code, and the session
/// may be opened again.
///
/// It displays as its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A member is missing, of another type or out of its bounds.
    Malformed,
    /// A client's envelope came from a server, or a server's from a client.
    WrongRole,
    /// An envelope came for a channel that is not open, or an `open` for one that is.
    NotOpen,
    /// A number lies beyond the next, or is of another epoch.
    OutOfOrder,
    /// A position was never given.
    Ahead,
    /// More came than a bound of the dialect allows.
    TooMany,
}

impl Fault {
    /// The code of the `closed` that it is answered with.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::WrongRole => "wrong_role",
            Self::NotOpen => "not_open",
            Self::OutOfOrder => "out_of_order",
            Self::Ahead => "ahead",
            Self::TooMany => "too_many",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
