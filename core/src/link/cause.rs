//! The cause of an end, a retry or a stop: one value, with one text.

use core::fmt;
use core::time::Duration;

use super::class::CloseClass;
use super::token::{Token, TokenError, redact};
use crate::frame::handshake::{HandshakeError, first_line};
use crate::frame::{CloseCode, FrameError};
use crate::metrics::label;
use crate::time::TimerReason;

/// Why an opening handshake failed, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeFailure {
    /// The head is not HTTP.
    Malformed,
    /// The head is too large.
    TooLarge,
    /// The head took too long.
    Timeout,
    /// The method is not GET.
    Method,
    /// A header that an upgrade needs is missing or wrong.
    Upgrade,
    /// HTTP is not of version 1.1, or the WebSocket not of version 13.
    Version,
    /// The transport ended first.
    Ended,
}

label! {
    HandshakeFailure "cause" {
        Malformed = "malformed",
        TooLarge = "too_large",
        Timeout = "timeout",
        Method = "method",
        Upgrade = "upgrade",
        Version = "version",
        Ended = "ended",
    }
}

/// Who or what ended a link, or kept it from beginning.
///
/// `Display` is one word and, where there is more to say, a colon and that: `host`,
/// `peer: close 4001: token expired`, `answered: HTTP 502: no backend`, `dial: connection refused`.
/// It holds no token, no control character, and at most some hundred bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// Whoever answered the opening request did so with another HTTP status than 101: the server,
    /// or something in between.
    Answered {
        /// The status.
        status: u16,
        /// The first line of the body, or where a redirect leads; at most 200 bytes, maybe none.
        line: Box<str>,
    },
    /// The transport could not be made.
    Dial {
        /// What the host said about it; at most 200 bytes, maybe none.
        said: Box<str>,
    },
    /// The peer broke RFC 6455 or a bound.
    Frame(FrameError),
    /// The peer's part of the opening handshake breaks HTTP or RFC 6455.
    Handshake(HandshakeError),
    /// The host closed the link.
    Host,
    /// The outbox was full and its policy is to close.
    Overflow,
    /// The peer closed the link.
    Peer {
        /// The code of its close: 1005 if it had none.
        code: CloseCode,
        /// Its reason; at most 123 bytes, maybe none.
        reason: Box<str>,
    },
    /// The host answered the opening request with this HTTP status instead of accepting it.
    Rejected {
        /// The status.
        status: u16,
    },
    /// The time for this was up.
    Timeout(TimerReason),
    /// There was no token to dial with: none was sent.
    Token(TokenError),
    /// The transport ended without a close frame.
    Transport,
}

impl Cause {
    /// The HTTP status that the opening request was answered with, if it was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered { status, .. } | Self::Rejected { status } => Some(*status),
            _ => None,
        }
    }

    /// What the opening handshake of a server's link failed of; nothing if the server itself turned
    /// the link away.
    pub(crate) fn handshake_failure(&self) -> Option<HandshakeFailure> {
        let error = match self {
            Self::Handshake(error) => error,
            Self::Timeout(_) => return Some(HandshakeFailure::Timeout),
            Self::Transport => return Some(HandshakeFailure::Ended),
            Self::Answered { .. }
            | Self::Dial { .. }
            | Self::Frame(_)
            | Self::Host
            | Self::Overflow
            | Self::Peer { .. }
            | Self::Rejected { .. }
            | Self::Token(_) => return None,
        };
        Some(match error {
            HandshakeError::HeadTooLarge { .. }
            | HandshakeError::TargetTooLong { .. }
            | HandshakeError::TooManyHeaders { .. } => HandshakeFailure::TooLarge,
            HandshakeError::Header { header, .. } if header == "Sec-WebSocket-Version" => {
                HandshakeFailure::Version
            }
            HandshakeError::Header { .. } => HandshakeFailure::Upgrade,
            HandshakeError::Method => HandshakeFailure::Method,
            HandshakeError::Version => HandshakeFailure::Version,
            HandshakeError::LineBreak
            | HandshakeError::Refused { .. }
            | HandshakeError::StartLine
            | HandshakeError::Target => HandshakeFailure::Malformed,
        })
    }

    /// The code of the peer's close, if it was one.
    pub const fn code(&self) -> Option<CloseCode> {
        match self {
            Self::Peer { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// What the other side said about it: the first line of its answer's body, or the reason of its
    /// close. Else nothing.
    pub fn reason(&self) -> &str {
        match self {
            Self::Answered { line, .. } => line,
            Self::Peer { reason, .. } => reason,
            _ => "",
        }
    }

    /// An answer, without the token that the request had.
    pub(super) fn answered(status: u16, line: &str, token: Option<&Token>) -> Self {
        Self::Answered { status, line: without(token, line) }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = match self {
            Self::Answered { status, line } => {
                write!(f, "answered: HTTP {status}")?;
                line
            }
            Self::Dial { said } => {
                f.write_str("dial")?;
                said
            }
            Self::Frame(error) => return write!(f, "frame: {error}"),
            Self::Handshake(error) => return write!(f, "handshake: {error}"),
            Self::Host => return f.write_str("host"),
            Self::Overflow => return f.write_str("overflow"),
            Self::Peer { code, reason } => {
                write!(f, "peer: close {code}")?;
                reason
            }
            Self::Rejected { status } => return write!(f, "rejected: HTTP {status}"),
            Self::Timeout(reason) => return write!(f, "timeout: {reason}"),
            Self::Token(error) => return write!(f, "token: {error}"),
            Self::Transport => return f.write_str("transport: no close frame"),
        };
        if said.is_empty() { Ok(()) } else { write!(f, ": {said}") }
    }
}

/// What led a client's link to another state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trigger<'a> {
    /// The input whose row of the [table](super::StateTable) says so, by its name.
    Input(&'static str),
    /// A link or an attempt has ended: by this.
    End(&'a Cause),
}

impl fmt::Display for Trigger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input(input) => f.write_str(input),
            Self::End(cause) => cause.fmt(f),
        }
    }
}

/// Why a client's host has no transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialFailed<'a> {
    /// A transport that speaks WebSocket itself was answered with another status than 101.
    Answered {
        /// The status.
        status: u16,
        /// `Retry-After`, where it is known.
        retry_after: Option<Duration>,
        /// The body or its beginning, as far as it is known.
        body: &'a str,
    },
    /// There was no answer.
    Unanswered {
        /// What that means for the next attempt: [`CloseClass::Network`] where nothing else is
        /// known.
        class: CloseClass,
        /// What happened, for people.
        said: &'a str,
    },
    /// The platform does not say whether there was an answer: to a page a refused upgrade looks like
    /// a network that fails, and so does an answer that names none of the subprotocols on offer.
    Unexplained {
        /// What it does say, for people.
        said: &'a str,
    },
}

impl From<CloseClass> for DialFailed<'_> {
    fn from(class: CloseClass) -> Self {
        Self::Unanswered { class, said: "" }
    }
}

impl DialFailed<'_> {
    pub(super) fn class(&self) -> CloseClass {
        match *self {
            Self::Answered { status, .. } => CloseClass::of_http_status(status),
            Self::Unanswered { class, .. } => class,
            Self::Unexplained { .. } => CloseClass::Network,
        }
    }

    pub(super) fn cause(&self, token: Option<&Token>) -> Cause {
        match *self {
            Self::Answered { status, body, .. } => {
                Cause::answered(status, &first_line(body.as_bytes()), token)
            }
            Self::Unanswered { said, .. } | Self::Unexplained { said } => {
                let line = first_line(said.as_bytes());
                Cause::Dial { said: without(token, &line) }
            }
        }
    }
}

/// A line without tokens, this one least of all.
fn without(token: Option<&Token>, line: &str) -> Box<str> {
    match token {
        Some(token) => token.redact_in(line).into(),
        None => redact(line).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(failed: DialFailed<'_>) -> String {
        failed.cause(Some(&Token::new("opaque-0123456789"))).to_string()
    }

    #[test]
    fn a_cause_is_one_word_and_what_there_is_to_say() {
        let peer =
            |code, reason: &str| Cause::Peer { code: CloseCode::new(code), reason: reason.into() };
        for (cause, text) in [
            (Cause::Host, "host"),
            (peer(1000, ""), "peer: close 1000"),
            (peer(4001, "token expired"), "peer: close 4001: token expired"),
            (Cause::Transport, "transport: no close frame"),
            (Cause::Timeout(TimerReason::Handshake), "timeout: handshake"),
            (Cause::Token(TokenError::Denied), "token: the host was denied a token"),
            (
                Cause::Handshake(HandshakeError::StartLine),
                "handshake: the first line is not one of HTTP/1.1",
            ),
            (Cause::Rejected { status: 403 }, "rejected: HTTP 403"),
        ] {
            assert_eq!(cause.to_string(), text);
        }
    }

    #[test]
    fn what_a_host_hands_in_is_bounded_and_holds_no_token_and_no_control_character() {
        let answered = |body| DialFailed::Answered { status: 414, retry_after: None, body };
        assert_eq!(shown(answered("\n  Too long\r\nmore")), "answered: HTTP 414: Too long");
        assert_eq!(shown(answered("")), "answered: HTTP 414");
        assert_eq!(
            shown(answered("no /ws?token=abc&x eyJhbGci.eyJz or opaque-0123456789 \u{7}\n")),
            "answered: HTTP 414: no /ws?token=***&x *** or ***"
        );
        assert_eq!(shown(answered(&"x".repeat(10_000))).len(), "answered: HTTP 414: ".len() + 200);
        let failed = |said| DialFailed::Unanswered { class: CloseClass::Network, said };
        assert_eq!(shown(failed("ws://h/?token=opaque-0123")), "dial: ws://h/?token=***");
        assert_eq!(shown(CloseClass::Timeout.into()), "dial");
    }
}
