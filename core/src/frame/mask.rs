//! Masking (RFC 6455 section 5.3): XOR with a repeated key of four bytes.

/// Masks or unmasks `bytes` in place. `key` applies from its first byte.
///
/// Fixed-size blocks without a carried index are what the compiler turns into vector code.
#[inline]
pub(super) fn apply(bytes: &mut [u8], key: [u8; 4]) {
    let wide = u64::from(u32::from_ne_bytes(key)) * 0x1_0000_0001;
    let (blocks, rest) = bytes.as_chunks_mut::<32>();
    for block in blocks {
        for word in block.as_chunks_mut::<8>().0 {
            *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
        }
    }
    let (words, rest) = rest.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(wide.to_ne_bytes()) {
        *byte ^= key;
    }
}

/// Appends `payload`, masked, to `out`.
///
/// Copies and masks block by block: each block is masked while it is still in the nearest cache,
/// so memory is walked once, without writing zeros first.
#[inline]
pub(super) fn append(payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    // A multiple of four keeps the key in phase from block to block.
    const BLOCK: usize = 8 * 1024;
    if payload.len() <= BLOCK {
        let from = out.len();
        out.extend_from_slice(payload);
        apply(&mut out[from..], key);
        return;
    }
    out.reserve(payload.len());
    for block in payload.chunks(BLOCK) {
        let from = out.len();
        out.extend_from_slice(block);
        apply(&mut out[from..], key);
    }
}

/// The key as it applies after `done` bytes.
#[inline]
pub(super) fn advance(mut key: [u8; 4], done: usize) -> [u8; 4] {
    key.rotate_left(done % 4);
    key
}
