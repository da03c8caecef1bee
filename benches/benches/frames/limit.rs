//! The physical limit: the passes over the bytes that nobody can leave out, and nothing else.

use std::hint::black_box;

use super::contender::{Contender, Operation, Sample};
use super::sample::Wire;
use super::stream::copy;

/// Bytes that each pass takes before the next one, so that all find them in the nearest caches.
const BLOCK: usize = 12 * 1024;

/// Copy, exclusive or and check by themselves, and the sum of those that the operation needs,
/// which comes last. None where no byte has to be touched.
pub(crate) fn contenders(operation: Operation, sample: &Sample) -> Vec<Contender<'_>> {
    let mut parts =
        vec![pass("memcpy", sample, copy), pass("xor", sample, |_, to| xor(to)), check(sample)];
    match operation {
        Operation::Decode(_) | Operation::Echo => parts.push(all(sample)),
        Operation::Client => parts.push(pass("memcpy + xor", sample, |from, to| {
            copy(from, to);
            xor(to);
        })),
        Operation::Server => parts.clear(),
    }
    parts
}

/// The frames of the wire without their heads: as long as the texts.
fn payloads(wire: &Wire, size: usize) -> impl Iterator<Item = &[u8]> + Clone {
    wire.ends.iter().map(move |end| &wire.bytes[end - size..*end])
}

fn pass<'a>(
    name: &'static str,
    sample: &'a Sample,
    mut work: impl FnMut(&[u8], &mut [u8]) + 'a,
) -> Contender<'a> {
    let mut to = vec![0; sample.size];
    let mut payloads = payloads(&sample.wire, sample.size).cycle();
    Contender::new(name, move |messages| {
        for payload in payloads.by_ref().take(messages) {
            for (from, to) in payload.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
                work(black_box(from), to);
                black_box(to);
            }
        }
    })
}

fn check(sample: &Sample) -> Contender<'_> {
    let mut texts = sample.texts.iter().cycle();
    Contender::new("simdutf8", move |messages| {
        for text in texts.by_ref().take(messages) {
            for block in blocks(text) {
                black_box(simdutf8::basic::from_utf8(black_box(block.as_bytes()))).ok();
            }
        }
    })
}

/// All three. What is checked is a text of the sample and not what was unmasked: the passes are
/// the same, and the borders of characters are known.
fn all(sample: &Sample) -> Contender<'_> {
    let mut to = vec![0; sample.size];
    let mut texts = sample.texts.iter().cycle();
    Contender::new("memcpy + xor + simdutf8", move |messages| {
        for text in texts.by_ref().take(messages) {
            let mut at = 0;
            for block in blocks(text) {
                let to = &mut to[at..at + block.len()];
                copy(black_box(block.as_bytes()), to);
                // By a key of zeros, which the compiler does not know.
                xor_with(to, black_box(0));
                black_box(simdutf8::basic::from_utf8(black_box(to))).ok();
                at += block.len();
            }
        }
    })
}

/// A text in blocks that end between characters.
fn blocks(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (block, after) = rest.split_at(rest.floor_char_boundary(BLOCK));
        rest = after;
        (!block.is_empty()).then_some(block)
    })
}

#[inline]
fn xor(bytes: &mut [u8]) {
    xor_with(bytes, black_box(0x1234_5678_1234_5678));
}

/// Plain safe Rust, which the compiler makes vector code of.
#[inline]
fn xor_with(bytes: &mut [u8], key: u64) {
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.to_ne_bytes()) {
        *byte ^= key;
    }
}
