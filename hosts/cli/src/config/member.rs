//! Members of the configuration: numbers within bounds, and what the document says about them.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// A whole number within `LOW..=HIGH`, `DEFAULT` where the file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int<const LOW: u64, const HIGH: u64, const DEFAULT: u64>(u64);

impl<const LOW: u64, const HIGH: u64, const DEFAULT: u64> Int<LOW, HIGH, DEFAULT> {
    /// The number.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The number as a size in memory.
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number as a count.
    pub fn count(self) -> u32 {
        u32::try_from(self.0).unwrap_or(u32::MAX)
    }

    /// The number as a level or a number of bits.
    pub fn small(self) -> u8 {
        u8::try_from(self.0).unwrap_or(u8::MAX)
    }

    /// The number as milliseconds.
    pub const fn millis(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// What the document says about the member at `path`.
    pub fn member(path: &str, unit: &'static str, says: &'static str) -> Member {
        let bounds = format!("{LOW} to {HIGH}");
        Member { path: path.to_owned(), unit, default: DEFAULT.to_string(), bounds, says }
    }
}

impl<const LOW: u64, const HIGH: u64, const DEFAULT: u64> Default for Int<LOW, HIGH, DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const LOW: u64, const HIGH: u64, const DEFAULT: u64> Deserialize<'de>
    for Int<LOW, HIGH, DEFAULT>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Within<const LOW: u64, const HIGH: u64>;

        impl<const LOW: u64, const HIGH: u64> Visitor<'_> for Within<LOW, HIGH> {
            type Value = u64;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from {LOW} to {HIGH}")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
                if (LOW..=HIGH).contains(&value) {
                    Ok(value)
                } else {
                    Err(E::custom(format_args!("{value} is not within {LOW} to {HIGH}")))
                }
            }
        }

        deserializer.deserialize_u64(Within::<LOW, HIGH>).map(Self)
    }
}

/// One member of the file, as the document describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Section and name: `links.max`.
    pub path: String,
    /// The unit of the number, or the kind of the value.
    pub unit: &'static str,
    /// The value where the file says nothing.
    pub default: String,
    /// Lowest and highest value.
    pub bounds: String,
    /// What it means.
    pub says: &'static str,
}

impl Member {
    /// The member's row in the document.
    pub fn row(&self) -> String {
        let Self { path, unit, default, bounds, says } = self;
        format!("| `{path}` | {unit} | {default} | {bounds} | {says} |")
    }
}

/// A section of numbers: the structure, its defaults, and its rows in the document.
macro_rules! section {
    (
        $(#[$doc:meta])*
        $name:ident $path:literal {
            $($field:ident: $default:literal, $low:literal..=$high:literal, $unit:literal, $says:literal;)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $(#[doc = $says] pub $field: Int<$low, $high, $default>,)*
        }

        impl $name {
            fn members() -> Vec<Member> {
                vec![$(Int::<$low, $high, $default>::member(
                    concat!($path, ".", stringify!($field)), $unit, $says,
                ),)*]
            }
        }
    };
}

pub(super) use section;
