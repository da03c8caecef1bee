//! Values as bytes and back, for snapshots: numbers little-endian and of fixed width, what may be
//! absent behind a byte that says so, lists and texts behind their length.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use super::event::CommandId;
use super::inbound::{Entry, EntryKind};
use super::outbound::Sent;
use super::payload::{Payload, Target};
use super::queue::Priority;
use crate::envelope::v1::{
    CancelOutcome, Code, Epoch, How, MAX_NUMBER, Name, Position, SessionId, StreamResult, Window,
};

/// A value with a form in bytes.
pub(super) trait Packed: Sized {
    /// Appends it.
    fn pack(&self, out: &mut Vec<u8>);

    /// Takes it from the front; nothing if it is not whole there, or out of its bounds.
    fn unpack(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ( $( $number:ty )* ) => { $(
        impl Packed for $number {
            fn pack(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                let (number, rest) = bytes.split_first_chunk()?;
                *bytes = rest;
                Some(Self::from_le_bytes(*number))
            }
        }
    )* };
}

numbers! { u8 u32 u64 i64 }

/// Makes the form of structs: that of their members, one after the other.
macro_rules! members {
    ( $( $type:ty { $( $member:ident ),* } )* ) => { $(
        impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                $( self.$member.pack(out); )*
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                Some(Self { $( $member: Packed::unpack(bytes)? ),* })
            }
        }
    )* };
}

members! {
    Window { envelopes, bytes }
    Entry { kind, bytes }
    Sent { command, payload }
    StreamResult<'static> { stream, outcome, offset, how, code }
}

/// Makes the form of sets without values: a number each, which never changes.
macro_rules! words {
    ( $( $type:ty { $( $number:literal $word:ident ),* } )* ) => { $(
        impl Packed for $type {
            fn pack(&self, out: &mut Vec<u8>) {
                let number: u8 = match self { $( Self::$word => $number ),* };
                number.pack(out);
            }

            fn unpack(bytes: &mut &[u8]) -> Option<Self> {
                match u8::unpack(bytes)? {
                    $( $number => Some(Self::$word), )*
                    _ => None,
                }
            }
        }
    )* };
}

words! {
    EntryKind { 0 Item, 1 Rejected, 2 Reject, 3 Other }
    Priority { 0 Urgent, 1 Normal, 2 Bulk }
}

impl Packed for bool {
    fn pack(&self, out: &mut Vec<u8>) {
        u8::from(*self).pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        match u8::unpack(bytes)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl<T: Packed> Packed for Option<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        self.is_some().pack(out);
        if let Some(value) = self {
            value.pack(out);
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        if bool::unpack(bytes)? { T::unpack(bytes).map(Some) } else { Some(None) }
    }
}

impl<T: Packed, U: Packed> Packed for (T, U) {
    fn pack(&self, out: &mut Vec<u8>) {
        self.0.pack(out);
        self.1.pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Some((T::unpack(bytes)?, U::unpack(bytes)?))
    }
}

impl<T: Packed> Packed for VecDeque<T> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_list(self.iter(), out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        // A list that says that it is long has no room made for it before it is.
        let mut list = Self::new();
        for _ in 0..u32::unpack(bytes)? {
            list.push_back(T::unpack(bytes)?);
        }
        Some(list)
    }
}

/// Appends a list, as a `VecDeque` of it would be.
pub(super) fn pack_list<'a, T: Packed + 'a>(
    list: impl ExactSizeIterator<Item = &'a T>,
    out: &mut Vec<u8>,
) {
    pack_length(list.len(), out);
    for value in list {
        value.pack(out);
    }
}

impl Packed for Box<str> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self, out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let len = usize::try_from(u32::unpack(bytes)?).ok()?;
        let (text, rest) = bytes.split_at_checked(len)?;
        *bytes = rest;
        core::str::from_utf8(text).ok().map(Self::from)
    }
}

impl Packed for Arc<str> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self, out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Box::<str>::unpack(bytes).map(Self::from)
    }
}

impl Packed for Name<'static> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self, out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Self::new(String::from(Box::<str>::unpack(bytes)?))
    }
}

impl Packed for Code<'static> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self, out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Self::new(String::from(Box::<str>::unpack(bytes)?))
    }
}

impl Packed for How<'static> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self.as_str(), out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Code::unpack(bytes).map(|word| How::from(word.as_str()).into_owned())
    }
}

impl Packed for CancelOutcome<'static> {
    fn pack(&self, out: &mut Vec<u8>) {
        pack_text(self.as_str(), out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Code::unpack(bytes).map(|word| CancelOutcome::from(word.as_str()).into_owned())
    }
}

impl Packed for Epoch {
    fn pack(&self, out: &mut Vec<u8>) {
        self.to_bits().pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        u64::unpack(bytes).map(Self::from_bits)
    }
}

impl Packed for Position {
    fn pack(&self, out: &mut Vec<u8>) {
        (self.epoch, self.sequence).pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let (epoch, sequence) = Packed::unpack(bytes)?;
        (sequence <= MAX_NUMBER).then_some(Self { epoch, sequence })
    }
}

impl Packed for SessionId {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(Self::from_bytes(*id))
    }
}

impl Packed for CommandId {
    fn pack(&self, out: &mut Vec<u8>) {
        self.as_u64().pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        u64::unpack(bytes).map(Self::from_u64)
    }
}

/// In nanoseconds, 584 years at most.
impl Packed for Duration {
    fn pack(&self, out: &mut Vec<u8>) {
        u64::try_from(self.as_nanos()).unwrap_or(u64::MAX).pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        u64::unpack(bytes).map(Self::from_nanos)
    }
}

impl Packed for Payload {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Item { of, stream, agent, body } => {
                0u8.pack(out);
                of.pack(out);
                stream.pack(out);
                agent.pack(out);
                body.pack(out);
            }
            Self::Reject { of, code, retry_after } => {
                1u8.pack(out);
                of.pack(out);
                code.pack(out);
                retry_after.pack(out);
            }
            Self::Cancel(Target::Stream(name)) => {
                2u8.pack(out);
                name.pack(out);
            }
            Self::Cancel(Target::Agent(name)) => {
                3u8.pack(out);
                name.pack(out);
            }
            Self::Cancel(Target::All) => 4u8.pack(out),
            Self::CancelResult { of, results } => {
                5u8.pack(out);
                of.pack(out);
                pack_list(results.iter(), out);
            }
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::unpack(bytes)? {
            0 => Self::Item {
                of: Packed::unpack(bytes)?,
                stream: Packed::unpack(bytes)?,
                agent: Packed::unpack(bytes)?,
                body: Packed::unpack(bytes)?,
            },
            1 => Self::Reject {
                of: Packed::unpack(bytes)?,
                code: Packed::unpack(bytes)?,
                retry_after: Packed::unpack(bytes)?,
            },
            2 => Self::Cancel(Target::Stream(Packed::unpack(bytes)?)),
            3 => Self::Cancel(Target::Agent(Packed::unpack(bytes)?)),
            4 => Self::Cancel(Target::All),
            5 => Self::CancelResult {
                of: Packed::unpack(bytes)?,
                results: VecDeque::unpack(bytes)?.into_iter().collect(),
            },
            _ => return None,
        })
    }
}

/// Appends a text, as a `Box<str>` of it would be.
pub(super) fn pack_text(text: &str, out: &mut Vec<u8>) {
    pack_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

/// Nothing that a session keeps is as long as 4 GiB.
fn pack_length(length: usize, out: &mut Vec<u8>) {
    u32::try_from(length).unwrap_or(u32::MAX).pack(out);
}
