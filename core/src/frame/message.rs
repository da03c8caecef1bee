//! Whole messages, for transports that speak WebSocket themselves.

use super::{CloseCode, MAX_REASON, cut_reason};

/// What such a transport has received. It has put fragments together, checked that text is UTF-8
/// and answered pings before.
///
/// Closed: RFC 6455 has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum Incoming<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// The peer's close frame: its code, if it has one, and its reason.
    ///
    /// Transports report codes that no peer sent. For 1005 (a close frame without a code) give
    /// `None`; for 1006 and 1015 (no close frame came) give no close frame, but say that the
    /// transport has ended.
    Close(Option<CloseCode>, &'a str),
}

impl Incoming<'_> {
    /// Bytes of its payload.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Close(None, _) => 0,
            Self::Close(Some(_), reason) => 2 + reason.len(),
        }
    }
}

/// What such a transport is to do. The text, or the reason of a close, was appended to the
/// caller's buffer.
///
/// Closed: RFC 6455 has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum Outgoing {
    /// Send a text message.
    Text,
    /// Close with this code; with [`CloseCode::NO_STATUS`] without one.
    Close(CloseCode),
    /// Drop the transport, once everything is sent. Nothing else comes any more.
    CloseTransport,
}

/// The body of a close frame.
pub(super) fn close_body<'a>(code: CloseCode, reason: &str, body: &'a mut [u8; 125]) -> &'a [u8] {
    let reason = cut_reason(reason).as_bytes();
    debug_assert!(reason.len() <= MAX_REASON);
    body[..2].copy_from_slice(&code.as_u16().to_be_bytes());
    body[2..2 + reason.len()].copy_from_slice(reason);
    &body[..2 + reason.len()]
}
