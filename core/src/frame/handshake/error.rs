//! What can go wrong in the opening handshake: the peer's faults, and the caller's.

use core::time::Duration;
use std::borrow::Cow;

/// A fault of the peer in its part of the opening handshake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A header line, and what is wrong with it.
    #[error("header {header}: {fault}")]
    Header {
        /// Its name, as RFC 6455 writes it where it is one of ours; at most 64 bytes.
        header: Cow<'static, str>,
        /// The fault.
        fault: HeaderFault,
    },
    /// The head is longer than the limit.
    #[error("the head is longer than {limit} bytes")]
    HeadTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line does not end with CR LF, or has a CR or LF inside.
    #[error("a line does not end with CR LF")]
    LineBreak,
    /// An upgrade with a method other than GET (RFC 6455 section 4.1).
    #[error("an upgrade needs the method GET")]
    Method,
    /// The server answered with another status than 101.
    #[error("the server answered with status {status}")]
    Refused {
        /// The status.
        status: u16,
        /// The first line of the body, or where a redirect leads: at most 200 bytes, without
        /// control characters. It may be empty.
        line: Box<str>,
        /// `Retry-After`, where it is a number of seconds.
        retry_after: Option<Duration>,
    },
    /// The first line is not that of an HTTP/1 message, or the bytes are no HTTP at all.
    #[error("the first line is not one of HTTP/1.1")]
    StartLine,
    /// The target is neither a path nor a URL with one, or has characters that it cannot have.
    #[error("the target is no path")]
    Target,
    /// The target is longer than the limit.
    #[error("the target is longer than {limit} bytes")]
    TargetTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// More header lines than the limit.
    #[error("there are more than {limit} headers")]
    TooManyHeaders {
        /// The limit.
        limit: usize,
    },
    /// A version of HTTP other than 1.1 (1.0 is read where it is no upgrade).
    #[error("an upgrade needs HTTP/1.1")]
    Version,
}

impl HandshakeError {
    /// The HTTP status that a server answers this fault of a request with.
    pub fn status(&self) -> u16 {
        match self {
            Self::HeadTooLarge { .. } | Self::TooManyHeaders { .. } => 431,
            Self::Header { header, fault: HeaderFault::Unsupported | HeaderFault::Missing }
                if header == "Sec-WebSocket-Version" || header == "Upgrade" =>
            {
                426
            }
            Self::Method => 405,
            Self::TargetTooLong { .. } => 414,
            Self::Version => 505,
            _ => 400,
        }
    }

    pub(in crate::frame) const fn header(name: &'static str, fault: HeaderFault) -> Self {
        Self::Header { header: Cow::Borrowed(name), fault }
    }
}

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderFault {
    /// It is there more than once.
    #[error("there more than once")]
    Duplicate,
    /// Its value goes on in the next line (RFC 9112 section 5.2).
    #[error("folded over lines")]
    Folded,
    /// It has a form that it cannot have.
    #[error("malformed")]
    Malformed,
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It may not be in this message.
    #[error("not allowed here")]
    NotAllowed,
    /// It asks for, or answers with, something that was not offered or is not known.
    #[error("unsupported value")]
    Unsupported,
    /// It answers with another value than the right one.
    #[error("wrong value")]
    Wrong,
}

/// A head that the caller may not write. Nothing was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// A value with line breaks or other characters that it cannot have.
    #[error("{header} has characters that it cannot have")]
    Characters {
        /// The header, or `target`.
        header: &'static str,
    },
    /// The request to accept is not an upgrade.
    #[error("the request is not an upgrade")]
    NotAnUpgrade,
    /// The subprotocol or the compression to accept was not offered.
    #[error("what is to be accepted was not offered")]
    NotOffered,
    /// A status that cannot end a request: under 200 or over 599.
    #[error("status {status} cannot end a request")]
    Status {
        /// The status.
        status: u16,
    },
}
