//! An envelope that outlives the buffer that it was read from.

use core::fmt;

use super::{Envelope, Scan};

/// An [`Envelope`] with a text of its own, for a host that keeps a message while the machine that
/// lent it goes on. It is made without looking at the text again, and lent without it.
///
/// Two are equal when their texts are, byte for byte.
#[derive(Clone)]
pub struct OwnedEnvelope {
    text: Box<str>,
    /// Where the members of `text` are. It is large, and an envelope that is kept is moved around.
    scan: Box<Scan>,
}

impl OwnedEnvelope {
    /// The text, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The envelope.
    pub fn as_envelope(&self) -> Envelope<'_> {
        Envelope::from_scan(&self.text, *self.scan)
    }
}

impl From<Envelope<'_>> for OwnedEnvelope {
    fn from(envelope: Envelope<'_>) -> Self {
        Self { text: envelope.text.into(), scan: Box::new(envelope.scan) }
    }
}

impl PartialEq for OwnedEnvelope {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for OwnedEnvelope {}

impl fmt::Debug for OwnedEnvelope {
    /// As that of [`Envelope`]: without the payload, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_envelope().fmt(f)
    }
}
