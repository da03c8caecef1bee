//! What a label is.

/// A closed set of label values, numbered from zero.
///
/// The engine's own enums implement it where they live, and name every variant: what is new does
/// not compile until it has a value here.
pub(crate) trait Label {
    /// The same for all values, whatever they borrow: the set that a counter is made for.
    type Set: 'static;
    /// The name of the label.
    const NAME: &'static str;
    /// The texts of all values, in the order of their numbers.
    const TEXTS: &'static [&'static str];
    /// The number of this value.
    fn index(&self) -> usize;
}

impl<L: Label> Label for &L {
    type Set = L::Set;
    const NAME: &'static str = L::NAME;
    const TEXTS: &'static [&'static str] = L::TEXTS;

    #[inline]
    fn index(&self) -> usize {
        (*self).index()
    }
}

/// Makes an enum a label, each variant a value with a text of its own; after `and` come values
/// that stay for existing dashboards and are never counted.
macro_rules! label {
    ($enum:ident $name:literal { $($value:ident = $text:expr,)+ } $(and $($past:literal)+)?) => {
        impl $crate::metrics::Label for $enum {
            type Set = Self;
            const NAME: &'static str = $name;
            const TEXTS: &'static [&'static str] = &[$($text,)+ $($($past,)+)?];

            #[inline]
            fn index(&self) -> usize {
                enum Number { $($value,)+ }
                match self {
                    $(Self::$value => Number::$value as usize,)+
                }
            }
        }
    };
}

pub(crate) use label;

/// Which way something went, seen from the engine that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the peer.
    Inbound,
    /// To the peer.
    Outbound,
}

label! { Direction "direction" { Inbound = "inbound", Outbound = "outbound", } }
