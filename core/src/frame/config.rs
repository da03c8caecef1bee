//! The bounds of a reader.

use super::FrameError;

/// The bounds of a [`Reader`](super::Reader).
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct FrameConfig {
    /// The longest message, in bytes. Default: 1 MiB.
    pub max_message: usize,
    /// The longest frame, in bytes of payload. Default: 1 MiB.
    pub max_frame: usize,
    /// The most frames in one message, empty ones counted, beside one more for each 64 bytes of
    /// payload that have come: what costs is a fragment that brings next to nothing. Default:
    /// 4,096.
    pub max_fragments: u32,
    /// Bytes of buffer that are kept for good; above them the buffer shrinks when messages have
    /// been small for a while. Default: 4 KiB.
    pub retain: usize,
}

impl FrameConfig {
    /// The longest message that any host may ask for, in bytes.
    pub const MOST_MESSAGE: usize = 1 << 30;

    /// The most frames that a message may have once `bytes` of it are here.
    pub(super) fn fragments(&self, bytes: usize) -> u32 {
        let earned = u32::try_from(bytes / BYTES_A_FRAGMENT).unwrap_or(u32::MAX);
        self.max_fragments.saturating_add(earned)
    }

    /// Whether a frame may be so long, behind what is here of its message.
    #[inline]
    pub(super) fn check_size(&self, length: u64, assembled: usize) -> Result<(), FrameError> {
        let Self { max_frame, max_message, .. } = *self;
        if length > max_frame as u64 {
            return Err(FrameError::FrameTooBig { length, limit: max_frame });
        }
        let length = length.saturating_add(assembled as u64);
        if length > max_message as u64 {
            return Err(FrameError::MessageTooBig { length, limit: max_message });
        }
        Ok(())
    }
}

/// Bytes of payload that let a message have one fragment more: peers are known that write
/// fragments of 4 bytes after each of 242.
const BYTES_A_FRAGMENT: usize = 64;

impl Default for FrameConfig {
    fn default() -> Self {
        Self { max_message: 1 << 20, max_frame: 1 << 20, max_fragments: 4096, retain: 4096 }
    }
}
