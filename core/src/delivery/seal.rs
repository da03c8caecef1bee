//! Bytes that are stored: a check at their end tells whole ones from those that were cut or changed
//! by accident. It is none against forgery.

use core::hash::Hasher as _;

use siphasher::sip128::{Hasher128 as _, SipHasher13};

/// How long the check is.
const CHECK: usize = 16;

/// Appends the check of what stands from `start` on.
pub(crate) fn seal(out: &mut Vec<u8>, start: usize) {
    let check = check(&out[start..]);
    out.extend_from_slice(&check);
}

/// What was sealed; nothing if these are no such bytes.
pub(crate) fn open(bytes: &[u8]) -> Option<&[u8]> {
    let (content, end) = bytes.split_last_chunk::<CHECK>()?;
    (check(content) == *end).then_some(content)
}

fn check(content: &[u8]) -> [u8; CHECK] {
    let mut hasher = SipHasher13::new();
    hasher.write(content);
    hasher.finish128().as_bytes()
}
