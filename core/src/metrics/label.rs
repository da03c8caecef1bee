//! What a label is.

/// A closed set of label values, numbered from zero.
pub trait Label: Copy + 'static {
    /// All values in the order of their numbers.
    const ALL: &'static [Self];
    /// The name of the label.
    const NAME: &'static str;
    /// The number of the value.
    fn index(self) -> usize;
    /// The text of the value.
    fn as_str(self) -> &'static str;
}

macro_rules! labels {
    ($(
        $(#[$doc:meta])*
        $enum:ident $label:literal { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $enum { $($(#[$value_doc])* #[doc = concat!("(`", $text, "`)")] $value,)+ }

        impl $enum {
            /// How many values there are.
            pub const COUNT: usize = [$($text),+].len();

            /// The value whose text this is.
            pub fn of(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$value),)+
                    _ => None,
                }
            }
        }

        impl $crate::metrics::Label for $enum {
            const ALL: &'static [Self] = &[$(Self::$value),+];
            const NAME: &'static str = $label;

            fn index(self) -> usize {
                self as usize
            }

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }
        }

        impl core::fmt::Display for $enum {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($crate::metrics::Label::as_str(*self))
            }
        }
    )+};
}

pub(super) use labels;
