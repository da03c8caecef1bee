//! Masking (RFC 6455 section 5.3): XOR with a repeated key of four bytes.

use fearless_simd::{Level, dispatch};

/// Masks or unmasks `bytes` in place. `key` applies from its first byte.
#[inline]
pub(super) fn apply(bytes: &mut [u8], key: [u8; 4]) {
    if bytes.len() < WIDE {
        apply_blocks(bytes, widen(key));
    } else {
        apply_wide(bytes, widen(key));
    }
}

/// From this many bytes on, finding out which vector registers the processor has costs less than
/// using them saves.
const WIDE: usize = 512;

#[inline(never)]
fn apply_wide(bytes: &mut [u8], wide: u64) {
    dispatch!(Level::new(), _simd => apply_blocks(bytes, wide));
}

/// Fixed-size blocks without a carried index are what the compiler turns into vector code. Always
/// inlined, since whoever calls it decides for which registers.
#[inline(always)]
fn apply_blocks(bytes: &mut [u8], wide: u64) {
    let (blocks, rest) = bytes.as_chunks_mut::<32>();
    for block in blocks {
        *block = masked(*block, wide);
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    for word in words {
        *word = masked(*word, wide);
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// Appends `payload`, masked, to `out`.
///
/// Blocks are copied and masked in one walk over memory: an iterator of arrays has a length that
/// the compiler trusts, so they are written straight into the vector, without zeros before them.
/// What is left is copied and masked where it then lies.
#[inline]
pub(super) fn append(payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    let (blocks, rest) = payload.as_chunks::<128>();
    if !blocks.is_empty() {
        let wide = widen(key);
        out.extend(blocks.iter().flat_map(|block| masked(*block, wide)));
    }
    if !rest.is_empty() {
        let from = out.len();
        out.extend_from_slice(rest);
        // Fewer bytes than the widest registers are worth.
        apply_blocks(&mut out[from..], widen(key));
    }
}

/// The key twice.
#[inline]
fn widen(key: [u8; 4]) -> u64 {
    u64::from(u32::from_ne_bytes(key)) * 0x1_0000_0001
}

/// `N` is a multiple of eight.
#[inline(always)]
fn masked<const N: usize>(mut block: [u8; N], wide: u64) -> [u8; N] {
    for word in block.as_chunks_mut::<8>().0 {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    block
}

/// The key as it applies after `done` bytes.
#[inline]
pub(super) fn advance(mut key: [u8; 4], done: usize) -> [u8; 4] {
    key.rotate_left(done % 4);
    key
}
