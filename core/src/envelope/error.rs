//! What can be wrong with an envelope, and with a field of it.

use thiserror::Error;

use super::shape::Shape;

/// Why a text is not an envelope.
///
/// Every offset is in bytes from the start of the text.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The object has no member `type`.
    #[error("no member `type`")]
    MissingType,
    /// The text is JSON, but its value is not an object.
    #[error("expected an object, found {found} at byte {at}")]
    NotAnObject {
        /// Where the value starts.
        at: usize,
        /// What it is.
        found: Shape,
    },
    /// The text is not JSON (RFC 8259).
    #[error("not JSON: expected {expected} at byte {at}")]
    NotJson {
        /// The first byte that cannot be right; the length of the text if it ends too early.
        at: usize,
        /// What the grammar allows there.
        expected: &'static str,
    },
    /// Objects and arrays are nested deeper than allowed.
    #[error("nested deeper than {limit} at byte {at}")]
    TooDeep {
        /// The place of the bracket that exceeds the depth.
        at: usize,
        /// The allowed nesting; the envelope's own braces count as one.
        limit: u8,
    },
    /// The text is longer than offsets of 31 bits reach.
    #[error("longer than 2 GiB")]
    TooLong,
    /// The member `type` is not a string.
    #[error("expected a string for `type`, found {found} at byte {at}")]
    TypeNotText {
        /// Where the value of `type` starts.
        at: usize,
        /// What it is.
        found: Shape,
    },
}

/// A known field whose value is not of the type that the dialect gives it.
///
/// Such a field never spoils the message: it reads as absent and stays among the
/// [`Extra`](super::message::Extra) members, byte for byte.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected {expected} for `{field}`, found {found} at byte {at}")]
#[non_exhaustive]
pub struct DecodeError {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What the dialect has there.
    pub expected: &'static str,
    /// What was there.
    pub found: Shape,
    /// Where the value starts, in bytes from the start of the text that was decoded.
    pub at: usize,
}
