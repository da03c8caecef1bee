//! Records as JSON and as bytes.

use pamlink_ffi::packed::{self, schema};
use serde_json::{Map, Value};

/// A record of the packed layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) kind: u16,
    words: Vec<u64>,
    texts: Vec<Option<Vec<u8>>>,
}

impl Record {
    /// The record `name` with these members. What is left out is none where there may be none,
    /// else 0 or empty; bytes are hexadecimal.
    pub(crate) fn new(name: &str, members: Value) -> Self {
        let mut members = match members {
            Value::Object(members) => members,
            Value::Null => Map::new(),
            other => panic!("no members: {other}"),
        };
        let record = named(name);
        for word in record.words {
            let default = if word.ends_with('?') { Value::Null } else { 0.into() };
            let _ = members.entry(plain(word)).or_insert(default);
        }
        for text in record.texts {
            let default = if text.ends_with('?') { Value::Null } else { "".into() };
            let _ = members.entry(plain(text)).or_insert(default);
        }
        members.insert("record".to_owned(), name.into());
        Self::from_json(&Value::Object(members))
    }

    /// The record of an object that has all its members and no other.
    pub(crate) fn from_json(value: &Value) -> Self {
        let record = named(value["record"].as_str().unwrap_or_else(|| panic!("no name: {value}")));
        let members = value.as_object().expect("an object");
        let known = |name: &String| {
            name == "record"
                || name == "hex"
                || record.words.iter().chain(record.texts).any(|member| plain(member) == name)
        };
        let unknown = members.keys().find(|name| !known(name));
        assert_eq!(unknown, None, "{value}");
        let member =
            |name: &str| members.get(plain(name)).unwrap_or_else(|| panic!("no {name} in {value}"));
        let word = |name: &&str| match member(name) {
            Value::Null if name.ends_with('?') => packed::NONE,
            word => word.as_u64().unwrap_or_else(|| panic!("{name}: no word in {value}")),
        };
        let text = |name: &&str| match member(name) {
            Value::Null if name.ends_with('?') => None,
            Value::String(text) if name.ends_with('*') => Some(bytes(text)),
            Value::String(text) => Some(text.clone().into_bytes()),
            _ => panic!("{name}: no text in {value}"),
        };
        Self {
            kind: record.kind,
            words: record.words.iter().map(word).collect(),
            texts: record.texts.iter().map(text).collect(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.schema().name
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// The word of this name, if there is one.
    pub(crate) fn word(&self, name: &str) -> Option<u64> {
        let at = place(self.schema().words, name);
        Some(self.words[at]).filter(|word| *word != packed::NONE)
    }

    /// The bytes of the text of this name, if there is one.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.texts[place(self.schema().texts, name)].as_deref()
    }

    /// The text of this name; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        str::from_utf8(self.bytes(name).unwrap_or_default()).expect("a text is UTF-8")
    }

    /// Its bytes.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let texts: Vec<_> = self.texts.iter().map(Option::as_deref).collect();
        packed::push(&mut out, self.kind, &self.words, &texts);
        out
    }

    /// The records of an output of the engine. Panics on anything that the layout does not allow.
    pub(crate) fn read(mut bytes: &[u8]) -> Vec<Self> {
        let mut records = Vec::new();
        while !bytes.is_empty() {
            let (record, rest) = Self::first(bytes);
            records.push(record);
            bytes = rest;
        }
        records
    }

    fn first(bytes: &[u8]) -> (Self, &[u8]) {
        let size = u32::from_le_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
        let kind = u16::from_le_bytes([bytes[4], bytes[5]]);
        let schema = schema::record(kind).unwrap_or_else(|| panic!("no record is {kind}"));
        let counts = (usize::from(bytes[6]), usize::from(bytes[7]));
        assert_eq!(counts, (schema.words.len(), schema.texts.len()), "{}", schema.name);
        let (record, rest) = bytes.split_at(size);
        let (words, record) = record[8..].split_at(8 * counts.0);
        let (lengths, mut record) = record.split_at(4 * counts.1);
        let words = words.chunks_exact(8).zip(schema.words).map(|(word, name)| {
            let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
            assert!(word != packed::NONE || name.ends_with('?'), "{}: no {name}", schema.name);
            word
        });
        let words = words.collect();
        let mut texts = Vec::new();
        for (length, name) in lengths.chunks_exact(4).zip(schema.texts) {
            let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
            if length == packed::ABSENT {
                assert!(name.ends_with('?'), "{}: no {name}", schema.name);
                texts.push(None);
                continue;
            }
            let (text, after) = record.split_at(length as usize);
            let is_bytes = name.ends_with('*');
            assert!(is_bytes || str::from_utf8(text).is_ok(), "{}: {name}", schema.name);
            texts.push(Some(text.to_vec()));
            record = after;
        }
        assert!(record.is_empty(), "{} has bytes too many", schema.name);
        (Self { kind, words, texts }, rest)
    }

    /// The object in one line, its members in the order of the schema, and `more` behind.
    pub(crate) fn line(&self, more: &str) -> String {
        let schema = self.schema();
        let mut members = vec![format!("\"record\": \"{}\"", schema.name)];
        for (word, name) in self.words.iter().zip(schema.words) {
            let word = if *word == packed::NONE { "null".to_owned() } else { word.to_string() };
            members.push(format!("\"{}\": {word}", plain(name)));
        }
        for (text, name) in self.texts.iter().zip(schema.texts) {
            let text = match text {
                None => "null".to_owned(),
                Some(bytes) if name.ends_with('*') => format!("\"{}\"", hex(bytes)),
                Some(text) => quoted(str::from_utf8(text).expect("a text is UTF-8")),
            };
            members.push(format!("\"{}\": {text}", plain(name)));
        }
        format!("{{{}{more}}}", members.join(", "))
    }

    fn schema(&self) -> &'static schema::Record {
        schema::record(self.kind).expect("a record of the schema")
    }
}

fn named(name: &str) -> &'static schema::Record {
    let record = schema::RECORDS.iter().find(|record| record.name == name);
    record.unwrap_or_else(|| panic!("no record is `{name}`"))
}

/// The name of a member, without its marks.
fn plain(name: &str) -> &str {
    name.trim_end_matches(['?', '*'])
}

fn place(names: &[&str], name: &str) -> usize {
    let found = names.iter().position(|it| plain(it) == name);
    found.unwrap_or_else(|| panic!("no member `{name}` in {names:?}"))
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.is_ascii() && hex.len().is_multiple_of(2), "no bytes: {hex}");
    let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hexadecimal digits");
    (0..hex.len()).step_by(2).map(byte).collect()
}
