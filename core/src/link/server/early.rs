//! What a client sends ahead of the answer to its opening handshake, or of the verdict on its
//! token.

/// The most bytes that are taken ahead, before the peer has proved anything.
pub(crate) const MAX_EARLY: usize = 16 * 1_024;

/// Whether so many bytes more are too many, beside those that wait already.
pub(crate) const fn is_flood(waiting: usize, more: usize) -> bool {
    waiting.saturating_add(more) > MAX_EARLY
}
