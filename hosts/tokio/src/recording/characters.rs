//! Bytes as a text in which each is the character of its number (ISO 8859-1).

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&bytes.iter().copied().map(char::from).collect::<String>())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    let byte = |letter| u8::try_from(letter).ok();
    let bytes = text.chars().map(byte).collect::<Option<_>>();
    bytes.ok_or_else(|| D::Error::custom("a character of `bytes` is none of a byte"))
}

/// The same where there may be none.
pub(super) mod optional {
    use serde::{Deserializer, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Option<Vec<u8>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        super::serialize(bytes.as_deref().unwrap_or_default(), to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Vec<u8>>, D::Error> {
        super::deserialize(from).map(Some)
    }
}
