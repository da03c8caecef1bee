//! What can be wrong with an envelope of the dialect.

use core::fmt;

use super::bounded::Wrong;
use super::channel::Channel;
use super::link::OF_LINK;
use crate::envelope::shape::Shape;

/// A member of an envelope that is missing, of another type or out of its bounds: the fault
/// `malformed` (V-9.1) of the session in its channel, or of the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// The channel of the envelope; 0 where `channel` is what is wrong.
    pub channel: Channel,
    /// The type of the envelope.
    pub kind: &'static str,
    /// The member of the envelope.
    pub member: &'static str,
    /// Where the value of `member` is an object, or a list of some: the member in it.
    pub inner: Option<&'static str>,
    /// What was found; nothing where it is missing.
    pub found: Option<Shape>,
    /// What the dialect has there, with its bounds.
    pub wanted: &'static str,
}

impl Malformed {
    pub(super) const fn new(
        channel: Channel,
        kind: &'static str,
        (member, wrong): (&'static str, Wrong),
    ) -> Self {
        let Wrong { inner, found, wanted } = wrong;
        Self { channel, kind, member, inner, found, wanted }
    }

    /// Whether the envelope is about the link and none of its sessions: then it ends the link
    /// (section 10).
    pub fn is_of_link(&self) -> bool {
        OF_LINK.contains(&self.kind)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { channel: _, kind, member, inner, found, wanted } = *self;
        write!(f, "`{kind}`: expected {wanted} for ")?;
        if let Some(inner) = inner {
            write!(f, "`{inner}` in ")?;
        }
        write!(f, "`{member}`, found ")?;
        match found {
            // What has the right type is out of its bounds; its value may be a secret.
            Some(shape) => write!(f, "{shape}"),
            None => f.write_str("none"),
        }
    }
}

impl core::error::Error for Malformed {}
