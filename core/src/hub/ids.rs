//! What a host calls links and requests.

use core::fmt;

use super::index::{LinkIndex, RequestIndex};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident of $index:ident) => {
        $(#[$doc])*
        ///
        /// A place and its generation: an id that has ended never names a newer one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            pub(super) index: $index,
            pub(super) generation: u32,
        }

        impl $name {
            pub(super) const fn new(index: $index, generation: u32) -> Self {
                Self { index, generation }
            }

            /// The id of this number, as [`as_u64`](Self::as_u64) gave it. Any other number names
            /// nothing.
            pub const fn from_u64(number: u64) -> Self {
                let index = $index((number & 0xffff_ffff) as u32);
                Self { index, generation: (number >> 32) as u32 }
            }

            /// The id as a number, for logs and for tables of the host's own.
            pub const fn as_u64(self) -> u64 {
                (self.generation as u64) << 32 | self.index.0 as u64
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}.{})"), self.index.0, self.generation)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.index.0, self.generation)
            }
        }
    };
}

id! {
    /// A connection of a hub, from [`Hub::accept`](super::Hub::accept) to
    /// [`Event::Closed`](super::Event::Closed).
    LinkId of LinkIndex
}

id! {
    /// A request of a peer, from [`Event::Request`](super::Event::Request) to its reply or
    /// expiry.
    RequestId of RequestIndex
}

/// A push of a hub: what becomes of it in the sessions of its user is said under this id
/// ([`Event::Undelivered`](super::Event::Undelivered)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PushId(pub(super) u64);

impl PushId {
    /// The id of this number, as [`as_u64`](Self::as_u64) gave it.
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number: each push has a higher one than those before it.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}
