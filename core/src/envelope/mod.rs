//! JSON text to typed messages and back: the `pam` dialect, and in [`v1`] the `pamlink.v1` dialect.
//!
//! An [`Envelope`] is one JSON object with its `type`. [`Envelope::parse`] makes one pass over
//! the text: it checks that the whole of it is JSON and shallow enough, notes where the members
//! are, and builds nothing. The head ([`kind`](Envelope::kind), [`id`](Envelope::id),
//! [`reply_to`](Envelope::reply_to), [`timestamp`](Envelope::timestamp)) is then at hand; the
//! payload is typed when somebody asks for it, and [`message`] has the types.
//!
//! ```
//! use pamlink::envelope::message::Message;
//! use pamlink::envelope::{Envelope, Kind};
//!
//! let text = r#"{"type":"chat","id":"m-1","message":"fuel so far?","mood":"calm"}"#;
//! let envelope = Envelope::parse(text, Envelope::DEPTH)?;
//! assert_eq!(envelope.kind(), Kind::Chat);
//!
//! let Message::Chat(mut chat) = envelope.message() else { unreachable!("its kind says so") };
//! chat.message = Some("and the tolls?".into());
//! let mut out = String::new();
//! chat.encode(&mut out);
//! assert!(out.contains(r#""message":"and the tolls?""#) && out.contains(r#""mood":"calm""#));
//! # Ok::<(), pamlink::envelope::EnvelopeError>(())
//! ```
//!
//! What is read is read leniently and kept exactly:
//!
//! * Every set of words is open. An unknown type, code, agent, verb or member is kept and written
//!   again byte for byte.
//! * A member of an unexpected type reads as absent, stays among the extra members and spoils
//!   nothing else. `null` is absence.
//! * Of members with equal names the last one counts, as for `JSON.parse` and Python.
//! * An escape of a lone surrogate reads as U+FFFD and is kept as spelled.
//! * Text is text: nothing is escaped, cut or dropped.
//!
//! Only a text that is no JSON object, is nested too deep or has no string `type` is refused, with
//! an [`EnvelopeError`] that names the byte.
//!
//! # Bounds
//!
//! A text is shorter than 2 GiB and nested no deeper than its reader allows ([`Envelope::DEPTH`] is
//! the rule). Parsing allocates nothing. How large a message may be is a matter of
//! [`limits`](crate::limits).
//!
//! # Where it is specified
//!
//! Sections 3 and 4 of `docs/protocol.md`: what an envelope is, every type with its members, and
//! the sets of words. [`write`](mod@write) makes the frames that the engine sends of its own accord
//! (P-4.5).
//!
//! # Alone
//!
//! For a transport that speaks WebSocket already, and for tools that read what was recorded. An
//! envelope lends from its text; [`OwnedEnvelope`] keeps one.

mod ascii;
mod decimal;
mod error;
mod extra;
mod field;
mod grammar;
mod id;
mod json_string;
mod kind;
mod labels;
pub mod message;
mod message_text;
mod object;
mod open;
mod owned;
mod raw;
mod record;
mod runs;
mod scan;
mod seam;
mod shape;
mod timestamp;
pub mod v1;
mod value;
pub mod write;

use core::fmt;

use message::{Message, Typed};

pub use error::EnvelopeError;
pub use id::Id;
pub use json_string::Text;
pub(crate) use json_string::write_text;
pub use kind::{ErrorCode, Kind, Source, Storage};
pub use message::request::Chat;
pub use owned::OwnedEnvelope;
pub use raw::Raw;
pub(crate) use scan::Scan;
pub(crate) use seam::Seam;
pub use shape::Shape;
pub use timestamp::{TimeForm, Timestamp};
pub use value::{Adjusted, Value};

/// One JSON object with its `type`, checked but not yet built.
///
/// Its `Debug` shows the head and the length, not the payload, which may hold a token.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    text: &'a str,
    scan: Scan,
}

impl<'a> Envelope<'a> {
    /// The nesting that a host allows unless it has a reason: the `depth` of the dialect's size
    /// rules.
    pub const DEPTH: u8 = 10;

    /// Checks a text. `depth` is the allowed nesting of objects and arrays, the envelope's own
    /// braces counting as one.
    ///
    /// # Errors
    ///
    /// The text is not JSON, not an object, nested too deep, has no string `type`, or is not
    /// shorter than 2 GiB.
    pub fn parse(text: &'a str, depth: u8) -> Result<Self, EnvelopeError> {
        let mut envelope = Self { text, scan: Scan::EMPTY };
        Self::scan_into(&mut envelope.scan, text, depth)?;
        Ok(envelope)
    }

    /// As [`parse`](Self::parse), but leaves the scan where it will stay: it is large to move.
    #[inline]
    pub(crate) fn scan_into(scan: &mut Scan, text: &str, depth: u8) -> Result<(), EnvelopeError> {
        scan.object(text, depth)?;
        let kind = scan.kind.raw(text).ok_or(EnvelopeError::MissingType)?;
        if kind.shape() != Shape::Text {
            return Err(EnvelopeError::TypeNotText { at: scan.kind.at(), found: kind.shape() });
        }
        Ok(())
    }

    /// The id in a text that [`parse`](Self::parse) refused, so that the refusal can name it:
    /// what stands before the first fault that is more than depth. Only strings and numbers are
    /// taken for ids here.
    pub fn refused_id(text: &'a str) -> Option<Id<'a>> {
        let id = Scan::until_fault(text)?.id.raw(text)?;
        matches!(id.shape(), Shape::Text | Shape::Number).then(|| Id::from_raw(id))?
    }

    /// What stands before the first fault that is more than depth, in a text that
    /// [`parse`](Self::parse) refused: enough to tell what it is and what it answers.
    pub(crate) fn before_fault(text: &'a str) -> Option<Self> {
        Some(Self { text, scan: Scan::until_fault(text)? })
    }

    /// The envelope that a [`scan`](Self::scan) belongs to: `text` must be what was parsed. With
    /// another text every answer is unspecified, but no panic follows.
    pub(crate) const fn from_scan(text: &'a str, scan: Scan) -> Self {
        Self { text, scan }
    }

    /// Where the members are, to be kept while the text moves.
    pub(crate) const fn scan(&self) -> Scan {
        self.scan
    }

    /// The text, byte for byte.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// What it is.
    pub fn kind(&self) -> Kind<'a> {
        self.scan.kind(self.text)
    }

    /// What the sender calls it.
    pub fn id(&self) -> Option<Id<'a>> {
        self.scan.id.raw(self.text).and_then(Id::from_raw)
    }

    /// The id of the request that it answers.
    pub fn reply_to(&self) -> Option<Id<'a>> {
        self.scan.reply_to.raw(self.text).and_then(Id::from_raw)
    }

    /// When it was sent, by its own account.
    pub fn timestamp(&self) -> Option<Timestamp<'a>> {
        self.scan.timestamp.raw(self.text).and_then(Timestamp::from_raw)
    }

    /// The typed payload. Nothing can fail: a member of an unexpected type reads as absent, and
    /// [`Message::mismatches`] names it.
    pub fn message(&self) -> Message<'a> {
        Message::decode(self)
    }

    /// The typed payload of a frame of this type, if it is one. Who looks at few types reads them
    /// so: what types all others is not in its program then.
    pub(crate) fn read<T: Typed<'a>>(&self) -> Option<T> {
        (self.kind() == T::KIND).then(|| T::typed(self))
    }

    /// The last top-level member of this name.
    pub fn field(&self, name: &str) -> Option<Raw<'a>> {
        let members = self.scan.members(self.text);
        members.filter(|member| member.is_named(name)).last().map(|member| member.value)
    }
}

impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("reply_to", &self.reply_to())
            .field("len", &self.text.len())
            .finish()
    }
}

#[cfg(test)]
mod tests;
