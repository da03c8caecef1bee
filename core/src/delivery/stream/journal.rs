//! What is stored of a stream, as bytes: entries, in the order in which they came.

use super::interface::{End, Request};
use super::kept::Kept;
use crate::delivery::packing::Packed;
use crate::delivery::seal;
use crate::time::{Mono, Wall};

/// The first byte of an entry.
const VERSION: u8 = 1;

/// Why a stored entry cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It is none, or one that was cut or changed.
    #[error("not a whole entry of a log")]
    Damaged,
    /// It does not follow from those of its stream before it.
    #[error("an entry that does not follow from those before it")]
    Misplaced,
    /// It was made by a later version.
    #[error("an entry of version {0}")]
    Version(u8),
}

/// What one entry says.
#[derive(Debug)]
pub(super) enum Entry {
    /// All that is kept of the stream.
    Whole(Kept),
    /// What has changed it.
    Request(Request),
}

/// The entry of a stream as it is.
pub(super) fn of_stream(kept: &Kept, now: Mono, wall: Wall) -> Vec<u8> {
    entry(wall, |out| {
        0u8.pack(out);
        kept.pack(now, out);
    })
}

/// The entry of a request that has changed its stream; `None` for one that changes none, or ends it
/// without leaving anything.
pub(super) fn of_request(request: &Request, wall: Wall) -> Option<Vec<u8>> {
    let is_stored = match request {
        Request::ClaimEffect { .. }
        | Request::ClaimProducer { .. }
        | Request::Renew { .. }
        | Request::Append { .. }
        | Request::Finish { .. } => true,
        Request::ReadAfter { .. } | Request::Status | Request::Discard => false,
    };
    is_stored.then(|| entry(wall, |out| pack_request(request, out)))
}

/// What an entry says, and when it was made by the wall clock; `now` gives the moment that this is
/// to the log.
pub(super) fn read(
    bytes: &[u8],
    now: impl FnOnce(Wall) -> Mono,
) -> Result<(Mono, Entry), EntryError> {
    match bytes.first() {
        Some(&VERSION) => {}
        Some(&later @ 2..) => return Err(EntryError::Version(later)),
        Some(0) | None => return Err(EntryError::Damaged),
    }
    let content = seal::open(bytes).and_then(|content| content.get(1..));
    let unpacked = content.and_then(|mut bytes| {
        let now = now(Wall::from_unix_micros(Packed::unpack(&mut bytes)?));
        let entry = match u8::unpack(&mut bytes)? {
            0 => Entry::Whole(Kept::unpack(now, &mut bytes)?),
            kind => Entry::Request(unpack_request(kind, &mut bytes)?),
        };
        bytes.is_empty().then_some((now, entry))
    });
    unpacked.ok_or(EntryError::Damaged)
}

fn entry(wall: Wall, pack: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    VERSION.pack(&mut out);
    wall.as_unix_micros().pack(&mut out);
    pack(&mut out);
    seal::seal(&mut out, 0);
    out
}

fn pack_request(request: &Request, out: &mut Vec<u8>) {
    match request {
        Request::ClaimEffect { of, lease } => {
            1u8.pack(out);
            (*of, *lease).pack(out);
        }
        Request::ClaimProducer { lease } => {
            2u8.pack(out);
            lease.pack(out);
        }
        Request::Renew { generation, lease } => {
            3u8.pack(out);
            (*generation, *lease).pack(out);
        }
        Request::Append { generation, sequence, offset, text } => {
            4u8.pack(out);
            (*generation, (*sequence, *offset)).pack(out);
            text.pack(out);
        }
        Request::Finish { by, end } => {
            5u8.pack(out);
            by.pack(out);
            end.pack(out);
        }
        Request::ReadAfter { .. } | Request::Status | Request::Discard => {}
    }
}

fn unpack_request(kind: u8, bytes: &mut &[u8]) -> Option<Request> {
    Some(match kind {
        1 => {
            let (of, lease) = Packed::unpack(bytes)?;
            Request::ClaimEffect { of, lease }
        }
        2 => Request::ClaimProducer { lease: Packed::unpack(bytes)? },
        3 => {
            let (generation, lease) = Packed::unpack(bytes)?;
            Request::Renew { generation, lease }
        }
        4 => {
            let (generation, (sequence, offset)) = Packed::unpack(bytes)?;
            Request::Append { generation, sequence, offset, text: Packed::unpack(bytes)? }
        }
        5 => Request::Finish { by: Packed::unpack(bytes)?, end: End::unpack(bytes)?.into() },
        _ => return None,
    })
}
