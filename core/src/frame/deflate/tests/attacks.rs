//! What a hostile peer may send as a compressed message. `docs/frames.md` tells what others fell
//! to.

use super::*;

/// A reference of three bytes to what lies `distance` bytes back, as the only content of a block
/// with fixed codes (RFC 1951 section 3.2.6).
fn reference(distance: u16) -> Vec<u8> {
    let (code, extra, base) = match distance {
        1..=4 => (distance - 1, 0, distance),
        513..=768 => (18, 8, 513),
        other => panic!("{other}"),
    };
    // Codes come with their first bit first, numbers with their last.
    let mut bits = vec![0, 1, 0]; // Not final; fixed codes.
    bits.extend([0, 0, 0, 0, 0, 0, 1]); // Length 3: symbol 257.
    bits.extend((0..5).rev().map(|bit| (code >> bit & 1) as u8));
    bits.extend((0..extra).map(|bit| ((distance - base) >> bit & 1) as u8));
    bits.extend([0; 7]); // End of block.
    bits.extend([0, 0, 0]); // A stored block, whose length is left out.
    bits.chunks(8).map(|byte| byte.iter().enumerate().map(|(at, bit)| bit << at).sum()).collect()
}

/// A block without compression.
fn stored(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap();
    [&[0x00][..], &length.to_le_bytes(), &(!length).to_le_bytes(), payload, &[0x00]].concat()
}

fn reader(limit: usize, agreed: Agreement) -> Reader {
    let config = FrameConfig { max_message: limit, ..FrameConfig::default() };
    let mut reader = Reader::new(Role::Client, config);
    reader.inflate(&DeflateConfig::client(), agreed);
    reader
}

fn next(reader: &mut Reader, pool: &mut DeflatePool, payload: &[u8]) -> String {
    reader.handle_bytes(&frame(0xc2, payload)).unwrap();
    owned(&reader.poll_event_with(pool).unwrap())
}

const CORRUPT: FrameEvent<'_> = FrameEvent::Failed(FrameError::DeflateCorrupt);

/// The inflater is shared; what one connection said must not be within reach of another.
#[test]
fn what_others_said_is_out_of_reach() {
    let mut pool = DeflatePool::default();
    let mut victim = reader(1 << 20, agreed(15, true));
    let secret = owned(&FrameEvent::Binary(b"secret"));
    for before in [&b""[..], b"a"] {
        assert_eq!(next(&mut victim, &mut pool, &stored(b"secret")), secret);
        let mut thief = reader(1 << 20, agreed(15, true));
        if !before.is_empty() {
            let own = owned(&FrameEvent::Binary(before));
            assert_eq!(next(&mut thief, &mut pool, &stored(before)), own);
            assert_eq!(next(&mut victim, &mut pool, &stored(b"secret")), secret);
        }
        assert_eq!(next(&mut thief, &mut pool, &reference(3)), owned(&CORRUPT));
    }
    // Its own past is: the reference is right.
    let again = owned(&FrameEvent::Binary(b"ret"));
    assert_eq!(next(&mut victim, &mut pool, &reference(3)), again);
}

#[test]
fn a_past_ends_with_the_window_that_was_agreed_on() {
    let past = vec![7; 600];
    for (bits, expected) in [(9, owned(&CORRUPT)), (10, owned(&FrameEvent::Binary(&[7; 3])))] {
        let (mut pool, mut reader) = (DeflatePool::default(), reader(1 << 20, agreed(bits, true)));
        assert_eq!(next(&mut reader, &mut pool, &stored(&past)), owned(&FrameEvent::Binary(&past)));
        assert_eq!(next(&mut reader, &mut pool, &reference(560)), expected, "{bits} bits");
    }
}

#[test]
fn a_pool_outlives_those_who_break_it() {
    let mut pool = DeflatePool::default();
    let hello = owned(&FrameEvent::Binary(b"hello"));
    for attack in [
        reference(1),
        vec![0x07],
        vec![0x05; 100],
        stored(b"x")[..3].to_vec(),
        compressed(&vec![0; 4 << 20]),
    ] {
        let event = next(&mut reader(1 << 20, agreed(15, true)), &mut pool, &attack);
        assert!(event.starts_with("Failed"), "{event}");
        let mut other = reader(1 << 20, agreed(15, true));
        assert_eq!(next(&mut other, &mut pool, &stored(b"hello")), hello);
    }
    assert!(pool.memory() < 256 * 1024, "{}", pool.memory());
}

#[test]
fn the_limit_of_a_message_is_exact_and_holds_for_both_of_its_forms() {
    let words: Vec<u8> = (0..10_000_u32).flat_map(|n| (n % 97).to_le_bytes()).collect();
    let payload = compressed(&words);
    let agreed = agreed(15, true);
    let mut pool = DeflatePool::default();
    let event = next(&mut reader(words.len(), agreed), &mut pool, &payload);
    assert_eq!(event, owned(&FrameEvent::Binary(&words)));
    let limit = words.len() - 1;
    let event = next(&mut reader(limit, agreed), &mut pool, &payload);
    let error = FrameError::MessageTooBig { length: words.len() as u64, limit };
    assert_eq!(event, owned(&FrameEvent::Failed(error)));
    // Compressed it may not be longer either: it is held until it is whole.
    let mut reader = reader(300, agreed);
    reader.handle_bytes(&[frame(0x42, &[0; 200]), frame(0x80, &[0; 101])].concat()).unwrap();
    let error = FrameError::MessageTooBig { length: 301, limit: 300 };
    assert_eq!(reader.poll_event(), Some(FrameEvent::Failed(error)));
}

#[test]
fn blocks_with_nothing_in_them_cost_what_they_weigh() {
    let mut payload = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(10_000);
    payload.push(0x00);
    let mut pool = DeflatePool::default();
    let event = next(&mut reader(1 << 20, agreed(15, true)), &mut pool, &payload);
    assert_eq!(event, owned(&FrameEvent::Binary(b"")));
    assert!(pool.memory() < 128 * 1024, "{}", pool.memory());
}

#[test]
fn compressed_fragments_are_counted_and_empty_ones_too() {
    let mut reader = reader(1 << 20, agreed(15, true));
    let flood = [frame(0x42, b""), frame(0x00, b"").repeat(4096)].concat();
    reader.handle_bytes(&flood).unwrap();
    let error = FrameError::TooManyFragments { limit: 4096 };
    assert_eq!(reader.poll_event(), Some(FrameEvent::Failed(error)));
}

/// Found by the fuzz target `inflate`: a bomb that is broken behind the bound was told as broken
/// where the buffer happened to be large.
#[test]
fn which_fault_is_reported_does_not_depend_on_what_came_before() {
    let mut bomb = compressed(&vec![0; 66_000]);
    bomb.extend_from_slice(&[0x00, 0x00, 0xff, 0xff, 0x07]);
    let too_high = owned(&FrameEvent::Failed(FrameError::RatioTooHigh { limit: 200 }));
    let agreed = agreed(15, true);
    for before in [0, 1, 300, 5_000, 50_000, 65_000] {
        let mut pool = DeflatePool::default();
        let _ = next(&mut reader(1 << 20, agreed), &mut pool, &stored(&vec![7; before]));
        assert_eq!(next(&mut reader(1 << 20, agreed), &mut pool, &bomb), too_high, "{before}");
        let event = next(&mut reader(1_000, agreed), &mut pool, &bomb);
        assert_eq!(event, too_big(1_001, 1_000), "{before}");
    }
}

fn too_big(length: u64, limit: usize) -> String {
    owned(&FrameEvent::Failed(FrameError::MessageTooBig { length, limit }))
}
