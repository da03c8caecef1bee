//! What a host calls links and requests.

use core::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A slot and its generation: an id that has ended never names a newer one.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            pub(super) slot: u32,
            pub(super) generation: u32,
        }

        impl $name {
            pub(super) const fn new(slot: u32, generation: u32) -> Self {
                Self { slot, generation }
            }

            /// The id of this number, as [`as_u64`](Self::as_u64) gave it. Any other number names
            /// nothing.
            pub const fn from_u64(number: u64) -> Self {
                let slot = (number & 0xffff_ffff) as u32;
                Self { slot, generation: (number >> 32) as u32 }
            }

            /// The id as a number, for logs and for tables of the host's own.
            pub const fn as_u64(self) -> u64 {
                (self.generation as u64) << 32 | self.slot as u64
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({}.{})"), self.slot, self.generation)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.{}", self.slot, self.generation)
            }
        }
    };
}

id! {
    /// A connection of a hub, from [`Hub::accept`](super::Hub::accept) to
    /// [`Event::Closed`](super::Event::Closed).
    LinkId
}

id! {
    /// A request of a peer, from [`Event::Request`](super::Event::Request) to its reply or
    /// expiry.
    RequestId
}
