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
/// A short payload is copied and masked where it then lies, in the nearest cache. A long one is
/// copied and masked in one walk over memory: an iterator of a length that the compiler trusts is
/// written straight into the vector, without zeros before it, as vector code.
#[inline]
pub(super) fn append(payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    if payload.len() < LONG {
        let from = out.len();
        out.extend_from_slice(payload);
        apply(&mut out[from..], key);
    } else {
        append_long(payload, key, out);
    }
}

/// Where one walk begins to be the faster way.
const LONG: usize = 2048;

#[inline(never)]
fn append_long(payload: &[u8], key: [u8; 4], out: &mut Vec<u8>) {
    let key: [u8; 64] = core::array::from_fn(|at| key[at % 4]);
    out.reserve(payload.len());
    let (blocks, rest) = payload.as_chunks::<64>();
    for block in blocks {
        out.extend(block.iter().zip(&key).map(|(byte, key)| byte ^ key));
    }
    out.extend(rest.iter().zip(&key).map(|(byte, key)| byte ^ key));
}

/// The key as it applies after `done` bytes.
#[inline]
pub(super) fn advance(mut key: [u8; 4], done: usize) -> [u8; 4] {
    key.rotate_left(done % 4);
    key
}
