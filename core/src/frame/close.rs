//! Close codes and reasons (RFC 6455 sections 5.5.1 and 7.4, and the IANA registry).

use core::fmt;

use super::{FrameError, Role};

/// The longest reason a Close frame can carry, in bytes: 125 less the two of the code.
pub const MAX_REASON: usize = 123;

/// Why a connection was closed. An open set: codes without a name are kept as they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the endpoint goes away (shutdown, page left).
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke RFC 6455.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that the endpoint cannot accept.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: a Close frame without a code was read. Never on the wire.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: the transport ended without a Close frame. Never on the wire.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: data that does not match the type of the message, such as text that is not UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// 1008: a policy was violated, and no other code fits.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message is too big to process.
    pub const TOO_BIG: Self = Self(1009);
    /// 1010: the server did not negotiate an extension that the client needs. Clients only.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: an unexpected condition prevented the endpoint from fulfilling the request.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded: try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received an invalid answer from upstream.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: the TLS handshake failed. Never on the wire.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// The code of this number, whether it may be on the wire or not.
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }

    /// Whether a Close frame may carry this code (section 7.4): 1000 to 1003, 1007 to 1014, and
    /// 3000 to 4999 for libraries and applications.
    pub(crate) const fn is_valid_on_wire(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Whether an endpoint of this role may send the code: valid on the wire, and 1010 from a
    /// client only (section 7.4.1).
    pub(crate) const fn may_be_sent(self, role: Role) -> bool {
        let for_us = match role {
            Role::Client => true,
            Role::Server => self.0 != Self::MANDATORY_EXTENSION.0,
        };
        for_us && self.is_valid_on_wire()
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.0
    }
}

/// What a Close frame with a body says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseFrame<'a> {
    /// The code; always one that may stand on the wire (RFC 6455 section 7.4).
    pub code: CloseCode,
    /// The reason, at most [`MAX_REASON`] bytes, for people who debug.
    pub reason: &'a str,
}

/// The longest start of `reason` that fits a Close frame and ends on a character's border.
pub(crate) const fn cut_reason(reason: &str) -> &str {
    reason.split_at(reason.floor_char_boundary(MAX_REASON)).0
}

/// What the body of a Close frame says (RFC 6455 section 5.5.1).
pub(super) fn parse_close(body: &[u8]) -> Result<Option<CloseFrame<'_>>, FrameError> {
    let (code, reason) = match body {
        [] => return Ok(None),
        [_] => return Err(FrameError::CloseBodyTooShort),
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
    };
    let code = CloseCode::new(code);
    if !code.is_valid_on_wire() {
        return Err(FrameError::CloseCodeInvalid { code });
    }
    match simdutf8::basic::from_utf8(reason) {
        Ok(reason) => Ok(Some(CloseFrame { code, reason })),
        Err(_) => Err(FrameError::CloseReasonNotUtf8),
    }
}
