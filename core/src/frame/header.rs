//! The head of a frame (RFC 6455 section 5.2).

use super::{FrameError, Role};

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Opcode {
    /// The next fragment of a message.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The close handshake.
    Close = 8,
    /// A keepalive: the peer answers with a pong of the same payload.
    Ping = 9,
    /// The answer to a ping, or an unsolicited keepalive (RFC 6455 section 5.5.3).
    Pong = 10,
}

impl Opcode {
    /// Whether this is Close, Ping or Pong.
    pub(super) const fn is_control(self) -> bool {
        self as u8 & 8 != 0
    }

    const fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }
}

/// The bytes of a frame's head, to be written before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    bytes: [u8; 16],
    len: u8,
}

impl Header {
    /// The head of a frame of `payload` bytes, masked with `mask` if there is one.
    ///
    /// Put together in a register: bytes stored one by one and then read as words would make the
    /// processor wait.
    #[inline]
    pub(super) const fn new(
        opcode: Opcode,
        fin: bool,
        payload: usize,
        mask: Option<[u8; 4]>,
    ) -> Self {
        let first = opcode as u128 | (fin as u128) << 7;
        let (is_masked, key) = match mask {
            Some(key) => (1, u32::from_le_bytes(key) as u128),
            None => (0, 0),
        };
        let (head, len) = if payload < 126 {
            (first | (payload as u128) << 8 | key << 16, 2)
        } else if payload <= 0xffff {
            (
                first
                    | 126 << 8
                    | (((payload as u64 & 0xffff) as u16).swap_bytes() as u128) << 16
                    | key << 32,
                4,
            )
        } else {
            (first | 127 << 8 | ((payload as u64).swap_bytes() as u128) << 16 | key << 80, 10)
        };
        let (head, len) = (head | (is_masked as u128) << 15, len + 4 * is_masked);
        Self { bytes: head.to_le_bytes(), len }
    }

    /// With RSV1: the first frame of a compressed message (RFC 7692 section 6).
    pub(super) const fn compressed(mut self) -> Self {
        self.bytes[0] |= 0x40;
        self
    }

    /// Appends the bytes. A copy of a fixed length, cut after, is cheaper than one of any length.
    #[inline]
    pub(super) fn append(&self, out: &mut Vec<u8>) {
        let end = out.len() + usize::from(self.len);
        out.extend_from_slice(&self.bytes);
        out.truncate(end);
    }

    /// The bytes, 2 to 14 of them.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// The head of an unmasked frame with a payload of `len` bytes.
///
/// Control frames need `fin` and at most 125 bytes; a [`Writer`](super::Writer) sees to that.
#[must_use]
#[inline]
pub(crate) const fn server_header(opcode: Opcode, fin: bool, len: usize) -> Header {
    Header::new(opcode, fin, len, None)
}

/// A frame's head as it was read. All that can be judged without its message is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parsed {
    pub(super) opcode: Opcode,
    pub(super) fin: bool,
    /// RSV1, which begins a compressed message (RFC 7692 section 6).
    pub(super) compressed: bool,
    /// Bytes of the head.
    pub(super) head: usize,
    /// Bytes of the payload.
    pub(super) length: usize,
    /// The key; zeros in a frame that is not masked.
    pub(super) key: [u8; 4],
}

/// Reads the first two bytes: all but length and key. Each fault is found by a fixed number of
/// bytes, here two, so that the outcome does not depend on how they were cut. With `deflate` the
/// first frame of a message may have RSV1.
#[inline]
pub(super) fn parse_start(
    first: u8,
    second: u8,
    role: Role,
    deflate: bool,
) -> Result<(Opcode, bool), FrameError> {
    let rsv1_begins = deflate && matches!(first & 15, 1 | 2);
    let reserved = if rsv1_begins { 0x30 } else { 0x70 };
    if first & reserved != 0 {
        return Err(FrameError::ReservedBits { bits: first >> 4 & 7 });
    }
    let Some(opcode) = Opcode::from_bits(first & 15) else {
        return Err(FrameError::OpcodeReserved { opcode: first & 15 });
    };
    let fin = first & 0x80 != 0;
    match (second & 0x80 != 0, role) {
        (false, Role::Server) => return Err(FrameError::Unmasked),
        (true, Role::Client) => return Err(FrameError::Masked),
        _ => {}
    }
    if opcode.is_control() {
        if !fin {
            return Err(FrameError::ControlFragmented);
        }
        if second & 0x7f > 125 {
            return Err(FrameError::ControlTooLong);
        }
    }
    Ok((opcode, fin))
}

/// Reads the length that follows the first two bytes: how many bytes it and they take, and what
/// it says. `None` if it is not there whole.
#[inline]
pub(super) fn parse_length(bytes: &[u8]) -> Result<Option<(usize, u64)>, FrameError> {
    match bytes[1] & 0x7f {
        126 => {
            let Some(length) = bytes.get(2..4).and_then(|bytes| bytes.first_chunk()) else {
                return Ok(None);
            };
            let length = u16::from_be_bytes(*length);
            if length < 126 {
                return Err(FrameError::LengthNotMinimal);
            }
            Ok(Some((4, u64::from(length))))
        }
        127 => {
            let Some(length) = bytes.get(2..10).and_then(|bytes| bytes.first_chunk()) else {
                return Ok(None);
            };
            let length = u64::from_be_bytes(*length);
            if length >> 63 != 0 {
                return Err(FrameError::LengthTopBit);
            }
            if length <= 0xffff {
                return Err(FrameError::LengthNotMinimal);
            }
            Ok(Some((10, length)))
        }
        length => Ok(Some((2, u64::from(length)))),
    }
}
