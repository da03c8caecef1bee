//! Places in the hub's tables: a type for each table, so that none is taken for another's.

use core::fmt::Debug;

/// A place in a table.
pub(super) trait Index: Copy + Debug + PartialEq {
    /// No place: nothing is found there.
    const NONE: Self;

    /// The place of this number; the last of all is no place.
    fn new(number: usize) -> Self;

    /// The number of the place.
    fn number(self) -> usize;
}

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(super) struct $name(pub(super) u32);

        impl Default for $name {
            /// No place.
            fn default() -> Self {
                Self::NONE
            }
        }

        impl Index for $name {
            const NONE: Self = Self(u32::MAX);

            #[inline]
            fn new(number: usize) -> Self {
                u32::try_from(number).map_or(Self::NONE, Self)
            }

            #[inline]
            fn number(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index! {
    /// The place of a link.
    LinkIndex
    /// The place of a running request.
    RequestIndex
    /// The place of a user.
    UserIndex
}
