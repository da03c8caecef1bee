//! Every fault of a peer, every close code, and every misuse of the writer.

use super::*;

/// The one event of a server that reads the bytes, and what comes after them.
fn fault(bytes: &[u8]) -> FrameError {
    let more = [bytes, &raw(0x81, true, b"after"), b"garbage"].concat();
    match &server(&more)[..] {
        [Owned::Failed(error)] => *error,
        events => panic!("{events:?}"),
    }
}

#[test]
fn each_fault_is_an_event_once_by_name_and_ends_the_reading() {
    let text = |first, payload: &[u8]| raw(first, true, payload);
    for (bytes, expected, code) in [
        (text(0xc1, b"a"), FrameError::ReservedBits { bits: 4 }, 1002),
        (text(0xa1, b"a"), FrameError::ReservedBits { bits: 2 }, 1002),
        (text(0x91, b"a"), FrameError::ReservedBits { bits: 1 }, 1002),
        (raw(0x81, false, b"a"), FrameError::Unmasked, 1002),
        (text(0x09, b"a"), FrameError::ControlFragmented, 1002),
        (text(0x89, &[0; 126]), FrameError::ControlTooLong, 1002),
        (text(0x80, b"a"), FrameError::ContinuationUnexpected, 1002),
        ([text(0x01, b"a"), text(0x81, b"a")].concat(), FrameError::MessageInterleaved, 1002),
        ([text(0x02, b"a"), text(0x02, b"a")].concat(), FrameError::MessageInterleaved, 1002),
        (vec![0x81, 0xfe, 0, 125], FrameError::LengthNotMinimal, 1002),
        (vec![0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'a'], FrameError::LengthNotMinimal, 1002),
        (vec![0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff], FrameError::LengthNotMinimal, 1002),
        (vec![0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1], FrameError::LengthTopBit, 1002),
        (
            vec![0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1],
            FrameError::FrameTooBig { length: 0x10_0001, limit: 0x10_0000 },
            1009,
        ),
        (text(0x88, b"\x03"), FrameError::CloseBodyTooShort, 1002),
        (
            text(0x88, &1005u16.to_be_bytes()),
            FrameError::CloseCodeInvalid { code: CloseCode::NO_STATUS },
            1002,
        ),
        (text(0x88, b"\x03\xe8\xff"), FrameError::CloseReasonNotUtf8, 1007),
        (text(0x81, b"\xc3"), FrameError::TextNotUtf8, 1007),
        (text(0x81, b"\xed\xa0\x80"), FrameError::TextNotUtf8, 1007),
        ([text(0x01, b"\xc3"), text(0x80, b"")].concat(), FrameError::TextNotUtf8, 1007),
    ] {
        assert_eq!(fault(&bytes), expected, "{bytes:x?}");
        assert_eq!(expected.close_code().as_u16(), code);
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(fault(&text(0x80 | opcode, b"")), FrameError::OpcodeReserved { opcode });
    }
    let masked = Owned::Failed(FrameError::Masked);
    assert_eq!(client(&text(0x81, b"a")), [masked]);
}

#[test]
fn a_character_may_be_cut_by_a_fragment_and_a_ping_may_come_between() {
    let bytes = [raw(0x01, true, b"\xf0\x9f"), raw(0x89, true, b"?"), raw(0x80, true, b"\xa6\x80")];
    let expected = [Owned::Ping(b"?".to_vec()), Owned::Text("🦀".into())];
    assert_eq!(server(&bytes.concat()), expected);
}

#[test]
fn limits_are_exact() {
    let small = |bytes: &[u8]| {
        let one = read(Role::Server, SMALL, bytes, &[1]);
        assert_eq!(one, read(Role::Server, SMALL, bytes, &[usize::MAX]));
        one.last().cloned()
    };
    let part = |first, len| raw(first, true, &vec![0; len]);
    assert_eq!(small(&part(0x82, 200)), Some(Owned::Binary(vec![0; 200])));
    let error = FrameError::FrameTooBig { length: 201, limit: 200 };
    assert_eq!(small(&part(0x82, 201)[..4]), Some(Owned::Failed(error)));
    assert_eq!(small(&part(0x82, 201)), Some(Owned::Failed(error)));
    let two = |last| [part(0x02, 200), part(0x80, last)].concat();
    assert_eq!(small(&two(100)), Some(Owned::Binary(vec![0; 300])));
    let error = FrameError::MessageTooBig { length: 301, limit: 300 };
    assert_eq!(small(&two(101)[..210]), Some(Owned::Failed(error)));
    let four = [part(0x02, 0), part(0, 0), part(0, 0), part(0x80, 0)].concat();
    assert_eq!(small(&four), Some(Owned::Binary(vec![])));
    let five = [part(0x02, 0), part(0, 0), part(0, 0), part(0, 0), part(0x80, 0)].concat();
    let error = FrameError::TooManyFragments { limit: 4 };
    assert_eq!(small(&five), Some(Owned::Failed(error)));
    assert_eq!(error.close_code(), CloseCode::TOO_BIG);
    // Each 64 bytes that have come let one more in.
    let six = |len| [part(0x02, len), part(0, 0).repeat(4), part(0x80, 0)].concat();
    assert_eq!(small(&six(128)), Some(Owned::Binary(vec![0; 128])));
    let error = FrameError::TooManyFragments { limit: 5 };
    assert_eq!(small(&six(127)), Some(Owned::Failed(error)));
}

/// RFC 6455 section 7.4 and the IANA registry, number by number.
#[test]
fn every_close_code_is_read_and_written_as_the_registry_says() {
    for number in 0..=u16::MAX {
        let code = CloseCode::new(number);
        let valid = match number {
            0..=999 => false,
            1004..=1006 | 1015 => false,
            1000..=1014 => true,
            1016..=2999 => false,
            3000..=4999 => true,
            5000.. => false,
        };
        let frame = raw(0x88, true, &number.to_be_bytes());
        let events = read(Role::Server, FrameConfig::default(), &frame, &[usize::MAX]);
        let expected = if valid {
            Owned::Close(Some((number, String::new())))
        } else {
            Owned::Failed(FrameError::CloseCodeInvalid { code })
        };
        assert_eq!(events, [expected]);

        let mut out = Vec::new();
        let written = Writer::server().close(code, "", &mut out);
        match number {
            1005 => assert_eq!((written, &out[..]), (Ok(()), &[0x88, 0][..])),
            1010 => assert_eq!(written, Err(WriteError::CodeNotSendable { code })),
            _ if valid => {
                assert_eq!(written, Ok(()));
                assert_eq!(out[2..], number.to_be_bytes());
            }
            _ => {
                assert_eq!(written, Err(WriteError::CodeNotSendable { code }));
                assert!(out.is_empty());
            }
        }
    }
    let mut client = Writer::client(Seed::from_number(1));
    assert_eq!(client.close(CloseCode::MANDATORY_EXTENSION, "", &mut Vec::new()), Ok(()));
}

#[test]
fn a_close_without_body_says_nothing_and_nothing_follows_any_close() {
    let after = raw(0x81, true, b"late");
    assert_eq!(server(&[raw(0x88, true, b""), after.clone()].concat()), [Owned::Close(None)]);
    let close = raw(0x88, true, b"\x0f\xa1why");
    assert_eq!(server(&[close, after].concat()), [Owned::Close(Some((4001, "why".into())))]);
    // Inside a fragmented message too.
    let inside = [raw(0x01, true, b"half"), raw(0x88, true, b"")].concat();
    assert_eq!(server(&inside), [Owned::Close(None)]);
}

#[test]
fn reasons_are_cut_on_a_characters_border() {
    for (reason, kept) in [
        ("x".repeat(123), 123),
        ("x".repeat(500), 123),
        (format!("{}é", "x".repeat(122)), 122),
        ("🦀".repeat(31), 120),
    ] {
        let mut out = Vec::new();
        Writer::server().close(CloseCode::NORMAL, &reason, &mut out).unwrap();
        assert_eq!(client(&out), [Owned::Close(Some((1000, reason[..kept].to_owned())))]);
    }
}

#[test]
fn misuse_of_the_writer_is_typed_and_writes_nothing() {
    let mut out = Vec::new();
    let mut writer = Writer::server();
    let long = [0; 126];
    assert_eq!(writer.ping(&long, &mut out), Err(WriteError::ControlTooLong { length: 126 }));
    assert_eq!(writer.pong(&long, &mut out), Err(WriteError::ControlTooLong { length: 126 }));
    assert!(out.is_empty());
    writer.fragment(MessageKind::Text, false, b"a", &mut out).unwrap();
    out.clear();
    let open = Err(WriteError::MessageOpen { open: MessageKind::Text });
    assert_eq!(writer.text("b", &mut out), open);
    assert_eq!(writer.binary(b"b", &mut out), open);
    assert_eq!(writer.fragment(MessageKind::Binary, true, b"b", &mut out), open);
    assert!(out.is_empty());
    writer.close(CloseCode::NORMAL, "", &mut out).unwrap();
    out.clear();
    assert!(writer.is_closed());
    assert_eq!(writer.text("b", &mut out), Err(WriteError::Closed));
    assert_eq!(writer.binary(b"b", &mut out), Err(WriteError::Closed));
    assert_eq!(writer.fragment(MessageKind::Text, true, b"", &mut out), Err(WriteError::Closed));
    assert_eq!(writer.ping(b"", &mut out), Err(WriteError::Closed));
    assert_eq!(writer.pong(b"", &mut out), Err(WriteError::Closed));
    assert_eq!(writer.close(CloseCode::NORMAL, "", &mut out), Err(WriteError::Closed));
    assert!(out.is_empty());
}
