//! How large a message of each type, its fields and its nested values may be.

use core::ops::RangeInclusive;

use hashbrown::HashMap;

use super::refusal::{Code, Refusal, Unit};
use crate::envelope::{Envelope, Scan};
use crate::options::{self, OptionError};

/// The limits of one message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// The whole text, in bytes of UTF-8.
    pub(crate) bytes: usize,
    /// Top-level members that are strings, each with its limit in characters (Unicode scalar
    /// values, an escape counted as what it stands for).
    pub(crate) fields: Vec<(&'static str, usize)>,
    /// Top-level members that are arrays or objects, each with its limit in bytes as written.
    pub(crate) nested: Vec<(&'static str, usize)>,
}

impl Rule {
    /// Without any limit.
    pub(super) const fn none() -> Self {
        Self { bytes: usize::MAX, fields: Vec::new(), nested: Vec::new() }
    }

    /// With the smallest limits first.
    fn sorted(mut self) -> Self {
        sort(&mut self.fields);
        sort(&mut self.nested);
        self
    }

    /// Checks the whole of a text and its top-level members.
    #[inline]
    pub(crate) fn check(&self, text: &str, scan: &Scan) -> Result<(), Refusal> {
        self.check_bytes(text.len())?;
        let mut checked = Ok(());
        scan.visit_longer(text, self.least(), |name, value| {
            if checked.is_ok()
                && let Err(refusal) = self.check_member(name, value.as_json())
            {
                checked = Err(refusal);
            }
        });
        checked
    }

    /// How many characters a member may have, if that is limited.
    pub(crate) fn characters(&self, name: &str) -> Option<usize> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, limit)| *limit)
    }

    /// Limits a member that is limited, to `from` if that is given. Whether it is.
    fn set(&mut self, name: &str, from: Option<usize>, limit: usize) -> bool {
        let mut fields = self.fields.iter_mut();
        let Some((_, now)) = fields.find(|(field, _)| *field == name) else { return false };
        if from.is_none_or(|from| from == *now) {
            *now = limit;
            sort(&mut self.fields);
        }
        true
    }

    fn check_bytes(&self, len: usize) -> Result<(), Refusal> {
        if len > self.bytes {
            return Err(Refusal::over(Code::TooLarge, Unit::Bytes, self.bytes, len));
        }
        Ok(())
    }

    /// No member is refused for a value of this length or less: the smallest limit.
    fn least(&self) -> usize {
        let least = |limits: &[(&'static str, usize)]| limits.first().map_or(usize::MAX, |it| it.1);
        least(&self.fields).min(least(&self.nested))
    }

    /// Checks one top-level member: its name, and the JSON text of its value.
    fn check_member(&self, name: &str, raw: &str) -> Result<(), Refusal> {
        let limit_of = |limits: &[(&'static str, usize)]| {
            let mut exceeded = limits.iter().take_while(|(_, limit)| raw.len() > *limit);
            exceeded.find(|(limited, _)| *limited == name).copied()
        };
        if let Some((name, limit)) = limit_of(&self.fields)
            && let Some(actual) = characters_over(raw, limit)
        {
            let refusal = Refusal::over(Code::Invalid, Unit::Characters, limit, actual);
            return Err(refusal.in_field(name));
        }
        if let Some((name, limit)) = limit_of(&self.nested)
            && raw.starts_with(['{', '['])
        {
            let refusal = Refusal::over(Code::Invalid, Unit::Bytes, limit, raw.len());
            return Err(refusal.in_field(name));
        }
        Ok(())
    }
}

/// Puts the smallest limits first. There are few of them: a general sort is more code than it saves
/// time.
fn sort(limits: &mut [(&'static str, usize)]) {
    for end in 1..limits.len() {
        let mut at = end;
        while at > 0 && limits[at - 1].1 > limits[at].1 {
            limits.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// The limits of all message types.
///
/// The defaults are the numbers that the service of existing peers declares, and mostly never
/// reaches. Bytes of the whole text:
///
/// | types | bytes | which number |
/// |---|---|---|
/// | `chat`, `chat_message`, `message`, `user_message`, `text_input` | 65,536 | `websocket_text` |
/// | `voice`, `voice_input` | 1,048,576 | audio is 10 MiB there, cut to the size that disconnects |
/// | `feedback` | 4,096 | `feedback` |
/// | `ping`, `pong`, `heartbeat` | 4,096 | none there (a 70 kB ping passes); a ping needs no more |
/// | `auth`, `token_refresh` | 16,384 | none there; as `context_data`, far above any token |
/// | all others, known or not | 131,072 | `websocket_json` |
///
/// Characters of string members, in every type: `message` and `content` 5,000, `text` 10,000,
/// `title` 200, `description` and `feedback_text` 1,000, `user_id` and `session_id` 100,
/// `filename` 255, `url` 2,048, `email` 254, `phone` 20, `name` 100, `address` 500. In `voice`
/// and `voice_input`, `text` and `message` 2,000 (`voice`); in `feedback`, `message` and `content`
/// 1,000 (`feedback`). The running service cuts `message` and `content` at 2,000 before any of
/// these is looked at.
///
/// Bytes of nested members: `context` and `metadata` 16,384 (`context_data`). Depth: 10 levels.
/// The numbers for uploads (`file_upload` 10,485,760, `attachment` 5,242,880) and REST do not
/// concern a link: no text above 1,048,576 bytes is read at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// The deepest nesting, in levels: 1 is an object without arrays or objects inside. Held by
    /// whoever parses the text. Default 10.
    pub depth: u8,
    other: Rule,
    rules: HashMap<Box<str>, Rule, ahash::RandomState>,
}

impl Sizes {
    /// How many characters a member may be given, at the least and at the most.
    pub const CHARACTERS: RangeInclusive<u64> = 1..=1 << 20;

    /// One rule for all types.
    pub(crate) fn new(depth: u8, other: Rule) -> Self {
        // Only the host inserts, so the map needs no secret; the same on every run.
        let state = ahash::RandomState::with_seeds(1, 2, 3, 4);
        Self { depth, other: other.sorted(), rules: HashMap::with_hasher(state) }
    }

    /// With a rule for one type.
    #[must_use]
    pub(crate) fn with(mut self, kind: &str, rule: Rule) -> Self {
        self.rules.insert(kind.into(), rule.sorted());
        self
    }

    /// Sets how many characters a member may have: one of the table by its `NAME`, in every type
    /// that has no limit of its own for it; or by `TYPE.NAME` in that type alone.
    ///
    /// # Errors
    ///
    /// [`OptionError::Unknown`] if no such type or member is limited, and
    /// [`OptionError::OutOfBounds`] if the limit is not one of [`Sizes::CHARACTERS`]; both by the
    /// name `characters.MEMBER`.
    pub fn set_characters(&mut self, member: &str, limit: u64) -> Result<(), OptionError> {
        let option = || format!("characters.{member}");
        let unknown = || OptionError::Unknown { name: option() };
        options::check(&option(), limit, &Self::CHARACTERS)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if let Some((kind, name)) = member.split_once('.') {
            let rule = self.rules.get_mut(kind).ok_or_else(unknown)?;
            return rule.set(name, None, limit).then_some(()).ok_or_else(unknown);
        }
        let common = self.other.characters(member).ok_or_else(unknown)?;
        for rule in self.rules.values_mut().chain([&mut self.other]) {
            rule.set(member, Some(common), limit);
        }
        Ok(())
    }

    /// How many characters a member may have in the types without a limit of their own for it, if
    /// that is limited.
    pub fn characters(&self, member: &str) -> Option<usize> {
        self.other.characters(member)
    }

    /// How many characters each limited member may have, by the names that
    /// [`set_characters`](Self::set_characters) has for them: in the types without a limit of their
    /// own, and then in each type.
    pub fn all_characters(&self) -> Vec<(String, usize)> {
        let common = self.other.fields.iter().map(|(name, limit)| ((*name).to_owned(), *limit));
        let own = self.rules.iter().flat_map(|(kind, rule)| {
            let fields = rule.fields.iter();
            fields.map(move |(name, limit)| (format!("{kind}.{name}"), *limit))
        });
        let (mut all, mut own): (Vec<_>, Vec<_>) = (common.collect(), own.collect());
        all.sort_unstable();
        own.sort_unstable();
        all.append(&mut own);
        all
    }

    /// The rule for a type: its own, or the one for all others.
    pub(crate) fn rule(&self, kind: &str) -> &Rule {
        self.rules.get(kind).unwrap_or(&self.other)
    }

    /// The rules of the types that have one of their own, in no order.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&str, &Rule)> {
        self.rules.iter().map(|(kind, rule)| (&**kind, rule))
    }

    /// The rule for all other types.
    pub(super) fn other(&self) -> &Rule {
        &self.other
    }

    /// The largest text that any type may have, in bytes.
    #[cfg(test)]
    pub(crate) fn largest(&self) -> usize {
        self.rules.values().map(|rule| rule.bytes).fold(self.other.bytes, usize::max)
    }

    /// Checks an envelope.
    ///
    /// # Errors
    ///
    /// The first limit that is exceeded.
    pub(crate) fn check_envelope(&self, envelope: &Envelope<'_>) -> Result<(), Refusal> {
        let rule = self.rule(envelope.kind().as_str());
        rule.check(envelope.as_str(), &envelope.scan())
    }
}

impl Default for Sizes {
    fn default() -> Self {
        let rule = |bytes: usize, own: &[(&'static str, usize)]| {
            let mut fields = FIELDS.to_vec();
            for (name, limit) in own {
                for field in fields.iter_mut().filter(|field| field.0 == *name) {
                    field.1 = *limit;
                }
            }
            Rule { bytes, fields, nested: NESTED.to_vec() }
        };
        let mut sizes = Self::new(10, rule(131_072, &[]));
        for kind in ["chat", "chat_message", "message", "user_message", "text_input"] {
            sizes = sizes.with(kind, rule(65_536, &[]));
        }
        for kind in ["voice", "voice_input"] {
            sizes = sizes.with(kind, rule(1_048_576, &[("text", 2_000), ("message", 2_000)]));
        }
        for kind in ["ping", "pong", "heartbeat"] {
            sizes = sizes.with(kind, rule(4_096, &[]));
        }
        for kind in ["auth", "token_refresh"] {
            // A token of 16 KiB, and what is around it.
            sizes = sizes.with(kind, rule(20_480, &[]));
        }
        sizes.with("feedback", rule(4_096, &[("message", 1_000), ("content", 1_000)]))
    }
}

/// Characters of string members, whatever the type.
const FIELDS: [(&str, usize); 14] = [
    ("message", 5_000),
    ("content", 5_000),
    ("text", 10_000),
    ("title", 200),
    ("description", 1_000),
    ("feedback_text", 1_000),
    ("user_id", 100),
    ("session_id", 100),
    ("filename", 255),
    ("url", 2_048),
    ("email", 254),
    ("phone", 20),
    ("name", 100),
    ("address", 500),
];

const NESTED: [(&str, usize); 2] = [("context", 16_384), ("metadata", 16_384)];

/// The number of characters of a JSON string if that is over the limit. Anything but a string has
/// no characters. The text is valid JSON.
fn characters_over(raw: &str, limit: usize) -> Option<usize> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.len() <= limit {
        return None;
    }
    let count = characters(inner);
    (count > limit).then_some(count)
}

/// The characters that the inside of a JSON string stands for. An escaped surrogate pair is one;
/// a lone surrogate is one too (it is read as U+FFFD).
fn characters(inner: &str) -> usize {
    let bytes = inner.as_bytes();
    let mut at = 0;
    let mut count = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                at += if is_surrogate(bytes, at, b"89abAB")
                    && is_surrogate(bytes, at + 6, b"cdefCDEF")
                {
                    12
                } else {
                    6
                };
                count += 1;
            }
            b'\\' => {
                at += 2;
                count += 1;
            }
            byte => {
                at += 1;
                // Continuation bytes belong to a character that was counted.
                count += usize::from(byte & 0xc0 != 0x80);
            }
        }
    }
    count
}

/// Whether `\uDXYZ` stands at `at`, with X one of `second`.
fn is_surrogate(bytes: &[u8], at: usize, second: &[u8]) -> bool {
    match bytes.get(at..at + 4) {
        Some([b'\\', b'u', b'd' | b'D', x]) => second.contains(x),
        _ => false,
    }
}
