//! The layout, and what the tests of the machines read and write in it.

use proptest::prelude::*;

use super::schema::{From, RECORDS, Record};
use super::*;

/// A record of a machine's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    schema: &'static Record,
    words: Vec<u64>,
    texts: Vec<Option<Vec<u8>>>,
}

impl Output {
    /// The records of an output, which must be sound: `next` comes at the end and only there.
    pub(crate) fn all(mut bytes: &[u8]) -> Vec<Self> {
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

    pub(crate) fn name(&self) -> &'static str {
        self.schema.name
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    pub(crate) fn word(&self, name: &str) -> Option<u64> {
        let at = self.schema.words.iter().position(|it| it.trim_end_matches('?') == name).unwrap();
        Some(self.words[at]).filter(|word| *word != NONE)
    }

    pub(crate) fn bytes(&self, name: &str) -> &[u8] {
        let marks = ['?', '*'];
        let place = |it: &&'static str| it.trim_end_matches(marks) == name;
        let at = self.schema.texts.iter().position(place).unwrap();
        self.texts[at].as_deref().unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        str::from_utf8(self.bytes(name)).unwrap()
    }
}

/// A record of these members.
pub(crate) fn give(kind: u16, words: &[u64], texts: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    let texts: Vec<_> = texts.iter().map(|text| Some(text.as_bytes())).collect();
    push(&mut out, kind, words, &texts);
    out
}

/// Records as a careless host may write them: sound ones with any members, cut ones, and bytes
/// that are none.
pub(crate) fn anything() -> impl Strategy<Value = Vec<u8>> {
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
fn sound() -> impl Strategy<Value = Vec<u8>> {
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

#[test]
fn a_record_lies_in_memory_as_the_table_of_the_layout_says() {
    let mut out = Vec::new();
    push(&mut out, schema::EXPIRED, &[0x0102_0304_0506_0708], &[]);
    push(&mut out, schema::NEXT, &[NONE], &[None]);
    push(&mut out, schema::PIECE, &[1, 0], &[Some("é".as_bytes()), Some(b"")]);
    let expired = [16, 0, 0, 0, 127, 0, 1, 0, 8, 7, 6, 5, 4, 3, 2, 1];
    let next = [20, 0, 0, 0, 100, 0, 1, 1];
    let piece = [34, 0, 0, 0, 124, 0, 2, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let texts = [2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xa9];
    assert_eq!(out[..16], expired);
    assert_eq!(out[16..24], next);
    assert_eq!(out[24..36], [0xff; 12]);
    assert_eq!(out[36..60], piece);
    assert_eq!(out[60..], texts);
}

#[test]
fn members_are_read_by_their_place() {
    let mut out = Vec::new();
    let texts = [Some(&b"m"[..]), None, Some(b""), Some("é".as_bytes()), None];
    push(&mut out, schema::ASK, &[1], &texts);
    out.extend_from_slice(b"rest");
    let (view, rest) = View::split(&out).unwrap();
    assert_eq!((view.kind, rest), (schema::ASK, &b"rest"[..]));
    assert!(view.flag(0));
    assert_eq!((view.word(0), view.word(1), view.some(0)), (1, 0, Some(1)));
    let read = [0, 1, 2, 3, 4, 5].map(|at| view.optional(at));
    assert_eq!(read, [Some("m"), None, Some(""), Some("é"), None, None]);
    assert_eq!((view.text(1), view.bytes(3)), ("", Some("é".as_bytes())));
}

#[test]
fn what_is_wrong_with_a_record_is_named() {
    let sound = give(schema::SEND, &[], &["text"]);
    let with = |at: usize, byte: u8| {
        let mut record = sound.clone();
        record[at] = byte;
        record
    };
    let cases = [
        (vec![], "a record is cut off in its head"),
        (sound[..7].to_vec(), "a record is cut off in its head"),
        (with(4, 47), "no host writes records of kind 47"),
        (with(4, 100), "no host writes records of kind 100"),
        (with(5, 1), "no host writes records of kind 282"),
        (with(6, 1), "`send` has other members"),
        (with(7, 0), "`send` has other members"),
        (with(0, 7), "`send` has no size of 7 bytes in 16"),
        (with(0, 17), "`send` has no size of 17 bytes in 16"),
        (with(3, 0xff), "`send` has no size of 4278190096 bytes in 16"),
        (with(0, 11), "`send` is too small for its texts"),
        (with(8, 5), "`envelope` of `send` is longer than the record"),
        (with(11, 0xfe), "`envelope` of `send` is longer than the record"),
        (with(8, 3), "`send` has 1 bytes too many"),
        (with(12, 0xff), "`envelope` of `send` is not UTF-8"),
        (
            [vec![12, 0, 0, 0], sound[4..8].to_vec(), vec![0xff; 4]].concat(),
            "`send` needs its `envelope`",
        ),
        (
            [&[12, 0, 0, 0, 5, 0, 1, 0][..], &[0; 4]].concat(),
            "`closed_in` is too small for its words",
        ),
    ];
    for (bytes, what) in cases {
        let fault = View::split(&bytes).map(|_| ()).unwrap_err();
        assert_eq!((fault.code, fault.what.as_str()), (Code::BadInput, what), "{bytes:?}");
    }
}

#[test]
fn no_text_of_a_record_is_believed_beyond_it() {
    let mut record = give(schema::PUSH, &[], &["user", "envelope"]);
    // Two lengths that together are as long as the texts, and alone are not.
    record[8..12].copy_from_slice(&u32::MAX.wrapping_sub(1).to_le_bytes());
    record[12..16].copy_from_slice(&14_u32.to_le_bytes());
    assert!(View::split(&record).is_err());
}

proptest! {
    #[test]
    fn whatever_a_host_writes_is_read_again(record in sound(), behind in any::<[u8; 3]>()) {
        let bytes = [&record[..], &behind].concat();
        let (view, rest) = View::split(&bytes).unwrap();
        prop_assert_eq!(rest, behind);
        let schema = schema::record(view.kind).unwrap();
        let words: Vec<_> = (0..schema.words.len()).map(|at| view.word(at)).collect();
        let texts: Vec<_> = (0..schema.texts.len()).map(|at| view.bytes(at)).collect();
        let mut again = Vec::new();
        push(&mut again, view.kind, &words, &texts);
        prop_assert_eq!(again, record);
    }

    #[test]
    fn bytes_that_are_no_record_are_refused_and_nothing_more(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        if let Ok((_, rest)) = View::split(&bytes) {
            prop_assert!(rest.len() + HEAD <= bytes.len());
        }
    }

    #[test]
    fn one_spoilt_byte_is_no_panic(pieces in anything()) {
        let mut rest = &pieces[..];
        while let Ok((view, after)) = View::split(rest) {
            let _ = (view.text(0), view.some(0), view.bytes(8));
            rest = after;
        }
    }
}
