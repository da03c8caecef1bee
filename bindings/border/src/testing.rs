//! What the tests of the border read and write in the packed layout.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::packed::schema::{self, From, RECORDS, Record};
use crate::packed::{ABSENT, HEAD, NONE, push};

/// A record of a machine's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    schema: &'static Record,
    words: Vec<u64>,
    texts: Vec<Option<Vec<u8>>>,
}

impl Output {
    /// The records of an output, which must be sound: `next` comes at the end and only there.
    pub fn all(mut bytes: &[u8]) -> Vec<Self> {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let size = u32::from_le_bytes(bytes[..4].try_into().unwrap()) as usize;
            let (record, rest) = bytes.split_at(size);
            all.push(Self::of(record));
            bytes = rest;
        }
        let next = all.iter().position(|output| output.is("next"));
        assert_eq!(next, Some(all.len() - 1), "an output ends with `next`");
        all
    }

    fn of(record: &[u8]) -> Self {
        let schema = schema::record(u16::from_le_bytes([record[4], record[5]])).unwrap();
        assert_eq!(schema.from, From::Engine);
        let counts = (usize::from(record[6]), usize::from(record[7]));
        assert_eq!(counts, (schema.words.len(), schema.texts.len()), "{}", schema.name);
        let (words, rest) = record[HEAD..].split_at(8 * counts.0);
        let (lengths, mut rest) = rest.split_at(4 * counts.1);
        let words = words.chunks_exact(8).map(|it| u64::from_le_bytes(it.try_into().unwrap()));
        let words: Vec<_> = words.collect();
        let mut texts = Vec::new();
        for (length, name) in lengths.chunks_exact(4).zip(schema.texts) {
            let length = u32::from_le_bytes(length.try_into().unwrap());
            if length == ABSENT {
                assert!(name.ends_with('?'), "{}: {name}", schema.name);
                texts.push(None);
                continue;
            }
            let (text, after) = rest.split_at(length as usize);
            assert!(name.ends_with('*') || str::from_utf8(text).is_ok());
            texts.push(Some(text.to_vec()));
            rest = after;
        }
        assert!(rest.is_empty());
        for (word, name) in words.iter().zip(schema.words) {
            assert!(*word != NONE || name.ends_with('?'), "{}: {name}", schema.name);
        }
        Self { schema, words, texts }
    }

    pub fn name(&self) -> &'static str {
        self.schema.name
    }

    pub fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    pub fn word(&self, name: &str) -> Option<u64> {
        let at = self.schema.words.iter().position(|it| it.trim_end_matches('?') == name).unwrap();
        Some(self.words[at]).filter(|word| *word != NONE)
    }

    pub fn bytes(&self, name: &str) -> &[u8] {
        let marks = ['?', '*'];
        let place = |it: &&'static str| it.trim_end_matches(marks) == name;
        let at = self.schema.texts.iter().position(place).unwrap();
        self.texts[at].as_deref().unwrap_or_default()
    }

    pub fn text(&self, name: &str) -> &str {
        str::from_utf8(self.bytes(name)).unwrap()
    }
}

/// A record of these members.
pub fn give(kind: u16, words: &[u64], texts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let texts: Vec<_> = texts.iter().map(|text| Some(text.as_bytes())).collect();
    push(&mut out, kind, words, &texts);
    out
}

/// Records as a careless host may write them: sound ones with any members, cut ones, and bytes
/// that are none.
pub fn anything() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => sound(),
        1 => (sound(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut record, at, byte)| {
            let at = at.index(record.len());
            record[at] = byte;
            record
        }),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// A sound record of a host.
pub fn sound() -> impl Strategy<Value = Vec<u8>> {
    let of_host: Vec<_> = RECORDS.iter().filter(|record| record.from == From::Host).collect();
    prop::sample::select(of_host).prop_flat_map(|record| {
        let words = prop::collection::vec(word_of_any_size(), record.words.len());
        let texts: Vec<_> = record.texts.iter().map(|name| text_for(name)).collect();
        (words, texts).prop_map(|(words, texts)| {
            let mut out = Vec::new();
            let texts: Vec<_> = texts.iter().map(Option::as_deref).collect();
            push(&mut out, record.kind, &words, &texts);
            out
        })
    })
}

fn word_of_any_size() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => 0..3_u64,
        2 => 990..5_000_u64,
        1 => any::<u64>(),
        1 => prop::sample::select(vec![NONE, NONE - 1, 1 << 63, (1 << 63) - 1, 1 << 32]),
    ]
}

fn text_for(name: &'static str) -> BoxedStrategy<Option<Vec<u8>>> {
    let known = prop::sample::select(TEXTS).prop_map(|text| text.as_bytes().to_vec());
    let text = prop_oneof![4 => known, 1 => any::<String>().prop_map(String::into_bytes)];
    match name.chars().last() {
        Some('?') => prop::option::of(text).boxed(),
        Some('*') => {
            let frames = prop::sample::select(FRAMES).prop_map(<[u8]>::to_vec);
            let any = prop::collection::vec(any::<u8>(), 0..64);
            prop_oneof![2 => frames, 1 => any].prop_map(Some).boxed()
        }
        _ => text.prop_map(Some).boxed(),
    }
}

/// What machines know something about.
const TEXTS: &[&str] = &[
    "",
    "ann",
    "{}",
    "{\"type\":\"ping\"}",
    "{\"type\":\"chat\",\"id\":1,\"message\":\"m\",\"stream\":true}",
    "{\"type\":\"chat\",\"message\":\"m\"}",
    "{\"type\":\"connection\",\"features\":[\"reply_to\",\"repeat\"],\"epoch\":\"e\"}",
    "{\"type\":\"chat_response\",\"message\":\"m\"}",
    "{\"type\":\"chat_response_delta\",\"content\":\"m\"}",
    "{\"type\":\"error\",\"message\":\"m\",\"retry_after\":1e300}",
    "{\"type\":\"going_away\",\"retry_after\":-1}",
    "{\"type\":\"auth\",\"token\":\"t\"}",
    "authentication",
    "expired",
    "e30.eyJleHAiOjE4MDAwMDM2MDB9.c2ln",
];

const FRAMES: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /api/v1/pam/ws/ann?token=t HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
      Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    b"HTTP/1.1 503 No\r\nRetry-After: 9\r\n\r\n",
    &[0x89, 0x80, 0, 0, 0, 0],
    &[0x81, 0x00],
    &[0x88, 0x02, 0x03, 0xe8],
    &[0xff, 0xff],
];

/// The names of the variants of an enum in a file of the core.
pub fn variants(source: &str, of: &str) -> BTreeSet<String> {
    let (_, body) = source.split_once(&format!("pub enum {of}<'a> {{\n")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variant = |line: &str| {
        let name = line.strip_prefix("    ")?.split(['(', ' ', ',']).next()?;
        name.starts_with(|first: char| first.is_ascii_uppercase()).then(|| name.to_owned())
    };
    body.lines().filter_map(variant).collect()
}
