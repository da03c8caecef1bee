//! The opening handshake of both roles (RFC 6455 section 4), over strict HTTP/1.1.
//!
//! A server feeds a [`RequestReader`], judges the [`Request`], and answers with [`accept`],
//! [`reject`] or, where it was no upgrade, [`respond`]. A client writes [`write_request`] and
//! feeds a [`ResponseReader`]. Both readers tell how many of the bytes they took: what follows
//! the head belongs to the frame reader.

pub(crate) use self::body::first_line;
pub use self::error::{HandshakeError, HeadError, HeaderFault};
pub use self::head::{HandshakeConfig, Headers};
pub use self::origin::{OriginError, check_origin};
pub use self::request::{Request, RequestReader, accept, reject, respond};
pub use self::response::{Response, ResponseReader, Upgrade, WebSocketKey, write_request};

mod body;
mod error;
mod head;
mod origin;
mod request;
mod response;

#[cfg(test)]
mod tests;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

/// What answers a key (RFC 6455 section 1.3): 28 characters.
fn accept_value(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// Whether the characters are those of a token (RFC 9110 section 5.6.2), at least one.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Whether the text can be (a part of) a header's value: nothing that ends a line or hides.
fn is_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || !byte.is_ascii_control())
}
