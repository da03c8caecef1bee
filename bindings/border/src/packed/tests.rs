//! The layout.

use proptest::prelude::*;

use super::*;
use crate::testing::{anything, give, sound};

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
    let mut record = give(schema::DISCONNECT_USER, &[1_000], &["user", "a reason"]);
    // Two lengths that together are as long as the texts, and alone are not.
    record[16..20].copy_from_slice(&u32::MAX.wrapping_sub(1).to_le_bytes());
    record[20..24].copy_from_slice(&14_u32.to_le_bytes());
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
