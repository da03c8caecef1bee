//! Sets of words that may grow: an unknown word is a value like any other.

/// The known words of a set, numbered from zero.
pub(super) trait Words {
    /// All, in the order of their numbers.
    const WORDS: &'static [&'static str];
    /// The number of this word; that after the last if it is unknown.
    fn number(&self) -> usize;
}

/// Makes an enum of the words a wire field may hold, with `Unknown` for all others.
macro_rules! open_enum {
    (
        $(#[$doc:meta])*
        $name:ident { $( $(#[$word_doc:meta])* $word:ident = $wire:literal, )* }
    ) => {
        $(#[$doc])*
        ///
        /// An open set: any other word is kept as it came. Two are equal where the word on the wire
        /// is: what a host compares with stays equal to what comes, also in a version that has given
        /// that word a name.
        #[derive(Clone, Debug, Eq)]
        #[non_exhaustive]
        pub enum $name<'a> {
            $( $(#[$word_doc])* $word, )*
            /// A word that this version does not know.
            Unknown($crate::envelope::Text<'a>),
        }

        impl<'a> $name<'a> {
            /// Every known word.
            pub const ALL: &'static [$name<'static>] = &[$( $name::$word, )*];

            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$word => $wire, )*
                    Self::Unknown(word) => word,
                }
            }

            /// Whether this version knows the word.
            pub const fn is_known(&self) -> bool {
                !matches!(self, Self::Unknown(_))
            }

            /// The word without its tie to a frame.
            pub fn into_owned(self) -> $name<'static> {
                match self {
                    $( Self::$word => $name::$word, )*
                    Self::Unknown(word) => $name::Unknown(word.into_owned()),
                }
            }

            fn known(word: &str) -> Option<Self> {
                match word {
                    $( $wire => Some(Self::$word), )*
                    _ => None,
                }
            }
        }

        impl PartialEq for $name<'_> {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                use $crate::envelope::open::Words as _;
                if self.is_known() && other.is_known() {
                    self.number() == other.number()
                } else {
                    self.as_str() == other.as_str()
                }
            }
        }

        impl core::hash::Hash for $name<'_> {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl $crate::envelope::open::Words for $name<'_> {
            const WORDS: &'static [&'static str] = &[$( $wire, )*];

            #[inline]
            fn number(&self) -> usize {
                enum Number { $( $word, )* Unknown }
                match self {
                    $( Self::$word => Number::$word as usize, )*
                    Self::Unknown(_) => Number::Unknown as usize,
                }
            }
        }

        impl<'a> From<$crate::envelope::Text<'a>> for $name<'a> {
            fn from(word: $crate::envelope::Text<'a>) -> Self {
                Self::known(&word).unwrap_or(Self::Unknown(word))
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(word: &'a str) -> Self {
                Self::known(word).unwrap_or_else(|| Self::Unknown(word.into()))
            }
        }

        impl core::fmt::Display for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl<'a> $crate::envelope::field::Field<'a> for $name<'a> {
            const EXPECTED: &'static str = "a string";

            fn read(raw: $crate::envelope::Raw<'a>) -> Option<Self> {
                raw.text().map(Self::from)
            }

            fn write(&self, out: &mut String) {
                if let Self::Unknown(word) = self {
                    word.write(out);
                } else {
                    out.push('"');
                    out.push_str(self.as_str());
                    out.push('"');
                }
            }
        }
    };
}

pub(super) use open_enum;
