//! What other implementations fell to. `docs/frames.md` tells which, and where it was reported.

use super::*;
use crate::frame::work;

const MIB: usize = 1 << 20;

/// tungstenite-rs#376: what has arrived is not looked at again for every byte that follows.
#[test]
fn bytes_that_drip_in_are_looked_at_a_fixed_number_of_times() {
    let text = "drip é漢🦀 ".repeat(6_000);
    let (start, end) = text.as_bytes().split_at(text.len() / 2);
    for frames in [
        raw(0x81, true, text.as_bytes()),
        [raw(0x01, true, start), raw(0x89, true, b"ping"), raw(0x80, true, end)].concat(),
        raw(0x82, true, text.as_bytes()),
        raw(0x89, true, b"").repeat(10_000),
    ] {
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        let looked_at = work::during(|| {
            for byte in &frames {
                reader.handle_bytes(core::slice::from_ref(byte)).unwrap();
                while reader.poll_event().is_some() {}
            }
        });
        // Each byte: as a head while that is not whole, as payload, as text, and as what is moved
        // when the buffer grows.
        let most = 8 * frames.len();
        assert!((frames.len()..most).contains(&looked_at), "{looked_at} of {}", frames.len());
    }
}

/// The limits of `ws` for what a message keeps, 2b2abd45 and a2f4e7c0: parts without a byte in
/// them count too.
#[test]
fn a_flood_of_empty_fragments_ends_at_the_limit_and_holds_nothing() {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let (first, empty) = (raw(0x01, true, b""), raw(0x00, true, b""));
    reader.handle_bytes(&first).unwrap();
    let mut sent = 1;
    let event = loop {
        if let Some(event) = reader.poll_event() {
            break Owned::from(event);
        }
        sent += 1;
        reader.handle_bytes(&empty).unwrap();
        assert!(reader.capacity() <= 256, "{}", reader.capacity());
        assert!(sent <= 10_000, "no limit");
    };
    let limit = FrameConfig::default().max_fragments;
    assert_eq!(event, Owned::Failed(FrameError::TooManyFragments { limit }));
    assert_eq!(sent, limit + 1);
}

/// A wide-spread client of Go compresses a message in pieces of 242 and 4 bytes.
#[test]
fn a_long_message_may_come_in_thousands_of_small_fragments() {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let (mut events, mut sent) = (Vec::new(), 0);
    for at in 0..2_570 {
        let (first, last) =
            (if at == 0 { 0x01 } else { 0x00 }, if at == 2_569 { 0x80 } else { 0x00 });
        for (start, length) in [(first, 242), (last, 4)] {
            reader.handle_bytes(&raw(start, true, &vec![b'a'; length])).unwrap();
            drain(&mut reader, &mut events);
            sent += length;
        }
    }
    assert_eq!(events, [Owned::Text("a".repeat(sent))]);
}

/// fastwebsockets#100: 64 fragments of half the limit were one message of 32 times the limit.
#[test]
fn fragments_together_are_held_to_the_limit_of_a_message() {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let half = vec![7; MIB / 2];
    let mut events = Vec::new();
    for at in 0..64 {
        for part in raw(if at == 0 { 0x02 } else { 0x00 }, true, &half).chunks(64 * 1024) {
            reader.handle_bytes(part).unwrap();
            drain(&mut reader, &mut events);
        }
        assert!(reader.capacity() <= 3 * MIB, "{}", reader.capacity());
    }
    let error = FrameError::MessageTooBig { length: 3 * MIB as u64 / 2, limit: MIB };
    assert_eq!(events, [Owned::Failed(error)]);
}

/// A limit of 64 MiB is none: hew#1443, reinhardt-web#506.
#[test]
fn nobody_has_to_set_a_limit_to_have_one() {
    let FrameConfig { max_message, max_frame, max_fragments, retain } = FrameConfig::default();
    assert_eq!((max_message, max_frame, max_fragments, retain), (MIB, MIB, 4096, 4096));
    let mut head = Header::new(Opcode::Binary, true, MIB + 1, Some([1; 4])).as_bytes().to_vec();
    head.truncate(10);
    let error = FrameError::FrameTooBig { length: MIB as u64 + 1, limit: MIB };
    assert_eq!(server(&head), [Owned::Failed(error)]);
    assert_eq!(error.close_code().as_u16(), 1009);
}

/// Control frames over 125 bytes left fastwebsockets and yawc, unless they were pings.
#[test]
fn no_control_frame_over_125_bytes_leaves() {
    let long = "x".repeat(1_000);
    for mut writer in [Writer::server(), Writer::client(Seed::from_number(1))] {
        let mut out = Vec::new();
        for length in [126, 1_000, 70_000] {
            let payload = vec![1; length];
            let refused = Err(WriteError::ControlTooLong { length });
            assert_eq!(writer.ping(&payload, &mut out), refused);
            assert_eq!(writer.pong(&payload, &mut out), refused);
        }
        assert!(out.is_empty());
        writer.close(CloseCode::NORMAL, &long, &mut out).unwrap();
        assert_eq!((out[0], out[1] & 0x7f), (0x88, 125));
    }
}

/// Who reads in the middle of a head and is cut off there, as a dropped future does, has lost
/// nothing: fastwebsockets#64, and soketto and web-socket too.
#[test]
fn a_read_that_ends_anywhere_loses_nothing() {
    let frames = [raw(0x81, true, &[b'a'; 70_000]), raw(0x82, true, &[7; 200])].concat();
    for cut in (0..40).chain(69_990..frames.len()) {
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        let mut events = Vec::new();
        for part in [&frames[..cut], &frames[cut..]] {
            // Space that was lent and not filled, then the same again.
            let _ = reader.space(part.len() + 7).unwrap();
            reader.space(part.len()).unwrap()[..part.len()].copy_from_slice(part);
            reader.filled(part.len());
            drain(&mut reader, &mut events);
        }
        assert_eq!(events.len(), 2, "cut at {cut}");
        assert_eq!(events[1], Owned::Binary(vec![7; 200]));
    }
}
