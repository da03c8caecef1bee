//! Any bytes as the payload of compressed messages: what miniz_oxide makes of the first of them we
//! make of it too, within the limits; nothing depends on the chunking, on fragments, or on whether
//! the memory is shared with others.
//!
//! The first byte of an input chooses the window, the second the fragments; the rest is payload.
//! Two bytes 0xee in a row end one message and begin the next.

#![no_main]

use libfuzzer_sys::fuzz_target;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use pamlink::frame::{
    Agreement, DeflateConfig, DeflatePool, DeflateWindow, FrameConfig, FrameError, FrameEvent,
    Reader, Role,
};

/// Little, for speed; more than the 64 KiB up to which no ratio is too high.
const LIMIT: usize = 96 * 1024;

fuzz_target!(|input: &[u8]| {
    let [window, cut, payload @ ..] = input else { return };
    let agreed = Agreement {
        send: DeflateWindow { bits: 15, takeover: true },
        receive: DeflateWindow { bits: 9 + window % 7, takeover: window & 0x80 == 0 },
    };
    let messages = messages(payload);
    let size = usize::from(*cut).max(1);
    let whole = read(agreed, &wire(&messages, usize::MAX), usize::MAX, None);
    let mut pool = DeflatePool::with_kept(1);
    disturb(&mut pool);
    assert_eq!(whole, read(agreed, &wire(&messages, usize::MAX), size, Some(&mut pool)));
    let fragments = wire(&messages, payload.len() / 8 + size);
    assert_eq!(whole, read(agreed, &fragments, size, None));
    if let Some(expected) = messages.first().and_then(|first| oracle(first)) {
        check(whole.first(), &expected, messages[0].len());
    }
});

/// What was read of one message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Message(Vec<u8>),
    Failed(FrameError),
}

/// The payloads, a few at most.
fn messages(payload: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    let mut rest = payload;
    while messages.len() < 4
        && let Some(at) = rest.windows(2).position(|pair| pair == [0xee, 0xee])
    {
        messages.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    messages.push(rest);
    messages
}

/// Each payload as a compressed binary message of a server, in fragments of at most `size`.
fn wire(messages: &[&[u8]], size: usize) -> Vec<u8> {
    let mut wire = Vec::new();
    for message in messages {
        let mut parts: Vec<&[u8]> = message.chunks(size.min(message.len()).max(1)).collect();
        if parts.is_empty() {
            parts.push(&[]);
        }
        let last = parts.len() - 1;
        for (at, part) in parts.iter().enumerate() {
            let opcode = if at == 0 { 0x42 } else { 0x00 };
            wire.push(opcode | if at == last { 0x80 } else { 0 });
            wire.push(127);
            match part.len() {
                0..126 => *wire.last_mut().expect("a byte") = part.len() as u8,
                126..0x1_0000 => {
                    *wire.last_mut().expect("a byte") = 126;
                    wire.extend_from_slice(&(part.len() as u16).to_be_bytes());
                }
                _ => wire.extend_from_slice(&(part.len() as u64).to_be_bytes()),
            }
            wire.extend_from_slice(part);
        }
    }
    wire
}

fn read(
    agreed: Agreement,
    wire: &[u8],
    size: usize,
    mut pool: Option<&mut DeflatePool>,
) -> Vec<Outcome> {
    let config = FrameConfig { max_message: LIMIT, ..FrameConfig::default() };
    let mut reader = Reader::new(Role::Client, config);
    reader.inflate(&DeflateConfig::client(), agreed);
    let mut outcomes = Vec::new();
    for part in wire.chunks(size.min(wire.len()).max(1)) {
        reader.handle_bytes(part).expect("a reader that is drained takes a chunk");
        loop {
            let event = match &mut pool {
                Some(pool) => reader.poll_event_with(pool),
                None => reader.poll_event(),
            };
            outcomes.push(match event {
                None => break,
                Some(FrameEvent::Binary(bytes)) => Outcome::Message(bytes.to_vec()),
                Some(FrameEvent::Failed(error)) => Outcome::Failed(error),
                Some(event) => panic!("{event:?}"),
            });
        }
        let most = 4 * (LIMIT + wire.len()) + 256 * 1024;
        assert!(reader.capacity() <= most, "{} B", reader.capacity());
    }
    outcomes
}

/// Leaves a past in a pool, which the next connection must not see.
fn disturb(pool: &mut DeflatePool) {
    let window = DeflateWindow { bits: 15, takeover: true };
    let agreed = Agreement { send: window, receive: window };
    // A stored block of eight bytes.
    let secret = b"\x00\x08\x00\xf7\xffa secret\x00";
    let outcomes = read(agreed, &wire(&[secret], usize::MAX), usize::MAX, Some(pool));
    assert_eq!(outcomes, [Outcome::Message(b"a secret".to_vec())]);
}

/// What another implementation makes of a payload without a past; nothing, if a final block is in
/// it: what follows one is told apart by few.
fn oracle(payload: &[u8]) -> Option<Result<Vec<u8>, ()>> {
    let input = [payload, &[0x00, 0x00, 0xff, 0xff, 0x03, 0x00]].concat();
    let mut out = vec![0; LIMIT + 1];
    let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut state = DecompressorOxide::new();
    let (status, taken, written) = decompress(&mut state, &input, &mut out, 0, flags);
    match status {
        TINFLStatus::Done if taken == input.len() => {
            out.truncate(written);
            Some(Ok(out))
        }
        // A final block.
        TINFLStatus::Done => None,
        // More than the limit: what came before may still be wrong.
        TINFLStatus::HasMoreOutput => None,
        _ => Some(Err(())),
    }
}

fn check(outcome: Option<&Outcome>, expected: &Result<Vec<u8>, ()>, compressed: usize) {
    match (outcome, expected) {
        (Some(Outcome::Message(bytes)), Ok(expected)) => assert_eq!(bytes, expected),
        (Some(Outcome::Failed(FrameError::RatioTooHigh { limit })), Ok(expected)) => {
            assert!(expected.len() > 64 * 1024 && expected.len() > compressed * *limit as usize);
        }
        (Some(Outcome::Failed(FrameError::MessageTooBig { .. })), Ok(expected)) => {
            assert!(expected.len() > LIMIT);
        }
        (Some(Outcome::Failed(_)), Err(())) => {}
        // A sender may leave out even the header of an empty block.
        (Some(Outcome::Message(bytes)), Err(())) if compressed == 0 => assert!(bytes.is_empty()),
        (outcome, expected) => panic!("we: {outcome:?}\nminiz_oxide: {expected:?}"),
    }
}
