//! What a host takes to write: appended to one buffer, or in slices without copying large frames.

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;

/// From this size on a payload stays where it is. To copy a smaller one beside its neighbours costs
/// less than one slice more in a write; and of the frames that are taken at once, no more than 16
/// are this large.
pub(super) const LARGE: usize = 4 * 1_024;
/// Bytes and large frames that an empty one keeps room for.
const KEEP: (usize, usize) = (4 * 1_024, 4);

/// Where a link puts what is to be written.
pub(crate) trait Sink {
    /// Bytes that it holds.
    fn len(&self) -> usize;

    /// What more bytes are appended to.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Takes a payload, whose header was appended to the buffer.
    fn push(&mut self, payload: Arc<[u8]>);
}

impl Sink for Vec<u8> {
    fn len(&self) -> usize {
        self.len()
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        self
    }

    fn push(&mut self, payload: Arc<[u8]>) {
        self.extend_from_slice(&payload);
    }
}

/// What is to be written, in order and in slices, for a host whose transport takes several at once
/// (`writev`).
///
/// `poll_transmit_vectored` adds to it. Small frames lie side by side in one buffer, which is used
/// again; a frame of 4 KiB or more is handed through as the engine has it, and a frame that goes
/// to many links is the same memory for all of them. The host writes from
/// [`slices`](Self::slices) and says with [`advance`](Self::advance) how much was taken, which may
/// be any number of bytes.
///
/// ```
/// # use std::io::{self, IoSlice, Write};
/// # use pamlink::link::Gather;
/// fn write(socket: &mut impl Write, waiting: &mut Gather) -> io::Result<()> {
///     while !waiting.is_empty() {
///         let slices: Vec<_> = waiting.slices().map(IoSlice::new).collect();
///         match socket.write_vectored(&slices)? {
///             0 => return Err(io::ErrorKind::WriteZero.into()),
///             written => waiting.advance(written),
///         }
///     }
///     Ok(())
/// }
/// # write(&mut Vec::new(), &mut Gather::default()).unwrap();
/// ```
#[derive(Default)]
pub struct Gather {
    /// Small frames.
    small: Vec<u8>,
    /// How many bytes of `small` were written.
    written: usize,
    large: VecDeque<Large>,
    /// How many bytes of the first large frame were written.
    cut: usize,
    /// Bytes of large frames that were not written.
    unwritten: usize,
}

struct Large {
    /// It comes before this byte of `small`.
    before: usize,
    payload: Arc<[u8]>,
}

impl Gather {
    /// Bytes that are to be written.
    pub fn len(&self) -> usize {
        self.small.len() - self.written + self.unwritten
    }

    /// Whether everything was written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is to be written, in order. No slice is empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = self.written;
        let mut cut = self.cut;
        let before = self.large.iter().flat_map(move |large| {
            let small = &self.small[from..large.before];
            from = large.before;
            [small, &large.payload[core::mem::take(&mut cut)..]]
        });
        let last = self.large.back().map_or(self.written, |large| large.before);
        before.chain([&self.small[last..]]).filter(|slice| !slice.is_empty())
    }

    /// The first `written` bytes were written; a number beyond the last one means all of them.
    pub fn advance(&mut self, written: usize) {
        let mut rest = written;
        while let Some(first) = self.large.front() {
            let small = rest.min(first.before - self.written);
            self.written += small;
            rest -= small;
            let left = first.payload.len() - self.cut;
            if self.written < first.before || rest < left {
                self.cut += rest;
                self.unwritten -= rest;
                return;
            }
            rest -= left;
            self.unwritten -= left;
            self.cut = 0;
            self.large.pop_front();
        }
        self.written += rest.min(self.small.len() - self.written);
        if self.written == self.small.len() {
            self.written = 0;
            self.small.clear();
            self.small.shrink_to(KEEP.0);
            self.large.shrink_to(KEEP.1);
        }
    }

    /// Drops what was written of the small frames, once that is most of them: each byte is moved
    /// at most once for one that was written.
    fn compact(&mut self) {
        if self.written > self.small.len() / 2 {
            self.small.drain(..self.written);
            for large in &mut self.large {
                large.before -= self.written;
            }
            self.written = 0;
        }
    }
}

impl Sink for Gather {
    fn len(&self) -> usize {
        self.len()
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.small
    }

    fn push(&mut self, payload: Arc<[u8]>) {
        let small = self.buffer();
        if payload.len() < LARGE {
            small.extend_from_slice(&payload);
        } else {
            self.unwritten += payload.len();
            self.large.push_back(Large { before: self.small.len(), payload });
        }
    }
}

/// Sizes only: what waits may hold a token.
impl fmt::Debug for Gather {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather")
            .field("bytes", &self.len())
            .field("large", &self.large.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "gather_tests.rs"]
mod tests;
