//! The bounds of a reader.

/// The bounds of a [`Reader`](super::Reader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameConfig {
    /// The longest message, in bytes. Default: 1 MiB.
    pub max_message: usize,
    /// The longest frame, in bytes of payload. Default: 1 MiB.
    pub max_frame: usize,
    /// The most frames in one message, empty ones counted. Default: 4,096.
    pub max_fragments: u32,
    /// Bytes of buffer that are kept for good; above them the buffer shrinks when messages have
    /// been small for a while. Default: 4 KiB.
    pub retain: usize,
}

impl Default for FrameConfig {
    fn default() -> Self {
        Self { max_message: 1 << 20, max_frame: 1 << 20, max_fragments: 4096, retain: 4096 }
    }
}
