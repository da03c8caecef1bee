//! Compressed messages between our own ends, and those that a hostile peer sends.

use flate2::{Compress, Compression, FlushCompress};
use proptest::prelude::*;

use super::*;
use crate::frame::{FrameConfig, FrameError, FrameEvent, MessageKind, Reader, Role, Writer};
use crate::seed::Seed;

mod attacks;
mod negotiation;

const fn agreed(bits: u8, takeover: bool) -> Agreement {
    let window = DeflateWindow { bits, takeover };
    Agreement { send: window, receive: window }
}

fn config(threshold: usize) -> DeflateConfig {
    DeflateConfig { threshold, ..DeflateConfig::client() }
}

/// A client's writer and a server's reader that have agreed.
fn pair(config: &DeflateConfig, agreed: Agreement) -> (Writer, Reader) {
    let mut writer = Writer::client(Seed::from_number(1));
    writer.deflate(config, agreed);
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    reader.inflate(config, agreed);
    (writer, reader)
}

/// Owns an event, so that readers can be compared.
fn owned(event: &FrameEvent<'_>) -> String {
    format!("{event:?}")
}

/// What is read of frames of a server.
fn read(agreed: Agreement, wire: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.inflate(&DeflateConfig::client(), agreed);
    reader.handle_bytes(wire).unwrap();
    core::iter::from_fn(|| reader.poll_event().map(|event| owned(&event))).collect()
}

/// One frame of a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(length),
        _ => {
            frame.push(126);
            frame.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    frame
}

/// A payload as any peer would compress it.
fn compressed(payload: &[u8]) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut out = Vec::with_capacity(payload.len() + 1024);
    compress.compress_vec(payload, &mut out, FlushCompress::Sync).unwrap();
    out.truncate(out.len() - 4);
    out
}

fn failed(error: FrameError) -> Vec<String> {
    vec![owned(&FrameEvent::Failed(error))]
}

fn text(text: &str) -> String {
    owned(&FrameEvent::Text(text))
}

/// The examples of RFC 7692 section 7.2.3.
#[test]
fn the_examples_of_the_rfc_are_read() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let wire = |frames: &[&[u8]]| frames.concat();
    // Section 7.2.3.1: one block, whole and in two fragments.
    let whole = frame(0xc1, &hello);
    assert_eq!(read(agreed(15, true), &whole), [text("Hello")]);
    let fragments = wire(&[&frame(0x41, &hello[..3]), &frame(0x80, &hello[3..])]);
    assert_eq!(read(agreed(15, true), &fragments), [text("Hello")]);
    // Section 7.2.3.2: the second one refers to the first.
    let second = frame(0xc1, &[0xf2, 0x00, 0x11, 0x00, 0x00]);
    let both = wire(&[&whole, &second]);
    assert_eq!(read(agreed(15, true), &both), [text("Hello"), text("Hello")]);
    let refused = [text("Hello"), owned(&FrameEvent::Failed(FrameError::DeflateCorrupt))];
    assert_eq!(read(agreed(15, false), &both), refused);
    // Section 7.2.3.3: a block without compression.
    let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
    assert_eq!(read(agreed(15, true), &frame(0xc1, &stored)), [text("Hello")]);
    // Section 7.2.3.4: a final block.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    assert_eq!(read(agreed(15, true), &frame(0xc1, &last)), [text("Hello")]);
    // Section 7.2.3.5: two blocks.
    let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(read(agreed(15, true), &frame(0xc1, &two)), [text("Hello")]);
    // Section 7.2.3.6: an empty message, and one without even that block.
    assert_eq!(read(agreed(15, true), &frame(0xc1, &[0x00])), [text("")]);
    assert_eq!(read(agreed(15, true), &frame(0xc1, &[])), [text("")]);
}

#[test]
fn what_follows_a_final_block_may_refer_to_what_came_before_it() {
    let first = "the same words again and again";
    let mut compress = Compress::new(Compression::best(), false);
    let mut payload = Vec::with_capacity(1024);
    compress.compress_vec(first.as_bytes(), &mut payload, FlushCompress::Finish).unwrap();
    let mut again = Compress::new(Compression::best(), false);
    again.set_dictionary(first.as_bytes()).unwrap();
    let before = payload.len();
    again.compress_vec(first.as_bytes(), &mut payload, FlushCompress::Sync).unwrap();
    assert!(payload.len() - before < 12, "the second block is a reference");
    payload.truncate(payload.len() - 4);
    assert_eq!(read(agreed(15, true), &frame(0xc1, &payload)), [text(&[first, first].concat())]);
}

#[test]
fn a_message_with_many_final_blocks_fails() {
    let mut payload = [0x03, 0x00].repeat(17);
    payload.push(0x00);
    assert_eq!(read(agreed(15, true), &frame(0xc1, &payload)), failed(FrameError::DeflateCorrupt));
    let mut payload = [0x03, 0x00].repeat(15);
    payload.push(0x00);
    assert_eq!(read(agreed(15, true), &frame(0xc1, &payload)), [text("")]);
}

#[test]
fn a_message_that_is_cut_off_or_broken_fails() {
    let payload = compressed("a message of some length, a message of some length".as_bytes());
    for cut in 1..payload.len() - 1 {
        let read = read(agreed(15, true), &frame(0xc1, &payload[..cut]));
        assert_eq!(read, failed(FrameError::DeflateCorrupt), "cut at {cut}");
    }
    // A block of the reserved kind, one whose length is not its own complement, and a reference
    // to before the beginning.
    for payload in [&[0x07][..], &[0x00, 0x05, 0x00, 0x00, 0x00], &[0xf2, 0x00, 0x11, 0x00, 0x00]] {
        let read = read(agreed(15, true), &frame(0xc1, payload));
        assert_eq!(read, failed(FrameError::DeflateCorrupt), "{payload:x?}");
    }
}

#[test]
fn rsv1_belongs_to_the_first_frame_of_a_message() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let cases = [
        ("a ping", frame(0xc9, b"")),
        ("a close", frame(0xc8, b"")),
        ("a continuation", [frame(0x41, &hello[..2]), frame(0xc0, &hello[2..])].concat()),
        ("a continuation of a plain one", [frame(0x01, b"a"), frame(0xc0, b"b")].concat()),
    ];
    for (name, wire) in cases {
        let reserved = FrameError::ReservedBits { bits: 4 };
        assert_eq!(read(agreed(15, true), &wire), failed(reserved), "{name}");
    }
    // RSV2 and RSV3 are nobody's.
    let reserved = FrameError::ReservedBits { bits: 6 };
    assert_eq!(read(agreed(15, true), &frame(0xe1, &hello)), failed(reserved));
    // Without the extension RSV1 is nobody's either.
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.handle_bytes(&frame(0xc1, &hello)).unwrap();
    let reserved = FrameError::ReservedBits { bits: 4 };
    assert_eq!(reader.poll_event(), Some(FrameEvent::Failed(reserved)));
}

#[test]
fn control_frames_come_between_compressed_fragments() {
    let payload = compressed(b"in pieces");
    let wire = [
        frame(0x42, &payload[..2]),
        frame(0x89, b"still there?"),
        frame(0x00, &payload[2..5]),
        frame(0x80, &payload[5..]),
    ];
    let expected =
        [FrameEvent::Ping(b"still there?"), FrameEvent::Binary(b"in pieces")].map(|e| owned(&e));
    assert_eq!(read(agreed(15, true), &wire.concat()), expected);
}

#[test]
fn a_compressed_text_must_be_utf8() {
    let read = read(agreed(15, true), &frame(0xc1, &compressed(b"caf\xe9")));
    assert_eq!(read, failed(FrameError::TextNotUtf8));
}

/// 16 MiB fit 16 KB.
#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    for (limit, ratio) in [(1 << 20, 10_000), (300, 10_000)] {
        let bomb = compressed(&vec![b'a'; 4 << 20]);
        let mut reader =
            Reader::new(Role::Client, FrameConfig { max_message: limit, ..FrameConfig::default() });
        let config = DeflateConfig { max_ratio: ratio, ..DeflateConfig::client() };
        reader.inflate(&config, agreed(15, true));
        let mut pool = DeflatePool::default();
        // In fragments, so that no frame by itself is over the limit.
        for (at, piece) in bomb.chunks(250).enumerate() {
            let last = (at + 1) * 250 >= bomb.len();
            let first = if at == 0 { 0x42 } else { 0 } | if last { 0x80 } else { 0 };
            reader.handle_bytes(&frame(first, piece)).unwrap();
            match reader.poll_event_with(&mut pool) {
                None => assert!(!last, "the bomb passed"),
                Some(FrameEvent::Failed(FrameError::MessageTooBig { length, limit: named })) => {
                    assert!(named == limit && length > limit as u64);
                    break;
                }
                Some(event) => panic!("{event:?}"),
            }
        }
        let most = 2 * limit + 128 * 1024;
        assert!(pool.memory() <= most, "{} of {most} bytes", pool.memory());
    }
}

#[test]
fn a_ratio_over_the_limit_fails_once_the_message_is_long() {
    let read_zeros = |length: usize| {
        let payload = compressed(&vec![0; length]);
        read(agreed(15, true), &frame(0xc2, &payload)).remove(0)
    };
    // A short one may be as monotonous as it likes.
    assert!(read_zeros(64 * 1024).starts_with("Binary"));
    let failed = failed(FrameError::RatioTooHigh { limit: 200 });
    assert_eq!(read_zeros(1 << 20), failed[0]);
    assert_eq!(FrameError::RatioTooHigh { limit: 200 }.close_code().as_u16(), 1009);
    assert_eq!(FrameError::DeflateCorrupt.close_code().as_u16(), 1007);
}

#[test]
fn short_and_incompressible_messages_leave_plain() {
    let config = config(20);
    let (mut writer, mut reader) = pair(&config, agreed(15, true));
    let mut random = Seed::from_number(7).into_random();
    let noise: Vec<u8> = (0..2_000).map(|_| random.next_u32().to_le_bytes()[0]).collect();
    let mut wire = Vec::new();
    for payload in [&b"short"[..], &noise, &[b'x'; 100], &noise] {
        let start = wire.len();
        writer.binary(payload, &mut wire).unwrap();
        let plain = payload.len() < 20 || payload.len() == 2_000;
        assert_eq!(wire[start] & 0x40 == 0, plain, "{} bytes", payload.len());
        assert!(wire.len() - start <= payload.len() + 8);
        reader.handle_bytes(&wire[start..]).unwrap();
        assert_eq!(reader.poll_event(), Some(FrameEvent::Binary(payload)));
    }
}

#[test]
fn a_message_that_refers_to_none_must_be_four_times_as_long() {
    for (takeover, shortest) in [(true, 20), (false, 80)] {
        let (mut writer, _) = pair(&config(20), agreed(15, takeover));
        for length in [shortest - 1, shortest] {
            let mut wire = Vec::new();
            writer.text(&"a".repeat(length), &mut wire).unwrap();
            assert_eq!(wire[0] & 0x40 != 0, length == shortest, "{length} bytes");
        }
    }
}

#[test]
fn a_window_of_8_bits_is_never_compressed_into() {
    let (mut writer, _) = pair(&config(1), agreed(8, true));
    assert_eq!(writer.capacity(), 0, "it has nothing to compress with");
    let mut wire = Vec::new();
    writer.text(&"a".repeat(100), &mut wire).unwrap();
    assert_eq!(wire[0], 0x81);
}

#[test]
fn takeover_makes_the_second_message_small_and_rest_forgets() {
    let said = "A sentence that is said twice, word by word, and costs little the second time.";
    let sizes = |takeover: bool, rest: bool| {
        let (mut writer, mut reader) = pair(&config(1), agreed(15, takeover));
        let mut sizes = Vec::new();
        for _ in 0..2 {
            let mut wire = Vec::new();
            writer.text(said, &mut wire).unwrap();
            if rest {
                writer.release(None);
            }
            reader.handle_bytes(&wire).unwrap();
            assert_eq!(reader.poll_event(), Some(FrameEvent::Text(said)));
            sizes.push(wire.len());
        }
        (sizes[0], sizes[1])
    };
    let (first, second) = sizes(true, false);
    assert!(second < first / 3, "{second} after {first}");
    let (first, second) = sizes(false, false);
    assert_eq!(first, second);
    let (first, second) = sizes(true, true);
    assert_eq!(first, second);
}

#[test]
fn a_pool_lends_so_many_compressors_and_gets_them_back() {
    let config = config(1);
    let mut pool = DeflatePool::with_kept(2);
    let mut links: Vec<_> = (0..4).map(|_| pair(&config, agreed(15, true))).collect();
    let said = "said by each of them, again and again and again";
    for round in 0..3 {
        for (writer, reader) in &mut links {
            let mut wire = Vec::new();
            writer.message_with(MessageKind::Text, said.as_bytes(), &mut pool, &mut wire).unwrap();
            reader.handle_bytes(&wire).unwrap();
            let event = reader.poll_event_with(&mut pool);
            assert_eq!(event, Some(FrameEvent::Text(said)), "round {round}");
        }
        assert_eq!(pool.lent(), 2, "others borrow for a message");
        assert!(pool.memory() > 300 * 1024, "one lies ready for them");
    }
    links[0].0.release(Some(&mut pool));
    assert_eq!(pool.lent(), 1);
    // One that is dropped comes back too.
    drop(links);
    assert_eq!(pool.lent(), 0);
    assert!(pool.memory() < 2 * 400 * 1024);
}

#[test]
fn an_idle_connection_holds_less_than_a_kibibyte() {
    let config = DeflateConfig::server();
    let agreed = Agreement { send: config.send, receive: config.receive };
    let mut pool = DeflatePool::default();
    let mut writer = Writer::server();
    writer.deflate(&config, agreed);
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.inflate(&config, agreed);
    let mut wire = Vec::new();
    let said = "a long answer, ".repeat(500);
    writer.message_with(MessageKind::Text, said.as_bytes(), &mut pool, &mut wire).unwrap();
    reader.handle_bytes(&wire).unwrap();
    assert_eq!(reader.poll_event_with(&mut pool), Some(FrameEvent::Text(&said)));
    assert_eq!(reader.poll_event_with(&mut pool), None);
    writer.release(Some(&mut pool));
    reader.release();
    let held = writer.capacity() + reader.capacity();
    assert!(held <= 1024, "{held} bytes");
}

#[test]
fn a_connection_on_its_own_holds_nothing_while_it_rests() {
    for takeover in [true, false] {
        let (mut writer, _) = pair(&config(1), agreed(15, takeover));
        let mut wire = Vec::new();
        writer.text(&"a long request, ".repeat(50), &mut wire).unwrap();
        assert!(writer.capacity() > 100 * 1024, "{} bytes", writer.capacity());
        writer.release(None);
        assert!(writer.capacity() <= 1024, "takeover {takeover}: {} bytes", writer.capacity());
    }
}

#[derive(Clone, Debug)]
enum Said {
    Whole(MessageKind, Vec<u8>),
    Pieces(MessageKind, Vec<Vec<u8>>),
    Rest,
}

fn said() -> impl Strategy<Value = Said> {
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let text = prop_oneof![
        "[a-e ]{0,300}".prop_map(String::into_bytes),
        "\\PC{0,60}".prop_map(String::into_bytes),
        (0..5_000usize).prop_map(|n| vec![b'z'; n]),
    ];
    prop_oneof![
        (kind.clone(), text.clone()).prop_map(|(kind, text)| Said::Whole(kind, text)),
        (kind, prop::collection::vec(text, 1..4)).prop_map(|(kind, text)| Said::Pieces(kind, text)),
        Just(Said::Rest),
    ]
}

proptest! {
    /// Whatever was agreed on, however the bytes are cut, the reader has what the writer was given.
    #[test]
    fn what_is_written_is_read(
        messages in prop::collection::vec(said(), 1..12),
        bits in 8u8..=15,
        takeover: bool,
        threshold in 0usize..200,
        level in 1u8..=9,
        part in 1usize..2_000,
        shared: bool,
    ) {
        let config = DeflateConfig { threshold, level, ..DeflateConfig::client() };
        let (mut writer, mut reader) = pair(&config, agreed(bits, takeover));
        let mut pool = DeflatePool::with_kept(1);
        let mut wire = Vec::new();
        let mut expected = Vec::new();
        for message in messages {
            let (kind, payload) = match message {
                Said::Whole(kind, payload) => {
                    if shared {
                        writer.message_with(kind, &payload, &mut pool, &mut wire).unwrap();
                    } else {
                        let text = core::str::from_utf8(&payload).unwrap();
                        match kind {
                            MessageKind::Text => writer.text(text, &mut wire).unwrap(),
                            MessageKind::Binary => writer.binary(&payload, &mut wire).unwrap(),
                        }
                    }
                    (kind, payload)
                }
                Said::Pieces(kind, pieces) => {
                    for (at, piece) in pieces.iter().enumerate() {
                        let fin = at + 1 == pieces.len();
                        writer.fragment(kind, fin, piece, &mut wire).unwrap();
                    }
                    (kind, pieces.concat())
                }
                Said::Rest => {
                    writer.release(Some(&mut pool));
                    continue;
                }
            };
            expected.push(owned(&match kind {
                MessageKind::Text => FrameEvent::Text(core::str::from_utf8(&payload).unwrap()),
                MessageKind::Binary => FrameEvent::Binary(&payload),
            }));
        }
        let mut found = Vec::new();
        for piece in wire.chunks(part) {
            reader.handle_bytes(piece).unwrap();
            loop {
                let event =
                    if shared { reader.poll_event_with(&mut pool) } else { reader.poll_event() };
                let Some(event) = event else { break };
                found.push(owned(&event));
            }
        }
        prop_assert_eq!(found, expected);
    }

    /// No payload makes the reader panic, and what it holds stays within its bounds.
    #[test]
    fn any_payload_is_read_or_fails(
        payload in prop::collection::vec(any::<u8>(), 0..600),
        bits in 8u8..=15,
    ) {
        let read = read(agreed(bits, true), &frame(0xc2, &payload));
        prop_assert_eq!(read.len(), 1);
    }
}
