//! Frames that break RFC 6455 or a bound: a close frame that says so, whatever the cut.

use crate::house::House;
use crate::peer::{Heard, Peer, a_moment};

/// A frame as a client sends it, its mask zero.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(0x80 | u8::try_from(len).unwrap()),
        Ok(len) => {
            frame.push(0x80 | 126);
            frame.extend(len.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// What is sent, the close code that it gets, and the class that it counts under.
fn cases() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    let claims = |len: u64| [&[FIN | TEXT, 0xff][..], &len.to_be_bytes(), &[0; 4]].concat();
    let fragments = |count: usize| {
        let mut bytes = frame(TEXT, b"");
        (1..count).for_each(|_| bytes.extend(frame(0, b"")));
        bytes
    };
    vec![
        ("no mask", vec![FIN | TEXT, 2, b'h', b'i'], 1002, "protocol"),
        ("a reserved bit", frame(FIN | 0x40 | TEXT, b"{}"), 1002, "protocol"),
        ("all reserved bits", frame(FIN | 0x70 | TEXT, b"{}"), 1002, "protocol"),
        ("an unknown opcode", frame(FIN | 3, b""), 1002, "protocol"),
        ("an unknown control opcode", frame(FIN | 0xb, b""), 1002, "protocol"),
        ("a length that is too large", claims(1 << 40), 1009, "too_big"),
        ("the largest length", claims(u64::MAX >> 1), 1009, "too_big"),
        ("a length with its sign bit", claims(1 << 63), 1002, "protocol"),
        ("a length in too many bytes", vec![FIN | TEXT, 0xfe, 0, 5, 0, 0, 0, 0], 1002, "protocol"),
        ("a long ping", frame(FIN | PING, &[0; 126]), 1002, "protocol"),
        ("a ping in pieces", frame(PING, b""), 1002, "protocol"),
        ("a close of one byte", frame(FIN | CLOSE, &[3]), 1002, "protocol"),
        ("a close code that is never sent", frame(FIN | CLOSE, &[3, 0xed]), 1002, "protocol"),
        ("a close reason that is no text", frame(FIN | CLOSE, b"\x03\xe8\xff"), 1007, "protocol"),
        ("nothing to continue", frame(FIN, b"x"), 1002, "protocol"),
        (
            "a message inside a message",
            [frame(TEXT, b"{"), frame(FIN | TEXT, b"{}")].concat(),
            1002,
            "protocol",
        ),
        ("a text that is none", frame(FIN | TEXT, b"\xc0\xaf"), 1007, "protocol"),
        ("half a surrogate pair", frame(FIN | TEXT, b"\"\xed\xa0\x80\""), 1007, "protocol"),
        (
            "half a character at the end",
            [frame(TEXT, b"\"\xe2\x82"), frame(FIN, b"")].concat(),
            1007,
            "protocol",
        ),
        ("a text that is none, before its end", frame(TEXT, b"ab\xff"), 1007, "protocol"),
        ("too many fragments", fragments(5_000), 1009, "too_big"),
        (
            "a message that grows too large",
            (0..20).flat_map(|at| frame(if at == 0 { TEXT } else { 0 }, &[b' '; 60_000])).collect(),
            1009,
            "too_big",
        ),
        ("a binary that is too large", frame(FIN | BINARY, &[0; 1_100_000]), 1009, "too_big"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_frame_ends_its_link_with_the_right_code() {
    let house = House::open().await;
    for (name, bytes, code, class) in cases() {
        let before = house.count("pamlink_closes_total", class);
        let mut peer = Peer::welcomed(&house, "ann").await;
        let _ = peer.say(&bytes).await;
        let (_, end) = peer.until_close().await;
        assert!(matches!(end, Heard::Close(found, _) if found == code), "{name}: {end:?}");
        assert_eq!(peer.hear().await, Heard::End, "{name}");
        house.counted("pamlink_closes_total", class, before + 1).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_frame_ends_its_link_byte_by_byte() {
    let house = House::open().await;
    for (name, bytes, code, _) in cases() {
        if bytes.len() > 1_000 {
            continue;
        }
        let mut peer = Peer::welcomed(&house, "ann").await;
        for byte in bytes {
            if peer.say(&[byte]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let (_, end) = peer.until_close().await;
        assert!(matches!(end, Heard::Close(found, _) if found == code), "{name}: {end:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_mean_nothing_end_their_link() {
    let house = House::open().await;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..50 {
        let mut bytes = Vec::new();
        for _ in 0..512 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            bytes.extend(random.to_le_bytes());
        }
        // A first byte that no frame has, so that none of these waits for the rest of a message.
        bytes[0] = 0x7f;
        let mut peer = Peer::welcomed(&house, "ann").await;
        let _ = peer.say(&bytes).await;
        let (_, end) = peer.until_close().await;
        assert!(matches!(end, Heard::Close(1002, _)), "round {round}: {end:?}");
    }
    house.counted("pamlink_closes_total", "protocol", 50).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_breaks_off_is_counted_and_forgotten() {
    let house = House::open().await;
    let before = memory(&house).await;
    let whole = frame(FIN | TEXT, &[b' '; 70_000]);
    for cut in [1, 2, 5, 9, 13, 14, 100, 69_999] {
        for broken in [true, false] {
            let mut peer = Peer::welcomed(&house, "ann").await;
            peer.say(&whole[..cut]).await.unwrap();
            a_moment().await;
            if broken { peer.reset() } else { drop(peer) }
        }
    }
    house.counted("pamlink_closes_total", "network", 16).await;
    house.only_the_witness().await;
    // The witness fills the duplicate window all the while.
    let more = memory(&house).await.saturating_sub(before);
    assert!(more < 1 << 20, "{more} bytes are held for peers that are gone");
    house.close().await;
}

/// What the hub holds, in bytes.
async fn memory(house: &House) -> usize {
    let mut peer = Peer::connect(house.addr).await;
    peer.say(b"GET /memory HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = peer.answer().await;
    answer.rsplit("\r\n\r\n").next().unwrap().parse().unwrap()
}
