//! The packed layout: what crosses the border in one buffer instead of many objects.
//!
//! A buffer is a run of records. All numbers are little-endian, nothing is padded:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | the size of the record, these four bytes included |
//! | 2 | its kind: [`schema`] has the numbers |
//! | 1 | how many words follow |
//! | 1 | how many texts follow |
//! | 8 a word | the words: numbers, flags (0 or 1), ids; [`NONE`] where there is none |
//! | 4 a text | the length of each text in bytes; [`ABSENT`] where there is none |
//! | the rest | the texts, one behind the other: UTF-8, or bytes where the schema says so |
//!
//! A reader steps over a record whose kind it does not know by its size.

pub mod schema;

use crate::fault::{Code, Fault};

/// The word that says that there is none.
pub const NONE: u64 = u64::MAX;
/// The length that says that there is no text.
pub const ABSENT: u32 = u32::MAX;

/// Bytes before the words.
pub const HEAD: usize = 8;
/// The most texts that a record of a host has.
const MAX_TEXTS: usize = {
    let (mut most, mut at) = (0, 0);
    while at < schema::RECORDS.len() {
        let record = &schema::RECORDS[at];
        if matches!(record.from, schema::From::Host) && record.texts.len() > most {
            most = record.texts.len();
        }
        at += 1;
    }
    most
};

/// Appends a record. A text of 4 GiB or more cannot come: no message is near that long.
pub fn push(out: &mut Vec<u8>, kind: u16, words: &[u64], texts: &[Option<&[u8]>]) {
    debug_assert!(
        schema::record(kind)
            .is_some_and(|it| it.words.len() == words.len() && it.texts.len() == texts.len()),
        "record {kind} has other members"
    );
    let bytes: usize = texts.iter().map(|text| text.map_or(0, <[u8]>::len)).sum();
    let size = HEAD + 8 * words.len() + 4 * texts.len() + bytes;
    out.reserve(size);
    out.extend_from_slice(&length(size).to_le_bytes());
    out.extend_from_slice(&kind.to_le_bytes());
    for members in [words.len(), texts.len()] {
        out.push(u8::try_from(members).unwrap_or(u8::MAX));
    }
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for text in texts {
        let length = text.map_or(ABSENT, |text| length(text.len()));
        out.extend_from_slice(&length.to_le_bytes());
    }
    for text in texts.iter().flatten() {
        out.extend_from_slice(text);
    }
}

/// A length as it stands in a record.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The word for what there may be.
pub fn word(value: Option<u64>) -> u64 {
    value.unwrap_or(NONE)
}

/// A record that a host wrote, checked against the schema.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Its kind.
    pub kind: u16,
    words: &'a [u8],
    texts: [Member<'a>; MAX_TEXTS],
}

/// A member behind the words. What is text was checked to be UTF-8, once, and is lent as text.
#[derive(Clone, Copy, Debug, Default)]
enum Member<'a> {
    #[default]
    Absent,
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl<'a> View<'a> {
    /// The first record of `input`, and what comes behind it.
    ///
    /// # Errors
    ///
    /// [`Code::BadInput`] names what is wrong: a size, a kind, a number of members.
    pub fn split(input: &'a [u8]) -> Result<(Self, &'a [u8]), Fault> {
        let bad = |what: &str| Fault::new(Code::BadInput, what);
        let head = input.get(..HEAD).ok_or_else(|| bad("a record is cut off in its head"))?;
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let kind = u16::from_le_bytes([head[4], head[5]]);
        let record = schema::record(kind)
            .filter(|record| record.from == schema::From::Host)
            .ok_or_else(|| bad(&format!("no host writes records of kind {kind}")))?;
        let (words, texts) = (usize::from(head[6]), usize::from(head[7]));
        if words != record.words.len() || texts != record.texts.len() {
            return Err(bad(&format!("`{}` has other members", record.name)));
        }
        let body = input.get(HEAD..size).ok_or_else(|| {
            bad(&format!("`{}` has no size of {size} bytes in {}", record.name, input.len()))
        })?;
        let (words, rest) = body
            .split_at_checked(8 * words)
            .ok_or_else(|| bad(&format!("`{}` is too small for its words", record.name)))?;
        let (lengths, bytes) = rest
            .split_at_checked(4 * texts)
            .ok_or_else(|| bad(&format!("`{}` is too small for its texts", record.name)))?;
        let texts = members(record, lengths, bytes)?;
        Ok((Self { kind, words, texts }, &input[size..]))
    }

    /// A word. 0 for one beyond the schema, which [`split`](Self::split) has ruled out.
    pub fn word(&self, at: usize) -> u64 {
        let bytes = self.words.get(8 * at..8 * at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_le_bytes)
    }

    /// A word that may be none.
    pub fn some(&self, at: usize) -> Option<u64> {
        Some(self.word(at)).filter(|word| *word != NONE)
    }

    /// A word that is a flag.
    pub fn flag(&self, at: usize) -> bool {
        self.word(at) != 0
    }

    /// A text that may be absent.
    pub fn optional(&self, at: usize) -> Option<&'a str> {
        match self.texts.get(at) {
            Some(Member::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A text.
    pub fn text(&self, at: usize) -> &'a str {
        self.optional(at).unwrap_or_default()
    }

    /// The bytes of a member, text or not.
    pub fn bytes(&self, at: usize) -> Option<&'a [u8]> {
        match self.texts.get(at) {
            Some(Member::Bytes(bytes)) => Some(bytes),
            Some(Member::Text(text)) => Some(text.as_bytes()),
            _ => None,
        }
    }
}

/// The members behind the words: as many as the schema has, each of its kind.
fn members<'a>(
    record: &schema::Record,
    lengths: &[u8],
    mut bytes: &'a [u8],
) -> Result<[Member<'a>; MAX_TEXTS], Fault> {
    let bad = |what: String| Fault::new(Code::BadInput, what);
    let mut members = [Member::Absent; MAX_TEXTS];
    let lengths = lengths.as_chunks().0.iter().map(|length| u32::from_le_bytes(*length));
    for ((member, name), length) in members.iter_mut().zip(record.texts).zip(lengths) {
        if length == ABSENT {
            if name.ends_with('?') {
                continue;
            }
            return Err(bad(format!("`{}` needs its `{name}`", record.name)));
        }
        let (text, rest) = bytes.split_at_checked(length as usize).ok_or_else(|| {
            bad(format!("`{name}` of `{}` is longer than the record", record.name))
        })?;
        bytes = rest;
        // A piece may end within a character: it is WTF-8, which the engine joins.
        *member = if name.ends_with('*') || record.kind == schema::REPLY_PIECE {
            Member::Bytes(text)
        } else {
            Member::Text(
                simdutf8::basic::from_utf8(text)
                    .map_err(|_| bad(format!("`{name}` of `{}` is not UTF-8", record.name)))?,
            )
        };
    }
    if bytes.is_empty() {
        Ok(members)
    } else {
        Err(bad(format!("`{}` has {} bytes too many", record.name, bytes.len())))
    }
}

#[cfg(test)]
mod tests;
