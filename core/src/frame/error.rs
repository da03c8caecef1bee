//! What can go wrong with frames: the peer's faults, and the caller's.

use super::{CloseCode, MessageKind};

/// A fault of the peer that ends the connection (RFC 6455 section 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A Close frame with a body of one byte (section 5.5.1).
    #[error("a Close frame has a body of one byte")]
    CloseBodyTooShort,
    /// A Close code that may not be on the wire (section 7.4).
    #[error("close code {code} may not be on the wire")]
    CloseCodeInvalid {
        /// The code that was read.
        code: CloseCode,
    },
    /// The reason of a Close frame is not UTF-8 (section 5.5.1).
    #[error("the reason of a Close frame is not UTF-8")]
    CloseReasonNotUtf8,
    /// A control frame without FIN (section 5.5).
    #[error("a control frame is fragmented")]
    ControlFragmented,
    /// A control frame of more than 125 bytes (section 5.5).
    #[error("a control frame is longer than 125 bytes")]
    ControlTooLong,
    /// A continuation frame where no message had begun (section 5.4).
    #[error("a continuation frame continues nothing")]
    ContinuationUnexpected,
    /// A compressed message that cannot be inflated (RFC 7692 section 7.2.2).
    #[error("a compressed message cannot be inflated")]
    DeflateCorrupt,
    /// A frame longer than [`max_frame`](super::FrameConfig::max_frame).
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    FrameTooBig {
        /// The length that its header claims.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// A length not written in the fewest bytes (section 5.2).
    #[error("a length is not written in the fewest bytes")]
    LengthNotMinimal,
    /// A 64-bit length with the top bit set (section 5.2).
    #[error("the top bit of a 64-bit length is set")]
    LengthTopBit,
    /// A server masked a frame (section 5.1).
    #[error("a frame from the server is masked")]
    Masked,
    /// A new message began before the one before it ended (section 5.4).
    #[error("a message begins inside another")]
    MessageInterleaved,
    /// A message longer than [`max_message`](super::FrameConfig::max_message).
    #[error("a message of at least {length} bytes is over the limit of {limit}")]
    MessageTooBig {
        /// What its frames claim so far.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// A reserved opcode (section 5.2).
    #[error("opcode {opcode:#x} is reserved")]
    OpcodeReserved {
        /// The opcode, 3 to 7 or 11 to 15.
        opcode: u8,
    },
    /// A message more than so many times longer than its compressed form: see
    /// [`max_ratio`](super::DeflateConfig::max_ratio).
    #[error("a message is more than {limit} times longer than its compressed form")]
    RatioTooHigh {
        /// The limit.
        limit: u32,
    },
    /// A reserved bit without an extension that gives it a meaning (section 5.2).
    #[error("reserved bits {bits:#05b} are set")]
    ReservedBits {
        /// RSV1 to RSV3, RSV1 the highest of the three.
        bits: u8,
    },
    /// A text message that is not UTF-8 (section 8.1).
    #[error("a text message is not UTF-8")]
    TextNotUtf8,
    /// A message of more frames than [`max_fragments`](super::FrameConfig::max_fragments) and its
    /// bytes allow.
    #[error("a message has more than {limit} fragments")]
    TooManyFragments {
        /// The limit for as many bytes as had come.
        limit: u32,
    },
    /// A client did not mask a frame (section 5.1).
    #[error("a frame from the client is not masked")]
    Unmasked,
}

impl FrameError {
    /// The code to close the connection with (section 7.4.1).
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::CloseReasonNotUtf8 | Self::DeflateCorrupt | Self::TextNotUtf8 => {
                CloseCode::INVALID_DATA
            }
            // Fragments too: to most peers 1008 is word of a token that is not good.
            Self::FrameTooBig { .. }
            | Self::MessageTooBig { .. }
            | Self::RatioTooHigh { .. }
            | Self::TooManyFragments { .. } => CloseCode::TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

/// The host passed bytes in again and again without draining the events: nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} unread bytes and {more} new ones are over the bound of {bound}: drain events")]
#[non_exhaustive]
pub struct NotDrained {
    /// Bytes that wait to be read as frames.
    pub waiting: usize,
    /// Bytes that were to be added.
    pub more: usize,
    /// The bound of both together.
    pub bound: usize,
}

/// A frame that the caller may not write. Nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A Close frame was written: nothing may follow it (RFC 6455 section 5.5.1).
    #[error("a Close frame was already written")]
    Closed,
    /// A close code that this role may not send (section 7.4).
    #[error("close code {code} may not be sent")]
    CodeNotSendable {
        /// The code.
        code: CloseCode,
    },
    /// A ping or pong of more than 125 bytes (section 5.5).
    #[error("a control frame of {length} bytes is over the limit of 125")]
    ControlTooLong {
        /// The length of the payload.
        length: usize,
    },
    /// A fragmented message is open: it must end before another may begin (section 5.4).
    #[error("a fragmented {open} message is not finished")]
    MessageOpen {
        /// The kind of the message that is open.
        open: MessageKind,
    },
}
