//! What the vectors cannot show: large values, types, what is written of any value.

mod arbitrary;

use core::cmp::Ordering;
use core::hash::{Hash as _, Hasher as _};
use core::num::NonZeroU16;
use core::time::Duration;

use super::*;
use crate::envelope::{Envelope, Raw, Shape};

fn said(text: &str) -> Result<Message<'_>, Malformed> {
    let envelope = Envelope::parse(text, DEPTH).unwrap();
    Message::read(&envelope).map(|said| said.expect("a type of the dialect").1)
}

fn written(message: &Message<'_>) -> String {
    let mut out = String::new();
    message.write(Channel::default(), &mut out);
    out
}

fn position(sequence: u64) -> Position {
    Position::new(Epoch::from_bits(0x0123_4567_89ab_cdef), sequence)
}

#[test]
fn each_member_is_in_its_place() {
    let text = r#"{"type":"opened","session":"00112233445566778899aabbccddeeff","answer":"gap","received":["0123456789abcdef",1],"from":["0123456789abcdef",2],"sent":["0123456789abcdef",3],"log":"0000000000000004","window":{"envelopes":5,"bytes":1026},"keep":7,"lost":8,"reason":"evicted","how":"moved"}"#;
    let Message::Opened(opened) = said(text).unwrap() else { panic!("its type says so") };
    let bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(|it: u8| it * 0x11);
    let expected = Opened {
        session: SessionId::from_bytes(bytes),
        answer: Answer::Gap,
        received: position(1),
        from: position(2),
        sent: position(3),
        log: Epoch::from_bits(4),
        window: Window { envelopes: 5, bytes: 1026 },
        keep: Duration::from_millis(7),
        lost: Some(8),
        reason: Code::new("evicted"),
        how: Some(How::Unknown("moved".into())),
    };
    assert_eq!(opened, expected);
    assert_eq!(written(&Message::Opened(expected)), text);
}

#[test]
fn a_position_may_be_spelled_otherwise_and_is_the_same() {
    let read = |position: &str| {
        let text = format!(r#"{{"type":"caught_up","at":{position}}}"#);
        let Ok(Message::CaughtUp(it)) = said(&text) else { return None };
        Some(it.at)
    };
    for spelled in [
        r#"["0123456789abcdef",7]"#,
        r#"[ "0123456789abcdef" , 7 ]"#,
        r#"["012345678\u0039abcdef",7]"#,
    ] {
        assert_eq!(read(spelled), Some(position(7)), "{spelled}");
    }
    let most = r#"["0123456789abcdef",9007199254740991]"#;
    assert_eq!(read(most), Some(position(MAX_NUMBER)));
    for spelled in [
        r#"["0123456789abcdef",9007199254740992]"#,
        r#"["0123456789abcdef",7.0]"#,
        r#"["0123456789abcdef",-7]"#,
        r#"["0123456789abcdef",7,8]"#,
        r#"["0123456789abcdef","7"]"#,
        r#"["0123456789abcdef"]"#,
        r#"["0123456789ABCDEF",7]"#,
        r#"["0123456789abcdeg",7]"#,
        r#"["0123456789abcde",7]"#,
        r#"["0123456789abcdef0",7]"#,
        r#"["012345678/abcdef",7]"#,
    ] {
        assert_eq!(read(spelled), None, "{spelled}");
    }
}

#[test]
fn positions_of_one_epoch_alone_have_an_order() {
    let other = Position::start(Epoch::from_bits(7));
    assert_eq!(position(1).cmp_in_epoch(position(2)), Some(Ordering::Less));
    assert_eq!(position(2).cmp_in_epoch(position(2)), Some(Ordering::Equal));
    assert_eq!(position(0).cmp_in_epoch(other), None);
    assert_eq!(other.epoch.to_string(), "0000000000000007");
}

#[test]
fn numbers_are_written_as_a_formatter_writes_them() {
    let powers = (0..16).map(|power| 10_u64.pow(power));
    for number in powers.flat_map(|power| [power - 1, power, power + 1]) {
        let epoch = Epoch::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let at = Position::new(epoch, number);
        let text = written(&Message::CaughtUp(CaughtUp { stream: None, at }));
        assert_eq!(text, format!(r#"{{"type":"caught_up","at":["{epoch}",{number}]}}"#));
    }
}

#[test]
fn an_id_shows_a_quarter_of_itself() {
    let id = SessionId::from_bytes([0xab; 16]);
    assert_eq!(format!("{id:?}"), "abababab..");
    let text = format!(r#"{{"type":"open","session":"{}","sent":7}}"#, "ab".repeat(16));
    let fault = said(&text).unwrap_err();
    assert!(!format!("{fault} {fault:?}").contains("ababababa"));
}

#[test]
fn a_fault_says_what_was_found_and_what_is_wanted() {
    let fault = |text| said(text).unwrap_err().to_string();
    assert_eq!(
        fault(r#"{"type":"follow","stream":"q","received":["0123456789abcdef",1]}"#),
        "`follow`: expected a whole number from 0 to 2^53 - 1 for `offset`, found none",
    );
    assert_eq!(
        fault(r#"{"type":"open","sent":["0123456789abcdef",1],"follow":[{"stream":7}]}"#),
        "`open`: expected a name of 1 to 128 bytes without control characters for `stream` in \
         `follow`, found a number",
    );
}

#[test]
fn a_piece_has_64_kib_of_text_however_it_is_spelled() {
    let text = |append: &str| {
        let at = r#"["0123456789abcdef",1]"#;
        format!(r#"{{"type":"piece","stream":"q","at":{at},"offset":0,"append":"{append}"}}"#)
    };
    for longest in ["x".repeat(65_536), "é".repeat(32_768), r"\u00e9".repeat(32_768)] {
        let (whole, more) = (text(&longest), text(&format!("{longest}x")));
        let Message::Piece(piece) = said(&whole).unwrap() else { panic!("its type says so") };
        assert_eq!(piece.append.len(), 65_536);
        let fault = said(&more).unwrap_err();
        assert_eq!((fault.member, fault.found), ("append", Some(Shape::Text)));
    }
}

#[test]
fn a_body_has_1_mib_as_it_is_spelled() {
    let item =
        |body: &str| format!(r#"{{"type":"item","at":["0123456789abcdef",1],"body":{body}}}"#);
    let body = format!("\"{}\"", "x".repeat((1 << 20) - 2));
    let text = item(&body);
    let Message::Item(item_of) = said(&text).unwrap() else { panic!("its type says so") };
    // It is lent.
    assert!(core::ptr::eq(
        item_of.body.as_json(),
        &text[text.len() - 1 - body.len()..][..body.len()]
    ));
    let text = item(&format!("\"x{}", &body[1..]));
    let fault = said(&text).unwrap_err();
    assert_eq!((fault.member, fault.found), ("body", Some(Shape::Text)));
}

#[test]
fn a_body_is_nested_10_deep_whatever_its_envelope_may_be() {
    let body = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let at = r#""at":["0123456789abcdef",1]"#;
    let item = |depth| format!(r#"{{"type":"item","channel":3,{at},"body":{}}}"#, body(depth));
    let end = |depth| {
        let body = body(depth);
        format!(
            r#"{{"type":"end","channel":3,"stream":"q",{at},"offset":0,"how":"done","body":{body}}}"#
        )
    };
    for (whole, more) in [(item(10), item(11)), (end(10), end(11))] {
        assert!(Envelope::parse(&more, DEPTH).is_err());
        for depth in [DEPTH, DEPTH + 1, u8::MAX] {
            assert!(Message::read(&Envelope::parse(&whole, depth).unwrap()).is_ok());
        }
        for depth in [DEPTH + 1, u8::MAX] {
            let fault = Message::read(&Envelope::parse(&more, depth).unwrap()).unwrap_err();
            assert_eq!((fault.channel, fault.member), (Channel(3), "body"));
        }
    }
    // What is ignored may be as deep as its reader allows.
    let more = format!(r#"{{"type":"closed","mood":{},"code":"left"}}"#, body(200));
    assert!(Message::read(&Envelope::parse(&more, u8::MAX).unwrap()).is_ok());
}

#[test]
fn members_beyond_those_that_the_scan_records_are_found() {
    let mut text = String::from("{");
    for n in 0..40 {
        text.push_str(&format!(r#""m{n}":[{n}],"sent":{n},"#));
    }
    text.push_str(r#""sent":["0123456789abcdef",2],"received":["0123456789abcdef",1],"channel":9,"type":"ack"}"#);
    let envelope = Envelope::parse(&text, DEPTH).unwrap();
    let ack = Ack { received: position(1), sent: position(2) };
    assert_eq!(Message::read(&envelope), Ok(Some((Channel(9), Message::Ack(ack)))));
}

#[test]
fn half_a_pair_of_surrogates_reads_as_the_replacement_and_is_kept_in_a_name() {
    let text = r#"{"type":"unfollow","stream":"a\ud800"}"#;
    let message = said(text).unwrap();
    assert_eq!(written(&message), text);
    let Message::Unfollow(unfollow) = message else { panic!("its type says so") };
    assert_eq!(unfollow.stream.as_str(), "a\u{fffd}");
}

#[test]
fn a_duration_is_written_in_whole_milliseconds_and_within_a_day() {
    let retry_after = |after| {
        let closed = Closed { code: Code::new("left").unwrap(), retry_after: Some(after) };
        let text = written(&Message::Closed(closed));
        let Message::Closed(closed) = said(&text).unwrap() else { panic!("its type says so") };
        closed.retry_after.unwrap()
    };
    let day = Duration::from_secs(86_400);
    assert_eq!(retry_after(Duration::from_nanos(1)), Duration::from_millis(1));
    assert_eq!(retry_after(Duration::from_micros(7_001)), Duration::from_millis(8));
    assert_eq!(retry_after(day), day);
    assert_eq!(retry_after(day + Duration::from_nanos(1)), day);
    assert_eq!(retry_after(Duration::MAX), day);
}

#[test]
fn names_and_codes_are_made_within_their_bounds_alone() {
    assert_eq!(Name::new("q-1").unwrap().as_borrowed().into_owned(), Name::new("q-1").unwrap());
    for name in ["", "a\tb", &"x".repeat(129)] {
        assert_eq!(Name::new(name), None);
    }
    for code in ["", "Left", "é", &"x".repeat(65)] {
        assert_eq!(Code::new(code), None);
    }
}

#[test]
fn a_word_that_no_code_could_be_is_no_word() {
    let outcome = |word: &str| {
        let at = r#""at":["0123456789abcdef",1],"of":["0123456789abcdef",1]"#;
        let results = format!(r#"[{{"stream":"q","outcome":{word}}}]"#);
        let text = format!(r#"{{"type":"cancel_result",{at},"results":{results}}}"#);
        said(&text).is_ok()
    };
    assert!(outcome("\"unknown\"") && outcome("\"put_off\"") && outcome(r#""\u0061""#));
    assert!(!outcome("\"\"") && !outcome("\"put off\"") && !outcome("7"));
}

/// wordpress-rs#1364: a word that a new version had given a name was no longer equal to what hosts
/// compared with.
#[test]
fn a_word_is_the_same_before_and_after_it_has_a_name() {
    let hash = |how: &How<'_>| {
        let mut hasher = std::hash::DefaultHasher::new();
        how.hash(&mut hasher);
        hasher.finish()
    };
    for named in How::ALL {
        // What a host wrote while its version did not know the word.
        let written = How::Unknown(named.as_str().into());
        assert_eq!((&written, hash(&written)), (named, hash(named)));
        for other in How::ALL.iter().filter(|other| other.as_str() != named.as_str()) {
            assert!(*other != written && other != named);
        }
    }
    assert_eq!(How::from("put_off"), How::Unknown("put_off".into()));
    assert_ne!(How::from("put_off"), How::from("put_on"));
}

#[test]
fn a_body_is_written_as_it_is_spelled() {
    let body = Raw::parse(r#" { "a" : 1.0 } "#, DEPTH).unwrap();
    let item = Item { at: position(1), of: None, stream: None, agent: None, received: None, body };
    let text = r#"{"type":"item","at":["0123456789abcdef",1],"body":{ "a" : 1.0 }}"#;
    assert_eq!(written(&Message::Item(item)), text);
}

#[test]
fn a_token_shows_in_no_debug_output() {
    let message = said(r#"{"type":"token","token":"eyJhbGci"}"#).unwrap();
    let Message::Token(token) = &message else { panic!("its type says so") };
    assert_eq!(token.token.expose(), "eyJhbGci");
    assert!(!format!("{message:?}").contains("eyJ"), "{message:?}");
    assert_eq!(Secret::new(""), None);
    assert!(Secret::new("x".repeat(8_192)).is_some());
    assert_eq!(Secret::new("x".repeat(8_193)), None);
}

#[test]
fn two_ends_agree_on_the_highest_version_and_on_what_both_can_do() {
    let versions = |lowest: u16, highest: u16| {
        Versions::new(NonZeroU16::new(lowest).unwrap()..=NonZeroU16::new(highest).unwrap())
    };
    let common = |a: Versions, b: Versions| {
        assert_eq!(a.highest_common(b), b.highest_common(a));
        a.highest_common(b).map(NonZeroU16::get)
    };
    let some = |lowest, highest| versions(lowest, highest).unwrap();
    assert_eq!(common(Versions::OWN, some(1, 9)), Some(1));
    assert_eq!(common(some(2, 5), some(4, 7)), Some(5));
    assert_eq!(common(some(2, 9), some(4, 7)), Some(7));
    assert_eq!(common(some(1, 3), some(4, 7)), None);
    assert_eq!(versions(2, 1), None);

    let both = Features(0b1011).common(Features(0b1110));
    assert_eq!(both, Features(0b1010));
    assert!(both.contains(Features::INPUT) && both.contains(Features::NONE));
    assert!(!both.contains(Features::BATCH) && !both.contains(Features(0b11)));
}

#[test]
fn what_a_link_hears_is_moved_into_its_bounds() {
    let interval = |millis| HeartbeatInterval::new(Duration::from_millis(millis)).to_duration();
    assert_eq!(interval(0), Duration::from_secs(1));
    assert_eq!(interval(20_001), Duration::from_millis(20_001));
    assert_eq!(interval(u64::MAX), Duration::from_secs(3_600));
    assert_eq!(Limits::new(1).message, 524_288);
    assert_eq!(Limits::new(600_000).message, 600_000);
    assert_eq!(Limits::new(u32::MAX).message, 1 << 30);
}
